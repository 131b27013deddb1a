// Grafana boards, as functions of heliograph.yaml.

local boards = {
  'llm-overview': import 'boards/llm-overview.libsonnet',
  agents: import 'boards/agents.libsonnet',
  business: import 'boards/business.libsonnet',
  cost: import 'boards/cost.libsonnet',
  queries: import 'boards/queries.libsonnet',
  'stack-health': import 'boards/stack-health.libsonnet',
};

function(config) {
  [name + '.json']: (boards[name] { _config:: config }).board
  for name in std.objectFields(boards)
}
