// Stack health: does telemetry arrive, is there room for it, are rules evaluated, do alerts reach anybody.
//
// The panels of each row are in a module of their own, under stack-health/.

local boards = import '../lib/board.libsonnet';
local p = import '../lib/panels.libsonnet';
local tokens = import '../lib/tokens.libsonnet';

{
  _config:: error 'needs the configuration',

  local config = $._config,
  local key = (import 'stack-health/key.libsonnet')(config),
  local servers = (import 'stack-health/servers.libsonnet')(config),
  local applications = (import 'stack-health/applications.libsonnet')(config),
  local collector = (import 'stack-health/collector.libsonnet')(config),
  local room = (import 'stack-health/room.libsonnet')(config),
  local alerting = (import 'stack-health/alerting.libsonnet')(config),
  local prometheus = (import 'stack-health/prometheus.libsonnet')(config),
  local stores = (import 'stack-health/stores.libsonnet')(config),
  local canary = (import 'stack-health/canary.libsonnet')(config),
  local meter = (import 'stack-health/meter.libsonnet')(config),

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
          panels: [[8, servers.up], [8, servers.heartbeats], [8, servers.scrapes]],
        },
        {
          title: 'Applications: what they say of their telemetry',
          height: tokens.height.normal,
          panels: [[8, applications.lost], [8, applications.folded], [8, applications.unredacted]],
        },
        {
          title: 'Collector: what comes in, and what is stored',
          height: tokens.height.normal,
          panels: [
            [8, collector.received],
            [8, collector.refused],
            [8, collector.leftOut],
            [8, collector.sent],
            [8, collector.lost],
            [8, collector.memory],
          ],
        },
        {
          title: 'Room: queues and disks',
          height: tokens.height.normal,
          panels: [[12, room.queues], [12, room.disks], [12, room.queueBytes], [12, room.freeBytes]],
        },
        {
          title: 'Rules and notifications',
          height: tokens.height.normal,
          panels: [
            [8, alerting.ruleFailures],
            [8, alerting.ruleTime],
            [8, alerting.watchdog],
            [8, alerting.notifications],
            [8, alerting.undelivered],
            [8, alerting.latency],
          ],
        },
        {
          title: 'Prometheus',
          height: tokens.height.normal,
          panels: [[8, prometheus.series], [8, prometheus.samples], [8, prometheus.prometheusSize]],
        },
        {
          title: 'Loki and Jaeger',
          height: tokens.height.normal,
          panels: [
            [8, stores.lines],
            [8, stores.discarded],
            [8, stores.streams],
            [8, stores.spans],
            [8, stores.searches],
            [8, stores.jaegerSize],
          ],
        },
        {
          title: 'Canary: a call of our own each minute',
          height: tokens.height.normal,
          panels: [[8, canary.arrived], [8, canary.visible], [8, canary.missed]],
        },
        {
          title: 'Meter and prices',
          height: tokens.height.normal,
          panels: [
            [8, meter.meterCalls],
            [8, meter.meterTrouble],
            [8, meter.meterWaiting],
            [12, meter.setAside],
            [12, meter.priceAge],
          ],
        },
      ])
    ),
}
