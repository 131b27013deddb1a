// The provider's rate limit, as its response headers report it.

local metrics = import '../../dashboards/lib/metrics.libsonnet';
local alert = import '../lib/alert.libsonnet';
local promql = import '../lib/promql.libsonnet';

{
  _config:: error 'needs the configuration',

  local knobs = $._config.alerts.HighQuotaUse,
  local labels = promql.model + ['type'],
  // Both gauges come from the same response, so their labels are the same.
  local used(selector) = '100 * (1 - %s / %s)' % [
    promql.gauge(metrics.llmQuotaRemaining.name, selector),
    promql.gauge(metrics.llmQuotaLimit.name, selector),
  ],
  // A reading is as old as the last call of its process: without a recent one, the limit has long been refilled. Not
  // joined by model: limits belong to the model that was asked for, calls are counted under the one that answered.
  local caller = ['job', 'instance', 'provider'],

  alerts+: [
    {
      name: 'heliograph-quota',
      rules: alert.tiers($._config, {
        alert: 'HighQuotaUse',
        scoped(threshold, scope):: |||
          max %(by)s (
            (%(used)s)
            and on (%(caller)s)
            %(calling)s) > %(threshold)s
        ||| % {
          by: promql.by(labels),
          used: scope.vector(used),
          caller: std.join(', ', caller),
          calling: promql.atLeast(knobs.minimum, metrics.llmRequests.name, '', knobs.window, caller),
          threshold: threshold,
        },
        keeps: promql.service,  // the board's models are those that answered
        summary: "A provider's rate limit is nearly used up; calls will be refused.",
        description(threshold)::
          alert.service + ' has used {{ $value | printf "%.0f" }} % of its {{ $labels.type }} quota for ' + alert.model
          + ' (threshold: ' + threshold + ' %).',
        value: '{{ $value | printf "%.0f" }} %',
      }),
    },
  ],
}
