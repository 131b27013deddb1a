// Stores that cannot write: what comes in for them waits, or is lost.

local servers = import '../../../dashboards/lib/server_metrics.libsonnet';
local stack = import '../../lib/servers.libsonnet';

local stores = stack.stores;

{
  _config:: error 'needs the configuration',

  local knobs = $._config.alerts,
  local about = stack.about($._config),
  local single = about.single,

  local state(of) = '%s{mode="rw", state="%s"}' % [servers.host.fileSystem.name, of],
  local disk(of) = 'max by (job, device) (%s)' % state(of),

  local cannotWrite(reason, spec) = single({
    alert: 'StoreCannotWrite',
    labels: { reason: reason },
    summary: 'A store cannot write: what comes in for it waits, or is lost.',
  } + spec),
  local writing =
    local knob = knobs.StoreCannotWrite;
    [
      cannotWrite('disk', {
        expr: |||
          100 * %(used)s
          / (%(used)s + %(free)s)
          > %(threshold)s
        ||| % { used: disk('used'), free: disk('free'), threshold: knob.full },
        description: 'The file system on {{ $labels.device }} is {{ $value | printf "%.1f" }} % full (threshold: ' + knob.full + ' %).',
        value: '{{ $value | printf "%.1f" }} %',
      }),
      // When Prometheus cannot write, it stores no reading of its own trouble either: all other rules go blind, and this
      // one sees just that. Rules are evaluated, and alerts sent, without a disk.
      cannotWrite('blind', {
        // It stored something within the hour: a stack that was just started is not blind yet.
        expr: |||
          absent_over_time(%(up)s{job="prometheus"}[%(blind)s]) > 0
          and on (job)
          count by (job) (last_over_time(%(up)s{job="prometheus"}[1h]))
        ||| % { up: servers.target.up.name, blind: knob.blind },
        description: '{{ $labels.job }} has stored nothing for ' + knob.blind + ', not even of itself: all alerts on metrics are blind. Is its disk full?',
        value: 'nothing stored',
      }),
      cannotWrite('loki', {
        expr: stack.increased(servers.loki.diskFull, '', knob.window, ['job']),
        description: 'The disk of {{ $labels.job }} was nearly full in the last ' + knob.window + ': it takes no lines until there is room. They wait in the queue.',
        value: 'disk full',
      }),
      cannotWrite('housekeeping', {
        expr: std.join('or\n', [
          stack.increased(metric, '', knob.window, ['job'])
          for metric in [
            servers.prometheus.checkpointFailures,
            servers.prometheus.truncationFailures,
            servers.prometheus.compactionFailures,
            servers.loki.checkpointFailures,
            servers.loki.flushFailures,
          ]
        ]),
        description: '{{ $labels.job }} failed to move what it took in to its place on disk about {{ $value | humanize }} times in the last '
                     + knob.window + '; its log grows meanwhile.',
        value: '{{ $value | humanize }} times',
      }),
    ],

  alerts+: [
    { name: 'heliograph-stack-writing', rules: std.flattenArrays(writing) },
  ],
}
