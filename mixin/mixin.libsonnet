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
{
  _config:: import 'generated/config.json',

  local rules = (import '../prometheus/main.jsonnet')($._config),
  local logRules = (import '../loki/main.jsonnet')($._config),

  prometheusAlerts+:: { groups+: rules['alerts.yaml'].groups },
  prometheusRules+:: { groups+: rules['records.yaml'].groups },
  lokiAlerts+:: { groups+: logRules['alerts.yaml'].groups },
  grafanaDashboards+:: (import '../dashboards/main.jsonnet')($._config),
  grafanaDashboardFolder:: 'Heliograph',
}
