// What an SLO counts: its events, and those that are good.
//
//   errors    good: it succeeded. A user who gave up is on neither side.
//   latency   good: it was answered within the time. Failures are not counted: they have an SLO of their own, and a quick
//             failure is no quick answer.

local metrics = import '../../dashboards/lib/metrics.libsonnet';
local promql = import 'promql.libsonnet';
local scopes = import 'scope.libsonnet';

local scope = {
  query: { counter: metrics.queryRequests.name, time: metrics.queryLatency, unit: 'queries' },
  llm: { counter: metrics.llmRequests.name, time: metrics.llmLatency, unit: 'calls of models' },
  pipeline: { counter: metrics.chainLatency.count, time: metrics.chainLatency, unit: 'runs of chains' },
};

// Pushed edges are written `30`, scraped ones `30.0`.
local edge(within) = 'le=~"%s([.]0)?"' % std.strReplace(promql.seconds(within), '.', '[.]');

{
  // One entry of `slos`, as {name, unit, budget, …} with `all` and `good` as {metric, selector}.
  describe(name, knobs):: knobs {
    name: name,
    unit: scope[knobs.scope].unit,
    // The share that may be bad.
    budget: (100 - knobs.objective) / 100,
    local of(metric, selector) = {
      metric: metric,
      selector: scopes.match(knobs.match).selectors[0] + (if knobs.match == {} then '' else ', ') + selector,
    },
    all: if knobs.kind == 'errors' then of(scope[knobs.scope].counter, 'status!="cancelled"')
    else of(scope[knobs.scope].time.count, 'status="success"'),
    // Errors are counted as they are, so that a rare one is not the difference of two large numbers.
    bad: if knobs.kind == 'errors' then of(scope[knobs.scope].counter, 'status="error"'),
    good: if knobs.kind == 'latency' then of(scope[knobs.scope].time.bucket, 'status="success", ' + edge(knobs.within)),
  },

  all(config):: [self.describe(name, config.slos[name]) for name in std.objectFields(config.slos)],
}
