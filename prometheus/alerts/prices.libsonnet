// What the cost is computed from: models without a price, lists that are old.

local metrics = import '../../dashboards/lib/metrics.libsonnet';
local alert = import '../lib/alert.libsonnet';
local logs = import '../lib/logs.libsonnet';
local promql = import '../lib/promql.libsonnet';

local day = 24 * 60 * 60;

{
  _config:: error 'needs the configuration',

  local knobs = $._config.alerts,

  alerts+: [
    {
      name: 'heliograph-prices',
      rules:
        alert.single($._config, {
          alert: 'UnpricedModel',
          local knob = knobs.UnpricedModel,
          expr: '%s > %s\n' % [
            promql.sumOfIncrease(metrics.llmUnpricedTokens.name, '', knob.window, promql.model),
            promql.number(knob.minimum),
          ],
          keeps: promql.model,
          board: 'cost',
          query: logs.calls(promql.model, ['unpriced="true"']),
          summary: 'A model is used whose price is not known; its cost is missing from the bill.',
          description: alert.service + ' used {{ $value | humanize }} tokens of ' + alert.model + ' in the last '
                       + knob.window + ', and no price is known for it. State one under `prices` in heliograph.yaml.',
          value: '{{ $value | humanize }} tokens',
        })
        + alert.single($._config, {
          alert: 'StalePrices',
          local days = $._config.prices.max_age_days,
          expr: 'max %s (%s) > %s\n' % [promql.by(promql.service), metrics.priceAge.name, promql.number(days * day)],
          keeps: promql.service,
          board: 'cost',
          level: 'P4',  // yesterday's bill was hardly wrong
          summary: 'The list of prices is old; providers may have changed theirs.',
          description: alert.service + ' counts with prices that are {{ $value | humanizeDuration }} old (limit: '
                       + promql.number(days) + ' days). Update the package genai-prices.',
          value: '{{ $value | humanizeDuration }}',
        }),
    },
  ],
}
