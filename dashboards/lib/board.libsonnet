// What every board has: variables, links, and what happened drawn over its graphs.

local promql = import '../../prometheus/lib/promql.libsonnet';
local metrics = import 'metrics.libsonnet';
local options = import 'options.libsonnet';
local queries = import 'queries.libsonnet';
local selectors = import 'selectors.libsonnet';
local variables = import 'variables.libsonnet';

// For so long a version counts as new: more than a step of the longest time range, so that none falls between two steps.
local deployed = '5m';

{
  local board = self,

  // source: the file that a person edits. hide: variables that the board does not obey, but hands on to others.
  // more: variables of its own.
  new(config, uid, title, description, source, panels, hide=[], more=[]):: {
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
    templating: { list: variables.standard(config, hide) + more },
    annotations: { list: [board.alerts, board.deployments, board.incidents] },
    links: [
      board.others,
      // Without a service: `All` has no meaning there. Series of a service lead to its traces.
      board.link('Traces', config.links.jaeger + '/search', 'Jaeger: choose a service, see its traces'),
      board.link('Alerts', config.links.alertmanager, 'Alertmanager: what fires, and silences'),
      board.link('Metrics', config.links.prometheus, 'Prometheus: queries and rules'),
    ],
    panels: [
      // A point holds at least two evaluations of the records, and always the same number of them.
      panel + (if std.objectHas(panel, 'targets') then { interval: board.step(config) } else {})
      for panel in panels
    ],
  },

  step(config):: '%ds' % (2 * std.parseJson(promql.seconds(config.intervals.recording))),

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

  // The other boards, for the same time, service, model and so on.
  others:: board.link('Boards', '', '') {
    type: 'dashboards',
    icon: 'dashboard',
    asDropdown: false,
    includeVars: true,
    keepTime: true,
    targetBlank: false,
    tags: ['heliograph'],
  },

  // A click on a series shows a board for it alone; everything else that was chosen stays.
  only(uid, label, variable)::
    local kept = std.filter(function(name) name != variable, variables.names);
    options.dataLink(
      'Only ${__field.labels.%s}' % label,
      '/d/%s?${__url_time_range}&%s&var-%s=${__field.labels.%s}'
      % [uid, std.join('&', ['${%s:queryparam}' % name for name in kept]), variable, label]
    ),

  // Those of the services shown, and those of no service: a provider's, a budget's.
  firing(severity):: 'ALERTS{alertstate="firing", severity=~"%s", job=~"$service|"}' % severity,

  alerts:: {
    name: 'Critical alerts',
    datasource: queries.sources.prometheus,
    enable: true,
    hide: false,
    iconColor: 'red',
    expr: board.firing('critical'),
    step: '60s',
    titleFormat: '{{alertname}}',
    textFormat: '{{level}} {{job}} {{provider}} {{model}} {{chain}} {{budget}}',
    tagKeys: 'level',
  },

  // A version that was not there before. Each heartbeat tells the version of its process, and its own time: the first
  // one of the new version is the moment that is drawn.
  deployments:: {
    local beats(offset) = 'last_over_time(%s{%s, service_version!=""}[%s]%s)' % [
      metrics.heartbeat.name,
      selectors.service,
      deployed,
      offset,
    ],
    local first = std.strReplace(beats(''), 'last_over_time', 'min_over_time'),
    name: 'Deployments',
    datasource: queries.sources.prometheus,
    enable: true,
    hide: false,
    iconColor: 'blue',
    expr: '1000 * min by (job, service_version) (%s) unless count by (job, service_version) (%s)' % [
      first,
      beats(' offset ' + deployed),
    ],
    useValueForTime: true,
    step: '60s',
    titleFormat: '{{job}} {{service_version}}',
    textFormat: 'This version was first seen here.',
    tagKeys: 'job',
  },

  // What people or programs wrote into Grafana.
  incidents:: {
    name: 'Incidents',
    datasource: { type: 'grafana', uid: '-- Grafana --' },
    enable: true,
    hide: false,
    iconColor: 'orange',
    target: { type: 'tags', tags: ['incident'], matchAny: false, limit: 100 },
  },
}
