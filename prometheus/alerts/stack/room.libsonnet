// What is getting full: queues, disks, the series that Prometheus holds, and the meter.

local metrics = import '../../../dashboards/lib/metrics.libsonnet';
local servers = import '../../../dashboards/lib/server_metrics.libsonnet';
local promql = import '../../lib/promql.libsonnet';
local stack = import '../../lib/servers.libsonnet';

local collector = stack.collector;
local stores = stack.stores;

{
  _config:: error 'needs the configuration',

  local knobs = $._config.alerts,
  local about = stack.about($._config),
  local single = about.single,
  local tiers = about.tiers,

  local state(of) = '%s{mode="rw", state="%s"}' % [servers.host.fileSystem.name, of],
  local disk(of) = 'max by (job, device) (%s)' % state(of),

  local room = [
    tiers({
      alert: 'CollectorQueueFilling',
      expr(threshold):: |||
        max by (job, exporter) (
          100 * %s{%s} / %s{%s}
        ) > %s
      ||| % [servers.collector.queueSize.name, stores, servers.collector.queueCapacity.name, stores, threshold],
      summary: "A store is down or too slow: what waits for it fills the collector's disk queue.",
      description(threshold)::
        'The queue of {{ $labels.exporter }} is {{ $value | printf "%.0f" }} % full (threshold: ' + threshold
        + ' %). At 100 % senders are refused.',
      value: '{{ $value | printf "%.0f" }} %',
    }),

    // By device, not by mount: the same disk may be mounted in many places, and is one trouble.
    tiers({
      alert: 'DiskFilling',
      levels: { warning: 'P3' },
      expr(threshold):: |||
        100 * %(used)s
        / (%(used)s + %(free)s)
        > %(threshold)s
      ||| % { used: disk('used'), free: disk('free'), threshold: threshold },
      labels: { reason: 'full' },
      summary: 'A disk is filling up; a full one loses telemetry.',
      description(threshold)::
        'The file system on {{ $labels.device }} is {{ $value | printf "%.0f" }} % full (threshold: ' + threshold + ' %).',
      value: '{{ $value | printf "%.0f" }} %',
    }),
    single({
      alert: 'DiskFilling',
      severity: 'warning',
      local knob = knobs.DiskFilling,
      // The bytes that would be missing, at the pace of an hour. The hour must be known, and must not be over: a large file
      // that was written once is seen by the last line for less than `for`.
      expr: |||
        0 - max by (job, device) (predict_linear(%(free)s[1h], %(seconds)s)) > 0
        and
        max by (job, device) (%(free)s offset 1h) > 0
        and
        max by (job, device) (predict_linear(%(free)s[%(recent)s], %(seconds)s)) < 0
      ||| % { free: state('free'), seconds: promql.seconds(knob.full_within), recent: knob['for'] },
      labels: { reason: 'pace' },
      summary: 'At the pace of the last hour a disk is full within hours.',
      description: 'At the pace of the last hour the file system on {{ $labels.device }} is full within ' + knob.full_within
                   + ': it would lack {{ $value | humanize1024 }}B by then.',
      value: 'full within ' + knob.full_within,
    }),
    tiers({
      alert: 'HighCardinality',
      levels: { warning: 'P4' },
      expr(threshold):: 'max by (job, instance) (%s{job="prometheus"}) > %s\n' % [servers.prometheus.series.name, threshold],
      summary: 'Prometheus holds more series than agreed; its memory grows with them.',
      description(threshold)::
        'Prometheus holds {{ $value | humanize }} series in memory, about 4 KiB each (threshold: ' + threshold
        + '). A label with too many values?',
      value: '{{ $value | humanize }} series',
    }),
  ],

  local meter = [
    single({
      alert: 'MeterOverloaded',
      local window = knobs.MeterOverloaded.window,
      labels: { reason: reason.name },
      expr: stack.increased(reason.metric, reason.selector, window, promql.service),
      summary: 'heliograph meter cannot keep up with the calls it should count.',
      description: reason.words % window,
      value: '{{ $value | humanize }}',
    })
    for reason in [
      {
        name: 'refused',
        metric: metrics.meterRefusedRequests,
        selector: 'reason=~"overload|storage"',
        words: '{{ $labels.job }} refused about {{ $value | humanize }} requests in the last %s. The collector sends them again.',
      },
      {
        name: 'early',
        metric: metrics.meterDecidedEarly,
        selector: '',
        words: '{{ $labels.job }} decided about {{ $value | humanize }} calls before their time in the last %s:'
               + ' more wait than `meter.waiting` allows, and calls that several libraries report may count twice.',
      },
    ]
  ],

  alerts+: [
    { name: 'heliograph-stack-room', rules: std.flattenArrays(room + meter) },
  ],
}
