// When the day and the month of the budgets began and will end: Unix times, in the time zone of `budgets.time_zone`.
//
// Prometheus knows UTC only. `clock` (config/_clock.py) lists when the zone's distance from UTC changes: `offset` seconds
// at first, and for each of `changes` (time, offset) from then on.

local names = import '../lib/records.libsonnet';

local day = 86400;
local zone = 'calendar:zone:offset';
local local_(period) = 'calendar:%s:local' % period;

{
  _config:: error 'needs the configuration',

  local clock = $._config.clock,
  // The zone's distance at a time. A sum of steps: true is 1.
  local distance(at) = std.join('\n', ['%d' % clock.offset] + [
    local before = if index == 0 then clock.offset else clock.changes[index - 1][1];
    '  + %d * (%s >= bool %d)' % [clock.changes[index][1] - before, at, clock.changes[index][0]]
    for index in std.range(0, std.length(clock.changes) - 1)
  ]),

  // Local time → UTC. The distance then is not that of now, on a day when clocks change: looked up at a guess, which is
  // wrong by an hour at most. (Where they change at midnight itself, the end of the day before is an hour off.)
  local utc(name, shown) =
    if clock.changes == [] then [{ record: name, expr: '%s - %s\n' % [shown, zone] }]
    else
      local guess = std.strReplace(name, 'calendar:', 'calendar_guess:');
      [
        { record: guess, expr: '%s - %s\n' % [shown, zone] },
        { record: name, expr: '%s + %s - (%s)\n' % [guess, zone, distance(guess)] },
      ],

  local periods = std.set([limit.period for limit in std.objectValues($._config.budgets.limits)]),
  local length(period) =
    if period == 'day' then '%d' % day else '%d * days_in_month(%s)' % [day, local_('day')],

  records+: if periods == [] then [] else [
    {
      name: 'heliograph-calendar',
      interval: $._config.intervals.recording,
      rules:
        [
          { record: zone, expr: 'vector(%s)\n' % distance('time()') },
          // What a clock on the wall showed at the last midnight, read as UTC.
          { record: local_('day'), expr: '(time() + %s) - (time() + %s) %% %d\n' % [zone, zone, day] },
        ] + (
          if !std.member(periods, 'month') then [] else [{
            record: local_('month'),
            expr: '%s - %d * (day_of_month(%s) - 1)\n' % [local_('day'), day, local_('day')],
          }]
        )
        + std.flattenArrays([
          utc(names.periodStart(period), local_(period))
          + utc(names.periodEnd(period), '%s + %s' % [local_(period), length(period)])
          for period in periods
        ]),
    },
  ],
}
