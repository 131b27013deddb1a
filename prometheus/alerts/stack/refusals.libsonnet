// What was turned away, or left out, before anybody had acknowledged it.

local servers = import '../../../dashboards/lib/server_metrics.libsonnet';
local stack = import '../../lib/servers.libsonnet';

local collector = stack.collector;

{
  _config:: error 'needs the configuration',

  local knobs = $._config.alerts,
  local about = stack.about($._config),
  local single = about.single,
  local bySignal = about.bySignal,

  local refused(reason, spec) = single({
    alert: 'TelemetryRefused',
    labels: { reason: reason },
    summary: 'Telemetry is turned away or left out.',
    value: '{{ $value | humanize }}',
  } + spec),
  local refusedByCollector(reason, metrics, words) =
    local window = knobs.TelemetryRefused.window;
    bySignal(metrics, function(signal, metric) refused(reason, {
      labels: { reason: reason, signal: signal },
      expr: stack.sumOfGrown(metric, collector, window, ['job', 'receiver']),
      description: words % ('about {{ $value | humanize }} records (%s) in the last %s' % [signal, window]),
    })),

  local refusalRules =
    refusedByCollector(
      'turned_away',
      servers.collector.refused,
      'The collector turned %s away that came to {{ $labels.receiver }}: a queue is full, or its memory. Senders try again for a while.'
    )
    + refusedByCollector(
      'receiver_failed', servers.collector.failed, 'The receiver {{ $labels.receiver }} failed on %s.'
    )
    + [
      refused('left_out', {
        local window = knobs.TelemetryRefused.window,
        labels: { reason: 'left_out', signal: 'metrics' },
        expr: stack.sumOfGrown(servers.collector.filteredPoints, collector, window, ['job', 'filter']),
        description: '{{ $labels.filter }} left out about {{ $value | humanize }} points in the last ' + window
                     + ': the clock of a sender is wrong, or it sends NaN, deltas or huge labels.',
      }),
      refused('left_out', {
        local window = knobs.TelemetryRefused.window,
        labels: { reason: 'left_out', signal: 'traces' },
        expr: stack.sumOfGrown(servers.collector.filteredSpans, stack.unfit, window, ['job', 'filter']),
        description: '{{ $labels.filter }} left out about {{ $value | humanize }} spans in the last ' + window
                     + ': more than their store can hold, also with long texts cut.',
      }),
    ],

  alerts+: [
    { name: 'heliograph-stack-refusals', rules: std.flattenArrays(refusalRules) },
  ],
}
