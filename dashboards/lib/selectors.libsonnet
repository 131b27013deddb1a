// Which series and which records a board's variables choose.

local events = import 'events.libsonnet';

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

  // LogQL: the records of an event, one of lib/events.libsonnet. also: stages that narrow them further.
  records(event, also=[])::
    local stages = ['%s="%s"' % [events.eventName, event.name]] + also;
    '{%s=~"$service", %s=~"$environment"} | %s' % [events.job, events.environment, std.join(' | ', stages)],
  queryRecords(also=[]):: self.records(events.queryFinished, ['chain=~"$chain"', 'tenant=~"$tenant"'] + also),
  callRecords(also=[])::
    self.records(events.llmCall, ['chain=~"$chain"', 'tenant=~"$tenant"', 'model=~"$model"'] + also),
}
