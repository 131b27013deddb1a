// The collector: what comes in, and what is stored.

local p = import '../../lib/panels.libsonnet';
local q = import '../../lib/queries.libsonnet';
local servers = import '../../lib/server_metrics.libsonnet';
local tokens = import '../../lib/tokens.libsonnet';
local x = import 'expressions.libsonnet';

local units = tokens.units;
local collector = servers.collector;
local noCollector = p.noValue('no collector in this time range');

function(config) {
  received:
    p.timeSeries(
      'Received per second',
      'Records that the collector took, by signal.',
      units.perSecond,
      [q.range(x.sum('', x.rate(collector.accepted[signal], x.own)), signal) for signal in x.signals]
    ) + noCollector,

  refused:
    p.timeSeries(
      'Turned away',
      'Records that the collector turned away or failed on, by signal. Senders try again for a while.',
      units.number,
      [
        q.range(
          x.total([
            x.orNothing(x.sum('', x.grown(family[signal], x.own, '$__rate_interval')), x.accepted(signal))
            for family in [collector.refused, collector.failed]
          ]),
          signal
        )
        for signal in x.signals
      ]
    ) + noCollector + p.runbook(config, 'TelemetryRefused'),

  leftOut:
    p.timeSeries(
      'Left out',
      'Points of metrics: too old or too new, no numbers, or deltas. Spans: larger than their store takes. By filter.',
      units.number,
      [
        q.range(x.sum('filter', x.grown(left[0], left[1], '$__rate_interval')), '{{filter}}')
        for left in [[collector.filteredPoints, x.own], [collector.filteredSpans, x.unfit]]
      ]
    ) + noCollector + p.runbook(config, 'TelemetryRefused'),

  sent:
    p.timeSeries(
      'Stored per second',
      'Records that their store has, by exporter.',
      units.perSecond,
      [q.range(x.sum('exporter', x.rate(collector.sent[signal], x.own)), '{{exporter}}') for signal in x.signals]
    ) + noCollector,

  lost:
    p.timeSeries(
      'Lost',
      'Records that a store refused for good, or that found no room in its queue, by exporter.',
      units.number,
      [q.range(x.total(x.losses('exporter', '$__rate_interval')), '{{exporter}}')]
    ) + noCollector + p.runbook(config, 'TelemetryLost'),

  memory:
    p.timeSeries(
      'Memory of the collector',
      collector.memory.help,
      collector.memory.unit,
      [q.range('max by (instance) (%s{%s})' % [collector.memory.name, x.own], '{{instance}}')]
    ) + noCollector,
}
