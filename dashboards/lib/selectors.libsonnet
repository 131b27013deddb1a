// Which series and which records a board's variables choose.

local narrowed(stages, also) = stages + (if also == '' then '' else ' | ' + also);

{
  // Labels that all metrics of a service carry; those of its queries; of its calls; of its chains; of rate limits.
  service:: 'job=~"$service", deployment_environment_name=~"$environment"',
  queries:: self.service + ', chain=~"$chain", tenant=~"$tenant"',
  calls:: self.queries + ', model=~"$model"',
  chains:: self.service + ', chain=~"$chain"',
  models:: self.service + ', model=~"$model"',

  // A cancelled call or query is no error, and its time is not how long an answer takes.
  finished:: ', status!="cancelled"',
  failed:: ', status="error"',

  // Records of an event. also: stages of LogQL that narrow them further.
  records(event, also='')::
    narrowed('{service_name=~"$service", deployment_environment_name=~"$environment"} | event_name="%s"' % event, also),
  queryRecords(also=''):: self.records('query.finished', narrowed('chain=~"$chain" | tenant=~"$tenant"', also)),
  callRecords(also=''):: self.records('llm.call', narrowed('chain=~"$chain" | tenant=~"$tenant" | model=~"$model"', also)),
}
