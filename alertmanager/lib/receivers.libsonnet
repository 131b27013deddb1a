// One receiver for each channel and severity, of everybody or of a team or tenant: a channel which fails or is slow
// never holds up another, and `heliograph notify-test` can reach exactly one. A channel that is off has none.

local integrations = import 'integrations.libsonnet';

// In this order they stand in the file, and in the answer of `amtool config routes test`.
local kinds = ['slack', 'email', 'sms', 'pagerduty', 'opsgenie', 'msteams', 'discord', 'telegram', 'webhook'];
local tiers = ['critical', 'warning'];

// A severity of the user's own, or none, is heard as a warning: better heard than lost.
local severity = { critical: 'severity="critical"', warning: 'severity!="critical"' };

local quoted(text) = std.escapeStringJson(text);
// Names are letters, digits, _ . and -; of these, a regular expression reads only the dot differently.
local anyOf(names) = std.join('|', [std.strReplace(name, '.', '[.]') for name in names]);

{
  _config:: error 'needs the configuration',

  local made = integrations { _config:: $._config },
  local channels = $._config.channels,

  local audience(scope, name, stated) = {
    suffix: '-%s-%s' % [scope, name],
    matchers: ['%s=%s' % [scope, quoted(name)]],
    replace: std.get(stated, 'replace', false),
    labels: { [scope]: name },
    own(kind):: std.get(stated, kind),
  },
  local audiences(scope, stated) = [audience(scope, name, stated[name]) for name in std.objectFields(stated)],
  local teams = audiences('team', $._config.teams.channels),
  local tenants = audiences('tenant', $._config.routing.tenants),

  // What one kind and tier makes of an audience's own; null: nothing.
  local own(audience, kind, tier) =
    if audience.own(kind) == null then null else made.kinds[kind](tier, audience.own(kind)),

  // [{name, channel, labels, config, severity, matchers}]: `labels` name the team or tenant, for a test of its channel;
  // `severity` is critical, warning, or null for both.
  local general(kind, tier) =
    local replaced = [
      team.labels.team
      for team in teams
      if team.replace && own(team, kind, tier) != null
    ];
    {
      name: '%s-%s' % [kind, tier],
      channel: kind,
      labels: {},
      config: if channels[kind].enabled then made.kinds[kind](tier, null),
      severity: tier,
      matchers: [severity[tier]] + (if replaced == [] then [] else ['team!~"%s"' % anyOf(replaced)]),
    },

  local special(audience, kind, tier) = {
    name: '%s-%s%s' % [kind, tier, audience.suffix],
    channel: kind,
    labels: audience.labels,
    config: own(audience, kind, tier),
    severity: tier,
    matchers: [severity[tier]] + audience.matchers,
  },

  local single(kind) = {
    name: kind,
    channel: kind,
    labels: {},
    config: if channels[kind].enabled then made[kind],
    severity: null,
    matchers: [],
  },

  local built(rows) = std.filter(function(row) row.config != null, rows),

  inbox:: built([single('inbox')]),
  deadman:: built([single('deadman')]),
  people:: built(
    [general(kind, tier) for tier in tiers for kind in kinds]
    + [special(one, kind, tier) for one in teams + tenants for tier in tiers for kind in kinds]
  ),
  all:: self.inbox + self.people + self.deadman,
}
