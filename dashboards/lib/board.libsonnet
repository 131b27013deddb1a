// What every board has: variables, links, the firing alerts drawn over its graphs.

local queries = import 'queries.libsonnet';

// Grafana reads these numbers.
local onTimeRangeChange = 2;

{
  local board = self,

  // source: the file that a person edits.
  new(config, uid, title, description, source, variables, panels):: {
    uid: uid,
    title: title,
    description: description + '\n\nGenerated from heliograph.yaml and ' + source + '; edit there.',
    tags: ['heliograph'],
    editable: false,
    graphTooltip: 1,  // the crosshair of one panel is seen in all
    schemaVersion: 37,  // understood by 9.4, brought up to date by newer ones
    version: 1,
    style: 'dark',
    refresh: config.dashboards.refresh,
    time: { from: config.dashboards.time_from, to: 'now' },
    timezone: config.dashboards.timezone,
    timepicker: {},
    fiscalYearStartMonth: 0,
    weekStart: '',
    liveNow: false,
    templating: { list: variables },
    annotations: { list: [board.alertsAnnotation] },
    links: [
      // Without a service: `All` has no meaning there. Series of a service lead to its traces.
      board.link('Traces', config.links.jaeger + '/search', 'Jaeger: choose a service, see its traces'),
      board.link('Alerts', config.links.alertmanager, 'Alertmanager: what fires, and silences'),
      board.link('Metrics', config.links.prometheus, 'Prometheus: queries and rules'),
    ],
    panels: panels,
  },

  link(title, url, tooltip):: {
    type: 'link',
    title: title,
    url: url,
    tooltip: tooltip,
    icon: 'external link',
    asDropdown: false,
    includeVars: false,
    keepTime: false,
    targetBlank: true,
    tags: [],
  },

  alertsAnnotation:: {
    name: 'Critical alerts',
    datasource: queries.sources.prometheus,
    enable: true,
    hide: false,
    iconColor: 'red',
    expr: 'ALERTS{alertstate="firing", severity="critical", job=~"$service"}',
    step: '60s',
    titleFormat: '{{alertname}}',
    textFormat: '{{level}} {{job}} {{model}}',
    tagKeys: 'level',
  },

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

  // Values of a label. `all` matches what "All" means: '.*' also takes series without the label; '.+' is for labels
  // that are always there, and what Loki insists on.
  values(name, label, series, of, all='.*'):: {
    local query = 'label_values(%s, %s)' % [series, of],
    type: 'query',
    name: name,
    label: label,
    datasource: queries.sources.prometheus,
    definition: query,
    query: { query: query, refId: name },
    regex: '',
    refresh: onTimeRangeChange,
    sort: 1,
    hide: 0,
    includeAll: true,
    allValue: all,
    multi: true,
    options: [],
    current: { selected: true, text: ['All'], value: ['$__all'] },
    skipUrlSync: false,
  },
}
