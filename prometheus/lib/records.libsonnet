// Names of recording rules, `level:metric:operation` with the window in the operation.

{
  // USD and tokens per second of a service.
  cost(window):: 'job:llm_cost:rate' + window,
  tokens(window):: 'job:llm_tokens:rate' + window,
}
