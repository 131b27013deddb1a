// An agent that does not come to an end: seen in the events while its query still runs.

local events = import '../../dashboards/lib/events.libsonnet';
local alert = import '../../prometheus/lib/alert.libsonnet';
local logs = import '../../prometheus/lib/logs.libsonnet';
local promql = import '../../prometheus/lib/promql.libsonnet';
local scopes = import '../../prometheus/lib/scope.libsonnet';
local logql = import '../lib/logql.libsonnet';

local fields = events.llmCall.fields;

// What tells a runaway: its knob in heliograph.yaml, the field of a call that says how far its query has come.
local signs = [
  {
    knob: 'steps',
    field: fields.queryCall,
    words: 'a query has made {{ $value | printf "%.0f" }} calls of models so far',
    value: '{{ $value | printf "%.0f" }} calls',
  },
  {
    knob: 'cost',
    field: fields.queryCostSoFar,
    words: 'a query has cost {{ $value | printf "%.2f" }} USD so far',
    value: '{{ $value | printf "%.2f" }} USD',
  },
  {
    knob: 'repeats',
    field: fields.identicalCalls,
    words: 'a query has made the very same call {{ $value | printf "%.0f" }} times',
    value: '{{ $value | printf "%.0f" }} times the same call',
  },
];

{
  _config:: error 'needs the configuration',

  local config = $._config,
  local knobs = config.alerts.RunawayAgent,
  // Users only of the calls beyond a limit, which are few: not of all.
  local labels = promql.service + [fields.chain, fields.user],
  // Loki's ruler knows no keep_firing_for: a longer window does the same here.
  local window = '%ds' % (std.parseInt(promql.seconds(knobs.window)) + std.parseInt(promql.seconds(knobs.keep_firing_for))),

  alerts+: [
    {
      name: 'heliograph-agents',
      rules: std.flattenArrays([
        local limit = promql.number(knobs[sign.knob]);
        local beyond = '%s >= %s' % [sign.field, limit];
        alert.single(config, {
          alert: 'RunawayAgent',
          labels: { reason: sign.knob },
          expr: logql.max(sign.field, [beyond], window, labels, scopes.all) + '>= ' + limit + '\n',
          keeps: labels,
          board: 'agents',
          query: logs.calls(labels, [logs.isLabel(fields.user), beyond]),
          summary: 'An agent does not come to an end, and spends by the minute.',
          description: 'In ' + alert.service + '{{ with $labels.%s }}, chain {{ . }}{{ end }}' % fields.chain
                       + '{{ with $labels.%s }}, user {{ . }}{{ end }}: ' % fields.user + sign.words
                       + ' (limit: ' + limit + '). The traces are in the events that the link to the logs shows.',
          value: sign.value,
        })
        for sign in signs
        if knobs[sign.knob] != null
      ]),
    },
  ],
}
