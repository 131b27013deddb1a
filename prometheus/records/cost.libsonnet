// Sums over an hour of data, which several alerts and panels read: computed once.

local metrics = import '../../dashboards/lib/metrics.libsonnet';
local promql = import '../lib/promql.libsonnet';
local names = import '../lib/records.libsonnet';

{
  _config:: error 'needs the configuration',

  local alerts = $._config.alerts,
  local record(name, metric, window) = {
    record: name,
    expr: promql.sumBy(promql.service, promql.rate(metric, '', window)) + '\n',
  },

  records+: [
    {
      name: 'heliograph-cost-records',
      interval: $._config.intervals.recording,
      rules:
        [
          record(names.cost(window), metrics.llmCost.name, window)
          for window in std.set([alerts.HighHourlyCost.window, alerts.HighDailyCost.window])
        ] + [
          record(names.tokens(window), metrics.llmTokens.name, window)
          for window in [alerts.HighHourlyTokens.window]
        ],
    },
  ],
}
