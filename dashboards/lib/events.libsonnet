// The only Jsonnet spelling of events and their fields, as LogQL sees them: each is structured metadata of a line, the
// event's name is the field `event_name`. Rules and boards take them from here; a test compares this file with
// `heliograph.genai.vocabulary`, the other home of the names.
//
// `job` and `environment` are the names that Loki gives to the resource's service.name and
// deployment.environment.name; Prometheus calls the former `job`.

{
  eventName: 'event_name',
  traceId: 'trace_id',
  spanId: 'span_id',
  job: 'service_name',
  environment: 'deployment_environment_name',

  // One per provider call: the wide event.
  llmCall: {
    name: 'llm.call',
    fields: {
      model: 'model',
      provider: 'provider',
      operation: 'operation',
      chain: 'chain',
      status: 'status',
      errorType: 'error_type',
      user: 'user_id',
      session: 'session_id',
      tenant: 'tenant',
      queryType: 'query_type',
      promptName: 'prompt_name',
      promptVersion: 'prompt_version',
      inputTokens: 'llm_input_tokens',
      outputTokens: 'llm_output_tokens',
      cachedTokens: 'llm_cached_tokens',
      cacheWriteTokens: 'llm_cache_write_tokens',
      reasoningTokens: 'llm_reasoning_tokens',
      cost: 'llm_cost_usd',
      latency: 'llm_latency_seconds',
      timeToFirstToken: 'llm_time_to_first_token_seconds',
      finishReason: 'finish_reason',
      responseId: 'response_id',
      serviceTier: 'service_tier',
      usageEstimated: 'usage_estimated',
      unpriced: 'unpriced',
      queryCall: 'query_call',
      queryCostSoFar: 'query_cost_so_far_usd',
      identicalCalls: 'identical_calls',
      meteredBy: 'metered_by',
    },
  },

  // One per query: what a user asked for.
  queryFinished: {
    name: 'query.finished',
    fields: {
      user: 'user_id',
      session: 'session_id',
      tenant: 'tenant',
      queryType: 'query_type',
      chain: 'chain',
      status: 'status',
      errorType: 'error_type',
      latency: 'query_latency_seconds',
      cost: 'query_cost_usd',
      llmCalls: 'llm_calls',
      identicalCalls: 'identical_calls',
    },
  },

  // Two per run of a chain.
  chainStarted: { name: 'chain.started', fields: { chain: 'chain' } },
  chainFinished: {
    name: 'chain.finished',
    fields: {
      chain: 'chain',
      status: 'status',
      errorType: 'error_type',
      latency: 'chain_latency_seconds',
    },
  },
}
