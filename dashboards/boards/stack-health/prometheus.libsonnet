// Prometheus itself.

local p = import '../../lib/panels.libsonnet';
local q = import '../../lib/queries.libsonnet';
local servers = import '../../lib/server_metrics.libsonnet';
local tokens = import '../../lib/tokens.libsonnet';
local x = import 'expressions.libsonnet';

local units = tokens.units;

function(config) {
  series:
    p.timeSeries(
      'Series in memory',
      servers.prometheus.series.help,
      units.number,
      [q.range('max by (instance) (%s)' % servers.prometheus.series.name, '{{instance}}')]
    ) + p.noValue('no Prometheus') + p.alertLines(config, 'HighCardinality'),

  samples:
    p.timeSeries(
      'Samples per second',
      servers.prometheus.samples.help,
      units.perSecond,
      [q.range(x.sum('type', x.rate(servers.prometheus.samples, '')), '{{type}}')]
    ) + p.noValue('no Prometheus'),

  prometheusSize:
    p.timeSeries(
      'Size on disk',
      servers.prometheus.walSize.help + ' ' + servers.prometheus.blocks.help,
      servers.prometheus.walSize.unit,
      [
        q.range('max(%s)' % servers.prometheus.walSize.name, 'log'),
        q.range('max(%s)' % servers.prometheus.blocks.name, 'blocks'),
      ]
    ) + p.stacked + p.noValue('no Prometheus'),
}
