// What users feel: queries that fail, queries that take long.

local metrics = import '../../dashboards/lib/metrics.libsonnet';
local alert = import '../lib/alert.libsonnet';
local promql = import '../lib/promql.libsonnet';

// A user who gave up is neither a success nor an error.
local counted = 'status!="cancelled"';
local failed = 'status="error"';

{
  _config:: error 'needs the configuration',

  local knobs = $._config.alerts,

  alerts+: [
    {
      name: 'heliograph-queries',
      rules:
        alert.tiers($._config, {
          alert: 'HighQueryErrorRate',
          local window = knobs.HighQueryErrorRate.window,
          local minimum = knobs.HighQueryErrorRate.minimum,
          expr(threshold)::
            promql.percentage(metrics.queryRequests.name, failed, counted, window, promql.service)
            + '> ' + threshold + '\nand\n'
            + promql.atLeast(minimum, metrics.queryRequests.name, failed, window, promql.service),
          keeps: promql.service,
          traces(threshold):: { errors: true },
          summary: "Users' queries fail more often than agreed.",
          description(threshold)::
            '{{ $value | printf "%.1f" }} % of the queries to ' + alert.service + ' failed in the last '
            + window + ' (threshold: ' + threshold + ' %).',
          value: '{{ $value | printf "%.1f" }} %',
        })
        + alert.tiers($._config, {
          alert: 'HighQueryLatency',
          local window = knobs.HighQueryLatency.window,
          local minimum = knobs.HighQueryLatency.minimum,
          expr(threshold)::
            promql.quantile('0.95', metrics.queryLatency.bucket, counted, window, promql.service)
            + '> ' + threshold + '\nand\n'
            + promql.atLeast(minimum, metrics.queryLatency.count, counted, window, promql.service),
          keeps: promql.service,
          traces(threshold):: { slower_than: threshold },
          summary: 'Users wait longer for answers than agreed.',
          description(threshold)::
            '5 % of the queries to ' + alert.service
            + ' took longer than {{ $value | humanizeDuration }} in the last '
            + window + ' (threshold: ' + threshold + ' s).',
          value: '{{ $value | humanizeDuration }}',
        }),
    },
  ],
}
