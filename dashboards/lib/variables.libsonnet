// Variables of boards.

local records = import '../../prometheus/lib/records.libsonnet';
local queries = import 'queries.libsonnet';

// Grafana reads these numbers.
local onTimeRangeChange = 2;
local hidden = 2;
local byName = 1;
local asGiven = 0;

{
  local variables = self,

  // Those of every board, in their order. Filled from a record of few series, which no process of its own lengthens.
  standard(config, hide=[])::
    local seen = records.boards(config).day.llmRequests;
    local selected = seen + '{job=~"$service", deployment_environment_name=~"$environment"}';
    [
      variable { [if std.member(hide, variable.name) then 'hide']: hidden }
      for variable in [
        variables.datasource('datasource', 'Metrics', 'prometheus'),
        variables.datasource('logs', 'Logs', 'loki') { hide: hidden },
        variables.datasource('traces', 'Traces', 'jaeger') { hide: hidden },
        variables.values('environment', 'Environment', seen, 'deployment_environment_name'),
        variables.values('service', 'Service', seen + '{deployment_environment_name=~"$environment"}', 'job', all='..*'),
        variables.values('model', 'Model', selected, 'model'),
        variables.values('chain', 'Chain', selected, 'chain'),
        variables.values('tenant', 'Tenant', selected, 'tenant'),
      ]
    ],

  names:: ['chain', 'datasource', 'environment', 'logs', 'model', 'service', 'tenant', 'traces'],

  datasource(name, label, type):: {
    type: 'datasource',
    name: name,
    label: label,
    query: type,
    regex: '',
    refresh: 1,
    hide: 0,
    includeAll: false,
    multi: false,
    options: [],
    current: {},
  },

  // Values of a label. `all` matches what "All" means: '.*' also takes series without the label; '..*' is for
  // labels that are always there, and what Loki insists on; '.+' would be a space in the address of a link.
  values(name, label, series, of, all='.*')::
    variables.query(name, label, 'label_values(%s, %s)' % [series, of]) {
      sort: byName,
      includeAll: true,
      allValue: all,
      multi: true,
      current: { selected: true, text: ['All'], value: ['$__all'] },
    },

  // Where "slow" or "costly" begins: edges of a histogram that some queries lay beyond, the highest one first, which is
  // chosen; expr is one of series.edge. The last is 0, which all of them lay beyond.
  edge(name, label, description, expr)::
    variables.query(
      name, label, 'query_result(sort(%s or label_replace(vector(1), "le", "0", "", "")))' % expr
    ) {
      description: description,
      regex: '/le="([^"]+)"/',
      sort: asGiven,
      includeAll: false,
      multi: false,
      current: {},
    },

  query(name, label, query):: {
    type: 'query',
    name: name,
    label: label,
    datasource: queries.sources.prometheus,
    definition: query,
    query: { query: query, refId: name },
    regex: '',
    refresh: onTimeRangeChange,
    hide: 0,
    options: [],
    skipUrlSync: false,
  },
}
