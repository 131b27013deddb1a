// Names of recording rules: `level:metric:operation` with the window in the operation. A level says which labels are
// left: `call` all of a call to a model but the process, `query`, `chain` and `tool` likewise, `model` the service and the
// model, `job` the service only.

local metrics = import '../../dashboards/lib/metrics.libsonnet';
local promql = import 'promql.libsonnet';

local call = promql.model + ['operation', 'chain', 'tenant'];
// Buckets are many, and nobody reads latencies by operation.
local timing = promql.model + ['chain', 'tenant'];
local query = promql.service + ['query_type', 'chain', 'tenant'];

// What boards draw over time: field of `boards` → level, counter (or part of a histogram), labels that are kept.
local drawn = {
  llmRequests: ['call', metrics.llmRequests.name, call + ['status', 'error_type']],
  llmTokens: ['call', metrics.llmTokens.name, call + ['type']],
  llmCost: ['call', metrics.llmCost.name, call],
  llmWastedCost: ['call', metrics.llmWastedCost.name, call + ['reason']],
  llmUnpricedTokens: ['call', metrics.llmUnpricedTokens.name, call + ['type']],
  llmCachedTokens: ['call', metrics.llmCachedTokens.name, call + ['type']],
  llmClientRetries: ['call', metrics.llmClientRetries.name, promql.model + ['reason']],
  llmLatencyBucket: ['call', metrics.llmLatency.bucket, timing + ['status', 'le']],
  llmTimeToFirstTokenBucket: ['call', metrics.llmTimeToFirstToken.bucket, timing + ['le']],
  llmTimePerOutputTokenBucket: ['call', metrics.llmTimePerOutputToken.bucket, timing + ['le']],

  queryRequests: ['query', metrics.queryRequests.name, query + ['status', 'error_type']],
  queryLatencyBucket: ['query', metrics.queryLatency.bucket, query + ['status', 'le']],
  queryCostBucket: ['query', metrics.queryCost.bucket, query + ['le']],
  queryCostSum: ['query', metrics.queryCost.sum, query],
  queryCostCount: ['query', metrics.queryCost.count, query],
  queryLlmCallsBucket: ['query', metrics.queryLlmCalls.bucket, query + ['le']],

  chainLatencyBucket: ['chain', metrics.chainLatency.bucket, promql.service + ['chain', 'status', 'le']],
  chainLatencyCount: ['chain', metrics.chainLatency.count, promql.service + ['chain', 'status']],
  chainLatencySum: ['chain', metrics.chainLatency.sum, promql.service + ['chain', 'status']],
  toolCalls: ['tool', metrics.toolCalls.name, promql.service + ['tool', 'chain', 'status', 'error_type']],
};

// What boards show as totals of a day.
local totalled = {
  [field]: drawn[field]
  for field in [
    'llmCost',
    'llmTokens',
    'llmRequests',
    'llmWastedCost',
    'llmUnpricedTokens',
    'queryRequests',
    'queryCostSum',
  ]
};

// The unit and `_total` belong to the raw metric.
local name(level, metric, operation) =
  '%s:%s:%s' % [level, std.strReplace(std.strReplace(metric, '_seconds', ''), '_total', ''), operation];

{
  name:: name,

  // USD and tokens per second of a service.
  cost(window):: name('job', metrics.llmCost.name, 'rate' + window),
  wasted(window):: name('job', metrics.llmWastedCost.name, 'rate' + window),
  tokens(window):: name('job', metrics.llmTokens.name, 'rate' + window),

  // Of an SLO (label `slo`), for each service: what counts against it, and what counts at all, in a window.
  sloBad(window):: 'job:slo_bad:increase' + window,
  sloAll(window):: 'job:slo_all:increase' + window,

  // Of a budget (label `budget`, and the one of `each`): USD since its period began, and USD per second.
  budgetSpent:: name('budget', metrics.llmCost.name, 'spent'),
  budgetPace(window):: name('budget', metrics.llmCost.name, 'rate' + window),

  // Records that a queue of the collector was given, and that are neither sent nor refused; while it is empty.
  unaccounted:: 'job:otelcol_exporter_unaccounted:records',

  // Unix times at which the day and the month began and will end, in the time zone of the budgets.
  periodStart(period):: 'calendar:%s:start' % period,
  periodEnd(period):: 'calendar:%s:end' % period,

  // What boards read: `boards($._config).rate.llmCost` is the name of a record per second, `.day.llmCost` that of the
  // increase over 24 hours.
  boards(config):: {
    local window = config.dashboards.rate_window,
    rate: { [field]: name(drawn[field][0], drawn[field][1], 'rate' + window) for field in std.objectFields(drawn) },
    day: { [field]: name(totalled[field][0], totalled[field][1], 'increase24h') for field in std.objectFields(totalled) },
  },

  // The rules behind these names, of one level.
  rateRules(config, levels):: [
    {
      record: $.boards(config).rate[field],
      expr: promql.sumBy(drawn[field][2], promql.rate(drawn[field][1], '', config.dashboards.rate_window)) + '\n',
    }
    for field in std.objectFields(drawn)
    if std.member(levels, drawn[field][0])
  ],
  dayRules(config):: [
    {
      record: $.boards(config).day[field],
      expr: promql.sumBy(totalled[field][2], promql.increase(totalled[field][1], '', '24h')) + '\n',
    }
    for field in std.objectFields(totalled)
  ],
}
