// Cost: what is spent on what, by whom, how fast, and what of it bought nothing.

local records = import '../../prometheus/lib/records.libsonnet';
local boards = import '../lib/board.libsonnet';
local e = import '../lib/events.libsonnet';
local explore = import '../lib/explore.libsonnet';
local m = import '../lib/metrics.libsonnet';
local p = import '../lib/panels.libsonnet';
local q = import '../lib/queries.libsonnet';
local sel = import '../lib/selectors.libsonnet';
local tokens = import '../lib/tokens.libsonnet';

{
  _config:: error 'needs the configuration',

  local config = $._config,
  local s = (import '../lib/series.libsonnet')(config),
  local units = tokens.units,
  local uid = 'heliograph-cost',

  board::
    boards.new(
      config,
      uid=uid,
      title='Cost',
      description='What calls of models cost: by model, tenant, user and query, against thresholds and budgets.',
      source='dashboards/boards/cost.libsonnet',
      panels=p.grid([
        {
          title: 'Key figures',
          height: tokens.height.key,
          panels: [
            [3, key.day],
            [3, key.projection],
            [3, key.hour],
            [3, key.query],
            [3, key.wasted],
            [3, key.unpriced],
            [3, key.estimated],
            [3, key.cached],
          ],
        },
        {
          title: 'How fast',
          height: tokens.height.normal,
          panels: [
            [12, panels.byModel],
            [12, panels.byTenant],
            [12, panels.hourly],
            [12, panels.projected],
          ],
        },
      ] + (
        if budgets == [] then [] else [{
          title: 'Budgets',
          height: tokens.height.normal,
          panels: [
            [12, panels.budgetSpent],
            [6, panels.budgetNow],
            [6, panels.budgetLasts],
          ],
        }]
      ) + [
        {
          title: 'On what, and by whom',
          height: tokens.height.normal,
          panels: [
            [6, panels.dayByModel],
            [6, panels.dayByTenant],
            [6, panels.dayByChain],
            [6, panels.users],
          ],
        },
        {
          title: 'What a query costs',
          height: tokens.height.normal,
          panels: [
            [8, panels.queryCost],
            [8, panels.querySpread],
            [8, panels.queryByType],
          ],
        },
        {
          title: 'What bought nothing, and what the bill lacks',
          height: tokens.height.normal,
          panels: [
            [8, panels.wasted],
            [8, panels.unpriced],
            [8, panels.cached],
          ],
        },
      ])
    ),

  // -------------------------------------------------------------------------------------------------------------------

  local onlyModel = boards.only(uid, 'model', 'model'),
  local onlyTenant = boards.only(uid, 'tenant', 'tenant'),
  local onlyChain = boards.only(uid, 'chain', 'chain'),
  local onlyService = boards.only(uid, 'job', 'service'),

  // What may be spent: a series for each budget, or for each tenant (model, ...) that has one of its own.
  local budgets = std.objectFields(config.budgets.limits),
  local ofBudgets(expr) = std.join(' or ', [
    expr % { own: 'budget="%s"' % name, usd: config.budgets.limits[name].usd }
    for name in budgets
  ]),
  local budgetName = std.join(' ', ['{{budget}}'] + std.set([
    '{{%s}}' % config.budgets.limits[name].each
    for name in budgets
    if config.budgets.limits[name].each != null
  ])),
  local spentShare = ofBudgets('100 * %s{%%(own)s} / %%(usd)s' % records.budgetSpent),
  local spentTiers = {
    local percents = config.budgets.spent,
    warning: if std.length(percents) > 1 then percents[0] else null,
    critical: percents[std.length(percents) - 1],
  },

  local day = ' The last 24 hours, whatever time range is shown.',
  local nothing = p.noValue('nothing spent in this time range'),

  local key = {
    day:
      p.stat(
        'Cost, 24 h',
        m.llmCost.help + day + ' The threshold is that of HighDailyCost.',
        units.usd,
        q.instant('sum(%s{%s})' % [s.day.llmCost, sel.calls], 'cost')
      ) + p.noValue('nothing spent') + p.alert(config, 'HighDailyCost'),

    projection:
      p.stat(
        'Projected for a day',
        'If the last %s went on for 24 hours. Of whole services, whatever model, chain or tenant is chosen.'
        % config.alerts.HighDailyCost.window,
        units.usd,
        q.instant('24 * 3600 * sum(%s{%s})' % [s.pace('HighDailyCost'), sel.service], 'projection')
      ) + p.noValue('nothing spent') + p.alert(config, 'HighDailyCost'),

    hour:
      p.stat(
        'Costliest service',
        'USD an hour of the service that costs most, over the last %s. Of whole services.'
        % config.alerts.HighHourlyCost.window,
        units.usd,
        q.instant('3600 * max(%s{%s})' % [s.pace('HighHourlyCost'), sel.service], 'cost')
      ) + p.noValue('nothing spent') + p.alert(config, 'HighHourlyCost'),

    local window = config.alerts.HighQueryCost.window,
    query:
      p.stat(
        'Query p95',
        '95 % of the queries cost less. Over the last ' + window + '.',
        units.usd,
        q.instant(s.quantile('0.95', s.rate.queryCostBucket, sel.queries, window), 'p95')
      ) + p.decimals(4) + p.noValue('no queries') + p.alert(config, 'HighQueryCost'),

    wasted:
      p.stat(
        'Wasted, 24 h',
        m.llmWastedCost.help + ' In percent of the whole cost.' + day,
        units.percent,
        q.instant(
          |||
            100 * (sum(%(wasted)s{%(calls)s}) or 0 * sum(%(cost)s{%(calls)s}))
            / (sum(%(cost)s{%(calls)s}) > 0)
          ||| % { wasted: s.day.llmWastedCost, cost: s.day.llmCost, calls: sel.calls },
          'wasted'
        )
      ) + p.decimals(1) + p.noValue('nothing spent') + p.alert(config, 'HighWastedCost'),

    unpriced:
      p.stat(
        'Unpriced, 24 h',
        m.llmUnpricedTokens.help + day,
        units.number,
        q.instant('sum(%s{%s}) > 0' % [s.day.llmUnpricedTokens, sel.calls], 'tokens')
      )
      + p.noValue('none')
      + p.limits({ warning: 1 })
      + p.runbook(config, 'UnpricedModel'),

    // No record of these: where they exist at all, they are a few series.
    estimated:
      p.stat(
        'Estimated, 24 h',
        m.llmEstimatedTokens.help + ' In percent of all tokens: how much of the bill is a guess.' + day,
        units.percent,
        q.instant(
          '100 * sum(increase(%s{%s}[24h])) / sum(%s{%s})' % [m.llmEstimatedTokens.name, sel.calls, s.day.llmTokens, sel.calls],
          'estimated'
        )
      ) + p.decimals(1) + p.noValue('none'),

    cached:
      p.stat(
        'Cached input',
        'Input tokens read from a prompt cache, in percent of all input tokens in this time range. Providers bill them at a part of the price.',
        units.percent,
        q.instant(cachedShare('$__range', ''), 'cached')
      ) + p.decimals(1) + p.noValue('no calls'),
  },

  local cachedShare(window, by) = s.percent(
    { record: s.rate.llmCachedTokens, selector: sel.calls + ', type="read"' },
    { record: s.rate.llmTokens, selector: sel.calls + ', type="input"' },
    window,
    by
  ),

  // What was spent in 24 hours, the largest first.
  local dayBy(label, name, description) =
    p.bars(
      name,
      description + day,
      units.usd,
      q.instant('sort_desc(topk(%d, sum by (%s) (%s{%s}) > 0))' % [tokens.top, label, s.day.llmCost, sel.calls], '{{%s}}' % label),
      '${__field.labels.%s}' % label
    ) + p.noValue('nothing spent'),

  local panels = {
    byModel:
      p.timeSeries(
        'Cost per hour by model',
        m.llmCost.help + ' As USD an hour, at this moment; the lines are the thresholds of HighHourlyCost, which is about a service in an hour.',
        units.usd,
        [q.range(s.perHour(s.rate.llmCost, sel.calls, 'model'), '{{model}}')]
      ) + p.stacked + nothing + onlyModel + p.alertLines(config, 'HighHourlyCost'),

    byTenant:
      p.timeSeries(
        'Cost per hour by tenant',
        m.llmCost.help + ' As USD an hour, at this moment; the lines are the thresholds of HighTenantCost, which looks at an hour.',
        units.usd,
        [q.range(s.perHour(s.rate.llmCost, sel.calls, 'tenant'), '{{tenant}}')]
      ) + p.stacked + nothing + p.unnamed('no tenant') + onlyTenant + p.alertLines(config, 'HighTenantCost'),

    hourly:
      p.timeSeries(
        'Hourly cost by service',
        'What HighHourlyCost compares with its thresholds, the lines: USD an hour, over the last %s. Of whole services.'
        % config.alerts.HighHourlyCost.window,
        units.usd,
        [q.range('3600 * sum by (job) (%s{%s})' % [s.pace('HighHourlyCost'), sel.service], '{{job}}')]
      ) + nothing + onlyService + p.alertLines(config, 'HighHourlyCost'),

    projected:
      p.timeSeries(
        'Projected for a day, by service',
        'As if the last %s went on for 24 hours: what HighDailyCost compares with its threshold. Of whole services.'
        % config.alerts.HighDailyCost.window,
        units.usd,
        [q.range('24 * 3600 * sum by (job) (%s{%s})' % [s.pace('HighDailyCost'), sel.service], '{{job}}')]
      ) + nothing + onlyService + p.alertLines(config, 'HighDailyCost'),

    local allServices = ' Whatever is chosen above.',

    budgetSpent:
      p.timeSeries(
        'Budget spent',
        'Since the day or the month began, in percent; the lines are where CostBudgetSpent fires.' + allServices,
        units.percent,
        [q.range(spentShare, budgetName)]
      )
      + p.decimals(1)
      + p.noValue('nothing spent')
      + p.limits(spentTiers, quiet=tokens.colors.default)
      + p.room(spentTiers.critical)
      + p.lined
      + p.runbook(config, 'CostBudgetSpent'),

    budgetNow:
      p.bars(
        'Budget spent, now',
        'Since the day or the month began, in percent.' + allServices,
        units.percent,
        q.instant('sort_desc(%s)' % spentShare, budgetName),
        '${__series.name}'
      )
      + p.decimals(1)
      + p.ofHundred
      + p.noValue('nothing spent')
      + p.limits(spentTiers, quiet=tokens.colors.default)
      + p.runbook(config, 'CostBudgetSpent'),

    budgetLasts:
      p.bars(
        'Budget lasts for',
        'The rest of the budget at the pace of the last %s. CostBudgetRunsOut fires when that is less than %s and the period is longer.'
        % [config.budgets.pace, config.budgets.runs_out_within] + allServices,
        units.seconds,
        q.instant(
          'sort(%s)' % ofBudgets(
            'clamp_min(%%(usd)s - %s{%%(own)s}, 0) / (%s{%%(own)s} > 0)'
            % [records.budgetSpent, records.budgetPace(config.budgets.pace)]
          ),
          budgetName
        ),
        '${__series.name}'
      )
      + p.noValue('nothing is spent')
      + p.runbook(config, 'CostBudgetRunsOut'),

    dayByModel: dayBy('model', 'By model, 24 h', 'Cost of calls to each model.') + onlyModel,
    dayByTenant: dayBy('tenant', 'By tenant, 24 h', 'Cost of the calls for each tenant.') + onlyTenant,
    dayByChain: dayBy('chain', 'By chain, 24 h', 'Cost of the calls within each chain: the innermost one around a call.') + onlyChain,

    local call = e.llmCall.fields,
    users:
      p.top(
        'Top %d users' % tokens.top,
        'Cost of the calls for each user, in this time range; users are never labels of a metric, so this is read from the events.',
        q.counted(
          'sort_desc(topk(%d, sum by (%s) (sum_over_time(%s | unwrap %s [$__range]))))'
          % [tokens.top, call.user, sel.callRecords(['%s!=""' % call.user]), call.cost],
          '{{%s}}' % call.user
        ),
        { field: call.user, title: 'User', links: [explore.userLink(sel.records(e.llmCall))] },
        { title: 'Cost', unit: units.usd, decimals: 4 }
      ) + p.noValue('no users in this time range') + p.runbook(config, 'HighUserCost'),

    queryCost:
      p.timeSeries(
        'Cost per query',
        m.queryCost.help + ' The dots are single queries: click one for its trace.',
        units.usd,
        [
          q.range(s.quantile('0.5', s.rate.queryCostBucket, sel.queries, '$__interval'), 'p50'),
          q.range(s.quantile('0.95', s.rate.queryCostBucket, sel.queries, '$__interval'), 'p95'),
          q.range(s.mean(s.rate.queryCostSum, s.rate.queryCostCount, sel.queries, '$__interval'), 'mean'),
          q.exemplars(m.queryCost, sel.queries),
        ]
      ) + p.noValue('no queries in this time range') + p.alertLines(config, 'HighQueryCost'),

    querySpread:
      p.heatmap(
        'Cost per query, spread',
        m.queryCost.help + ' The stronger the colour, the more queries.',
        units.usd,
        q.buckets(s.buckets(s.rate.queryCostBucket, sel.queries))
      ) + p.noValue('no queries in this time range'),

    queryByType:
      p.timeSeries(
        'Mean cost per query, by type',
        m.queryCost.help,
        units.usd,
        [
          q.range(
            s.mean(s.rate.queryCostSum, s.rate.queryCostCount, sel.queries, '$__interval', 'query_type'), '{{query_type}}'
          ),
        ]
      ) + p.unnamed('no type') + p.noValue('no queries in this time range'),

    wasted:
      p.timeSeries(
        'Wasted per hour, by reason',
        m.llmWastedCost.help + ' As USD an hour: the call failed, was given up by its caller, or its answer was blocked.',
        units.usd,
        [q.range(s.perHour(s.rate.llmWastedCost, sel.calls, 'reason'), '{{reason}}')]
      ) + p.stacked + p.noValue('nothing wasted in this time range') + p.runbook(config, 'HighWastedCost'),

    unpriced:
      p.timeSeries(
        'Unpriced tokens per minute, by model',
        m.llmUnpricedTokens.help + ' Give the model a price in heliograph.yaml, or call it free.',
        units.perMinute,
        [q.range(s.perMinute(s.rate.llmUnpricedTokens, sel.calls, 'model'), '{{model}}')]
      )
      + p.stacked
      + p.noValue('no unpriced tokens in this time range')
      + onlyModel
      + p.runbook(config, 'UnpricedModel'),

    cached:
      p.timeSeries(
        'Cached input by model',
        'Input tokens read from a prompt cache, in percent of the input tokens of the model. A fall means a prompt whose beginning changes.',
        units.percent,
        [q.range(cachedShare('$__interval', 'model'), '{{model}}')]
      ) + p.decimals(1) + p.ofHundred + p.noValue('no calls in this time range') + onlyModel,
  },
}
