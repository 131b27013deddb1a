// Money and tokens. Thresholds are per hour (or day) whatever the window: a shorter one only looks at less.

local alert = import '../lib/alert.libsonnet';
local promql = import '../lib/promql.libsonnet';
local records = import '../lib/records.libsonnet';

local hour = 3600;
local day = 24 * hour;

local above(record, seconds, threshold) = '%d * %s > %s\n' % [seconds, record, threshold];

{
  _config:: error 'needs the configuration',

  local knobs = $._config.alerts,

  alerts+: [
    {
      name: 'heliograph-cost',
      rules:
        alert.tiers($._config, {
          alert: 'HighHourlyCost',
          local window = knobs.HighHourlyCost.window,
          expr(threshold):: above(records.cost(window), hour, threshold),
          keeps: promql.service,
          summary: 'A service spends more in an hour than agreed.',
          description(threshold)::
            alert.service + ' spent {{ $value | printf "%.2f" }} USD an hour over the last ' + window
            + ' (threshold: ' + threshold + ' USD).',
          value: '{{ $value | printf "%.2f" }} USD/h',
        })
        + alert.tiers($._config, {
          alert: 'HighHourlyTokens',
          local window = knobs.HighHourlyTokens.window,
          expr(threshold):: above(records.tokens(window), hour, threshold),
          keeps: promql.service,
          summary: 'A service uses more tokens in an hour than agreed.',
          description(threshold)::
            alert.service + ' used {{ $value | humanize }} tokens an hour over the last ' + window
            + ' (threshold: ' + threshold + ').',
          value: '{{ $value | humanize }} tokens/h',
        })
        + alert.tiers($._config, {
          alert: 'HighDailyCost',
          local window = knobs.HighDailyCost.window,
          expr(threshold):: above(records.cost(window), day, threshold),
          keeps: promql.service,
          // A projection: the bill of a day is a matter for the next morning.
          levels: { warning: 'P4' },
          summary: 'At this pace a service spends more in a day than agreed.',
          description(threshold)::
            alert.service + ' would spend {{ $value | printf "%.2f" }} USD in 24 hours at the pace of the last '
            + window + ' (threshold: ' + threshold + ' USD).',
          value: '{{ $value | printf "%.2f" }} USD/day',
        }),
    },
  ],
}
