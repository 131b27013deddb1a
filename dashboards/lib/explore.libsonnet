// Links into Grafana's Explore: the records or the trace behind a point.

local events = import 'events.libsonnet';
local variables = import 'variables.libsonnet';

// Percent-encoded, but for Grafana's variables: `<<name>>` becomes ${name}, and a variable of the board its values as
// alternatives of a regular expression, unescaped: what escapes is no JSON.
local encode(text) =
  local special = {
    '%': '%25',
    '{': '%7B',
    '}': '%7D',
    '"': '%22',
    ' ': '%20',
    '|': '%7C',
    '[': '%5B',
    ']': '%5D',
    '=': '%3D',
    ',': '%2C',
    ':': '%3A',
    '&': '%26',
    '+': '%2B',
    '#': '%23',
    '`': '%60',
    '!': '%21',
    '\\': '%5C',
  };
  local encoded = std.join('', [std.get(special, c, c) for c in std.stringChars(text)]);
  std.foldl(
    function(text, pair) std.strReplace(text, pair[0], pair[1]), [['<<', '${'], ['@pipe>>', ':pipe}'], ['>>', '}']], encoded
  );

local chosen(expr) = std.foldl(
  function(text, name) std.strReplace(text, '$%s"' % name, '<<%s@pipe>>"' % name), variables.names, expr
);

local open(query) = '/explore?left=' + encode(std.manifestJsonMinified(query));

{
  local explore = self,

  // LogQL over the time range of the board.
  records(expr):: open({
    datasource: '<<logs>>',
    queries: [{ refId: 'A', expr: chosen(expr), queryType: 'range' }],
    range: { from: '<<__from>>', to: '<<__to>>' },
  }),

  trace(id):: open({
    datasource: '<<traces>>',
    queries: [{ refId: 'A', query: id }],
    range: { from: '<<__from>>', to: '<<__to>>' },
  }),

  // Columns of a table that hold trace ids, or the users of an event's records.
  userLink(stages):: {
    title: 'Records of this user',
    url: explore.records(std.join(' | ', [stages, '%s="<<__value.raw>>"' % events.llmCall.fields.user])),
    targetBlank: false,
  },
  traceLink:: { title: 'Show this trace', url: explore.trace('<<__value.raw>>'), targetBlank: false },
}
