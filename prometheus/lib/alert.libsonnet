// From one description of an alert to one rule per tier.

local promql = import 'promql.libsonnet';

// The levels of the incident guide (docs/runbooks). While an alert is not confirmed, each tier is one level lower, so
// that the rules of an alert always differ in their labels.
local confirmedLevels = { warning: 'P3', critical: 'P2', p1: 'P1' };
local unconfirmedLevels = { warning: 'P4', critical: 'P3', p1: 'P2' };

{
  // spec: alert   name, a key of `alerts` in heliograph.yaml
  //       expr    function(threshold as text) → PromQL that is true at and beyond the tier
  //       keeps   labels that the expression keeps, for links
  //       traces  what to look for in Jaeger, see links.libsonnet; null: nothing helps
  //       summary, description, value
  tiers(config, spec)::
    local knobs = config.alerts[spec.alert];
    local levels = (if knobs.confirmed then confirmedLevels else unconfirmedLevels) + std.get(spec, 'levels', {});
    [
      {
        alert: spec.alert,
        expr: spec.expr(promql.number(knobs[tier])),
        'for': knobs['for'],
        [if knobs.keep_firing_for != '0s' then 'keep_firing_for']: knobs.keep_firing_for,
        labels: {
          severity: if tier == 'warning' || !knobs.confirmed then 'warning' else 'critical',
          level: levels[tier],
        },
        annotations: {
          summary: spec.summary,
          description: spec.description(promql.number(knobs[tier])) + (
            if tier == 'warning' || knobs.confirmed then ''
            else ' A warning only: heliograph.yaml has not confirmed the critical threshold.'
          ),
          value: spec.value,
        },
        keeps:: spec.keeps,
        traces:: if std.objectHasAll(spec, 'traces') then spec.traces(promql.number(knobs[tier])),
      }
      for tier in ['warning', 'critical', 'p1']
      if std.get(knobs, tier) != null
    ],

  // Words for the labels that say whom it concerns.
  service:: '{{ $labels.job }}{{ with $labels.deployment_environment_name }} ({{ . }}){{ end }}',
  model:: '{{ with $labels.provider }}{{ . }} {{ end }}{{ $labels.model }}',
}
