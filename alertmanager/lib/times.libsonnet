// When something is sent: business hours and mute times, as Alertmanager's time intervals.

local hours(zone, stated) = {
  // "09:00-17:00"
  [if stated.times != [] then 'times']: [
    { start_time: std.split(range, '-')[0], end_time: std.split(range, '-')[1] }
    for range in stated.times
  ],
  location: zone,
} + {
  [name]: stated[name]
  for name in ['weekdays', 'days_of_month', 'months', 'years']
  if stated[name] != []
};

local name = 'business-hours';

{
  _config:: error 'needs the configuration',

  local routing = $._config.routing,
  local muted = [routing.mute_times[key] { name:: key } for key in std.objectFields(routing.mute_times)],
  local matchers(match) = ['%s=~%s' % [label, std.escapeStringJson(match[label])] for label in std.objectFields(match)],

  intervals::
    (
      if routing.business_hours == null then []
      else [{ name: name, time_intervals: [hours(routing.time_zone, one) for one in routing.business_hours] }]
    )
    + [
      { name: mute.name, time_intervals: [hours(routing.time_zone, one) for one in mute.when] }
      for mute in muted
    ],

  // Routes do not inherit their times, and a route that does not match hands on only the whole of its branch. So each
  // condition splits the tree in two: alerts it is about (with its times), and all others. [{matchers, times, keep}],
  // where `keep` says of a row whether it can match in that branch at all.
  conditions::
    (
      if routing.business_hours == null then []
      else [{
        matchers: ['severity!="critical"', 'level=~"P3|P4"'],
        times: { active_time_intervals: [name] },
        keep(row):: row.severity != 'critical',
      }]
    )
    + [
      {
        matchers: matchers(match),
        times: { mute_time_intervals: [mute.name for mute in muted if mute.match == match] },
        keep(row):: true,
      }
      for match in std.foldl(
        function(found, mute) if mute.match == {} || std.member(found, mute.match) then found else found + [mute.match],
        muted,
        []
      )
    ],

  // Of mute times that are about every alert.
  always::
    local names = [mute.name for mute in muted if mute.match == {}];
    if names == [] then {} else { mute_time_intervals: names },
}
