// When the slowest 5 % are slower than agreed. The buckets of all processes are summed once, by a record: each tier asks
// for them three times, and of all series those of histograms are the most.

local metrics = import '../../dashboards/lib/metrics.libsonnet';
local promql = import 'promql.libsonnet';
local records = import 'records.libsonnet';

// There is no answer to be late when somebody left.
local counted = 'status!="cancelled"';

// A histogram, the level its record is named after, and the labels it is told apart by.
local latency(level, histogram, labels) = {
  local named(window) = records.name(level, histogram.bucket, 'increase' + window),

  record(window):: {
    record: named(window),
    expr: promql.sumOfIncrease(histogram.bucket, counted, window, labels + ['le']) + '\n',
  },

  // The 95th percentile is above `threshold` seconds, and not by one event of few: at least `knob.minimum` were slower
  // (exact where the threshold is an edge of a bucket, interpolated elsewhere). An override chooses by labels that the
  // record has not: it sums the counters itself.
  above(threshold, knob, scope)::
    local kept = labels + scope.labels(labels);
    |||
      histogram_quantile(0.95, %(buckets)s)
      > %(threshold)s
      and
      histogram_fraction(%(threshold)s, +Inf, %(buckets)s)
        * %(all)s
        >= %(minimum)s
    ||| % {
      threshold: threshold,
      minimum: promql.number(knob.minimum),
      buckets:
        if scope.whole then named(knob.window)
        else promql.sumOfIncrease(histogram.bucket, counted, knob.window, kept + ['le'], scope),
      all:
        if scope.whole then promql.sumBy(kept, promql.gauge(named(knob.window), 'le="+Inf"'))
        else promql.sumOfIncrease(histogram.count, counted, knob.window, kept, scope),
    },
};

{
  HighQueryLatency: latency('job', metrics.queryLatency, promql.service),
  HighPipelineLatency: latency('chain', metrics.chainLatency, promql.service + ['chain']),
  HighLLMLatency: latency('model', metrics.llmLatency, promql.model),
}
