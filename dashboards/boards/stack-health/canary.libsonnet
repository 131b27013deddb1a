// The canary: a call each minute, seen from the other end.

local m = import '../../lib/metrics.libsonnet';
local p = import '../../lib/panels.libsonnet';
local q = import '../../lib/queries.libsonnet';
local tokens = import '../../lib/tokens.libsonnet';
local x = import 'expressions.libsonnet';

local units = tokens.units;
local noCanary = p.noValue('no canary in this time range');

function(config) {
  arrived:
    p.stateTimeline(
      'Canary: what arrives',
      m.canaryArrived.help + ' By signal; within ' + config.canary.within + ' of the call.',
      [q.range('max by (signal) (%s)' % m.canaryArrived.name, '{{signal}}')],
      x.onOff('arrives', 'missing')
    ) + noCanary + p.runbook(config, 'CanaryMissing'),

  visible:
    p.timeSeries(
      'Canary: seconds to visible',
      m.canaryVisible.help + ' By signal; a metric waits for its next export first. No call, no point.',
      units.seconds,
      [
        q.range(
          'sum by (signal) (rate(%s[$__rate_interval])) / (sum by (signal) (rate(%s[$__rate_interval])) > 0)'
          % [m.canaryVisible.sum, m.canaryVisible.count],
          '{{signal}}'
        ),
      ]
    ) + noCanary,

  missed:
    p.timeSeries(
      'Canary: calls missed',
      m.canaryMissed.help + ' By signal.',
      units.number,
      [q.range(x.sum('signal', x.increase(m.canaryMissed, '', '$__rate_interval')), '{{signal}}')]
    ) + p.decimals(0) + noCanary + p.runbook(config, 'CanaryMissing'),
}
