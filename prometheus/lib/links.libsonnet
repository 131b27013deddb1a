// The links that every alert carries, added once at the top of main.jsonnet (like kubernetes-mixin's
// add-runbook-links): rules say which labels they keep, never where a page is.

local boards = {
  'llm-overview': 'heliograph-llm-overview',
  cost: 'heliograph-cost',
  agents: 'heliograph-agents',
  queries: 'heliograph-queries',
  'stack-health': 'heliograph-stack-health',
  business: 'heliograph-business',
};

// Grafana variable ← label. A label that is not set leaves its variable at "All".
local variables = {
  environment: 'deployment_environment_name',
  service: 'job',
  model: 'model',
  chain: 'chain',
  tenant: 'tenant',
};

// One hour before this evaluation: `toTime` gives a Go time, on which a template may call methods. Absolute, because
// "the last hour" of a mail that is read in the morning would show nothing.
local hourAgo = '((toTime now).Add -3600000000000)';

local parameter(variable, label) =
  '{{ with $labels.%(label)s }}&var-%(variable)s={{ . | urlquery }}{{ end }}' % { label: label, variable: variable };

// Text within a string of JSON within a URL. What stands between `{{` and `}}` stays, and what it gives is escaped when it
// is known.
local escapes = {
  [character]: '%%%02X' % std.codepoint(character)
  for character in std.stringChars(' !"#$%&\'()*+,/:;<=>?@[\\]^`{|}')
};
local escaped(text) = std.join('', [std.get(escapes, character, character) for character in std.stringChars(text)]);
local inJson(text) = std.strReplace(std.strReplace(text, '\\', '\\\\'), '"', '\\"');
local escapedTemplate(text) =
  local pieces = std.split(text, '{{ ');
  std.join('', [escaped(inJson(pieces[0]))] + [
    local parts = std.splitLimit(piece, ' }}', 1);
    '{{ ' + parts[0] + ' | reReplaceAll `["\\\\]` `\\$0` | urlquery }}' + escaped(inJson(parts[1]))
    for piece in pieces[1:]
  ]);

{
  local links = self,
  _config:: error 'needs the configuration',

  runbook(rule):: $._config.links.runbooks + '/' + rule.alert,

  dashboard(rule)::
    local board = std.get(rule, 'board', 'llm-overview');
    $._config.links.grafana + '/d/' + boards[board] + '/' + board
    + '?from={{ ' + hourAgo + '.UnixMilli }}&to=now'
    + std.join('', [
      parameter(variable, variables[variable])
      for variable in std.objectFields(variables)
      if std.member(rule.keeps, variables[variable])
    ]),

  // Jaeger's search page; `traces` is {errors: true} or {slower_than: seconds} or {} for all of the service.
  traces(rule)::
    $._config.links.jaeger + '/search?service={{ $labels.job | urlquery }}'
    + '&start={{ ' + hourAgo + '.UnixMicro }}&end={{ (toTime now).UnixMicro }}&lookback=custom&limit=20'
    + (if std.get(rule.traces, 'errors', false) then '&tags=%7B%22error%22%3A%22true%22%7D' else '')
    + (if 'slower_than' in rule.traces then '&minDuration=%ss' % rule.traces.slower_than else ''),

  // Grafana's Explore with the events that `query` finds, newest first. `loki` is the uid of the provisioned source.
  logs(query)::
    local before = '{"logs":{"datasource":"loki","queries":[{"refId":"A","queryType":"range","expr":"';
    local after = '"}],"range":{"from":"';
    $._config.links.grafana + '/explore?schemaVersion=1&orgId=1&panes='
    + escaped(before) + escapedTemplate(query) + escaped(after)
    + '{{ ' + hourAgo + '.UnixMilli }}' + escaped('","to":"now"}}}'),

  addTo(rule)::
    local query = std.get(rule, 'query');
    if 'alert' in rule then rule {
      annotations+: {
        runbook_url: links.runbook(rule),
        dashboard_url: links.dashboard(rule),
        [if std.get(rule, 'traces') != null then 'trace_url']: links.traces(rule),
        [if query != null then 'logs_url']: links.logs(query),
        [if query != null then 'query']: query,
      },
    } else rule,
}
