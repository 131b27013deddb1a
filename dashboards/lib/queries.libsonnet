// Queries in the form Grafana stores them. The data source is always a variable of the board.

local prometheus = { type: 'prometheus', uid: '${datasource}' };
local loki = { type: 'loki', uid: '${logs}' };
local jaeger = { type: 'jaeger', uid: '${traces}' };

{
  sources:: { prometheus: prometheus, loki: loki, jaeger: jaeger },

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

  // The same as rows of a table, a column per label.
  rows(expr):: self.instant(expr, '') { format: 'table' },

  // The buckets of a histogram, for a heatmap.
  buckets(expr):: self.range(expr, '{{le}}') { format: 'heatmap' },

  // The dots that lead to single traces, and no line: records have no exemplars, so the histogram they are made of is
  // asked for its own, at a time before all data: Grafana asks for points as well, and of all processes that is dear.
  exemplars(histogram, selector):: self.range('%s{%s} @ 0' % [histogram.bucket, selector], 'traces') { exemplar: true },

  logs(expr, lines=100):: { datasource: loki, editorMode: 'code', expr: expr, queryType: 'range', maxLines: lines },

  // A number per series from records, at the end of the time range; expr looks back over $__range.
  counted(expr, legend):: {
    datasource: loki,
    editorMode: 'code',
    expr: expr,
    legendFormat: legend,
    queryType: 'instant',
  },

  // The same over time.
  countedOverTime(expr, legend):: self.counted(expr, legend) { queryType: 'range' },

  // One trace, by its id.
  trace(id):: { datasource: jaeger, query: id, queryType: '' },
}
