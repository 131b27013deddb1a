// Loki and Jaeger themselves.

local p = import '../../lib/panels.libsonnet';
local q = import '../../lib/queries.libsonnet';
local servers = import '../../lib/server_metrics.libsonnet';
local tokens = import '../../lib/tokens.libsonnet';
local x = import 'expressions.libsonnet';

local units = tokens.units;
local collector = servers.collector;

function(config) {
  lines:
    p.timeSeries(
      'Lines per second',
      servers.loki.lines.help,
      units.perSecond,
      [q.range(x.sum('', x.rate(servers.loki.lines, '')), 'lines')]
    ) + p.noValue('no lines in this time range'),

  discarded:
    p.timeSeries(
      'Lines that Loki refused',
      servers.loki.discarded.help + ' By reason; those that were too many are sent again, others are gone.',
      units.number,
      [
        q.range(
          x.orNothing(
            x.sum('reason', x.grown(servers.loki.discarded, '', '$__rate_interval')),
            'label_replace(%s, "reason", "none", "", "")' % x.sum('', x.increase(servers.loki.lines, '', '$__rate_interval'))
          ),
          '{{reason}}'
        ),
      ]
    ) + p.noValue('no lines in this time range') + p.runbook(config, 'TelemetryLost'),

  streams:
    p.timeSeries(
      'Streams in memory',
      servers.loki.streams.help + ' One for each service, environment and what else is an index label.',
      units.number,
      [q.range(x.sum('', servers.loki.streams.name), 'streams')]
    ) + p.decimals(0) + p.noValue('no lines in this time range'),

  spans:
    p.timeSeries(
      'Spans stored per second',
      'Spans that Jaeger wrote to its disk, and those that it could not.',
      units.perSecond,
      [
        q.range(x.sum('', x.rate(collector.sent.traces, 'job="jaeger"')), 'stored'),
        q.range(x.sum('', x.rate(collector.sendFailed.traces, 'job="jaeger"')), 'failed'),
      ]
    ) + p.noValue('no spans in this time range'),

  searches:
    p.timeSeries(
      'Searches in Jaeger, p95',
      servers.jaeger.latency.help,
      units.seconds,
      [
        q.range(
          'histogram_quantile(0.95, sum by (le, operation) (rate(%s[$__rate_interval])))' % servers.jaeger.latency.bucket,
          '{{operation}}'
        ),
      ]
    ) + p.noValue('no searches in this time range'),

  jaegerSize:
    p.timeSeries(
      'Size of the traces',
      servers.jaeger.index.help + ' ' + servers.jaeger.values.help,
      servers.jaeger.index.unit,
      [
        q.range('max(%s)' % servers.jaeger.index.name, 'index'),
        q.range('max(%s)' % servers.jaeger.values.name, 'traces'),
      ]
    ) + p.stacked + p.noValue('no Jaeger'),
}
