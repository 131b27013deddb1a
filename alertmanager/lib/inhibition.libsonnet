// Which alerts silence which: the cause is told, and what follows from it is not told as well.
//
// A label that neither side has counts as equal. A silenced alert stays visible (`heliograph alerts`); it is sent when
// its cause is over and it is still there. No rule lets a ticket silence what would wake someone: `causes` makes a rule
// for each severity of the source.

// What makes two alerts the same trouble, in all but how bad it is: every label that says what an alert is about.
local identity = [
  'alertname',
  'job',
  'deployment_environment_name',
  'instance',
  'provider',
  'model',
  'chain',
  'tenant',
  'user_id',
  'type',
  'slo',
  'kind',
  'budget',
  'exporter',
  'mountpoint',
  'device',
];

local service = ['job', 'deployment_environment_name'];
local environment = ['deployment_environment_name'];

// The alerts that an application's users feel or its parts raise; silent once it does not run at all.
local symptoms =
  'NoTraffic|HighQueryErrorRate|HighQueryLatency|HighPipelineErrorRate|HighPipelineLatency|ErrorBudgetBurn';

local matcher(label, value) =
  local several = std.length(std.findSubstr('|', value)) > 0;
  (if several then '%s=~"%s"' else '%s="%s"') % [label, value];
local matchers(labels) = [matcher(label, labels[label]) for label in std.objectFields(labels)];

local rule(name, source, target, equal=[]) = {
  name: name,
  source_matchers: matchers(source),
  target_matchers: matchers(target),
  [if equal != [] then 'equal']: equal,
};

// A critical source silences both severities, a warning only warnings.
local causes(name, source, target, equal) = [
  rule(name, source { severity: 'critical' }, target, equal),
  rule(name + ' (warnings)', source { severity: 'warning' }, target { severity: 'warning' }, equal),
];

// A server of the stack that is down: its queue in the collector fills. That is why the queue is there; only once it
// is nearly full (critical) there is something more to know.
local store(job, exporter=job) = rule(
  '%s down silences the filling of its queue' % job,
  { alertname: 'ServiceDown', job: job },
  { alertname: 'CollectorQueueFilling', severity: 'warning' },
) + { target_matchers+: ['exporter=~".+/%s"' % exporter] };

{
  rules:
    // -- The same trouble, and how bad it is --
    [rule('critical silences its warning', { severity: 'critical' }, { severity: 'warning' }, identity)]
    + [
      rule('%s silences lower levels' % pair[0], { level: pair[0] }, { level: pair[1] }, identity)
      for pair in [['P1', 'P2|P3|P4'], ['P2', 'P3|P4'], ['P3', 'P4']]
    ]

    // -- A service that is gone --
    // Queries fail while it dies, and stop after: all of that is the one page "nobody answers".
    + [rule('service down silences its symptoms', { alertname: 'ServiceDown' }, { alertname: symptoms }, service)]

    // -- The stack --
    + [
      // Heartbeats and metrics come through the collector: while it is down they say nothing about the applications.
      rule(
        'collector down silences heartbeats',
        { alertname: 'ServiceDown', job: 'collector' },
        { alertname: 'ServiceDown', signal: 'heartbeat' },
      ),
      rule(
        'collector down silences what lacks data',
        { alertname: 'ServiceDown', job: 'collector' },
        { alertname: 'NoTraffic|TelemetryRefused' },
      ),
      // Its ruler is within it.
      rule(
        'loki down silences its rules',
        { alertname: 'ServiceDown', job: 'loki' },
        { alertname: 'RulesFailing', job: 'loki' },
      ),
    ]
    // A server that is down is the cause; its canary comes back with it. What was missed by then is no news either.
    + [
      rule(
        '%s down silences its canary' % signal[0],
        { alertname: 'ServiceDown', job: signal[0] },
        { alertname: 'CanaryMissing', signal: signal[1] },
      )
      for signal in [['loki', 'logs'], ['jaeger', 'traces'], ['prometheus', 'metrics'], ['collector', 'logs|metrics|traces']]
    ]
    + [
      store('loki'),
      store('prometheus'),
      store('jaeger'),
      store('meter'),
    ]

    // -- Providers --
    // It is theirs, over all services and models: one page, not one for each model.
    + causes(
      'provider outage silences its models',
      { alertname: 'ProviderOutage' },
      { alertname: 'HighLLMErrorRate|HighLLMLatency' },
      environment + ['provider'],
    )
    // Pipelines do not say whose model they call.
    + causes(
      'provider outage silences pipelines',
      { alertname: 'ProviderOutage' },
      { alertname: 'HighPipelineErrorRate' },
      environment,
    )
    // A refused key is why the calls fail.
    + causes(
      'refused credentials silence failing calls',
      { alertname: 'CredentialsRefused' },
      { alertname: 'HighLLMErrorRate' },
      service + ['provider'],
    )

    // -- Users --
    // The same failures, counted over longer windows or one step further in.
    + causes(
      'failing queries silence their error budget',
      { alertname: 'HighQueryErrorRate' },
      { alertname: 'ErrorBudgetBurn', kind: 'errors' },
      service,
    )
    + causes(
      'failing queries silence failing pipelines',
      { alertname: 'HighQueryErrorRate' },
      { alertname: 'HighPipelineErrorRate' },
      service,
    )
    + causes(
      'slow queries silence their latency budget',
      { alertname: 'HighQueryLatency' },
      { alertname: 'ErrorBudgetBurn', kind: 'latency' },
      service,
    )
    + causes(
      'slow queries silence slow pipelines',
      { alertname: 'HighQueryLatency' },
      { alertname: 'HighPipelineLatency' },
      service,
    )

    // -- Money --
    // It is spent: how fast it went is no longer news. A budget with `each` is one for each tenant, model, ...
    + [
      rule(
        'a spent budget silences its burn',
        { alertname: 'CostBudgetSpent', severity: 'critical' },
        { alertname: 'CostBudgetBurn|CostBudgetRunsOut' },
        ['budget', 'tenant', 'model', 'chain', 'job'],
      ),
    ]
    // The projection and the comparison say the same of the same hour.
    + causes(
      'hourly cost silences its projection',
      { alertname: 'HighHourlyCost' },
      { alertname: 'HighDailyCost|CostAnomaly' },
      service,
    ),
}
