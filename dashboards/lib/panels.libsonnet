// Panels of the kinds the boards use, each about as long as it is interesting; and the grid that places them.

local tokens = import 'tokens.libsonnet';

local letters = std.stringChars('ABCDEFGHIJKLMNOPQRSTUVWXYZ');

{
  local panels = self,

  base(type, title, description, targets):: {
    type: type,
    title: title,
    description: description,
    datasource: targets[0].datasource,
    targets: std.mapWithIndex(function(index, target) target { refId: letters[index] }, targets),
  },

  local measured(type, title, description, unit, targets) = panels.base(type, title, description, targets) {
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
    fieldConfig+: { defaults+: { min: 0, custom: tokens.lines { stacking: { mode: 'none', group: 'A' }, thresholdsStyle: { mode: 'off' } } } },
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
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
    },
  },

  // name: what a bar is called; a lone one has no name otherwise.
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
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
    },
  },

  logs(title, description, target):: panels.base('logs', title, description, [target]) {
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

  stacked:: {
    fieldConfig+: { defaults+: { custom+: { fillOpacity: 60, stacking: { mode: 'normal', group: 'A' } } } },
  },

  // Each status in its own colour.
  byStatus:: {
    fieldConfig+: {
      overrides+: [
        {
          matcher: { id: 'byName', options: status },
          properties: [{ id: 'color', value: { mode: 'fixed', fixedColor: tokens.status[status] } }],
        }
        for status in std.objectFields(tokens.status)
      ],
    },
  },

  // The thresholds of an alert, in the colours of its tiers, and the way to its runbook.
  alert(config, name, quiet=tokens.colors.success):: {
    local knobs = config.alerts[name],
    local step(tier) =
      if std.get(knobs, tier) == null then [] else [{ color: tokens.colors[tier], value: knobs[tier] }],
    fieldConfig+: {
      defaults+: {
        thresholds: {
          mode: 'absolute',
          steps: [{ color: quiet, value: null }] + step('warning') + step('critical'),
        },
      },
    },
    links+: [
      { title: 'Runbook: ' + name, url: config.links.runbooks + '/' + name, targetBlank: true },
    ],
  },

  // The same in a graph: lines at the thresholds.
  alertLines(config, name):: panels.alert(config, name, quiet=tokens.colors.default) {
    fieldConfig+: { defaults+: { custom+: { thresholdsStyle: { mode: 'dashed' } } } },
  },

  // Room for the thresholds of an alert, also while all is well.
  roomFor(config, name)::
    local tiers = std.prune([config.alerts[name].warning, config.alerts[name].critical]);
    { fieldConfig+: { defaults+: { custom+: { axisSoftMax: 1.5 * std.foldl(std.max, tiers, 0) } } } },

  // Percent of something that can be full: the whole height of the graph.
  ofHundred:: { fieldConfig+: { defaults+: { max: 100 } } },

  decimals(count):: { fieldConfig+: { defaults+: { decimals: count } } },

  // What to write where there is nothing to show: rarely a fault, and "No data" looks like one.
  noValue(text):: { fieldConfig+: { defaults+: { noValue: text } } },

  link(title, url):: { links+: [{ title: title, url: url, targetBlank: true }] },

  // Where a click on a series leads. `url` may use its labels: ${__field.labels.model}.
  dataLink(title, url):: { fieldConfig+: { defaults+: { links+: [{ title: title, url: url, targetBlank: false }] } } },

  // Rows of panels from left to right: [{title, height, panels: [[width, panel]]}] → Grafana's list.
  grid(rows)::
    local place(state, row) = {
      local headed = state.id + 1,
      local y = state.y + 1,
      local placed = std.foldl(
        function(line, entry) line {
          local wrap = line.x + entry[0] > tokens.columns,
          local x = if wrap then 0 else line.x,
          local top = if wrap then line.y + row.height else line.y,
          x: x + entry[0],
          y: top,
          id: line.id + 1,
          panels+: [entry[1] { id: line.id + 1, gridPos: { x: x, y: top, w: entry[0], h: row.height } }],
        },
        row.panels,
        { x: 0, y: y, id: headed, panels: [] }
      ),
      id: placed.id,
      y: placed.y + row.height,
      panels: state.panels + [
        { type: 'row', title: row.title, collapsed: false, panels: [], id: headed, gridPos: { x: 0, y: state.y, w: tokens.columns, h: 1 } },
      ] + placed.panels,
    };
    std.foldl(place, rows, { id: 0, y: 0, panels: [] }).panels,
}
