// Rules that are evaluated, and notifications that arrive.

local p = import '../../lib/panels.libsonnet';
local q = import '../../lib/queries.libsonnet';
local servers = import '../../lib/server_metrics.libsonnet';
local tokens = import '../../lib/tokens.libsonnet';
local x = import 'expressions.libsonnet';

local units = tokens.units;
local rulers = ['prometheus', 'loki'];

function(config) {
  ruleFailures:
    p.timeSeries(
      'Rules that failed or were left out',
      servers.prometheus.evaluationFailures.help + ' ' + servers.prometheus.iterationsMissed.help,
      units.number,
      [
        q.range(x.sum('', x.increase(servers[ruler][counter[0]], '', '$__rate_interval')), ruler + ' ' + counter[1])
        for ruler in rulers
        for counter in [['evaluationFailures', 'failed'], ['iterationsMissed', 'left out']]
      ]
    ) + p.noValue('no rules in this time range') + p.runbook(config, 'RulesFailing'),

  ruleTime:
    p.timeSeries(
      'Slowest group of rules',
      servers.prometheus.groupDuration.help + ' One that needs longer than its interval is left out now and then.',
      units.seconds,
      [q.range('max(%s)' % servers[ruler].groupDuration.name, ruler) for ruler in rulers]
    ) + p.noValue('no rules in this time range'),

  watchdog:
    p.stateTimeline(
      'Dead-man switch',
      'Whether Watchdog fires, which it always should, and whether servers took their last configuration.',
      [
        q.range('max(ALERTS{alertname="Watchdog", alertstate="firing"})', 'Watchdog'),
        q.range('min(%s)' % servers.prometheus.reloaded.name, 'prometheus configuration'),
        q.range('min(%s)' % servers.alertmanager.reloaded.name, 'alertmanager configuration'),
      ],
      x.onOff('well', 'refused')
    ) + p.noValue('nothing: no rules are evaluated') + p.runbook(config, 'Watchdog') + p.runbook(config, 'ConfigReloadFailed'),

  notifications:
    p.timeSeries(
      'Notifications by receiver',
      servers.alertmanager.notifications.help,
      units.number,
      [
        q.range(
          x.sum('integration, receiver_name', x.increase(servers.alertmanager.notifications, '', '$__rate_interval')),
          '{{receiver_name}} ({{integration}})'
        ),
      ]
    ) + p.noValue('no receivers in this time range'),

  undelivered:
    p.timeSeries(
      'Not delivered',
      servers.alertmanager.notificationFailures.help + ' By receiver; those on their way to Alertmanager, by sender.',
      units.number,
      [
        q.range(
          x.sum(
            'integration, receiver_name',
            x.increase(servers.alertmanager.notificationFailures, x.failure, '$__rate_interval')
          ),
          '{{receiver_name}} ({{integration}})'
        ),
      ] + [
        q.range(x.sum('', x.increase(servers[ruler].notificationsDropped, '', '$__rate_interval')), ruler + ' to Alertmanager')
        for ruler in rulers
      ]
    ) + p.noValue('no receivers in this time range') + p.runbook(config, 'NotificationsFailing'),

  latency:
    p.timeSeries(
      'Delivery time, p95',
      servers.alertmanager.latency.help,
      units.seconds,
      [
        q.range(
          'histogram_quantile(0.95, sum by (le, receiver_name) (rate(%s[$__rate_interval])))' % servers.alertmanager.latency.bucket,
          '{{receiver_name}}'
        ),
      ]
    ) + p.noValue('nothing was sent in this time range'),
}
