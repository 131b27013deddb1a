// Alerting rules over events, for Loki's ruler, as functions of heliograph.yaml.

local links = import '../prometheus/lib/links.libsonnet';

local areas = (import 'rules/agents.libsonnet') + (import 'rules/cost.libsonnet');

function(config)
  local rules = areas { _config:: config };
  local linked = links { _config:: config };
  // Loki's ruler takes the key and does not know it; the expressions see to it (see rules/).
  local known(rule) = { [key]: rule[key] for key in std.objectFields(rule) if key != 'keep_firing_for' };
  {
    'alerts.yaml': {
      groups: [
        group {
          interval: std.get(group, 'interval', config.intervals.loki_ruler),
          rules: [known(linked.addTo(rule)) for rule in super.rules],
        }
        for group in rules.alerts
        if std.length(group.rules) > 0
      ],
    },
  }
