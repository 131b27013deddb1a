// Queries: what users ask, how long they wait, what fails them, and which single ones to look at.

local boards = import '../lib/board.libsonnet';
local e = import '../lib/events.libsonnet';
local explore = import '../lib/explore.libsonnet';
local m = import '../lib/metrics.libsonnet';
local p = import '../lib/panels.libsonnet';
local q = import '../lib/queries.libsonnet';
local sel = import '../lib/selectors.libsonnet';
local tokens = import '../lib/tokens.libsonnet';
local variables = import '../lib/variables.libsonnet';

{
  _config:: error 'needs the configuration',

  local config = $._config,
  local s = (import '../lib/series.libsonnet')(config),
  local units = tokens.units,
  local uid = 'heliograph-queries',
  local field = e.queryFinished.fields,

  board::
    boards.new(
      config,
      uid=uid,
      title='Queries',
      description="Users' queries: what they ask, how long they wait, what fails, and the single queries behind it.",
      source='dashboards/boards/queries.libsonnet',
      hide=['model'],
      more=[own.slow, own.costly],
      panels=p.grid([
        {
          title: 'Key figures',
          height: tokens.height.key,
          panels: [
            [4, key.rate],
            [4, key.day],
            [4, key.errors],
            [4, key.latency],
            [4, key.cost],
            [4, key.steps],
          ],
        },
        {
          title: 'Which are slow',
          height: tokens.height.normal,
          panels: [
            [8, panels.latencyByType],
            [8, panels.latencyByChain],
            [8, panels.spread],
          ],
        },
        {
          title: 'Which fail',
          height: tokens.height.normal,
          panels: [
            [8, panels.errorsByType],
            [8, panels.errorsByChain],
            [8, panels.failures],
          ],
        },
        {
          title: 'What is asked, and by whom',
          height: tokens.height.normal,
          panels: [
            [12, panels.types],
            [6, panels.popular],
            [6, panels.users],
          ],
        },
        {
          title: 'Single queries: a click on the trace id shows what happened',
          height: tokens.height.tall,
          panels: [
            [12, panels.slowest],
            [12, panels.costliest],
            [24, panels.failed],
          ],
        },
      ])
    ),

  // -------------------------------------------------------------------------------------------------------------------

  // Where "slow" and "costly" begin: as near as an edge of the histogram comes to one query in twenty.
  local tail = 0.05,
  local own = {
    slow: variables.edge(
      'slower_than',
      'Slow: longer than, s',
      'The table of slow queries starts here. At least one query in twenty took longer than the highest of these.',
      s.edge(s.rate.queryLatencyBucket, sel.queries, tail)
    ),
    costly: variables.edge(
      'costlier_than',
      'Costly: more than, USD',
      'The table of expensive queries starts here. At least one query in twenty cost more than the highest of these.',
      s.edge(s.rate.queryCostBucket, sel.queries, tail)
    ),
  },

  local onlyChain = boards.only(uid, 'chain', 'chain'),
  local noQueries = p.noValue('no queries in this time range'),

  // The queries behind a series.
  local recordsOf(label, also=[]) = p.dataLink(
    'Queries with %s ${__field.labels.%s}' % [label, label],
    explore.records(sel.records(e.queryFinished, also + ['%s="<<__field.labels.%s>>"' % [label, label]]))
  ),

  local key = {
    local windows = { [name]: config.alerts[name].window for name in ['HighQueryErrorRate', 'HighQueryLatency', 'HighQueryCost'] },

    rate:
      p.stat(
        'Queries',
        m.queryRequests.help + ' Per minute, over the last %s.' % windows.HighQueryErrorRate,
        units.perMinute,
        q.instant(s.perMinuteNow(s.rate.queryRequests, sel.queries, windows.HighQueryErrorRate), 'queries')
      ) + p.decimals(1) + p.noValue('no queries') + p.runbook(config, 'NoTraffic'),

    day:
      p.stat(
        'Queries, 24 h',
        m.queryRequests.help + ' The last 24 hours, whatever time range is shown.',
        units.count,
        q.instant('sum(%s{%s})' % [s.day.queryRequests, sel.queries], 'queries')
      ) + p.decimals(0) + p.noValue('no queries'),

    errors:
      p.stat(
        'Failed',
        'Share of the queries that ended in an error; cancelled ones do not count. Over the last %s.'
        % windows.HighQueryErrorRate,
        units.percent,
        q.instant(s.errorRate(s.rate.queryRequests, sel.queries, windows.HighQueryErrorRate), 'errors')
      ) + p.decimals(1) + p.noValue('no queries') + p.alert(config, 'HighQueryErrorRate'),

    latency:
      p.stat(
        'Time p95',
        '95 % of the queries were answered within this time. Over the last ' + windows.HighQueryLatency + '.',
        units.seconds,
        q.instant(
          s.quantile('0.95', s.rate.queryLatencyBucket, sel.queries + sel.finished, windows.HighQueryLatency), 'p95'
        )
      ) + p.noValue('no queries') + p.alert(config, 'HighQueryLatency'),

    cost:
      p.stat(
        'Cost p95',
        '95 % of the queries cost less. Over the last ' + windows.HighQueryCost + '.',
        units.usd,
        q.instant(s.quantile('0.95', s.rate.queryCostBucket, sel.queries, windows.HighQueryCost), 'p95')
      ) + p.decimals(4) + p.noValue('no queries') + p.alert(config, 'HighQueryCost'),

    steps:
      p.stat(
        'Calls p95',
        m.queryLlmCalls.help + ' 95 % of the queries made no more. Over the last ' + windows.HighQueryLatency + '.',
        units.count,
        q.instant(s.quantile('0.95', s.rate.queryLlmCallsBucket, sel.queries, windows.HighQueryLatency), 'p95')
      ) + p.decimals(0) + p.noValue('no queries') + p.runbook(config, 'RunawayAgent'),
  },

  local panels = {
    // p95 by a label, and dots that lead to single queries.
    local latencyBy(label) = [
      q.range(
        s.quantile('0.95', s.rate.queryLatencyBucket, sel.queries + sel.finished, '$__interval', 'le, ' + label),
        '{{%s}}' % label
      ),
      q.exemplars(m.queryLatency, sel.queries + sel.finished),
    ],
    local errorsBy(label) = [
      q.range(s.errorRate(s.rate.queryRequests, sel.queries, '$__interval', label), '{{%s}}' % label),
    ],

    latencyByType:
      p.timeSeries(
        'Query time by type, p95',
        m.queryLatency.help + ' 95 % were answered within this time. The dots are single queries: click one for its trace.',
        units.seconds,
        latencyBy('query_type')
      ) + noQueries + p.unnamed('no type') + recordsOf(field.queryType) + p.alertLines(config, 'HighQueryLatency'),

    latencyByChain:
      p.timeSeries(
        'Query time by chain, p95',
        m.queryLatency.help + ' 95 % were answered within this time. The chain that the query was given.',
        units.seconds,
        latencyBy('chain')
      ) + noQueries + p.unnamed('no chain') + onlyChain + p.alertLines(config, 'HighQueryLatency'),

    spread:
      p.heatmap(
        'Query time, spread',
        m.queryLatency.help + ' The stronger the colour, the more queries. Two bands are two kinds of queries.',
        units.seconds,
        q.buckets(s.buckets(s.rate.queryLatencyBucket, sel.queries + sel.finished))
      ) + noQueries,

    errorsByType:
      p.timeSeries(
        'Error rate by type',
        'Failed in percent of the queries of a type that ended.',
        units.percent,
        errorsBy('query_type')
      )
      + p.decimals(1)
      + noQueries
      + p.unnamed('no type')
      + recordsOf(field.queryType, ['status="error"'])
      + p.alertLines(config, 'HighQueryErrorRate')
      + p.roomFor(config, 'HighQueryErrorRate'),

    errorsByChain:
      p.timeSeries(
        'Error rate by chain',
        'Failed in percent of the queries that were given a chain and ended.',
        units.percent,
        errorsBy('chain')
      )
      + p.decimals(1)
      + noQueries
      + p.unnamed('no chain')
      + onlyChain
      + p.alertLines(config, 'HighQueryErrorRate')
      + p.roomFor(config, 'HighQueryErrorRate'),

    failures:
      p.timeSeries(
        'Failed queries per minute, by error',
        'What reached the user: the class of the error.',
        units.perMinute,
        [q.range(s.perMinute(s.rate.queryRequests, sel.queries + sel.failed, 'error_type'), '{{error_type}}')]
      ) + p.stacked + p.noValue('no failed queries in this time range') + recordsOf(field.errorType),

    types:
      p.timeSeries(
        'Queries per minute by type',
        m.queryRequests.help,
        units.perMinute,
        [q.range(s.perMinute(s.rate.queryRequests, sel.queries, 'query_type'), '{{query_type}}')]
      ) + p.stacked + noQueries + p.unnamed('no type') + recordsOf(field.queryType),

    popular:
      p.bars(
        'Popular types, 24 h',
        'How many queries of each type there were, the most popular first. The last 24 hours, whatever time range is shown.',
        units.count,
        q.instant(
          'sort_desc(topk(%d, sum by (query_type) (%s{%s})))' % [tokens.top, s.day.queryRequests, sel.queries], '{{query_type}}'
        ),
        '${__field.labels.query_type}'
      ) + p.decimals(0) + noQueries,

    users:
      p.top(
        'Top %d users' % tokens.top,
        'Queries of each user in this time range; users are never labels of a metric, so this is read from the events.',
        q.counted(
          'sort_desc(topk(%d, sum by (%s) (count_over_time(%s [$__range]))))'
          % [tokens.top, field.user, sel.queryRecords(['%s!=""' % field.user])],
          '{{%s}}' % field.user
        ),
        { field: field.user, title: 'User', links: [explore.userLink(sel.records(e.queryFinished))] },
        { title: 'Queries', unit: units.count, decimals: 0 }
      ) + p.noValue('no users in this time range'),

    // A row per query; `first` is the column that the table is about.
    local table(title, description, stage, first, more=[]) =
      local columns = {
        time: { field: 'Time', title: 'Time', unit: 'dateTimeAsLocalNoDateIfToday', width: 120 },
        latency: { field: field.latency, title: 'Took', unit: units.seconds, width: 90, decimals: 2 },
        cost: { field: field.cost, title: 'Cost', unit: units.usd, width: 90, decimals: 5 },
        calls: { field: field.llmCalls, title: 'Calls', unit: units.number, width: 60, decimals: 0 },
        type: { field: field.queryType, title: 'Type', width: 100 },
        user: { field: field.user, title: 'User', width: 100 },
        errorType: { field: field.errorType, title: 'Error' },
        trace: { field: e.traceId, title: 'Trace', links: [explore.traceLink] },
      };
      p.recordTable(
        title,
        description,
        q.logs(sel.queryRecords(stage)),
        [columns[name] for name in ['time', first] + more + ['type', 'user', 'trace']],
        numbers=[field.latency, field.cost, field.llmCalls],
        sort=columns[first].title
      ),

    slowest:
      table(
        'Slow queries',
        'The newest 100 that took longer than what is chosen above as slow, the slowest first.',
        ['%s > $slower_than' % field.latency],
        'latency',
        ['cost', 'calls']
      ) + p.noValue('no query was slower in this time range') + p.runbook(config, 'HighQueryLatency'),

    costliest:
      table(
        'Expensive queries',
        'The newest 100 that cost more than what is chosen above as costly, the most expensive first.',
        ['%s > $costlier_than' % field.cost],
        'cost',
        ['latency', 'calls']
      ) + p.noValue('no query cost more in this time range') + p.runbook(config, 'HighQueryCost'),

    failed:
      table(
        'Failed queries',
        'The newest 100 that failed.',
        ['status="error"'],
        'errorType',
        ['latency', 'cost', 'calls']
      )
      + { options+: { sortBy: [{ displayName: 'Time', desc: true }] } }
      + p.noValue('no failed queries in this time range')
      + p.runbook(config, 'HighQueryErrorRate'),
  },
}
