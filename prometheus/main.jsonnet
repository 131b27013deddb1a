// Recording and alerting rules of Heliograph, as functions of heliograph.yaml.

local links = import 'lib/links.libsonnet';

local areas =
  (import 'records/boards.libsonnet')
  + (import 'records/cost.libsonnet')
  + (import 'records/latency.libsonnet')
  + (import 'records/slos.libsonnet')
  + (import 'records/calendar.libsonnet')
  + (import 'records/budgets.libsonnet')
  + (import 'records/queues.libsonnet')
  + (import 'alerts/queries.libsonnet')
  + (import 'alerts/traffic.libsonnet')
  + (import 'alerts/pipelines.libsonnet')
  + (import 'alerts/calls.libsonnet')
  + (import 'alerts/quota.libsonnet')
  + (import 'alerts/cost.libsonnet')
  + (import 'alerts/budgets.libsonnet')
  + (import 'alerts/slos.libsonnet')
  + (import 'alerts/prices.libsonnet')
  + (import 'alerts/telemetry.libsonnet')
  + (import 'alerts/availability.libsonnet')
  + (import 'alerts/stack.libsonnet');

function(config)
  local rules = areas { _config:: config };
  local linked = links { _config:: config };
  local finish(groups) = {
    groups: [
      group {
        interval: std.get(group, 'interval', config.intervals.evaluation),
        rules: [linked.addTo(rule) for rule in super.rules],
      }
      for group in groups
      if std.length(group.rules) > 0
    ],
  };
  {
    'records.yaml': finish(rules.records),
    'alerts.yaml': finish(rules.alerts),
  }
