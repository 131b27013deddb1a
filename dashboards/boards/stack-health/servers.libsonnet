// Servers that answer, applications that beat.

local promql = import '../../../prometheus/lib/promql.libsonnet';
local m = import '../../lib/metrics.libsonnet';
local p = import '../../lib/panels.libsonnet';
local q = import '../../lib/queries.libsonnet';
local servers = import '../../lib/server_metrics.libsonnet';
local tokens = import '../../lib/tokens.libsonnet';
local x = import 'expressions.libsonnet';

local units = tokens.units;
local noStack = p.noValue('no server is watched');

function(config) {
  up:
    p.stateTimeline(
      'Servers that answer',
      servers.target.up.help,
      [q.range('min by (job, instance) (%s)' % servers.target.up.name, '{{job}} {{instance}}')],
      x.onOff('up', 'down')
    ) + noStack + p.runbook(config, 'ServiceDown'),

  heartbeats:
    p.stateTimeline(
      'Applications that beat',
      'Whether the newest heartbeat of an application is younger than ServiceDown allows. It vanishes 5 minutes after the last one.',
      [
        q.range(
          'time() - max by (job) (%s) < bool %s'
          % [m.heartbeat.name, promql.seconds(config.alerts.ServiceDown.heartbeat_age)],
          '{{job}}'
        ),
      ],
      x.onOff('beats', 'silent')
    ) + p.noValue('no application in this time range') + p.runbook(config, 'ServiceDown'),

  scrapes:
    p.timeSeries(
      'Scrape time',
      servers.target.scrapeDuration.help,
      units.seconds,
      [q.range('max by (instance) (%s)' % servers.target.scrapeDuration.name, '{{instance}}')]
    ) + noStack,
}
