// PromQL that several panels of this board share.

local stack = import '../../../prometheus/lib/servers.libsonnet';
local servers = import '../../lib/server_metrics.libsonnet';
local tokens = import '../../lib/tokens.libsonnet';

local collector = servers.collector;

{
  local x = self,

  signals:: std.objectFields(collector.accepted),
  own:: stack.collector,  // Jaeger counts under the same names
  unfit:: stack.unfit,

  local braces(selector) = if selector == '' then '' else '{%s}' % selector,
  increase(metric, selector, window):: 'increase(%s%s[%s])' % [metric.name, braces(selector), window],
  rate(metric, selector):: 'rate(%s%s[$__rate_interval])' % [metric.name, braces(selector)],
  sum(by, inner):: (if by == '' then 'sum (%s)' else 'sum by (%s) (%%s)' % by) % inner,

  // How much a counter grew that is made by its first failure: with all it had when it was new.
  grown(metric, selector, window)::
    local series = metric.name + braces(selector);
    '(%s unless %s offset %s) or increase(%s[%s])' % [series, series, window, series, window],

  // A real 0 where nothing of the kind ever happened: of something that is always there.
  orNothing(expr, always):: '%s or 0 * %s' % [expr, always],
  accepted(signal):: x.sum('', x.increase(collector.accepted[signal], x.own, '$__rate_interval')),
  exporters(by):: x.sum(by, '%s{%s}' % [collector.queueSize.name, x.own]),
  total(parts):: std.join(' + ', ['(%s)' % part for part in parts]),

  // Refused by a store, or without room in a queue; by exporter or in all.
  losses(by, window):: [
    x.orNothing(x.sum(by, x.grown(family[signal], x.own, window)), x.exporters(by))
    for family in [collector.sendFailed, collector.enqueueFailed]
    for signal in x.signals
  ],
  failure:: 'reason!="contextCanceled"',
  undelivered(window):: x.total([
    x.sum('', x.increase(servers.alertmanager.notificationFailures, x.failure, window)),
    x.sum('', x.increase(servers.prometheus.notificationsDropped, '', window)),
    x.orNothing(
      x.sum('', x.increase(servers.loki.notificationsDropped, '', window)),
      x.sum('', x.increase(servers.prometheus.notificationsDropped, '', window))
    ),
  ]),
  queue:: '100 * %s{%s} / %s{%s}' % [collector.queueSize.name, x.own, collector.queueCapacity.name, x.own],
  disk(state, by='device')::
    'max by (%s) (%s{mode="rw", state="%s"})' % [by, servers.host.fileSystem.name, state],
  full(by):: '100 * %s / (%s + %s)' % [x.disk('used', by), x.disk('used', by), x.disk('free', by)],

  // What a state timeline says of 1 and 0.
  onOff(on, off):: {
    '1': { text: on, color: tokens.colors.success },
    '0': { text: off, color: tokens.colors.critical },
  },
}
