// What is gone for good, as the servers count it.

local metrics = import '../../../dashboards/lib/metrics.libsonnet';
local servers = import '../../../dashboards/lib/server_metrics.libsonnet';
local promql = import '../../lib/promql.libsonnet';
local names = import '../../lib/records.libsonnet';
local stack = import '../../lib/servers.libsonnet';

local collector = stack.collector;
local copies = stack.copies;
local stores = stack.stores;

{
  _config:: error 'needs the configuration',

  local knobs = $._config.alerts,
  local about = stack.about($._config),
  local single = about.single,
  local bySignal = about.bySignal,

  local lost(reason, spec) = single({
    alert: 'TelemetryLost',
    labels: { reason: reason },
    summary: 'Telemetry is gone for good: bills, boards and alerts go by what arrives.',
  } + spec),
  local lostByCollector(reason, metrics, selector, words, spec={}) =
    local window = knobs.TelemetryLost.window;
    bySignal(metrics, function(signal, metric) lost(reason, {
      labels: { reason: reason, signal: signal },
      expr: stack.sumOfGrown(metric, selector, window, ['job', 'exporter']),
      description: words % ('about {{ $value | humanize }} records (%s) in the last %s' % [signal, window]),
      value: '{{ $value | humanize }} records',
    } + spec)),

  // The accounts of a queue (records/queues.libsonnet) against those of `balance` ago, or of the start of a younger process.
  local vanished =
    local balance = knobs.TelemetryLost.balance;
    local age = 'and on (job, instance) %s{%s}' % [servers.collector.uptime.name, collector];
    local of(comparison) = '%s %s %s' % [age, comparison, promql.seconds(balance)];
    lost('vanished', {
      expr: |||
        sum by (job, exporter, signal) (
          (
            min_over_time(%(record)s[%(window)s])
            - %(record)s offset %(balance)s
            %(old)s
            or
            min_over_time(%(record)s[%(window)s])
            %(young)s
          )
          # A scrape reads one account after the other: several must agree.
          and count_over_time(%(record)s[%(window)s]) > 2
        ) > 0
      ||| % { record: names.unaccounted, window: knobs.TelemetryLost.window, balance: balance, old: of('>='), young: of('<') },
      description: 'The queue of {{ $labels.exporter }} was given about {{ $value | humanize }} records ({{ $labels.signal }}) in the last ' + balance
                   + ' that its store neither has nor refused. Was its disk full?',
      value: '{{ $value | humanize }} records',
    }),

  local lossRules =
    lostByCollector(
      'refused',
      servers.collector.sendFailed,
      stores,
      'The store behind {{ $labels.exporter }} refused %s for good. The log of the collector says why.'
    )
    + lostByCollector(
      'no_room',
      servers.collector.enqueueFailed,
      stores,
      'The queue of {{ $labels.exporter }} had no room for %s. Applications try again for a while, then they drop them.'
    )
    + lostByCollector('copy', servers.collector.sendFailed, copies, 'Copies are missing: {{ $labels.exporter }} did not take %s.', {
      severity: 'warning',
      summary: 'Copies for another service are gone; the stores of this stack have the originals.',
    })
    + [
      vanished,
      lost('write_ahead_log', {
        local window = knobs.TelemetryLost.window,
        expr: std.join('or\n', [
          // Loki counts under the first name, too; the collector repeats what Loki refuses.
          stack.increased(metric, 'job="prometheus"', window, ['job'])
          for metric in [servers.prometheus.walFailures, servers.prometheus.lateFailures]
        ]),
        description: 'Prometheus failed to write to its log about {{ $value | humanize }} times in the last ' + window
                     + '; the samples are gone. Is its disk full?',
        value: '{{ $value | humanize }} writes',
      }),
      lost('corrupt', {
        local window = knobs.TelemetryLost.window,
        expr: std.join('or\n', [stack.increased(servers[server].corruptions, '', window, ['job']) for server in ['prometheus', 'loki']]),
        description: 'When {{ $labels.job }} started in the last ' + window + ', it could not read its log in about'
                     + ' {{ $value | humanize }} places; what was written after them, and was in no block yet, is gone.',
        value: '{{ $value | humanize }} places',
      }),
      // What their stores say of the records that the collector counts as refused: exact, and with the reason.
      lost('too_late', {
        local window = knobs.TelemetryLost.window,
        expr: std.join('or\n', [
          stack.increased(metric, '', window, ['job'])
          for metric in [servers.prometheus.tooOld, servers.prometheus.outOfBound]
        ]),
        description: 'Prometheus refused about {{ $value | humanize }} samples in the last ' + window
                     + ', older than it takes: longer under way than `durability` in heliograph.yaml allows.',
        value: '{{ $value | humanize }} samples',
      }),
      lost('discarded', {
        local window = knobs.TelemetryLost.window,
        expr: stack.increased(servers.loki.discarded, '', window, ['job']),
        description: 'Loki threw about {{ $value | humanize }} lines away in the last ' + window + ': too old, too long, or too many.',
        value: '{{ $value | humanize }} lines',
      }),
      lost('meter', {
        local window = knobs.TelemetryLost.window,
        expr: stack.increased(metrics.meterLostEvents, '', window, promql.service),
        description: 'The collector did not take about {{ $value | humanize }} events of {{ $labels.job }} in the last ' + window
                     + ': costs by user and tenant lack them.',
        value: '{{ $value | humanize }} events',
      }),
      // It begins anew by itself, and the loss is what waited for seconds: worth a look by day.
      lost('set_aside', {
        local window = knobs.TelemetryLost.window,
        severity: 'warning',
        expr: stack.increased(metrics.meterSetAsideFiles, '', window, promql.service),
        summary: 'The meter set its file aside: what waited in it may be gone.',
        description: '{{ $labels.job }} set its file aside in the last ' + window + ': it could not be read, or another version wrote it.'
                     + ' What waited in it is gone, unless it broke while in use; the log of the meter says which.',
        value: 'file set aside',
      }),
    ],

  alerts+: [
    { name: 'heliograph-stack-losses', rules: std.flattenArrays(lossRules) },
  ],
}
