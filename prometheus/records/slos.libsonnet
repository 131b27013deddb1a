// What `slos` count, over the windows of `burn_rates`.

local promql = import '../lib/promql.libsonnet';
local names = import '../lib/records.libsonnet';
local slos = import '../lib/slos.libsonnet';

// Longer windows are added up from tiles: three days of a counter that is sent every five seconds are 50 000 samples of
// each process, at every evaluation. A tile is as long as the step it is read by, so an event is in one of them.
local longest = 6 * 3600;
local tile = '30m';

{
  _config:: error 'needs the configuration',

  local length(window) = std.parseInt(promql.seconds(window)),
  local windows = std.set([tile] + std.flattenArrays([[burn.long, burn.short] for burn in $._config.burn_rates])),

  local increase(part, window) = promql.sumOfIncrease(part.metric, part.selector, window, promql.service),
  local added(name, slo, window) =
    'sum_over_time(%s{%s}[%s:%s])' % [name(tile), promql.matches('slo', slo.name), window, tile],

  local rules(slo, window) = [
    {
      record: names.sloAll(window),
      expr: (if length(window) > longest then added(names.sloAll, slo, window) else increase(slo.all, window)) + '\n',
      labels: { slo: slo.name },
    },
    {
      record: names.sloBad(window),
      expr: (
        if length(window) > longest then added(names.sloBad, slo, window)
        else if slo.bad != null then increase(slo.bad, window)
        else increase(slo.all, window) + '\n- ' + increase(slo.good, window)
      ) + '\n',
      labels: { slo: slo.name },
    },
  ],

  // A week of windows is at most eight, so a group stays below twenty rules.
  local group(kind, slo, chosen) = {
    name: 'heliograph-%s-%s' % [kind, slo.name],
    interval: $._config.intervals.recording,
    rules: std.flattenArrays([rules(slo, window) for window in chosen]),
  },

  records+: std.flattenArrays([
    [
      group('slo', slo, [window for window in windows if length(window) <= longest]),
      group('long-slo', slo, [window for window in windows if length(window) > longest]) { interval: '1m' },
    ]
    for slo in slos.all($._config)
  ]),
}
