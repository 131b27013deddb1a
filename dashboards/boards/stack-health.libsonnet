// Stack health: does telemetry arrive, is there room for it, are rules evaluated, do alerts reach anybody.

local promql = import '../../prometheus/lib/promql.libsonnet';
local boards = import '../lib/board.libsonnet';
local m = import '../lib/metrics.libsonnet';
local p = import '../lib/panels.libsonnet';
local q = import '../lib/queries.libsonnet';
local servers = import '../lib/server_metrics.libsonnet';
local tokens = import '../lib/tokens.libsonnet';

local collector = servers.collector;
local signals = std.objectFields(collector.accepted);
local own = 'job="collector"';  // Jaeger counts under the same names

{
  _config:: error 'needs the configuration',

  local config = $._config,
  local units = tokens.units,

  board::
    boards.new(
      config,
      uid='heliograph-stack-health',
      title='Stack health',
      description='Collector, stores, rules and notifications: what is lost, refused, full, blind or mute.',
      source='dashboards/boards/stack-health.libsonnet',
      hide=['environment', 'service', 'model', 'chain', 'tenant'],
      panels=p.grid([
        {
          title: 'Key figures',
          height: tokens.height.key,
          panels: [
            [4, key.down],
            [4, key.lost],
            [4, key.refused],
            [4, key.queue],
            [4, key.disk],
            [4, key.undelivered],
          ],
        },
        {
          title: 'Servers and applications',
          height: tokens.height.normal,
          panels: [[8, panels.up], [8, panels.heartbeats], [8, panels.scrapes]],
        },
        {
          title: 'Collector: what comes in, and what is stored',
          height: tokens.height.normal,
          panels: [
            [8, panels.received],
            [8, panels.refused],
            [8, panels.leftOut],
            [8, panels.sent],
            [8, panels.lost],
            [8, panels.memory],
          ],
        },
        {
          title: 'Room: queues and disks',
          height: tokens.height.normal,
          panels: [[12, panels.queues], [12, panels.disks], [12, panels.queueBytes], [12, panels.freeBytes]],
        },
        {
          title: 'Rules and notifications',
          height: tokens.height.normal,
          panels: [
            [8, panels.ruleFailures],
            [8, panels.ruleTime],
            [8, panels.watchdog],
            [8, panels.notifications],
            [8, panels.undelivered],
            [8, panels.latency],
          ],
        },
        {
          title: 'Prometheus',
          height: tokens.height.normal,
          panels: [[8, panels.series], [8, panels.samples], [8, panels.prometheusSize]],
        },
        {
          title: 'Loki and Jaeger',
          height: tokens.height.normal,
          panels: [
            [8, panels.lines],
            [8, panels.discarded],
            [8, panels.streams],
            [8, panels.spans],
            [8, panels.searches],
            [8, panels.jaegerSize],
          ],
        },
        {
          title: 'Meter and prices',
          height: tokens.height.normal,
          panels: [[6, panels.meterCalls], [6, panels.meterTrouble], [6, panels.meterWaiting], [6, panels.priceAge]],
        },
      ])
    ),

  // -------------------------------------------------------------------------------------------------------------------

  local braces(selector) = if selector == '' then '' else '{%s}' % selector,
  local increase(metric, selector, window) = 'increase(%s%s[%s])' % [metric.name, braces(selector), window],
  local rate(metric, selector) = 'rate(%s%s[$__rate_interval])' % [metric.name, braces(selector)],
  local sum(by, inner) = (if by == '' then 'sum (%s)' else 'sum by (%s) (%%s)' % by) % inner,

  // How much a counter grew that is made by its first failure: with all it had when it was new.
  local grown(metric, selector, window) =
    local series = metric.name + braces(selector);
    '(%s unless %s offset %s) or increase(%s[%s])' % [series, series, window, series, window],

  // A real 0 where nothing of the kind ever happened: of something that is always there.
  local orNothing(expr, always) = '%s or 0 * %s' % [expr, always],
  local accepted(signal) = sum('', increase(collector.accepted[signal], own, '$__rate_interval')),
  local exporters(by) = sum(by, '%s{%s}' % [collector.queueSize.name, own]),
  local total(parts) = std.join(' + ', ['(%s)' % part for part in parts]),

  // Refused by a store, or without room in a queue; by exporter or in all.
  local losses(by, window) = [
    orNothing(sum(by, grown(family[signal], own, window)), exporters(by))
    for family in [collector.sendFailed, collector.enqueueFailed]
    for signal in signals
  ],
  local failure = 'reason!="contextCanceled"',
  local undelivered(window) = total([
    sum('', increase(servers.alertmanager.notificationFailures, failure, window)),
    sum('', increase(servers.prometheus.notificationsDropped, '', window)),
    orNothing(
      sum('', increase(servers.loki.notificationsDropped, '', window)),
      sum('', increase(servers.prometheus.notificationsDropped, '', window))
    ),
  ]),
  local queue = '100 * %s{%s} / %s{%s}' % [collector.queueSize.name, own, collector.queueCapacity.name, own],
  local disk(state, by='device') =
    'max by (%s) (%s{mode="rw", state="%s"})' % [by, servers.host.fileSystem.name, state],
  local full(by) = '100 * %s / (%s + %s)' % [disk('used', by), disk('used', by), disk('free', by)],

  local inRange = ' How many in this time range.',
  local bad = p.limits({ critical: 1 }),
  local noStack = p.noValue('no server is watched'),
  local noCollector = p.noValue('no collector in this time range'),
  local noMeter = p.noValue('no meter in this time range'),

  local key = {
    down:
      p.stat(
        'Servers down',
        'Servers of the stack that Prometheus cannot scrape.',
        units.count,
        q.instant('count(%s) - sum(%s)' % [servers.target.up.name, servers.target.up.name], 'down')
      ) + p.decimals(0) + noStack + bad + p.runbook(config, 'ServiceDown'),

    lost:
      p.stat(
        'Records lost',
        'Records that a store refused for good, or that found no room in a queue.' + inRange,
        units.count,
        q.instant(total(losses('', '$__range')), 'lost')
      ) + p.decimals(0) + p.noValue('no collector') + bad + p.runbook(config, 'TelemetryLost'),

    refused:
      p.stat(
        'Records refused',
        'Records that the collector turned away; their senders try again for a while.' + inRange,
        units.count,
        q.instant(total([
          orNothing(sum('', grown(collector.refused[signal], own, '$__range')), exporters(''))
          for signal in signals
        ]), 'refused')
      ) + p.decimals(0) + p.noValue('no collector') + p.limits({ warning: 1 }) + p.runbook(config, 'TelemetryRefused'),

    queue:
      p.stat(
        'Fullest queue',
        collector.queueSize.help + ' In percent of what may wait for it; the fullest one.',
        units.percent,
        q.instant('max(%s)' % queue, 'queue')
      ) + p.decimals(0) + p.noValue('no collector') + p.alert(config, 'CollectorQueueFilling'),

    disk:
      p.stat(
        'Fullest disk',
        'Of the file systems that the collector sees, in percent of what is there for users.',
        units.percent,
        q.instant('max(%s)' % full('device'), 'disk')
      ) + p.decimals(0) + p.noValue('unknown') + p.alert(config, 'DiskFilling'),

    undelivered:
      p.stat(
        'Alerts not delivered',
        'Notifications that a channel did not take, and alerts that did not reach Alertmanager.' + inRange,
        units.count,
        q.instant(undelivered('$__range'), 'failed')
      ) + p.decimals(0) + p.noValue('no Alertmanager') + bad + p.runbook(config, 'NotificationsFailing'),
  },

  local onOff(on, off) = {
    '1': { text: on, color: tokens.colors.success },
    '0': { text: off, color: tokens.colors.critical },
  },

  local panels = {
    up:
      p.stateTimeline(
        'Servers that answer',
        servers.target.up.help,
        [q.range('min by (job, instance) (%s)' % servers.target.up.name, '{{job}} {{instance}}')],
        onOff('up', 'down')
      ) + noStack + p.runbook(config, 'ServiceDown'),

    heartbeats:
      p.stateTimeline(
        'Applications that beat',
        'Whether the newest heartbeat of an application is younger than ServiceDown allows. It vanishes 5 minutes after the last one.',
        [
          q.range(
            'time() - max by (job) (%s) < bool %s'
            % [m.heartbeat.name, promql.seconds(config.alerts.ServiceDown.heartbeat_age)],
            '{{job}}'
          ),
        ],
        onOff('beats', 'silent')
      ) + p.noValue('no application in this time range') + p.runbook(config, 'ServiceDown'),

    scrapes:
      p.timeSeries(
        'Scrape time',
        servers.target.scrapeDuration.help,
        units.seconds,
        [q.range('max by (instance) (%s)' % servers.target.scrapeDuration.name, '{{instance}}')]
      ) + noStack,

    received:
      p.timeSeries(
        'Received per second',
        'Records that the collector took, by signal.',
        units.perSecond,
        [q.range(sum('', rate(collector.accepted[signal], own)), signal) for signal in signals]
      ) + noCollector,

    refused:
      p.timeSeries(
        'Turned away',
        'Records that the collector turned away or failed on, by signal. Senders try again for a while.',
        units.number,
        [
          q.range(
            total([
              orNothing(sum('', grown(family[signal], own, '$__rate_interval')), accepted(signal))
              for family in [collector.refused, collector.failed]
            ]),
            signal
          )
          for signal in signals
        ]
      ) + noCollector + p.runbook(config, 'TelemetryRefused'),

    leftOut:
      p.timeSeries(
        'Points left out',
        collector.filteredPoints.help,
        units.number,
        [q.range(sum('filter', increase(collector.filteredPoints, own, '$__rate_interval')), '{{filter}}')]
      ) + noCollector + p.runbook(config, 'TelemetryRefused'),

    sent:
      p.timeSeries(
        'Stored per second',
        'Records that their store has, by exporter.',
        units.perSecond,
        [q.range(sum('exporter', rate(collector.sent[signal], own)), '{{exporter}}') for signal in signals]
      ) + noCollector,

    lost:
      p.timeSeries(
        'Lost',
        'Records that a store refused for good, or that found no room in its queue, by exporter.',
        units.number,
        [q.range(total(losses('exporter', '$__rate_interval')), '{{exporter}}')]
      ) + noCollector + p.runbook(config, 'TelemetryLost'),

    memory:
      p.timeSeries(
        'Memory of the collector',
        collector.memory.help,
        collector.memory.unit,
        [q.range('max by (instance) (%s{%s})' % [collector.memory.name, own], '{{instance}}')]
      ) + noCollector,

    queues:
      p.timeSeries(
        'Queues',
        collector.queueSize.help + ' In percent of what may wait; at 100 % senders are turned away.',
        units.percent,
        [q.range('max by (exporter) (%s)' % queue, '{{exporter}}')]
      ) + p.decimals(1) + p.ofHundred + noCollector + p.alertLines(config, 'CollectorQueueFilling'),

    disks:
      p.timeSeries(
        'Disks',
        'Used in percent of what is there for users, by the place where a file system is mounted.',
        units.percent,
        [q.range(full('mountpoint'), '{{mountpoint}}')]
      ) + p.decimals(1) + p.ofHundred + p.noValue('unknown in this time range') + p.alertLines(config, 'DiskFilling'),

    queueBytes:
      p.timeSeries(
        'Bytes in the queues',
        collector.queueSize.help,
        collector.queueSize.unit,
        [q.range('max by (exporter) (%s{%s})' % [collector.queueSize.name, own], '{{exporter}}')]
      ) + p.stacked + noCollector,

    freeBytes:
      p.timeSeries(
        'Free on the disks',
        'Bytes that users may still write, by the place where a file system is mounted.',
        servers.host.fileSystem.unit,
        [q.range(disk('free', 'mountpoint'), '{{mountpoint}}')]
      ) + p.noValue('unknown in this time range') + p.runbook(config, 'DiskFilling'),

    local rulers = ['prometheus', 'loki'],

    ruleFailures:
      p.timeSeries(
        'Rules that failed or were left out',
        servers.prometheus.evaluationFailures.help + ' ' + servers.prometheus.iterationsMissed.help,
        units.number,
        [
          q.range(sum('', increase(servers[ruler][counter[0]], '', '$__rate_interval')), ruler + ' ' + counter[1])
          for ruler in rulers
          for counter in [['evaluationFailures', 'failed'], ['iterationsMissed', 'left out']]
        ]
      ) + p.noValue('no rules in this time range') + p.runbook(config, 'RulesFailing'),

    ruleTime:
      p.timeSeries(
        'Slowest group of rules',
        servers.prometheus.groupDuration.help + ' One that needs longer than its interval is left out now and then.',
        units.seconds,
        [q.range('max(%s)' % servers[ruler].groupDuration.name, ruler) for ruler in rulers]
      ) + p.noValue('no rules in this time range'),

    watchdog:
      p.stateTimeline(
        'Dead-man switch',
        'Whether Watchdog fires, which it always should, and whether servers took their last configuration.',
        [
          q.range('max(ALERTS{alertname="Watchdog", alertstate="firing"})', 'Watchdog'),
          q.range('min(%s)' % servers.prometheus.reloaded.name, 'prometheus configuration'),
          q.range('min(%s)' % servers.alertmanager.reloaded.name, 'alertmanager configuration'),
        ],
        onOff('well', 'refused')
      ) + p.noValue('nothing: no rules are evaluated') + p.runbook(config, 'Watchdog') + p.runbook(config, 'ConfigReloadFailed'),

    notifications:
      p.timeSeries(
        'Notifications by receiver',
        servers.alertmanager.notifications.help,
        units.number,
        [
          q.range(
            sum('integration, receiver_name', increase(servers.alertmanager.notifications, '', '$__rate_interval')),
            '{{receiver_name}} ({{integration}})'
          ),
        ]
      ) + p.noValue('no receivers in this time range'),

    undelivered:
      p.timeSeries(
        'Not delivered',
        servers.alertmanager.notificationFailures.help + ' By receiver; those on their way to Alertmanager, by sender.',
        units.number,
        [
          q.range(
            sum(
              'integration, receiver_name',
              increase(servers.alertmanager.notificationFailures, failure, '$__rate_interval')
            ),
            '{{receiver_name}} ({{integration}})'
          ),
        ] + [
          q.range(sum('', increase(servers[ruler].notificationsDropped, '', '$__rate_interval')), ruler + ' to Alertmanager')
          for ruler in rulers
        ]
      ) + p.noValue('no receivers in this time range') + p.runbook(config, 'NotificationsFailing'),

    latency:
      p.timeSeries(
        'Delivery time, p95',
        servers.alertmanager.latency.help,
        units.seconds,
        [
          q.range(
            'histogram_quantile(0.95, sum by (le, receiver_name) (rate(%s[$__rate_interval])))' % servers.alertmanager.latency.bucket,
            '{{receiver_name}}'
          ),
        ]
      ) + p.noValue('nothing was sent in this time range'),

    series:
      p.timeSeries(
        'Series in memory',
        servers.prometheus.series.help,
        units.number,
        [q.range('max by (instance) (%s)' % servers.prometheus.series.name, '{{instance}}')]
      ) + p.noValue('no Prometheus') + p.alertLines(config, 'HighCardinality'),

    samples:
      p.timeSeries(
        'Samples per second',
        servers.prometheus.samples.help,
        units.perSecond,
        [q.range(sum('type', rate(servers.prometheus.samples, '')), '{{type}}')]
      ) + p.noValue('no Prometheus'),

    prometheusSize:
      p.timeSeries(
        'Size on disk',
        servers.prometheus.walSize.help + ' ' + servers.prometheus.blocks.help,
        servers.prometheus.walSize.unit,
        [
          q.range('max(%s)' % servers.prometheus.walSize.name, 'log'),
          q.range('max(%s)' % servers.prometheus.blocks.name, 'blocks'),
        ]
      ) + p.stacked + p.noValue('no Prometheus'),

    lines:
      p.timeSeries(
        'Lines per second',
        servers.loki.lines.help,
        units.perSecond,
        [q.range(sum('', rate(servers.loki.lines, '')), 'lines')]
      ) + p.noValue('no lines in this time range'),

    discarded:
      p.timeSeries(
        'Lines that Loki refused',
        servers.loki.discarded.help + ' By reason; those that were too many are sent again, others are gone.',
        units.number,
        [
          q.range(
            orNothing(
              sum('reason', grown(servers.loki.discarded, '', '$__rate_interval')),
              'label_replace(%s, "reason", "none", "", "")' % sum('', increase(servers.loki.lines, '', '$__rate_interval'))
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
        [q.range(sum('', servers.loki.streams.name), 'streams')]
      ) + p.decimals(0) + p.noValue('no lines in this time range'),

    spans:
      p.timeSeries(
        'Spans stored per second',
        'Spans that Jaeger wrote to its disk, and those that it could not.',
        units.perSecond,
        [
          q.range(sum('', rate(collector.sent.traces, 'job="jaeger"')), 'stored'),
          q.range(sum('', rate(collector.sendFailed.traces, 'job="jaeger"')), 'failed'),
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

    meterCalls:
      p.timeSeries(
        'Meter: spans and calls per minute',
        m.meterReceivedSpans.help + ' ' + m.meterCountedCalls.help,
        units.perMinute,
        [
          q.range('60 * ' + sum('', rate(m.meterReceivedSpans, '')), 'spans received'),
          q.range('60 * ' + sum('', rate(m.meterCountedCalls, '')), 'calls counted'),
        ]
      ) + noMeter,

    meterTrouble:
      p.timeSeries(
        'Meter: late, early, refused, lost',
        m.meterLateCalls.help + ' ' + m.meterDecidedEarly.help + ' ' + m.meterRefusedRequests.help + ' ' + m.meterLostEvents.help,
        units.number,
        [
          q.range(sum('', increase(counter[0], '', '$__rate_interval')), counter[1])
          for counter in [
            [m.meterLateCalls, 'late'],
            [m.meterDecidedEarly, 'early'],
            [m.meterRefusedRequests, 'refused'],
            [m.meterLostEvents, 'lost events'],
          ]
        ]
      ) + noMeter + p.runbook(config, 'MeterOverloaded'),

    meterWaiting:
      p.timeSeries(
        'Meter: waiting and undelivered',
        m.meterWaitingCalls.help + ' ' + m.meterUndeliveredEvents.help + ' The line is how many calls may wait.',
        units.number,
        [
          q.range('sum(%s)' % m.meterWaitingCalls.name, 'calls waiting'),
          q.range('sum(%s)' % m.meterUndeliveredEvents.name, 'events undelivered'),
        ]
      )
      + p.decimals(0)
      + noMeter
      + p.limits({ critical: config.meter.waiting }, quiet=tokens.colors.default)
      + p.lined
      + p.runbook(config, 'MeterOverloaded'),

    priceAge:
      p.timeSeries(
        'Age of the price list',
        m.priceAge.help + ' The oldest list that any process goes by; the line is the age from which prices count as stale.',
        units.seconds,
        [q.range('max(%s)' % m.priceAge.name, 'oldest')]
      )
      + p.noValue('unknown in this time range')
      + p.limits({ warning: 86400 * config.prices.max_age_days }, quiet=tokens.colors.default)
      + p.lined
      + p.runbook(config, 'StalePrices'),
  },
}
