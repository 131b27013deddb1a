// Rules that cannot be evaluated, notifications that are not delivered, and the alert whose absence tells of both.

local servers = import '../../../dashboards/lib/server_metrics.libsonnet';
local stack = import '../../lib/servers.libsonnet';

{
  _config:: error 'needs the configuration',

  local knobs = $._config.alerts,
  local about = stack.about($._config),
  local single = about.single,

  // The name of a group without the path of its file.
  local group = '{{ reReplaceAll ".*;" "" $labels.rule_group }}',
  local ruleRules = [
    single({
      alert: 'RulesFailing',
      local window = knobs.RulesFailing.window,
      labels: { reason: 'evaluation' },
      expr: std.join('or\n', [
        stack.increased(servers[server].evaluationFailures, '', window, ['job', 'rule_group'])
        for server in ['prometheus', 'loki']
      ]),
      summary: 'Rules cannot be evaluated: their alerts are blind.',
      description: 'Rules of the group ' + group + ' failed in {{ $labels.job }} about {{ $value | humanize }} times in the last '
                   + window + '.',
      value: '{{ $value | humanize }} failures',
    }),
    // A rule file that Loki cannot read is told in its log only; its ruler then has no rules at all, or the old ones.
    single({
      alert: 'RulesFailing',
      labels: { reason: 'no_rules' },
      expr: |||
        %s{job="loki"} == 1
        unless on (job, instance)
        %s
      ||| % [servers.target.up.name, servers.loki.groupRules.name],
      summary: "Loki's ruler has no rules: their alerts are blind.",
      description: 'Loki at {{ $labels.instance }} runs and evaluates no rules: it cannot read their files, or there are none.',
      value: 'no rules',
    }),
  ],

  local notifications = [
    single({
      alert: 'NotificationsFailing',
      local window = knobs.NotificationsFailing.window,
      labels: { reason: 'not_sent' },
      expr: std.join('or\n', [
        stack.increased(servers[server][counter], '', window, ['job', 'alertmanager'])
        for server in ['prometheus', 'loki']
        for counter in ['notificationsDropped', 'notificationErrors']
      ]),
      summary: 'Alerts do not reach Alertmanager.',
      description: 'About {{ $value | humanize }} alerts of {{ $labels.job }} did not reach {{ $labels.alertmanager }} in the last '
                   + window + '. What still fires is sent again every minute.',
      value: '{{ $value | humanize }} alerts',
    }),
    // A notification that was under way when Alertmanager stopped or was reloaded is sent after it.
    single({
      alert: 'NotificationsFailing',
      local window = knobs.NotificationsFailing.window,
      labels: { reason: 'not_delivered' },
      expr: stack.increased(
        servers.alertmanager.notificationFailures, 'reason!="contextCanceled"', window, ['job', 'integration', 'receiver_name']
      ),
      summary: 'Alertmanager cannot deliver to a channel.',
      description: 'About {{ $value | humanize }} notifications to {{ $labels.receiver_name }} ({{ $labels.integration }}) failed in the last '
                   + window + '. Other channels may still work.',
      value: '{{ $value | humanize }} notifications',
    }),
    single({
      alert: 'ConfigReloadFailed',
      expr: std.join(' == 0\nor\n', [servers.prometheus.reloaded.name, servers.alertmanager.reloaded.name]) + ' == 0\n',
      summary: 'A server refused its changed configuration and goes on with the old one.',
      description: '{{ $labels.job }} at {{ $labels.instance }} refused its configuration; after a restart it would not come up.',
      value: 'old configuration',
    }),
  ],

  // Fires always, waits for nothing, and has no `for`: the receiver outside notices when it stops coming.
  local watchdog = single({
    alert: 'Watchdog',
    severity: 'info',
    level: 'P4',
    expr: 'vector(1)\n',
    summary: 'Alerts are evaluated and delivered.',
    description: 'This alert always fires. When it stops coming, rules, Prometheus, Alertmanager'
                 + ' or the way to you are broken.',
    value: 'alive',
  }),

  alerts+: [
    { name: 'heliograph-stack-alerting', rules: std.flattenArrays(ruleRules + notifications) },
    { name: 'heliograph-watchdog', rules: watchdog },
  ],
}
