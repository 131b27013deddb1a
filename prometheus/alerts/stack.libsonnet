// The stack watches itself: what is lost, refused, full, blind or mute, and the alert whose absence tells that all are.

local metrics = import '../../dashboards/lib/metrics.libsonnet';
local servers = import '../../dashboards/lib/server_metrics.libsonnet';
local alert = import '../lib/alert.libsonnet';
local promql = import '../lib/promql.libsonnet';
local stack = import '../lib/servers.libsonnet';

local collector = 'job="collector"';  // Jaeger is a collector, too, and counts under the same names
// Copies for somebody else's service (`destinations`): trouble there is told, and wakes nobody.
local copies = collector + ', exporter=~".+/langsmith"';
local stores = collector + ', exporter!~".+/langsmith"';

{
  _config:: error 'needs the configuration',

  local config = $._config,
  local knobs = config.alerts,
  local single(spec) = alert.single(config, { board: 'stack-health', keeps: [] } + spec),
  local tiers(spec) = alert.tiers(config, { board: 'stack-health', keeps: [] } + spec),

  // A rule for each signal that the collector counts: traces, metrics, logs.
  local bySignal(metrics, make) = [make(signal, metrics[signal]) for signal in std.objectFields(metrics)],

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

  local refused(reason, spec) = single({
    alert: 'TelemetryRefused',
    labels: { reason: reason },
    summary: 'Telemetry is turned away or left out.',
    value: '{{ $value | humanize }}',
  } + spec),
  local refusedByCollector(reason, metrics, words) =
    local window = knobs.TelemetryRefused.window;
    bySignal(metrics, function(signal, metric) refused(reason, {
      labels: { reason: reason, signal: signal },
      expr: stack.sumOfGrown(metric, collector, window, ['job', 'receiver']),
      description: words % ('about {{ $value | humanize }} records (%s) in the last %s' % [signal, window]),
    })),

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
      lost('write_ahead_log', {
        local window = knobs.TelemetryLost.window,
        expr: std.join('or\n', [
          stack.increased(metric, '', window, ['job'])
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
      lost('application', {
        local window = knobs.TelemetryLost.window,
        severity: 'warning',  // what an application could not keep; what keeps it from sending has alerts of its own
        summary: 'An application lost telemetry before anybody had taken it: its traces, events or logs have gaps.',
        // Items that arrive without a part were cut by limits that somebody has set.
        expr: stack.increased(metrics.dropped, 'reason!="limits"', window, promql.service + ['signal']),
        description: '{{ $labels.job }} lost about {{ $value | humanize }} items ({{ $labels.signal }}) in the last ' + window
                     + '. ' + metrics.dropped.name + ' says for what reason.',
        value: '{{ $value | humanize }} items',
      }),
    ],

  local refusalRules =
    refusedByCollector(
      'turned_away',
      servers.collector.refused,
      'The collector turned %s away that came to {{ $labels.receiver }}: a queue is full, or its memory. Senders try again for a while.'
    )
    + refusedByCollector(
      'receiver_failed', servers.collector.failed, 'The receiver {{ $labels.receiver }} failed on %s.'
    )
    + [
      refused('left_out', {
        local window = knobs.TelemetryRefused.window,
        expr: stack.sumOfGrown(servers.collector.filteredPoints, collector, window, ['job', 'filter']),
        description: '{{ $labels.filter }} left out about {{ $value | humanize }} points in the last ' + window
                     + ': the clock of a sender is wrong, or it sends NaN or deltas.',
      }),
    ],

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
  local state(of) = '%s{mode="rw", state="%s"}' % [servers.host.fileSystem.name, of],
  local disk(of) = 'max by (job, device) (%s)' % state(of),

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

  // The name of a group without the path of its file.
  local group = '{{ reReplaceAll ".*;" "" $labels.rule_group }}',
  local ruleRules = [
    single({
      alert: 'RulesFailing',
      local window = knobs.RulesFailing.window,
      labels: { reason: 'evaluation' },
      expr: std.join('or\n', [
        stack.increased(servers[server].evaluationFailures, '', window, ['job', 'rule_group'])
        for server in ['prometheus', 'loki']
      ]),
      summary: 'Rules cannot be evaluated: their alerts are blind.',
      description: 'Rules of the group ' + group + ' failed in {{ $labels.job }} about {{ $value | humanize }} times in the last '
                   + window + '.',
      value: '{{ $value | humanize }} failures',
    }),
    // A rule file that Loki cannot read is told in its log only; its ruler then has no rules at all, or the old ones.
    single({
      alert: 'RulesFailing',
      labels: { reason: 'no_rules' },
      expr: |||
        %s{job="loki"} == 1
        unless on (job, instance)
        %s
      ||| % [servers.target.up.name, servers.loki.groupRules.name],
      summary: "Loki's ruler has no rules: their alerts are blind.",
      description: 'Loki at {{ $labels.instance }} runs and evaluates no rules: it cannot read their files, or there are none.',
      value: 'no rules',
    }),
  ],

  local notifications = [
    single({
      alert: 'NotificationsFailing',
      local window = knobs.NotificationsFailing.window,
      labels: { reason: 'not_sent' },
      expr: std.join('or\n', [
        stack.increased(servers[server][counter], '', window, ['job', 'alertmanager'])
        for server in ['prometheus', 'loki']
        for counter in ['notificationsDropped', 'notificationErrors']
      ]),
      summary: 'Alerts do not reach Alertmanager.',
      description: 'About {{ $value | humanize }} alerts of {{ $labels.job }} did not reach {{ $labels.alertmanager }} in the last '
                   + window + '. What still fires is sent again every minute.',
      value: '{{ $value | humanize }} alerts',
    }),
    // A notification that was under way when Alertmanager stopped or was reloaded is sent after it.
    single({
      alert: 'NotificationsFailing',
      local window = knobs.NotificationsFailing.window,
      labels: { reason: 'not_delivered' },
      expr: stack.increased(
        servers.alertmanager.notificationFailures, 'reason!="contextCanceled"', window, ['job', 'integration', 'receiver_name']
      ),
      summary: 'Alertmanager cannot deliver to a channel.',
      description: 'About {{ $value | humanize }} notifications to {{ $labels.receiver_name }} ({{ $labels.integration }}) failed in the last '
                   + window + '. Other channels may still work.',
      value: '{{ $value | humanize }} notifications',
    }),
    single({
      alert: 'ConfigReloadFailed',
      expr: std.join(' == 0\nor\n', [servers.prometheus.reloaded.name, servers.alertmanager.reloaded.name]) + ' == 0\n',
      summary: 'A server refused its changed configuration and goes on with the old one.',
      description: '{{ $labels.job }} at {{ $labels.instance }} refused its configuration; after a restart it would not come up.',
      value: 'old configuration',
    }),
  ],

  // Fires always, waits for nothing, and has no `for`: the receiver outside notices when it stops coming.
  local watchdog = single({
    alert: 'Watchdog',
    severity: 'info',
    level: 'P4',
    expr: 'vector(1)\n',
    summary: 'Alerts are evaluated and delivered.',
    description: 'This alert always fires. When it stops coming, rules, Prometheus, Alertmanager'
                 + ' or the way to you are broken.',
    value: 'alive',
  }),

  alerts+: [
    { name: 'heliograph-stack-losses', rules: std.flattenArrays(lossRules) },
    { name: 'heliograph-stack-refusals', rules: std.flattenArrays(refusalRules) },
    { name: 'heliograph-stack-writing', rules: std.flattenArrays(writing) },
    { name: 'heliograph-stack-room', rules: std.flattenArrays(room + meter) },
    { name: 'heliograph-stack-canary', rules: std.flattenArrays(canary) },
    { name: 'heliograph-stack-alerting', rules: std.flattenArrays(ruleRules + notifications) },
    { name: 'heliograph-watchdog', rules: watchdog },
  ],
}
