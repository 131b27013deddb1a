// Grafana boards, as functions of heliograph.yaml.

local boards = {
  'llm-overview': import 'boards/llm-overview.libsonnet',
  cost: import 'boards/cost.libsonnet',
};

function(config) {
  [name + '.json']: (boards[name] { _config:: config }).board
  for name in std.objectFields(boards)
}
