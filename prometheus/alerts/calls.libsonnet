// What models do: calls that fail, calls that take long, for each provider and model.

local metrics = import '../../dashboards/lib/metrics.libsonnet';
local alert = import '../lib/alert.libsonnet';
local promql = import '../lib/promql.libsonnet';

local counted = 'status!="cancelled"';
local failed = 'status="error"';

{
  _config:: error 'needs the configuration',

  local knobs = $._config.alerts,

  alerts+: [
    {
      name: 'heliograph-calls',
      rules:
        alert.tiers($._config, {
          alert: 'HighLLMErrorRate',
          local window = knobs.HighLLMErrorRate.window,
          local minimum = knobs.HighLLMErrorRate.minimum,
          expr(threshold)::
            promql.percentage(metrics.llmRequests.name, failed, counted, window, promql.model)
            + '> ' + threshold + '\nand\n'
            + promql.atLeast(minimum, metrics.llmRequests.name, failed, window, promql.model),
          keeps: promql.model,
          traces(threshold):: { errors: true },
          summary: 'Calls to a model fail more often than agreed.',
          description(threshold)::
            '{{ $value | printf "%.1f" }} % of the calls of ' + alert.service + ' to ' + alert.model
            + ' failed in the last ' + window + ' (threshold: ' + threshold + ' %).',
          value: '{{ $value | printf "%.1f" }} %',
        })
        + alert.tiers($._config, {
          alert: 'HighLLMLatency',
          local window = knobs.HighLLMLatency.window,
          local minimum = knobs.HighLLMLatency.minimum,
          expr(threshold)::
            promql.quantile('0.95', metrics.llmLatency.bucket, counted, window, promql.model)
            + '> ' + threshold + '\nand\n'
            + promql.atLeast(minimum, metrics.llmLatency.count, counted, window, promql.model),
          keeps: promql.model,
          traces(threshold):: { slower_than: threshold },
          summary: 'A model answers more slowly than agreed.',
          description(threshold)::
            '5 % of the calls of ' + alert.service + ' to ' + alert.model
            + ' took longer than {{ $value | humanizeDuration }} in the last '
            + window + ' (threshold: ' + threshold + ' s).',
          value: '{{ $value | humanizeDuration }}',
        }),
    },
  ],
}
