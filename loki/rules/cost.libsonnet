// Money by user and by tenant: from the events, since a user is never a label of a metric, and a tenant only up to a cap.

local events = import '../../dashboards/lib/events.libsonnet';
local alert = import '../../prometheus/lib/alert.libsonnet';
local logs = import '../../prometheus/lib/logs.libsonnet';
local promql = import '../../prometheus/lib/promql.libsonnet';
local logql = import '../lib/logql.libsonnet';

local fields = events.llmCall.fields;

{
  _config:: error 'needs the configuration',

  local config = $._config,

  // A sum over an hour is taken once a minute: it moves slowly, and each time Loki reads all calls of the window, which takes
  // about a second of a processor for 50 000 of them.
  local group(name, alertname, who) = {
    name: name,
    interval: '%ds' % std.max(
      std.parseInt(promql.seconds(config.intervals.loki_ruler)),
      std.floor(std.parseInt(promql.seconds(config.alerts[alertname].window)) / 60)
    ),
    rules: costBy(alertname, who),
  },

  // who: `user` or `tenant`.
  local costBy(name, who) =
    local knobs = config.alerts[name];
    local label = fields[who];
    local labels = promql.service + [label];
    alert.tiers(config, {
      alert: name,
      // Loki's ruler knows no keep_firing_for: the expression looks at what it was so long ago, too.
      scoped(threshold, scope)::
        local spent(offset) =
          logql.sum(fields.cost, [label + '!=""'], knobs.window, offset, labels + scope.labels(labels), scope)
          + '> ' + threshold + '\n';
        spent(null) + (if knobs.keep_firing_for == '0s' then '' else 'or\n' + spent(knobs.keep_firing_for)),
      keeps: labels,
      board: 'cost',
      // A tenant is a label that logs.calls knows.
      query: logs.calls(labels, (if who == 'user' then [logs.isLabel(label)] else []) + [fields.cost + ' > 0']),
      summary: 'A single %s spends more than agreed.' % who,
      description(threshold)::
        'The %s {{ $labels.%s }} of ' % [who, label] + alert.service + ' spent {{ $value | printf "%.2f" }} USD in the last ' + knobs.window
        + ' (threshold: ' + threshold + ' USD).',
      value: '{{ $value | printf "%.2f" }} USD in ' + knobs.window,
    }),

  alerts+: [
    group('heliograph-users', 'HighUserCost', 'user'),
    group('heliograph-tenants', 'HighTenantCost', 'tenant'),
  ],
}
