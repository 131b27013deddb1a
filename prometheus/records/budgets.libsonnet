// What has been spent of each of `budgets.limits`, and how fast.

local metrics = import '../../dashboards/lib/metrics.libsonnet';
local promql = import '../lib/promql.libsonnet';
local names = import '../lib/records.libsonnet';
local scopes = import '../lib/scope.libsonnet';

// Since midnight: no range of PromQL begins at a time of day. So the spending of a day and a bit is cut into tiles of a
// quarter of an hour, one of which begins at every midnight of every time zone, and those since the last midnight are
// added; and the minutes since the last whole tile.
local tile = 900;
local step = 60;
// What the longest period (31 days, 25 hours) takes, and one tile.
local reach = { day: '25h15m', month: '745h15m' };

local cost = metrics.llmCost.name;
local tiles = 'budget:llm_cost:increase15m';
local whole = 'budget:llm_cost:spent_in_tiles';
local rest = 'budget:llm_cost:spent_in_rest';
local tileStart = 'budget:tile:start';

{
  _config:: error 'needs the configuration',

  local budgets = $._config.budgets,
  local export = std.parseInt(promql.seconds($._config.intervals.metric_export)),

  local rules(name) =
    local limit = budgets.limits[name];
    local labels = if limit.each == null then [] else [limit.each];
    local selector = scopes.match(limit.match).selectors[0];
    local own = promql.matches('budget', name);
    local record(record, expr) = { record: record, expr: std.rstripChars(expr, '\n') + '\n', labels: { budget: name } };
    // Spent in a tile: from the last sample before it to the last one within it, so that tiles join without a gap. That
    // is why the range is longer by one export; increase() makes up for that, and is set right again.
    local spent(length) =
      '%s * %d / %d' % [
        promql.sumOfIncrease(cost, selector, promql.duration(length + export), labels),
        length,
        length + export,
      ];
    // The sum of `of` at each step of `range` that is after the time in `since`.
    local after(of, since, range, step) = |||
      sum_over_time((
        %s
        * (time() > bool scalar(%s @ end()))
      )[%s:%s])
    ||| % [of, since, range, step];
    local window(length) = promql.duration(length);
    [
      record(tileStart, 'vector(time() - time() %% %d)' % tile),
    ] + (
      // A day is read from the counters, so that what comes late is in. A month would be half a million samples of
      // each process: added up from what was recorded.
      if limit.period == 'day' then [] else [record(tiles, spent(tile))]
    ) + [
      record(whole, after(
        if limit.period == 'day' then spent(tile) else promql.gauge(tiles, own),
        names.periodStart(limit.period),
        reach[limit.period],
        window(tile)
      )),
      record(rest, after(spent(step), promql.gauge(tileStart, own), window(tile), window(step))),
      record(names.budgetSpent, |||
        %(whole)s + %(rest)s
        or %(whole)s
        or %(rest)s
      ||| % { whole: promql.gauge(whole, own), rest: promql.gauge(rest, own) }),
    ],

  local windows = std.set(
    [budgets.pace] + std.flattenArrays([[burn.long, burn.short] for burn in budgets.burn])
  ),
  local paces(name) =
    local limit = budgets.limits[name];
    [
      {
        record: names.budgetPace(window),
        expr: promql.sumOfRate(
          cost, scopes.match(limit.match).selectors[0], window, if limit.each == null then [] else [limit.each]
        ) + '\n',
        labels: { budget: name },
      }
      for window in windows
    ],

  records+: std.flattenArrays([
    [
      { name: 'heliograph-budget-' + name, interval: '1m', rules: rules(name) },
      {
        name: 'heliograph-pace-' + name,
        interval: $._config.intervals.recording,
        rules: paces(name),
      },
    ]
    for name in std.objectFields(budgets.limits)
  ]),
}
