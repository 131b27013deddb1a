// What was promised to users: alerts when the error budget of an SLO burns too fast. (Google, SRE Workbook, chapter 5,
// "Multiwindow, Multi-Burn-Rate Alerts".)

local alert = import '../lib/alert.libsonnet';
local logs = import '../lib/logs.libsonnet';
local promql = import '../lib/promql.libsonnet';
local names = import '../lib/records.libsonnet';
local slos = import '../lib/slos.libsonnet';

local boards = { query: 'queries', llm: 'llm-overview', pipeline: 'agents' };
local scopes = {
  query: { of: logs.queries, time: logs.query.latency },
  llm: { of: logs.calls, time: logs.call.latency },
  pipeline: { of: logs.chains, time: logs.chain.latency },
};

{
  _config:: error 'needs the configuration',

  local burning(slo, window, factor) = |||
    %(bad)s{%(slo)s}
      / %(all)s{%(slo)s}
      / %(budget)s
    > %(factor)s
  ||| % {
    bad: names.sloBad(window),
    all: names.sloAll(window),
    slo: promql.matches('slo', slo.name),
    budget: promql.number(slo.budget),
    factor: promql.number(factor),
  },

  local rule(slo, burn) =
    local latency = slo.kind == 'latency';
    alert.rule($._config, burn { team: slo.team }, {
      alert: 'ErrorBudgetBurn',
      expr:
        burning(slo, burn.long, burn.factor) + 'and\n'
        + burning(slo, burn.short, burn.factor) + 'and\n'
        + '%s{%s} >= %s\n' % [
          names.sloBad(burn.long),
          promql.matches('slo', slo.name),
          promql.number(slo.minimum),
        ],
      keeps: promql.service,
      board: boards[slo.scope],
      severity: burn.severity,
      level: if burn.severity == 'critical' then 'P2' else 'P3',
      labels: { slo: slo.name, kind: slo.kind, window: burn.long },
      traces: if latency then { slower_than: promql.seconds(slo.within) } else { errors: true },
      query: scopes[slo.scope].of(promql.service, [
        if latency then logs.longerThan(scopes[slo.scope].time, promql.seconds(slo.within)) else logs.failed,
      ]),
      summary: 'The error budget of a promise to users burns too fast.',
      description:
        '%s: more than %s %% of the %s of %s %s. The budget for that burns {{ $value | printf "%%.1f" }} times as fast as it may, over %s and over %s (threshold: %s times).' % [
          slo.name,
          promql.number(100 - slo.objective),
          slo.unit,
          alert.service,
          if latency then 'take longer than ' + slo.within else 'fail',
          burn.long,
          burn.short,
          promql.number(burn.factor),
        ],
      value: '{{ $value | printf "%.1f" }} times',
    }),

  alerts+: [
    {
      name: 'heliograph-slo-' + slo.name,
      rules: [
        rule(slo, burn)
        for burn in $._config.burn_rates
        // A budget that is large enough cannot burn that fast: not even when everything is bad.
        if burn.factor * slo.budget < 1
      ],
    }
    for slo in slos.all($._config)
  ],
}
