// From one description of an alert to its rules: one for each tier, and again for each override.
//
// A description (spec) has
//   alert     name, a key of `alerts` in heliograph.yaml
//   expr      function(threshold as text) → PromQL that is true at and beyond the tier; of `single`, PromQL
//   scoped    instead of `expr`, where the alert has overrides: function(threshold, scope), see scope.libsonnet
//   keeps     labels that the expression keeps, for links
//   board     the board that fits, a key of `boards` in links.libsonnet; absent: llm-overview
//   traces    what to look for in Jaeger, see links.libsonnet; absent: nothing helps. Of `tiers`, function(threshold)
//   query     LogQL that finds the culprits, see logs.libsonnet; absent: nothing helps. Of `tiers`, also function(threshold)
//   labels    more labels, for alerts of several rules that must not be taken for one another
//   levels    other levels than those below; of `single`, level
//   summary, description, value   of `tiers`, description is a function(threshold)

local promql = import 'promql.libsonnet';
local scopes = import 'scope.libsonnet';

// The levels of the incident guide (docs/runbooks). While an alert is not confirmed, each tier is one level lower, so
// that the rules of an alert always differ in their labels.
local confirmedLevels = { warning: 'P3', critical: 'P2', p1: 'P1' };
local unconfirmedLevels = { warning: 'P4', critical: 'P3', p1: 'P2' };

{
  local alert = self,

  // Whose an alert is: what its own section says, or everybody's.
  team(config, knobs):: local own = std.get(knobs, 'team'); if own != null then own else config.teams.default,

  // One rule. `knobs` has `for`, `keep_firing_for` and `team`, or none of them; `spec` is as above, its functions applied.
  rule(config, knobs, spec):: {
    alert: spec.alert,
    expr: spec.expr,
    [if 'for' in knobs then 'for']: knobs['for'],
    [if std.get(knobs, 'keep_firing_for', '0s') != '0s' then 'keep_firing_for']: knobs.keep_firing_for,
    labels: { severity: spec.severity, level: spec.level, team: alert.team(config, knobs) } + std.get(spec, 'labels', {}),
    annotations: {
      summary: spec.summary,
      description: spec.description,
      value: spec.value,
    },
    keeps:: spec.keeps,
    board:: std.get(spec, 'board', 'llm-overview'),
    traces:: std.get(spec, 'traces'),
    query:: std.get(spec, 'query'),
  },

  // An alert with degrees: `warning`, `critical`, `p1` in its section.
  tiers(config, spec)::
    local knobs = { confirmed: true } + config.alerts[spec.alert];
    local levels = (if knobs.confirmed then confirmedLevels else unconfirmedLevels) + std.get(spec, 'levels', {});
    local made(scope, thresholds) = [
      local threshold = promql.number(thresholds[tier]);
      alert.rule(config, knobs, spec {
        expr: if std.objectHasAll(spec, 'scoped') then spec.scoped(threshold, scope) else spec.expr(threshold),
        keeps: spec.keeps + scope.labels(spec.keeps),
        severity: if tier == 'warning' || !knobs.confirmed then 'warning' else 'critical',
        level: levels[tier],
        description: spec.description(threshold) + (
          if tier == 'warning' || knobs.confirmed then ''
          else ' A warning only: heliograph.yaml has not confirmed the critical threshold.'
        ) + scope.words(spec.keeps),
        traces: if std.objectHasAll(spec, 'traces') then spec.traces(threshold),
        local query = std.get(spec, 'query'),
        query: if std.isFunction(query) then query(threshold) else query,
      })
      for tier in ['warning', 'critical', 'p1']
      if std.get(thresholds, tier) != null
    ];
    local overrides = std.get(knobs, 'overrides', []);
    made(scopes.base(overrides), knobs) + std.flattenArrays([
      made(scopes.override(overrides, index), overrides[index])
      for index in std.range(0, std.length(overrides) - 1)
    ]),

  // An alert without degrees: `severity` in its section, or in the description.
  single(config, spec)::
    local knobs = config.alerts[spec.alert];
    local severity = std.get(spec, 'severity', std.get(knobs, 'severity'));
    [
      alert.rule(config, knobs, spec {
        severity: severity,
        level: std.get(spec, 'level', confirmedLevels[severity]),
      }),
    ],

  // Words for the labels that say whom it concerns.
  service:: '{{ $labels.job }}{{ with $labels.deployment_environment_name }} ({{ . }}){{ end }}',
  model:: '{{ with $labels.provider }}{{ . }} {{ end }}{{ $labels.model }}',
}
