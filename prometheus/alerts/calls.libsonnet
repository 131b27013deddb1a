// What models do: calls that fail, calls that take long, for each provider and model; and providers that are out of order,
// or refuse our keys.

local metrics = import '../../dashboards/lib/metrics.libsonnet';
local alert = import '../lib/alert.libsonnet';
local latency = import '../lib/latency.libsonnet';
local logs = import '../lib/logs.libsonnet';
local promql = import '../lib/promql.libsonnet';

local counted = 'status!="cancelled"';
local failed = 'status="error"';

// Some clients name an error with its module (`openai.APITimeoutError`), some without.
local classes(names) =
  '(.+[.])?(%s)' % std.join('|', [std.strReplace(name, '.', '[.]') for name in names]);

{
  _config:: error 'needs the configuration',

  local knobs = $._config.alerts,
  local ofClasses(names) = '%s, error_type=~%s' % [failed, std.escapeStringJson(classes(names))],

  alerts+: [
    {
      name: 'heliograph-calls',
      rules:
        alert.tiers($._config, {
          alert: 'HighLLMErrorRate',
          local knob = knobs.HighLLMErrorRate,
          scoped(threshold, scope)::
            promql.percentage(metrics.llmRequests.name, failed, counted, knob.window, promql.model, scope)
            + '> ' + threshold + '\nand\n'
            + promql.atLeast(knob.minimum, metrics.llmRequests.name, failed, knob.window, promql.model, scope),
          keeps: promql.model,
          traces(threshold):: { errors: true },
          query: logs.calls(promql.model, [logs.failed]),
          summary: 'Calls to a model fail more often than agreed.',
          description(threshold)::
            '{{ $value | printf "%.1f" }} % of the calls of ' + alert.service + ' to ' + alert.model
            + ' failed in the last ' + knob.window + ' (threshold: ' + threshold + ' %).',
          value: '{{ $value | printf "%.1f" }} %',
        })
        + alert.tiers($._config, {
          alert: 'HighLLMLatency',
          local knob = knobs.HighLLMLatency,
          scoped(threshold, scope):: latency.HighLLMLatency.above(threshold, knob, scope),
          keeps: promql.model,
          traces(threshold):: { slower_than: threshold },
          query(threshold):: logs.calls(promql.model, [logs.longerThan(logs.call.latency, threshold)]),
          summary: 'A model answers more slowly than agreed.',
          description(threshold)::
            '5 % of the calls of ' + alert.service + ' to ' + alert.model
            + ' took longer than {{ $value | humanizeDuration }} in the last '
            + knob.window + ' (threshold: ' + threshold + ' s).',
          value: '{{ $value | humanizeDuration }}',
        }),
    },
    {
      name: 'heliograph-providers',
      rules:
        // Over all services: one of them alone may have its own trouble, and few calls.
        alert.tiers($._config, {
          alert: 'ProviderOutage',
          local knob = knobs.ProviderOutage,
          local labels = ['deployment_environment_name', 'provider'],
          local theirs = ofClasses(knob.errors),
          scoped(threshold, scope)::
            promql.percentage(metrics.llmRequests.name, theirs, counted, knob.window, labels, scope)
            + '> ' + threshold + '\nand\n'
            + promql.atLeast(knob.minimum, metrics.llmRequests.name, theirs, knob.window, labels, scope),
          keeps: labels,
          query: logs.callsAround + ' | ' + logs.isLabel('provider') + ' | ' + logs.failed,
          summary: 'A provider of models is out of order.',
          description(threshold)::
            '{{ $value | printf "%.1f" }} % of all calls to {{ $labels.provider }}'
            + '{{ with $labels.deployment_environment_name }} ({{ . }}){{ end }} failed by its own fault in the last '
            + knob.window + ' (threshold: ' + threshold + ' %).',
          value: '{{ $value | printf "%.1f" }} %',
        })
        + alert.single($._config, {
          alert: 'CredentialsRefused',
          local knob = knobs.CredentialsRefused,
          local labels = promql.service + ['provider'],
          expr: promql.atLeast(
            knob.minimum, metrics.llmRequests.name, ofClasses(knob.errors), knob.window, labels
          ),
          keeps: labels,
          traces: { errors: true },
          query: logs.calls(labels, [logs.failed]),
          summary: 'A provider refuses the credentials of a service.',
          description: '{{ $labels.provider }} refused {{ $value | printf "%.0f" }} calls of ' + alert.service
                       + ' in the last ' + knob.window + ': the key is revoked or expired, or may not use this model.',
          value: '{{ $value | printf "%.0f" }} calls',
        }),
    },
  ],
}
