// What users feel: queries that fail, queries that take long.

local metrics = import '../../dashboards/lib/metrics.libsonnet';
local alert = import '../lib/alert.libsonnet';
local latency = import '../lib/latency.libsonnet';
local logs = import '../lib/logs.libsonnet';
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
          local knob = knobs.HighQueryErrorRate,
          scoped(threshold, scope)::
            promql.percentage(metrics.queryRequests.name, failed, counted, knob.window, promql.service, scope)
            + '> ' + threshold + '\nand\n'
            + promql.atLeast(knob.minimum, metrics.queryRequests.name, failed, knob.window, promql.service, scope),
          keeps: promql.service,
          board: 'queries',
          traces(threshold):: { errors: true },
          query: logs.queries(promql.service, [logs.failed]),
          summary: "Users' queries fail more often than agreed.",
          description(threshold)::
            '{{ $value | printf "%.1f" }} % of the queries to ' + alert.service + ' failed in the last '
            + knob.window + ' (threshold: ' + threshold + ' %).',
          value: '{{ $value | printf "%.1f" }} %',
        })
        + alert.tiers($._config, {
          alert: 'HighQueryLatency',
          local knob = knobs.HighQueryLatency,
          scoped(threshold, scope):: latency.HighQueryLatency.above(threshold, knob, scope),
          keeps: promql.service,
          board: 'queries',
          traces(threshold):: { slower_than: threshold },
          query(threshold):: logs.queries(promql.service, [logs.longerThan(logs.query.latency, threshold)]),
          summary: 'Users wait longer for answers than agreed.',
          description(threshold)::
            '5 % of the queries to ' + alert.service
            + ' took longer than {{ $value | humanizeDuration }} in the last '
            + knob.window + ' (threshold: ' + threshold + ' s).',
          value: '{{ $value | humanizeDuration }}',
        }),
    },
  ],
}
