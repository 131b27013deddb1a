// What may be spent: a budget that is (nearly) used up, that goes out too fast, that will not last for its period.

local alert = import '../lib/alert.libsonnet';
local logs = import '../lib/logs.libsonnet';
local promql = import '../lib/promql.libsonnet';
local names = import '../lib/records.libsonnet';
local scopes = import '../lib/scope.libsonnet';

// A month has 30 days here: a pace is no date.
local periods = { day: { seconds: 86400, word: 'daily' }, month: { seconds: 30 * 86400, word: 'monthly' } };

{
  _config:: error 'needs the configuration',

  local budgets = $._config.budgets,
  local describe(name) =
    local limit = budgets.limits[name];
    limit {
      name: name,
      keeps: if limit.each == null then [] else [limit.each],
      own: promql.matches('budget', name),
      seconds: periods[limit.period].seconds,
      of: 'the %s budget %s%s' % [
        periods[limit.period].word,
        name,
        if limit.each == null then '' else ' for %s {{ $labels.%s }}' % [limit.each, limit.each],
      ],
    },

  local rule(budget, timing, spec) = alert.rule($._config, timing { team: budget.team }, spec {
    keeps: budget.keeps,
    board: 'cost',
    level: if spec.severity == 'critical' then 'P2' else 'P3',
    labels+: { budget: budget.name },
    query: logs.top(
      logs.call.cost,
      'service_name, model, chain, tenant, user_id',
      logs.allCalls + (
        if budget.each == null then ''
        else ' | ' + logs.isLabel(if budget.each == 'job' then 'service_name' else budget.each, budget.each)
      ),
      '1h'
    ),
  }),

  local spent(budget) = [
    rule(budget, budgets, {
      alert: 'CostBudgetSpent',
      expr: '%s >= %s\n' % [
        promql.gauge(names.budgetSpent, budget.own),
        promql.number(budget.usd * budgets.spent[index] / 100),
      ],
      local last = index == std.length(budgets.spent) - 1,
      severity: if last then 'critical' else 'warning',
      labels: { percent: promql.number(budgets.spent[index]) },
      summary: 'A budget is used up, or nearly.',
      description: '{{ $value | printf "%.2f" }} USD of ' + budget.of + ' are spent: ' + self.labels.percent + ' % of '
                   + promql.number(budget.usd) + ' USD.',
      value: '{{ $value | printf "%.2f" }} USD',
    })
    for index in std.range(0, std.length(budgets.spent) - 1)
  ],

  local burn(budget) = [
    rule(budget, burn, {
      alert: 'CostBudgetBurn',
      local faster(window) = '%d * %s / %s > %s\n' % [
        budget.seconds,
        promql.gauge(names.budgetPace(window), budget.own),
        promql.number(budget.usd),
        promql.number(burn.factor),
      ],
      expr: faster(burn.long) + 'and\n' + faster(burn.short),
      severity: burn.severity,
      labels: { window: burn.long },
      summary: 'Money goes out several times as fast as its budget allows.',
      description: '%s (%s USD) goes out {{ $value | printf "%%.1f" }} times as fast as it may, over %s and over %s (threshold: %s times).' % [
        'T' + budget.of[1:],
        promql.number(budget.usd),
        burn.long,
        burn.short,
        promql.number(burn.factor),
      ],
      value: '{{ $value | printf "%.1f" }} times',
    })
    for burn in budgets.burn
  ],

  local runsOut(budget) = [
    rule(budget, budgets, {
      alert: 'CostBudgetRunsOut',
      expr: |||
        (%(usd)s - %(spent)s) / %(pace)s < %(within)s
        and
        %(spent)s + %(pace)s * scalar(%(end)s - time()) > %(usd)s
        and
        %(spent)s < %(usd)s
      ||| % {
        usd: promql.number(budget.usd),
        spent: promql.gauge(names.budgetSpent, budget.own),
        pace: promql.gauge(names.budgetPace(budgets.pace), budget.own),
        within: promql.seconds(budgets.runs_out_within),
        end: names.periodEnd(budget.period),
      },
      severity: 'warning',
      summary: 'At this pace a budget ends before its period does.',
      description: 'At the pace of the last ' + budgets.pace + ', ' + budget.of + ' (' + promql.number(budget.usd)
                   + ' USD) is used up in {{ $value | humanizeDuration }}.',
      value: '{{ $value | humanizeDuration }} left',
    }),
  ],

  alerts+: [
    {
      name: 'heliograph-budget-' + name,
      local budget = describe(name),
      rules: spent(budget) + burn(budget) + runsOut(budget),
    }
    for name in std.objectFields(budgets.limits)
  ],
}
