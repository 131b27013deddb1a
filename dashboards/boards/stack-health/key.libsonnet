// Key figures: what a look from the door must tell.

local p = import '../../lib/panels.libsonnet';
local q = import '../../lib/queries.libsonnet';
local servers = import '../../lib/server_metrics.libsonnet';
local tokens = import '../../lib/tokens.libsonnet';
local x = import 'expressions.libsonnet';

local units = tokens.units;
local collector = servers.collector;
local inRange = ' How many in this time range.';
local bad = p.limits({ critical: 1 });
local noStack = p.noValue('no server is watched');

function(config) {
  down:
    p.stat(
      'Servers down',
      'Servers of the stack that Prometheus cannot scrape.',
      units.count,
      q.instant('count(%s) - sum(%s)' % [servers.target.up.name, servers.target.up.name], 'down')
    ) + p.decimals(0) + noStack + bad + p.runbook(config, 'ServiceDown'),

  lost:
    p.stat(
      'Records lost',
      'Records that a store refused for good, or that found no room in a queue.' + inRange,
      units.count,
      q.instant(x.total(x.losses('', '$__range')), 'lost')
    ) + p.decimals(0) + p.noValue('no collector') + bad + p.runbook(config, 'TelemetryLost'),

  refused:
    p.stat(
      'Records refused',
      'Records that the collector turned away; their senders try again for a while.' + inRange,
      units.count,
      q.instant(x.total([
        x.orNothing(x.sum('', x.grown(collector.refused[signal], x.own, '$__range')), x.exporters(''))
        for signal in x.signals
      ]), 'refused')
    ) + p.decimals(0) + p.noValue('no collector') + p.limits({ warning: 1 }) + p.runbook(config, 'TelemetryRefused'),

  queue:
    p.stat(
      'Fullest queue',
      collector.queueSize.help + ' In percent of what may wait for it; the fullest one.',
      units.percent,
      q.instant('max(%s)' % x.queue, 'queue')
    ) + p.decimals(0) + p.noValue('no collector') + p.alert(config, 'CollectorQueueFilling'),

  disk:
    p.stat(
      'Fullest disk',
      'Of the file systems that the collector sees, in percent of what is there for users.',
      units.percent,
      q.instant('max(%s)' % x.full('device'), 'disk')
    ) + p.decimals(0) + p.noValue('unknown') + p.alert(config, 'DiskFilling'),

  undelivered:
    p.stat(
      'Alerts not delivered',
      'Notifications that a channel did not take, and alerts that did not reach Alertmanager.' + inRange,
      units.count,
      q.instant(x.undelivered('$__range'), 'failed')
    ) + p.decimals(0) + p.noValue('no Alertmanager') + bad + p.runbook(config, 'NotificationsFailing'),
}
