// PromQL for the servers' own metrics.

local servers = import '../../dashboards/lib/server_metrics.libsonnet';
local alert = import 'alert.libsonnet';
local promql = import 'promql.libsonnet';

local target = ['job', 'instance'];

{
  local lib = self,

  // Whose series: Jaeger is a collector, too, and counts under the same names. Copies are for somebody else's service
  // (`destinations`): trouble there is told, and wakes nobody.
  collector:: 'job="collector"',
  // Filters whose name begins so leave out what a store cannot hold; others choose for the meter (collector/otelcol.yaml).
  unfit:: lib.collector + ', filter=~"filter/fits_.+"',
  copies:: lib.collector + ', exporter=~".+/langsmith"',
  stores:: lib.collector + ', exporter!~".+/langsmith"',

  // Alerts about servers: they have a board of their own, and the labels that their expressions keep.
  about(config):: {
    single(spec):: alert.single(config, { board: 'stack-health', keeps: [] } + spec),
    tiers(spec):: alert.tiers(config, { board: 'stack-health', keeps: [] } + spec),
    // A rule for each signal that the collector counts: traces, metrics, logs.
    bySignal(metrics, make):: [make(signal, metrics[signal]) for signal in std.objectFields(metrics)],
  },

  // How much a counter of the collector grew within the window, its first sample included. The collector gives its series no
  // start times and makes many of them at the first failure only, with 3 as the first value: `increase` finds nothing in
  // that, so a series that was not there a window ago counts as a whole. Two looks alike are told apart: a target that was
  // not scraped then (Prometheus itself was down, say) has old failures, unless its process is younger than the window.
  // (Prometheus, Loki and Alertmanager do send start times: there `increase` knows of the first failure by itself.)
  grown(metric, selector, window)::
    local series = metric.name + (if selector == '' then '' else '{%s}' % selector);
    |||
      (
        %(series)s
        unless
        %(series)s offset %(window)s
      )
      and on (%(target)s)
      (%(up)s{job="collector"} offset %(window)s == 1 or %(uptime)s < %(seconds)s)
      or
      increase(%(series)s[%(window)s])
    ||| % {
      series: series,
      window: window,
      target: std.join(', ', target),
      up: servers.target.up.name,
      uptime: servers.collector.uptime.name,
      seconds: promql.seconds(window),
    },

  // The sum of that by some labels, where it is more than 0.
  sumOfGrown(metric, selector, window, labels):: |||
    sum %s (
    %s) > 0
  ||| % [promql.by(labels), lib.indented(lib.grown(metric, selector, window), 2)],

  increased(metric, selector, window, labels):: promql.sumOfIncrease(metric.name, selector, window, labels) + ' > 0\n',

  indented(text, width)::
    local margin = std.repeat(' ', width);
    std.join('', [margin + line + '\n' for line in std.split(std.rstripChars(text, '\n'), '\n')]),
}
