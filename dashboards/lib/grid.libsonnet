// Places of panels.

local tokens = import 'tokens.libsonnet';

{
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
