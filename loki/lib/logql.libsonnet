// Pieces of LogQL that the rules over events share.

local events = import '../../dashboards/lib/events.libsonnet';
local promql = import '../../prometheus/lib/promql.libsonnet';

// What `scope` (prometheus/lib/scope.libsonnet) takes, as a filter of events: '' for all. Loki's label filters are written
// like Prometheus' matchers, a comma is "and" there, too; only the service has another name.
local filter(scope) =
  if scope.whole then ''
  else
    local named(selector) = std.strReplace(
      std.strReplace(' ' + selector, ' job=', ' %s=' % events.job), ' job!', ' %s!' % events.job
    );
    ' | ' + std.join(' or ', ['(%s)' % std.lstripChars(named(selector), ' ') for selector in scope.selectors]);

// `job` is what Prometheus calls the service, and so routing, inhibition and links.
local asJob(aggregation, labels, inner) = |||
  %s %s (
    label_replace(
      %s,
      "job", "$1", "%s", "(.*)"
    )
  )
||| % [aggregation, promql.by(labels), inner, events.job];
local inLoki(labels) = [if label == 'job' then events.job else label for label in labels];

// A field of the calls that have it. A value that is no number is left out: else nobody's would be known.
local values(field, conditions, scope) =
  '{%s=~".+"} | %s="%s"%s%s | unwrap %s | __error__=""' % [
    events.job,
    events.eventName,
    events.llmCall.name,
    std.join('', [' | ' + condition for condition in conditions]),
    filter(scope),
    field,
  ];

{
  // Sums and highest values of a field of the calls, for each set of `labels`; `job` is one of them. Loki takes the labels
  // into the reading of the lines, so that it holds one sum for each set, not one for each call.
  sum(field, conditions, window, offset, labels, scope)::
    asJob('sum', labels, 'sum %s (sum_over_time(%s [%s]%s))' % [
      promql.by(inLoki(labels)),
      values(field, conditions, scope),
      window,
      if offset == null then '' else ' offset ' + offset,
    ]),

  max(field, conditions, window, labels, scope)::
    asJob('max', labels, 'max_over_time(%s [%s]) %s' % [values(field, conditions, scope), window, promql.by(inLoki(labels))]),
}
