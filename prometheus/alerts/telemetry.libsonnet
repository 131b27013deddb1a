// What applications say about their own telemetry.

local metrics = import '../../dashboards/lib/metrics.libsonnet';
local alert = import '../lib/alert.libsonnet';
local promql = import '../lib/promql.libsonnet';

{
  _config:: error 'needs the configuration',

  local knobs = $._config.alerts,

  alerts+: [
    {
      name: 'heliograph-telemetry',
      rules:
        alert.single($._config, {
          alert: 'LabelValuesFolded',
          local knob = knobs.LabelValuesFolded,
          expr: promql.sumOfIncrease(metrics.labelsFolded.name, '', knob.window, promql.service + ['label']) + ' > 0\n',
          keeps: promql.service,
          board: 'stack-health',
          level: 'P4',  // the events know every value, and the sums are right
          summary: 'A label has more values than its cap; new ones are counted as `other`.',
          description: 'The label {{ $labels.label }} of ' + alert.service
                       + ' is full: {{ $value | printf "%.0f" }} times in the last ' + knob.window
                       + ' a new value was counted as `other`.',
          value: '{{ $value | printf "%.0f" }} times',
        })
        + alert.single($._config, {
          alert: 'RedactionFailing',
          local knob = knobs.RedactionFailing,
          expr: promql.sumOfIncrease(metrics.redactionFailures.name, '', knob.window, promql.service) + ' > 0\n',
          keeps: promql.service,
          board: 'stack-health',
          summary: 'A redact function of an application fails; the values it should clean are left out.',
          description: 'The redact function of ' + alert.service
                       + ' failed {{ $value | printf "%.0f" }} times in the last ' + knob.window + '.',
          value: '{{ $value | printf "%.0f" }} failures',
        })
        // What an application could not keep; what keeps it from sending has alerts of its own. The losses of the servers
        // are in stack/losses.libsonnet.
        + alert.single($._config, {
          alert: 'TelemetryLost',
          local window = knobs.TelemetryLost.window,
          severity: 'warning',
          labels: { reason: 'application' },
          board: 'stack-health',
          keeps: [],
          // Items that arrive without a part were cut by limits that somebody has set.
          expr: promql.sumOfIncrease(metrics.dropped.name, 'reason!="limits"', window, promql.service + ['signal']) + ' > 0\n',
          summary: 'An application lost telemetry before anybody had taken it: its traces, events or logs have gaps.',
          description: '{{ $labels.job }} lost about {{ $value | humanize }} items ({{ $labels.signal }}) in the last ' + window
                       + '. ' + metrics.dropped.name + ' says for what reason.',
          value: '{{ $value | humanize }} items',
        }),
    },
  ],
}
