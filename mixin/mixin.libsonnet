// Rules and boards for those who build their monitoring from mixins (https://monitoring.mixins.dev):
//
//     jb install <this repository>
//
//     (import 'heliograph/mixin/mixin.libsonnet') {
//       _config+:: { links+: { grafana: 'https://grafana.example' }, alerts+: { HighLLMLatency+: { warning: 20, critical: 60 } } },
//     }
//
// `_config` is heliograph.yaml, which explains every key. Whatever is changed here is not checked as `heliograph generate`
// checks it; `heliograph config explain alerts.HighLLMLatency` says what a key does.
//
// What is about the servers of Heliograph's own stack is left out, as `heliograph export` does: on other servers some of it
// would fire for ever (a canary that is not there). `_withStack:: true` puts it in.
{
  _config:: import 'generated/config.json',
  _withStack:: false,

  local rules = (import '../prometheus/main.jsonnet')($._config),
  local logRules = (import '../loki/main.jsonnet')($._config),
  local boards = (import '../dashboards/main.jsonnet')($._config),
  local stackBoard = 'stack-health.json',

  local isAboutStack(group) =
    std.startsWith(group.name, 'heliograph-stack-') || std.startsWith(group.name, 'heliograph-watchdog'),
  // `signal: scrape` is ServiceDown by `up`: jobs of our own Prometheus.
  local isAboutTargets(rule) = std.get(std.get(rule, 'labels', {}), 'signal') == 'scrape',
  local withoutDeadLink(rule) =
    local annotations = std.get(rule, 'annotations', {});
    local link = std.get(annotations, 'dashboard_url', '');
    if std.length(std.findSubstr('/d/%s/' % boards[stackBoard].uid, link)) == 0 then rule
    else rule { annotations: { [key]: annotations[key] for key in std.objectFields(annotations) if key != 'dashboard_url' } },
  local aboutApplications(groups) = [
    group
    for group in [
      group { rules: [withoutDeadLink(rule) for rule in super.rules if !isAboutTargets(rule)] }
      for group in groups
      if !isAboutStack(group)
    ]
    if std.length(group.rules) > 0
  ],
  local kept(groups) = if $._withStack then groups else aboutApplications(groups),

  prometheusAlerts+:: { groups+: kept(rules['alerts.yaml'].groups) },
  prometheusRules+:: { groups+: kept(rules['records.yaml'].groups) },
  lokiAlerts+:: { groups+: kept(logRules['alerts.yaml'].groups) },
  grafanaDashboards+:: {
    [name]: boards[name]
    for name in std.objectFields(boards)
    if $._withStack || name != stackBoard
  },
  grafanaDashboardFolder:: 'Heliograph',
}
