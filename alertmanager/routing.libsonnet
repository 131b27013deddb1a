// Who hears of what, and when.
//
//   every alert                    → inbox, at any time: it disturbs nobody
//   severity critical              → the critical receiver of each channel
//   any other severity, or none    → the warning receiver of each channel
//   … of a team with its own       → these instead of, or next to, the general ones
//   … about a tenant with its own  → these as well
//   Watchdog                       → deadman, again and again, and nobody else
//   severity info                  → nobody; it is there to be looked at
//
// docs/alerting.md has it in full.

local inhibition = import 'lib/inhibition.libsonnet';
local receivers = import 'lib/receivers.libsonnet';
local times = import 'lib/times.libsonnet';

{
  _config:: error 'needs the configuration',

  local built = receivers { _config:: $._config },
  local clock = times { _config:: $._config },

  // A test names a channel (slack: both of its rooms) or one receiver (slack-critical), of everybody or of a team or
  // tenant, and goes nowhere else.
  local test = {
    receiver: 'nobody',
    matchers: ['alertname="HeliographNotifyTest"'],
    group_by: ['alertname', 'channel', 'job'],  // job: the run, so that none waits for an earlier one's group
    group_wait: '0s',
    routes: [
      {
        receiver: row.name,
        local names = std.set([row.channel, row.channel + (if row.severity == null then '' else '-' + row.severity)]),
        matchers: ['channel=~"%s"' % std.join('|', names)] + [
          '%s=%s' % [scope, std.escapeStringJson(std.get(row.labels, scope, ''))]
          for scope in ['team', 'tenant']
        ],
        continue: true,
      }
      for row in built.all
    ],
  },

  // Groups of one route are looked at every group_interval, and what was sent is sent again once repeat_interval has
  // passed *since it was sent*, which is a moment after the last look. At equal lengths only every second look would
  // send; at the shortest one each does. Nobody waits for a companion of Watchdog's either.
  local deadman = [
    {
      receiver: row.name,
      matchers: ['alertname="Watchdog"'],
      group_wait: '0s',
      group_interval: $._config.channels.deadman.interval,
      repeat_interval: '1s',
    }
    for row in built.deadman
  ],

  local again(row) =
    local own = $._config.routing.repeat_critical;
    if row.severity == 'critical' && own != null then { repeat_interval: own } else {},

  // A leaf for each row, in each of the branches that the times make (lib/times.libsonnet).
  local merged(left, right) = left + {
    [key]: std.get(left, key, []) + right[key]
    for key in std.objectFields(right)
  },
  local branches(conditions, rows, when) =
    if conditions == [] then [
      { receiver: row.name, [if row.matchers != [] then 'matchers']: row.matchers, continue: true } + again(row) + when
      for row in rows
    ] else
      local condition = conditions[0];
      local rest = conditions[1:];
      [
        {
          receiver: 'nobody',
          matchers: condition.matchers,
          routes: branches(rest, std.filter(condition.keep, rows), merged(when, condition.times)),
        },
      ]
      + branches(rest, rows, when),

  alertmanager:: {
    templates: [$._config.paths.templates + '/*.tmpl'],

    route: {
      receiver: 'nobody',
      group_by: ['alertname', 'severity', 'job', 'deployment_environment_name'],
      group_wait: $._config.routing.group_wait,
      group_interval: $._config.routing.group_interval,
      repeat_interval: $._config.routing.repeat_interval,
      routes:
        [test]
        + deadman
        + [{ receiver: 'nobody', matchers: ['severity="info"'] }]
        + [{ receiver: row.name, continue: true } for row in built.inbox]
        + (if built.people == [] then [] else branches(clock.conditions, built.people, clock.always)),
    },

    [if clock.intervals != [] then 'time_intervals']: clock.intervals,

    inhibit_rules: inhibition.rules,

    receivers: [{ name: 'nobody' }] + [{ name: row.name } + row.config for row in built.all],
  },
}
