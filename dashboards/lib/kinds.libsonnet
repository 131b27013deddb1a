// Panels of the kinds the boards use, each about as long as it is interesting.

local tokens = import 'tokens.libsonnet';

local letters = std.stringChars('ABCDEFGHIJKLMNOPQRSTUVWXYZ');

// What a column of a table may have.
local known = ['cell', 'decimals', 'field', 'links', 'title', 'unit', 'width'];

// The last value of every series.
local last = { calcs: ['lastNotNull'], fields: '', values: false };

{
  local kinds = self,

  base(type, title, description, targets):: {
    type: type,
    title: title,
    description: description,
    datasource: targets[0].datasource,
    targets: std.mapWithIndex(function(index, target) target { refId: letters[index] }, targets),
  },

  local measured(type, title, description, unit, targets) = kinds.base(type, title, description, targets) {
    fieldConfig: {
      defaults: {
        unit: unit,
        color: { mode: 'palette-classic' },
        thresholds: { mode: 'absolute', steps: [{ color: tokens.colors.default, value: null }] },
      },
      overrides: [],
    },
  },

  timeSeries(title, description, unit, targets):: measured('timeseries', title, description, unit, targets) {
    fieldConfig+: {
      local settings = self.defaults,
      // An axis of things that are counted one by one must not have halves: `noValue` would stand there.
      local whole = std.get(settings, 'decimals') == 0,
      defaults+: {
        min: 0,
        custom: tokens.lines {
          stacking: { mode: 'none', group: 'A' },
          thresholdsStyle: { mode: 'off' },
          [if whole then 'axisSoftMax']: tokens.wholeAxis,
        },
      },
    },
    options: {
      legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: ['lastNotNull'] },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  },

  stat(title, description, unit, target):: measured('stat', title, description, unit, [target]) {
    fieldConfig+: { defaults+: { color: { mode: 'thresholds' } } },
    options: {
      colorMode: 'value',
      graphMode: 'none',
      justifyMode: 'auto',
      orientation: 'auto',
      textMode: 'value',
      text: { valueSize: tokens.text.key },
      reduceOptions: last,
    },
  },

  // A bar per series. name: what it is called; a lone one has no name otherwise.
  bars(title, description, unit, target, name):: measured('bargauge', title, description, unit, [target]) {
    fieldConfig+: { defaults+: { min: 0, color: { mode: 'thresholds' }, displayName: name } },
    options: {
      displayMode: 'basic',
      orientation: 'horizontal',
      showUnfilled: true,
      sizing: 'manual',  // from 10 on: a lone bar does not fill the panel
      minVizHeight: 16,
      maxVizHeight: 48,
      text: { titleSize: tokens.text.bar, valueSize: tokens.text.bar },
      reduceOptions: last,
    },
  },

  // How many fell between two edges of a histogram; `target` is one of queries.buckets.
  heatmap(title, description, unit, target):: kinds.base('heatmap', title, description, [target]) {
    fieldConfig: { defaults: { unit: unit, custom: { scaleDistribution: { type: 'linear' } } }, overrides: [] },
    maxDataPoints: tokens.heatmapColumns,
    options: {
      calculate: false,
      cellGap: 1,
      color: { mode: 'scheme', scheme: 'Blues', exponent: 0.5, steps: 64, reverse: false, fill: 'dark-blue', scale: 'exponential' },
      filterValues: { le: 1e-9 },
      legend: { show: true },
      rowsFrame: { layout: 'auto' },
      showValue: 'never',
      tooltip: { mode: 'single', show: true, yHistogram: false },  // `show`: 9.4's word for it
      yAxis: { axisPlacement: 'left', reverse: false, unit: unit },
    },
  },

  // Which state a thing was in, over time: a row per series. states: {value: {text, color}}.
  stateTimeline(title, description, targets, states):: measured('state-timeline', title, description, tokens.units.number, targets) {
    fieldConfig+: {
      defaults+: {
        color: { mode: 'thresholds' },
        custom: { fillOpacity: 80, lineWidth: 0 },
        mappings: [{
          type: 'value',
          options: {
            [value]: { index: index, text: states[value].text, color: states[value].color }
            for index in std.range(0, std.length(states) - 1)
            for value in [std.objectFields(states)[index]]
          },
        }],
      },
    },
    options: {
      alignValue: 'left',
      legend: { displayMode: 'list', placement: 'bottom', showLegend: false },
      mergeValues: true,
      rowHeight: 0.8,
      showValue: 'never',
      tooltip: { mode: 'single', sort: 'none' },
    },
  },

  // columns: [{field, title, unit, width, decimals, links, cell}], from left to right; what is not named is left out.
  table(title, description, targets, columns):: kinds.base('table', title, description, targets) {
    assert std.setDiff(std.set(std.flattenArrays([std.objectFields(column) for column in columns])), known) == [] :
           'a column has no such setting',
    fieldConfig: {
      defaults: { unit: tokens.units.text, custom: { align: 'left', cellOptions: { type: 'auto' }, filterable: false, inspect: false } },
      overrides: [
        {
          matcher: { id: 'byName', options: column.title },
          properties: [
            { id: property[0], value: column[property[1]] }
            for property in [['unit', 'unit'], ['decimals', 'decimals'], ['links', 'links'], ['custom.width', 'width'], ['custom.cellOptions', 'cell']]
            if property[1] in column
          ],
        }
        for column in columns
      ],
    },
    options: { cellHeight: 'sm', footer: { show: false, reducer: [], countRows: false, fields: '' }, showHeader: true },
    transformations: [
      { id: 'filterFieldsByName', options: { include: { names: [column.field for column in columns] } } },
      {
        id: 'organize',
        options: {
          excludeByName: {},
          indexByName: { [columns[index].field]: index for index in std.range(0, std.length(columns) - 1) },
          renameByName: { [column.field]: column.title for column in columns },
        },
      },
    ],
  },

  // The largest of what Loki counted, a row each. name: {field, title, links}; number: {title, unit, decimals}.
  top(title, description, target, name, number):: kinds.table(
    title,
    description,
    [target],
    [name, number { field: 'Value #A', cell: { type: 'gauge', mode: 'basic', valueDisplayMode: 'text' } }]
  ) {
    options+: { sortBy: [{ displayName: number.title, desc: true }] },
    fieldConfig+: { defaults+: { min: 0, color: { mode: 'fixed', fixedColor: tokens.colors.default } } },
  },

  // The same of log records: a row each, a column for each of their fields. numbers: fields to sort and format as such.
  recordTable(title, description, target, columns, numbers, sort):: kinds.table(title, description, [target], columns) {
    transformations: [
      { id: 'extractFields', options: { source: 'labels', format: 'json', keepTime: false, replace: false } },
      {
        id: 'convertFieldType',
        options: { fields: {}, conversions: [{ targetField: field, destinationType: 'number' } for field in numbers] },
      },
    ] + super.transformations,
    options+: { sortBy: [{ displayName: sort, desc: true }] },
  },

  logs(title, description, target):: kinds.base('logs', title, description, [target]) {
    fieldConfig: { defaults: {}, overrides: [] },
    options: {
      dedupStrategy: 'none',
      enableLogDetails: true,
      prettifyLogMessage: false,
      showCommonLabels: false,
      showLabels: false,
      showTime: true,
      sortOrder: 'Descending',
      wrapLogMessage: true,
    },
  },

  // One trace as a waterfall, and as a graph of who called whom; `target` is queries.trace.
  traces(title, description, target):: kinds.base('traces', title, description, [target]) {
    fieldConfig: { defaults: {}, overrides: [] },
    options: {},
  },
  nodeGraph(title, description, target):: kinds.base('nodeGraph', title, description, [target]) {
    fieldConfig: { defaults: {}, overrides: [] },
    options: { edges: {}, nodes: {} },
  },
}
