// Grafana boards, as functions of heliograph.yaml.

function(config) {
  'llm-overview.json': ((import 'boards/llm-overview.libsonnet') { _config:: config }).board,
}
