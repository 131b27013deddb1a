// PromQL over recording rules (prometheus/records/boards.libsonnet). A record is a rate, taken every
// `intervals.recording`: the sum of its points in a window, times that interval, is how much happened in the window.
// Unlike a mean it counts the time in which nothing ran, so that a script of one minute is not drawn as an hour's work.

local promql = import '../../prometheus/lib/promql.libsonnet';
local records = import '../../prometheus/lib/records.libsonnet';

function(config) {
  local series = self,
  local names = records.boards(config),
  local seconds = promql.seconds(config.intervals.recording),

  rate:: names.rate,
  day:: names.day,
  // USD per second of a service, over the window of an alert.
  pace(alert):: records.cost(config.alerts[alert].window),

  local sum(by, inner) = (if by == '' then 'sum(%s)' else 'sum by (%s) (%%s)' % by) % inner,
  local points(record, selector, window) = 'sum_over_time(%s{%s}[%s])' % [record, selector, window],

  // What happened within the window.
  total(record, selector, by, window)::
    '%s * %s' % [sum(by, points(record, selector, window)), seconds],

  // The same in a graph, per so many seconds: a point per step, over the whole step.
  per(length, record, selector, by)::
    '%s * %s / $__interval_ms' % [
      sum(by, points(record, selector, '$__interval')),
      promql.number(1000 * length * std.parseJson(seconds)),
    ],
  perSecond(record, selector, by):: series.per(1, record, selector, by),
  perMinute(record, selector, by):: series.per(60, record, selector, by),
  perHour(record, selector, by):: series.per(3600, record, selector, by),

  // What is there now per minute, over a window that ends now.
  perMinuteNow(record, selector, window)::
    '%s * %s' % [
      sum('', points(record, selector, window)),
      promql.number(60 * std.parseJson(seconds) / std.parseJson(promql.seconds(window))),
    ],

  // `part` in percent of `whole`: 0 where there is a whole and never was a part.
  percent(part, whole, window, by='')::
    local parts = sum(by, points(part.record, part.selector, window));
    local wholes = sum(by, points(whole.record, whole.selector, window));
    |||
      100 * (
        %(parts)s
        or
        0 * %(wholes)s
      )
      / (%(wholes)s > 0)
    ||| % { parts: parts, wholes: wholes },

  // Errors in percent of successes and errors.
  errorRate(record, selector, window, by=''):: series.percent(
    { record: record, selector: selector + ', status="error"' },
    { record: record, selector: selector + ', status!="cancelled"' },
    window,
    by
  ),

  quantile(q, record, selector, window, by='le')::
    'histogram_quantile(%s, %s)' % [q, sum(by, points(record, selector, window))],

  // For a heatmap: how many fell between two edges within a step.
  buckets(record, selector):: series.total(record, selector, 'le', '$__interval'),

  // The mean of a histogram, from the rates of its sum and its count.
  mean(total, count, selector, window, by='')::
    '%s\n/ (%s > 0)' % [sum(by, points(total, selector, window)), sum(by, points(count, selector, window))],

  // The edges of a histogram that at least so large a share lay beyond, and how large it is.
  edge(record, selector, share)::
    local beyond = sum('le', points(record, selector, '$__range'));
    '1 - %s / ignoring(le) group_left %s > %s' % [
      beyond,
      sum('', points(record, selector + ', le="+Inf"', '$__range')),
      share,
    ],
}
