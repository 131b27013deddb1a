// Queries in the form Grafana stores them. The data source is always the board's variable.

local prometheus = { type: 'prometheus', uid: '${datasource}' };
local loki = { type: 'loki', uid: '${logs}' };

{
  sources:: { prometheus: prometheus, loki: loki },

  // One point per step of the panel.
  range(expr, legend):: {
    datasource: prometheus,
    editorMode: 'code',
    expr: expr,
    legendFormat: legend,
    range: true,
    instant: false,
    exemplar: false,
  },

  // The value at the end of the time range: what key figures and bars show.
  instant(expr, legend):: self.range(expr, legend) { range: false, instant: true },

  // With the dots that lead to single traces.
  withExemplars:: { exemplar: true },

  logs(expr):: { datasource: loki, editorMode: 'code', expr: expr, queryType: 'range', maxLines: 100 },

  // p50, p95 and p99 of a histogram over everything that `selector` takes. The exemplars of all three are the same ones:
  // asked for once, drawn once.
  quantiles(histogram, selector):: [
    self.range(
      'histogram_quantile(%s, sum by (le) (rate(%s{%s}[$__rate_interval])))' % [q[0], histogram.bucket, selector],
      q[1]
    ) + (if q[1] == 'p95' then self.withExemplars else {})
    for q in [['0.5', 'p50'], ['0.95', 'p95'], ['0.99', 'p99']]
  ],

  // Errors in percent of successes and errors; 0 where there is traffic and no error was ever counted.
  errorRate(counter, selector, window, by=''):: |||
    100 * (
      %(sum)s (rate(%(name)s{%(selector)s, status="error"}[%(window)s]))
      or
      0 * %(sum)s (rate(%(name)s{%(selector)s, status!="cancelled"}[%(window)s]))
    )
    / %(sum)s (rate(%(name)s{%(selector)s, status!="cancelled"}[%(window)s]))
  ||| % {
    sum: if by == '' then 'sum' else 'sum by (%s)' % by,
    name: counter.name,
    selector: selector,
    window: window,
  },
}
