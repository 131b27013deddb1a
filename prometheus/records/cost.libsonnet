// Sums over an hour of data, which several alerts and panels read: computed once.

local metrics = import '../../dashboards/lib/metrics.libsonnet';
local promql = import '../lib/promql.libsonnet';
local names = import '../lib/records.libsonnet';

{
  _config:: error 'needs the configuration',

  local alerts = $._config.alerts,
  local record(name, metric, window) = {
    record: name(window),
    expr: promql.sumOfRate(metric.name, '', window, promql.service) + '\n',
  },
  local windows(of) = std.set([alerts[alert].window for alert in of]),

  records+: [
    {
      name: 'heliograph-cost-records',
      interval: $._config.intervals.recording,
      rules:
        [
          record(names.cost, metrics.llmCost, window)
          for window in windows(['HighHourlyCost', 'HighDailyCost', 'HighWastedCost', 'CostAnomaly'])
        ]
        + [record(names.wasted, metrics.llmWastedCost, window) for window in windows(['HighWastedCost'])]
        + [record(names.tokens, metrics.llmTokens, window) for window in windows(['HighHourlyTokens'])],
    },
  ],
}
