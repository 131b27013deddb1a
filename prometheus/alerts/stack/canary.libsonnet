// A synthetic call that does not arrive, and the canary that makes it.

local metrics = import '../../../dashboards/lib/metrics.libsonnet';
local servers = import '../../../dashboards/lib/server_metrics.libsonnet';
local stack = import '../../lib/servers.libsonnet';

{
  _config:: error 'needs the configuration',

  local config = $._config,
  local knobs = $._config.alerts,
  local about = stack.about($._config),
  local single = about.single,

  // A call that nobody made for its own sake, seen from the other end: what every other rule here missed. A server that is
  // down is told by ServiceDown, which silences this; when it is back, the next call must arrive, and has time for it.
  local behind = { traces: 'jaeger', metrics: 'prometheus', logs: 'loki' },
  local ways = {
    traces: 'Spans do not reach Jaeger: requests cannot be looked at.',
    metrics: 'Metrics do not reach Prometheus: boards stand still, and alerts see nothing of the applications.',
    logs: 'Logs and events do not reach Loki: costs by user lack them.',
  },
  local canary = if !config.canary.enabled then [] else [
    single({
      alert: 'CanaryMissing',
      local knob = knobs.CanaryMissing,
      local watched = '%s{job=~"collector|%s"}' % [servers.target.up.name, behind[signal]],
      labels: { reason: 'not_arrived', signal: signal },
      expr: |||
        max by (job, signal) (%(arrived)s{signal="%(signal)s"}) == 0
        unless on ()
        (
          min(min_over_time(%(up)s[%(recovering)s])) == 0
          and
          min(%(up)s) == 1
        )
      ||| % { arrived: metrics.canaryArrived.name, signal: signal, up: watched, recovering: knob.recovering },
      summary: 'What applications send does not arrive, though the servers seem well.',
      description: ways[signal] + ' Calls of {{ $labels.job }} are not there within ' + config.canary.within
                   + ', for ' + knob['for'] + ' or longer.',
      value: '{{ $labels.signal }} missing',
    })
    for signal in std.objectFields(behind)
  ] + [
    single({
      alert: 'CanaryMissing',
      severity: 'warning',
      labels: { reason: 'gone' },
      expr: 'absent(%s{job="heliograph-canary"}) == 1\n' % metrics.canaryArrived.name,
      summary: 'Nobody looks whether telemetry arrives: the canary is gone.',
      description: '{{ $labels.job }} has said nothing for ' + knobs.CanaryMissing['for'] + '. Applications are not affected.',
      value: 'gone',
    }),
  ],

  alerts+: [
    { name: 'heliograph-stack-canary', rules: std.flattenArrays(canary) },
  ],
}
