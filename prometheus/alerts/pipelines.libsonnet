// Chains: pipelines as a whole, and the nodes of a graph.

local metrics = import '../../dashboards/lib/metrics.libsonnet';
local alert = import '../lib/alert.libsonnet';
local latency = import '../lib/latency.libsonnet';
local logs = import '../lib/logs.libsonnet';
local promql = import '../lib/promql.libsonnet';

local counted = 'status!="cancelled"';
local failed = 'status="error"';
local labels = promql.service + ['chain'];
local runs = metrics.chainLatency;

{
  _config:: error 'needs the configuration',

  local knobs = $._config.alerts,

  alerts+: [
    {
      name: 'heliograph-pipelines',
      rules:
        alert.tiers($._config, {
          alert: 'HighPipelineErrorRate',
          local knob = knobs.HighPipelineErrorRate,
          scoped(threshold, scope)::
            promql.percentage(runs.count, failed, counted, knob.window, labels, scope)
            + '> ' + threshold + '\nand\n'
            + promql.atLeast(knob.minimum, runs.count, failed, knob.window, labels, scope),
          keeps: labels,
          board: 'agents',
          traces(threshold):: { errors: true },
          query: logs.chains(labels, [logs.failed]),
          summary: 'Runs of a chain fail more often than agreed.',
          description(threshold)::
            '{{ $value | printf "%.1f" }} % of the runs of {{ $labels.chain }} in ' + alert.service
            + ' failed in the last ' + knob.window + ' (threshold: ' + threshold + ' %).',
          value: '{{ $value | printf "%.1f" }} %',
        })
        + alert.tiers($._config, {
          alert: 'HighPipelineLatency',
          local knob = knobs.HighPipelineLatency,
          scoped(threshold, scope):: latency.HighPipelineLatency.above(threshold, knob, scope),
          keeps: labels,
          board: 'agents',
          traces(threshold):: { slower_than: threshold },
          query(threshold):: logs.chains(labels, [logs.longerThan(logs.chain.latency, threshold)]),
          summary: 'Runs of a chain take longer than agreed.',
          description(threshold)::
            '5 % of the runs of {{ $labels.chain }} in ' + alert.service
            + ' took longer than {{ $value | humanizeDuration }} in the last '
            + knob.window + ' (threshold: ' + threshold + ' s).',
          value: '{{ $value | humanizeDuration }}',
        }),
    },
  ],
}
