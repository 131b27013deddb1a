// LogQL that finds the events behind an alert: text to paste, and a link that opens it.
//
// Labels come in by their templates, as Go writes a text in quotes: LogQL reads it so, and whatever a label holds stays a
// value. Tenants and users are named by others: `"} or {service_name=~".+` as a tenant asked for everybody's events.

local events = import '../../dashboards/lib/events.libsonnet';

local isLabel(field, label) = '%s={{ $labels.%s | printf "%%q" }}' % [field, label];

// Fields of an event that are labels of metrics, too. `other` is where values beyond a cap are counted, and no event says
// so; an alert about it finds nothing, and says no wrong thing.
local fields = ['provider', 'model', 'chain', 'tenant', 'query_type'];

local quoted(name, value) = '%s="%s"' % [name, value];

// Loki's stream labels. An alert about a service that names no environment asks for streams without one.
local environment = isLabel(events.environment, 'deployment_environment_name');
local streams(service) = '{%s, %s}' % [service, environment];

{
  // Events of the service, that the kept labels narrow down, and `conditions` more.
  events(name, keeps, conditions=[])::
    std.join(' | ', [
      streams(isLabel(events.job, 'job')),
      quoted(events.eventName, name),
    ] + [
      isLabel(field, field)
      for field in fields
      if std.member(keeps, field)
    ] + conditions),

  // A filter by what the alert says of `label`.
  isLabel(field, label=field):: isLabel(field, label),

  calls(keeps, conditions=[]):: self.events(events.llmCall.name, keeps, conditions),
  queries(keeps, conditions=[]):: self.events(events.queryFinished.name, keeps, conditions),
  chains(keeps, conditions=[]):: self.events(events.chainFinished.name, keeps, conditions),

  // Calls of every service, where an alert is about none; and of those in its environment.
  local called = ' | ' + quoted(events.eventName, events.llmCall.name),
  allCalls:: '{%s=~".+"}' % events.job + called,
  callsAround:: streams(events.job + '=~".+"') + called,

  // Names of the fields that conditions and sums are about.
  call:: events.llmCall.fields,
  query:: events.queryFinished.fields,
  chain:: events.chainFinished.fields,

  failed:: 'status="error"',
  longerThan(field, seconds):: '%s > %s' % [field, seconds],

  // Who spent most, of all that `events` takes: to be read as a table.
  top(field, by, events, window):: 'topk(10, sum by (%s) (sum_over_time(%s | unwrap %s [%s])))' % [by, events, field, window],
}
