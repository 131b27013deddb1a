// Money and tokens. Thresholds are per hour (or day) whatever the window: a shorter one only looks at less.

local metrics = import '../../dashboards/lib/metrics.libsonnet';
local alert = import '../lib/alert.libsonnet';
local logs = import '../lib/logs.libsonnet';
local promql = import '../lib/promql.libsonnet';
local records = import '../lib/records.libsonnet';

local hour = 3600;
local day = 24 * hour;

// What a service spends (or uses) per second. The record is for all of it; what an override takes or leaves is summed
// from the counter.
local pace(metric, record, window, scope) =
  if scope.whole then record else promql.sumOfRate(metric, '', window, promql.service, scope);
local above(seconds, pace, threshold) = '%d * %s > %s\n' % [seconds, pace, threshold];

// Where the money goes.
local spenders = logs.top(logs.call.cost, 'model, chain, tenant, user_id', logs.calls(promql.service), '1h');

{
  _config:: error 'needs the configuration',

  local knobs = $._config.alerts,

  alerts+: [
    {
      name: 'heliograph-cost',
      rules:
        alert.tiers($._config, {
          alert: 'HighHourlyCost',
          local window = knobs.HighHourlyCost.window,
          scoped(threshold, scope)::
            above(hour, pace(metrics.llmCost.name, records.cost(window), window, scope), threshold),
          keeps: promql.service,
          board: 'cost',
          query: spenders,
          summary: 'A service spends more in an hour than agreed.',
          description(threshold)::
            alert.service + ' spent {{ $value | printf "%.2f" }} USD an hour over the last ' + window
            + ' (threshold: ' + threshold + ' USD).',
          value: '{{ $value | printf "%.2f" }} USD/h',
        })
        + alert.tiers($._config, {
          alert: 'HighHourlyTokens',
          local window = knobs.HighHourlyTokens.window,
          scoped(threshold, scope)::
            above(hour, pace(metrics.llmTokens.name, records.tokens(window), window, scope), threshold),
          keeps: promql.service,
          board: 'cost',
          query: logs.top(
            logs.call.inputTokens, 'model, chain, tenant, user_id', logs.calls(promql.service), '1h'
          ),
          summary: 'A service uses more tokens in an hour than agreed.',
          description(threshold)::
            alert.service + ' used {{ $value | humanize }} tokens an hour over the last ' + window
            + ' (threshold: ' + threshold + ').',
          value: '{{ $value | humanize }} tokens/h',
        })
        + alert.tiers($._config, {
          alert: 'HighDailyCost',
          local window = knobs.HighDailyCost.window,
          scoped(threshold, scope)::
            above(day, pace(metrics.llmCost.name, records.cost(window), window, scope), threshold),
          keeps: promql.service,
          board: 'cost',
          query: spenders,
          // A projection: the bill of a day is a matter for the next morning.
          levels: { warning: 'P4' },
          summary: 'At this pace a service spends more in a day than agreed.',
          description(threshold)::
            alert.service + ' would spend {{ $value | printf "%.2f" }} USD in 24 hours at the pace of the last '
            + window + ' (threshold: ' + threshold + ' USD).',
          value: '{{ $value | printf "%.2f" }} USD/day',
        })
        + alert.tiers($._config, {
          alert: 'HighWastedCost',
          local knob = knobs.HighWastedCost,
          local seconds = promql.seconds(knob.window),
          scoped(threshold, scope)::
            local wasted = pace(metrics.llmWastedCost.name, records.wasted(knob.window), knob.window, scope);
            local all = pace(metrics.llmCost.name, records.cost(knob.window), knob.window, scope);
            |||
              100
                * %(wasted)s
                / %(all)s
              > %(threshold)s
              and
              %(seconds)s * %(wasted)s >= %(minimum)s
            ||| % {
              wasted: wasted,
              all: all,
              threshold: threshold,
              seconds: seconds,
              minimum: promql.number(knob.minimum),
            },
          keeps: promql.service,
          board: 'cost',
          query: logs.top(
            logs.call.cost, 'status, error_type, model, chain', logs.calls(promql.service, ['status!="success"']), '1h'
          ),
          summary: 'Much of the money buys nothing: answers that failed, were left or were blocked.',
          description(threshold)::
            '{{ $value | printf "%.1f" }} % of what ' + alert.service + ' spent in the last ' + knob.window
            + ' was for answers that nobody used (threshold: ' + threshold + ' %).',
          value: '{{ $value | printf "%.1f" }} %',
        })
        + alert.single($._config, {
          alert: 'CostAnomaly',
          local knob = knobs.CostAnomaly,
          local window = std.parseInt(promql.seconds(knob.window)),
          local earlier = std.parseInt(promql.seconds(knob.earlier)),
          // The dearest such window around that time: habits shift by a while, and twice a year by an hour. A service
          // that did not exist then, or did nothing, cannot be compared.
          expr: |||
            %(now)s
              / (max_over_time(%(now)s[%(around)s] offset %(offset)s) > 0)
            > %(factor)s
            and
            %(seconds)d * %(now)s >= %(minimum)s
          ||| % {
            now: records.cost(knob.window),
            around: promql.duration(2 * window),
            offset: promql.duration(earlier - window),
            factor: promql.number(knob.factor),
            seconds: window,
            minimum: promql.number(knob.minimum),
          },
          keeps: promql.service,
          board: 'cost',
          query: spenders,
          summary: 'A service spends several times of what is usual for it at this time.',
          description: alert.service + ' spends {{ $value | printf "%.1f" }} times of what it did ' + knob.earlier
                       + ' before, over ' + knob.window + ' (threshold: ' + promql.number(knob.factor) + ' times).',
          value: '{{ $value | printf "%.1f" }} times',
        }),
    },
    {
      name: 'heliograph-query-cost',
      rules: alert.tiers($._config, {
        alert: 'HighQueryCost',
        local knob = knobs.HighQueryCost,
        scoped(threshold, scope)::
          promql.quantile('0.95', metrics.queryCost.bucket, '', knob.window, promql.service, scope)
          + '> ' + threshold + '\nand\n'
          + promql.atLeast(knob.minimum, metrics.queryCost.count, '', knob.window, promql.service, scope),
        keeps: promql.service,
        board: 'cost',
        query(threshold):: logs.queries(promql.service, [logs.longerThan(logs.query.cost, threshold)]),
        summary: "Users' queries cost more than agreed.",
        description(threshold)::
          '5 % of the queries to ' + alert.service + ' cost more than {{ $value | printf "%.2f" }} USD in the last '
          + knob.window + ' (threshold: ' + threshold + ' USD).',
        value: '{{ $value | printf "%.2f" }} USD',
      }),
    },
  ],
}
