// What applications say of their own telemetry: what they lost, folded or left out.

local boards = import '../../lib/board.libsonnet';
local m = import '../../lib/metrics.libsonnet';
local p = import '../../lib/panels.libsonnet';
local q = import '../../lib/queries.libsonnet';
local tokens = import '../../lib/tokens.libsonnet';
local x = import 'expressions.libsonnet';

local units = tokens.units;
local noApplication = p.noValue('no application in this time range');
// This board shows all services: a line of one leads to the board that shows what it does.
local overview = boards.only('heliograph-llm-overview', 'job', 'service');

// Such a counter is made by the first of its kind. An application that beats and has none has a real 0, under a name.
local counted(metric, selector, labels) =
  '%s or on (job) label_replace(0 * sum by (job) (%s), "%s", "nothing", "", "")' % [
    x.sum(std.join(', ', ['job'] + labels), x.increase(metric, selector, '$__rate_interval')),
    m.heartbeat.name,
    labels[0],
  ];
local legend(labels) = std.join(' ', ['{{%s}}' % label for label in ['job'] + labels]);
local panel(title, help, metric, selector, labels) =
  p.timeSeries(title, help, units.number, [q.range(counted(metric, selector, labels), legend(labels))])
  + p.decimals(0)
  + noApplication
  + overview;

function(config) {
  lost:
    panel(
      'Lost by applications',
      m.dropped.help + ' By application, signal and reason; the runbook explains the reasons. Without what arrives cut (`limits`).',
      m.dropped,
      'reason!="limits"',
      ['signal', 'reason']
    ) + p.runbook(config, 'TelemetryLost'),

  folded:
    panel(
      'Label values folded',
      m.labelsFolded.help + ' By application and label.',
      m.labelsFolded,
      '',
      ['label']
    ) + p.runbook(config, 'LabelValuesFolded'),

  unredacted:
    p.timeSeries(
      'Redaction that failed',
      m.redactionFailures.help + ' By application.',
      units.number,
      [
        q.range(
          x.orNothing(
            x.sum('job', x.increase(m.redactionFailures, '', '$__rate_interval')),
            'sum by (job) (%s)' % m.heartbeat.name
          ),
          '{{job}}'
        ),
      ]
    ) + p.decimals(0) + noApplication + overview + p.runbook(config, 'RedactionFailing'),
}
