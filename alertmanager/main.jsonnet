// Alertmanager's configuration, as a function of heliograph.yaml.

function(config) {
  'alertmanager.yaml': (import 'routing.libsonnet') { _config:: config }.alertmanager,
}
