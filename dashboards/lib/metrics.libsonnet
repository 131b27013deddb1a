// The only Jsonnet spelling of metric names. Rules and boards take them from here; a test compares this file with
// `heliograph.genai.vocabulary`, the other home of the names.
//
// `unit` is Grafana's name of the unit, `help` the sentence that boards show.

local counter(name, unit, help) = { name: name, type: 'counter', unit: unit, help: help };
local gauge(name, unit, help) = { name: name, type: 'gauge', unit: unit, help: help };
local histogram(name, unit, help) = {
  name: name,
  type: 'histogram',
  unit: unit,
  help: help,
  bucket: name + '_bucket',
  count: name + '_count',
  sum: name + '_sum',
};

{
  // One attempt at a provider.
  llmRequests: counter('llm_requests_total', 'short', 'Calls to a model; a retry is a call of its own.'),
  llmTokens: counter('llm_tokens_total', 'short', 'Tokens that providers billed, in (prompt) and out (answer).'),
  llmCachedTokens: counter('llm_cached_tokens_total', 'short', 'Input tokens served from or written to a prompt cache; part of the input tokens.'),
  llmReasoningTokens: counter('llm_reasoning_tokens_total', 'short', 'Output tokens spent on reasoning; part of the output tokens.'),
  llmUnpricedTokens: counter('llm_unpriced_tokens_total', 'short', 'Tokens of models without a known price; they are missing from the cost.'),
  llmEstimatedTokens: counter('llm_estimated_tokens_total', 'short', 'Tokens that were estimated, because no provider reported them; part of the tokens.'),
  llmCost: counter('llm_cost_total', 'currencyUSD', 'Cost in USD, by the price list.'),
  llmWastedCost: counter('llm_wasted_cost_total', 'currencyUSD', 'Cost in USD of answers that nobody used; part of the cost.'),
  llmLatency: histogram('llm_latency_seconds', 's', 'Time from the start of a call to its last byte.'),
  llmTimeToFirstToken: histogram('llm_time_to_first_token_seconds', 's', 'Time from the start of a streamed call to its first token.'),
  llmTimePerOutputToken: histogram('llm_time_per_output_token_seconds', 's', 'Mean time between two tokens of a streamed answer.'),
  llmClientRetries: counter('llm_client_retries_total', 'short', 'Attempts that the client library repeated by itself.'),
  llmQuotaLimit: gauge('llm_quota_limit', 'short', "The provider's rate limit, from its response headers."),
  llmQuotaRemaining: gauge('llm_quota_remaining', 'short', 'What is left of the rate limit, from the last response.'),

  llmQuotaUsedRatio: gauge('llm_quota_used_ratio', 'percentunit', 'Share of the rate limit in use, from the last response.'),
  llmLateCalls: counter('llm_late_calls_total', 'short', 'Calls that reached the meter service too late to be compared with their neighbours.'),

  // What a user asked for.
  queryRequests: counter('query_requests_total', 'short', "Users' queries."),
  queryLatency: histogram('query_latency_seconds', 's', 'Time a user waited for an answer.'),
  queryCost: histogram('query_cost', 'currencyUSD', 'Cost in USD of one query, over all its calls.'),
  queryLlmCalls: histogram('query_llm_calls', 'short', 'Calls of models within one query.'),
  activeSessions: gauge('active_sessions', 'short', 'Sessions with a query within the last 5 minutes.'),

  // Within a query: the parts of the work, and the tools that agents use.
  chainLatency: histogram('chain_latency_seconds', 's', 'Time of one run of a chain; the number of runs is its count.'),
  toolCalls: counter('tool_calls_total', 'short', 'Runs of tools, as agents ask for them.'),

  // The process itself.
  heartbeat: gauge('heliograph_heartbeat', 'dateTimeFromNow', 'Time of the last heartbeat of an application.'),
  cleanExit: gauge('heliograph_clean_exit', 'dateTimeFromNow', 'Time at which an application said goodbye.'),
  labelsFolded: counter('heliograph_labels_folded_total', 'short', 'Label values beyond their cap, counted as other.'),
  dropped: counter('heliograph_dropped_total', 'short', 'Spans, log records and points of metrics of an application that will never arrive.'),
  redactionFailures: counter('heliograph_redaction_failures_total', 'short', 'Values left out because a redact function failed on them.'),
  priceAge: gauge('heliograph_price_age_seconds', 's', 'Age of the price list.'),

  // The meter service itself.
  meterReceivedSpans: counter('heliograph_meter_received_spans_total', 'short', 'Spans that reached the meter.'),
  meterCountedCalls: counter('heliograph_meter_counted_calls_total', 'short', 'Calls that the meter counted.'),
  meterLateCalls: counter('heliograph_meter_late_calls_total', 'short', 'Calls that the meter counted after its wait.'),
  meterRepeatedCalls: counter('heliograph_meter_repeated_calls_total', 'short', 'Call spans that told of a call counted elsewhere.'),
  meterMeteredAtHome: counter('heliograph_meter_metered_at_home_total', 'short', 'Call spans that the application itself counted.'),
  meterCountedTwice: counter('heliograph_meter_counted_twice_total', 'short', 'Calls counted here before the span came which says that they were counted at home.'),
  meterDecidedEarly: counter('heliograph_meter_decided_early_total', 'short', 'Calls decided before their time, since too many waited.'),
  meterRefusedRequests: counter('heliograph_meter_refused_requests_total', 'short', 'Requests that the meter did not take.'),
  meterRejectedSpans: counter('heliograph_meter_rejected_spans_total', 'short', 'Spans without a valid id.'),
  meterFoldedCalls: counter('heliograph_meter_folded_calls_total', 'short', 'Calls of applications beyond the cap, counted under the service name other.'),
  meterLostEvents: counter('heliograph_meter_lost_events_total', 'short', 'Events that the collector did not take.'),
  meterSetAsideFiles: counter('heliograph_meter_set_aside_files_total', 'short', 'Files of the meter that could not be used and were set aside.'),
  meterWaitingCalls: gauge('heliograph_meter_waiting_calls', 'short', 'Calls that wait to be decided.'),
  meterUndeliveredEvents: gauge('heliograph_meter_undelivered_events', 'short', 'Events that the collector has not taken yet.'),
  meterApplications: gauge('heliograph_meter_applications', 'short', 'Applications that the meter keeps counters for.'),

  // The canary: what it sends, and what it finds out.
  canaryCalls: counter('heliograph_canary_calls_total', 'short', 'Calls that the canary made.'),
  canaryArrived: gauge('heliograph_canary_arrived', 'bool', 'Whether the last call of the canary was found in time.'),
  canaryMissed: counter('heliograph_canary_missed_total', 'short', 'Calls of the canary that were not found in time.'),
  canaryVisible: histogram('heliograph_canary_visible_seconds', 's', 'Time from a call of the canary until its store answers with it.'),
}
