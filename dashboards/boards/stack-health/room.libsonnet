// Room: queues and disks.

local p = import '../../lib/panels.libsonnet';
local q = import '../../lib/queries.libsonnet';
local servers = import '../../lib/server_metrics.libsonnet';
local tokens = import '../../lib/tokens.libsonnet';
local x = import 'expressions.libsonnet';

local units = tokens.units;
local collector = servers.collector;
local noCollector = p.noValue('no collector in this time range');

function(config) {
  queues:
    p.timeSeries(
      'Queues',
      collector.queueSize.help + ' In percent of what may wait; at 100 % senders are turned away.',
      units.percent,
      [q.range('max by (exporter) (%s)' % x.queue, '{{exporter}}')]
    ) + p.decimals(1) + p.ofHundred + noCollector + p.alertLines(config, 'CollectorQueueFilling'),

  disks:
    p.timeSeries(
      'Disks',
      'Used in percent of what is there for users, by the place where a file system is mounted.',
      units.percent,
      [q.range(x.full('mountpoint'), '{{mountpoint}}')]
    ) + p.decimals(1) + p.ofHundred + p.noValue('unknown in this time range') + p.alertLines(config, 'DiskFilling'),

  queueBytes:
    p.timeSeries(
      'Bytes in the queues',
      collector.queueSize.help,
      collector.queueSize.unit,
      [q.range('max by (exporter) (%s{%s})' % [collector.queueSize.name, x.own], '{{exporter}}')]
    ) + p.stacked + noCollector,

  freeBytes:
    p.timeSeries(
      'Free on the disks',
      'Bytes that users may still write, by the place where a file system is mounted.',
      servers.host.fileSystem.unit,
      [q.range(x.disk('free', 'mountpoint'), '{{mountpoint}}')]
    ) + p.noValue('unknown in this time range') + p.runbook(config, 'DiskFilling'),
}
