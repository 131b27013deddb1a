// Who hears of what: one receiver for each channel and severity, so that a channel which fails or is slow never holds
// up another, and `heliograph notify-test` can reach exactly one.
//
//   every alert                    → inbox
//   severity critical              → slack-critical, email-critical, sms-critical
//   any other severity, or none    → slack-warning, email-warning
//   severity info                  → nobody; it is there to be looked at
//
// A channel that is off in heliograph.yaml has neither receiver nor route.

local receivers = import 'lib/receivers.libsonnet';

// What makes two alerts the same trouble; a label that neither side has counts as equal.
local identity = ['alertname', 'job', 'deployment_environment_name', 'instance', 'provider', 'model', 'type'];

{
  _config:: error 'needs the configuration',

  local built = receivers { _config:: $._config },
  local names = [receiver.name for receiver in built.all],

  // [receiver, matchers], in this order; each is asked, whatever the others say.
  local table = [
    ['inbox', []],
    ['slack-critical', ['severity="critical"']],
    ['email-critical', ['severity="critical"']],
    ['sms-critical', ['severity="critical"']],
    ['slack-warning', ['severity!="critical"']],
    ['email-warning', ['severity!="critical"']],
  ],

  // A test names a channel (slack: both of its rooms) or one receiver (slack-critical), and goes nowhere else.
  local test = {
    receiver: 'nobody',
    matchers: ['alertname="HeliographNotifyTest"'],
    group_by: ['alertname', 'channel', 'job'],  // job: the run, so that none waits for an earlier one's group
    group_wait: '0s',
    routes: [
      {
        receiver: name,
        local channel = std.split(name, '-')[0],
        matchers: [if channel == name then 'channel="%s"' % name else 'channel=~"%s|%s"' % [channel, name]],
        continue: true,
      }
      for name in names
    ],
  },

  alertmanager:: {
    templates: [$._config.paths.templates + '/*.tmpl'],

    route: {
      receiver: 'nobody',
      group_by: ['alertname', 'severity', 'job', 'deployment_environment_name'],
      group_wait: $._config.routing.group_wait,
      group_interval: $._config.routing.group_interval,
      repeat_interval: $._config.routing.repeat_interval,
      routes:
        [test, { receiver: 'nobody', matchers: ['severity="info"'] }]
        + [
          { receiver: row[0], [if row[1] != [] then 'matchers']: row[1], continue: true }
          for row in table
          if std.member(names, row[0])
        ],
    },

    inhibit_rules:
      [
        {
          name: 'critical silences its warning',
          source_matchers: ['severity="critical"'],
          target_matchers: ['severity="warning"'],
          equal: identity,
        },
      ]
      + [
        {
          name: '%s silences lower levels' % pair[0],
          source_matchers: ['level="%s"' % pair[0]],
          target_matchers: ['level=~"%s"' % pair[1]],
          equal: identity,
        }
        for pair in [['P1', 'P2|P3|P4'], ['P2', 'P3|P4'], ['P3', 'P4']]
      ]
      + [
        // Heartbeats come through the collector: while it is down they say nothing about the applications.
        {
          name: 'collector down silences heartbeats',
          source_matchers: ['alertname="ServiceDown"', 'job="collector"'],
          target_matchers: ['alertname="ServiceDown"', 'signal="heartbeat"'],
        },
      ],

    receivers: [{ name: 'nobody' }] + built.all,
  },
}
