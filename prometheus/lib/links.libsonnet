// The links that every alert carries, added once at the top of main.jsonnet (like kubernetes-mixin's
// add-runbook-links): rules say which labels they keep, never where a page is.

local dashboard = 'heliograph-llm-overview';

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

{
  local links = self,
  _config:: error 'needs the configuration',

  runbook(rule):: $._config.links.runbooks + '/' + rule.alert,

  dashboard(rule)::
    $._config.links.grafana + '/d/' + dashboard + '/llm-overview?from={{ ' + hourAgo + '.UnixMilli }}&to=now'
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

  addTo(rule)::
    if 'alert' in rule then rule {
      annotations+: {
        runbook_url: links.runbook(rule),
        dashboard_url: links.dashboard(rule),
        [if rule.traces != null then 'trace_url']: links.traces(rule),
      },
    } else rule,
}
