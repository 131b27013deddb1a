// The accounts of the collector's queues, while they are empty.

local servers = import '../../dashboards/lib/server_metrics.libsonnet';
local names = import '../lib/records.libsonnet';
local stack = import '../lib/servers.libsonnet';

local collector = servers.collector;

{
  _config:: error 'needs the configuration',

  // What a queue was given, less what its store has, what that refused, and what found no room: 0 while it is empty. More is
  // gone, and the collector counted it nowhere (a disk that was full while the queue was read, a record larger than a
  // batch). Less was in the queue already when the process started.
  local total(metric) = 'sum by (job, instance, exporter) (%s{%s})' % [metric.name, stack.stores],
  local unaccounted(signal) = {
    record: names.unaccounted,
    expr: |||
      %(offered)s
      - %(sent)s
      - (%(refused)s or 0 * %(sent)s)
      - (%(full)s or 0 * %(sent)s)
      and
      %(waiting)s == 0
    ||| % {
      offered: total(collector.offered),
      sent: total(collector.sent[signal]),
      refused: total(collector.sendFailed[signal]),
      full: total(collector.enqueueFailed[signal]),
      waiting: total(collector.queueSize),
    },
    labels: { signal: signal },
  },

  records+: [
    {
      name: 'heliograph-stack-queues',
      interval: $._config.intervals.recording,
      rules: [unaccounted(signal) for signal in std.objectFields(collector.sent)],
    },
  ],
}
