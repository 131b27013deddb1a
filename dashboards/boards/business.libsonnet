// Business: how many people use it, how much, what that costs, and whether they come back.

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
  local uid = 'heliograph-business',
  local field = e.queryFinished.fields,

  board::
    boards.new(
      config,
      uid=uid,
      title='Business',
      description='Users, sessions and tenants: how many there are, how much they ask, what it costs, who comes back.',
      source='dashboards/boards/business.libsonnet',
      hide=['model'],
      panels=p.grid([
        {
          title: 'Key figures',
          height: tokens.height.key,
          panels: [
            [3, key.users],
            [3, key.sessions],
            [3, key.queries],
            [3, key.perUser],
            [3, key.costPerQuery],
            [3, key.costPerUser],
            [3, key.returning],
            [3, key.success],
          ],
        },
        {
          title: 'Use',
          height: tokens.height.normal,
          panels: [
            [12, panels.users],
            [12, panels.sessions],
            [12, panels.tenants],
            [6, panels.tenantsDay],
            [6, panels.topUsers],
          ],
        },
        {
          title: 'What it costs',
          height: tokens.height.normal,
          panels: [
            [12, panels.costPerQuery],
            [6, panels.tenantsCost],
            [6, panels.topSpenders],
          ],
        },
      ])
    ),

  // -------------------------------------------------------------------------------------------------------------------

  local onlyTenant = boards.only(uid, 'tenant', 'tenant'),
  local onlyService = boards.only(uid, 'job', 'service'),
  local noQueries = p.noValue('no queries in this time range'),
  local fromEvents = ' In this time range, counted from the events: people are never labels of a metric.',
  local day = ' The last 24 hours, whatever time range is shown.',

  // LogQL: queries of everyone whom a field tells apart, within the window.
  local each(by, window, offset='') =
    'sum by (%s) (count_over_time(%s [%s]%s))' % [by, sel.queryRecords(['%s!=""' % by]), window, offset],
  local distinct(by, window) = 'count(%s)' % each(by, window),
  local queries = 'sum(count_over_time(%s [$__range]))',
  local cost = 'sum(sum_over_time(%s | unwrap %s [$__range]))' % [sel.queryRecords(['%s!=""' % field.user]), field.cost],

  local key = {
    users:
      p.stat(
        'Users',
        'Different users who asked something.' + fromEvents,
        units.count,
        q.counted(distinct(field.user, '$__range'), 'users')
      ) + p.decimals(0) + p.noValue('no users'),

    sessions:
      p.stat(
        'Sessions',
        'Different sessions in which something was asked.' + fromEvents,
        units.count,
        q.counted(distinct(field.session, '$__range'), 'sessions')
      ) + p.decimals(0) + p.noValue('no sessions'),

    queries:
      p.stat(
        'Queries',
        m.queryRequests.help + fromEvents,
        units.count,
        q.counted(queries % sel.queryRecords(), 'queries')
      ) + p.decimals(0) + p.noValue('no queries'),

    perUser:
      p.stat(
        'Queries per user',
        'Queries of known users, divided by how many users there were.' + fromEvents,
        units.number,
        q.counted('avg(%s)' % each(field.user, '$__range'), 'queries')
      ) + p.decimals(1) + p.noValue('no users'),

    costPerQuery:
      p.stat(
        'Cost per query',
        'The mean, over all queries.' + day,
        units.usd,
        q.instant(
          'sum(%s{%s}) / (sum(%s{%s}) > 0)' % [s.day.queryCostSum, sel.queries, s.day.queryRequests, sel.queries], 'cost'
        )
      ) + p.decimals(4) + p.noValue('no queries'),

    costPerUser:
      p.stat(
        'Cost per user',
        'Cost of the queries of known users, divided by how many users there were.' + fromEvents,
        units.usd,
        q.counted('%s / %s' % [cost, distinct(field.user, '$__range')], 'cost')
      ) + p.decimals(4) + p.noValue('no users'),

    returning:
      p.stat(
        'Came back',
        'Of the users of the time range before this one, of the same length: how many asked something in this one, too. Choose a week for the retention of a week.',
        units.percent,
        q.counted(
          |||
            100 * (
              count(%(before)s and %(now)s)
              or
              0 * count(%(before)s)
            )
            / count(%(before)s)
          ||| % { now: each(field.user, '$__range'), before: each(field.user, '$__range', ' offset $__range') },
          'returning'
        )
      ) + p.decimals(0) + p.noValue('no users before'),

    success:
      p.stat(
        'Answered',
        'Queries that were answered, in percent of those that ended.' + day,
        units.percent,
        q.instant(
          '100 * sum(%(queries)s{%(chosen)s, status="success"}) / (sum(%(queries)s{%(chosen)s, status!="cancelled"}) > 0)'
          % { queries: s.day.queryRequests, chosen: sel.queries },
          'answered'
        )
      ) + p.decimals(1) + p.noValue('no queries'),
  },

  local bars(title, description, unit, label, record) =
    p.bars(
      title,
      description + day,
      unit,
      q.instant('sort_desc(topk(%d, sum by (%s) (%s{%s}) > 0))' % [tokens.top, label, record, sel.queries], '{{%s}}' % label),
      '${__field.labels.%s}' % label
    ),

  // number: {title, unit, decimals}
  local top(title, description, number, expr) =
    p.top(
      title,
      description + fromEvents,
      q.counted('sort_desc(topk(%d, %s))' % [tokens.top, expr], '{{%s}}' % field.user),
      { field: field.user, title: 'User', links: [explore.userLink(sel.records(e.queryFinished))] },
      number
    ) + p.noValue('no users in this time range'),

  local panels = {
    users:
      p.timeSeries(
        'Users and sessions over time',
        'How many different ones asked something within each step of the graph: hours or days, the wider the range.',
        units.count,
        [
          q.countedOverTime(distinct(field.user, '$__interval'), 'users'),
          q.countedOverTime(distinct(field.session, '$__interval'), 'sessions'),
        ]
      ) + { maxDataPoints: tokens.heatmapColumns } + p.decimals(0) + p.noValue('no users in this time range'),

    sessions:
      p.timeSeries(
        'Active sessions',
        m.activeSessions.help + ' Summed over processes: a session that is served by two counts twice.',
        units.number,
        [q.range('sum by (job) (%s{%s})' % [m.activeSessions.name, sel.service], '{{job}}')]
      ) + p.decimals(0) + p.noValue('no sessions in this time range') + onlyService,

    tenants:
      p.timeSeries(
        'Queries per minute by tenant',
        m.queryRequests.help,
        units.perMinute,
        [q.range(s.perMinute(s.rate.queryRequests, sel.queries, 'tenant'), '{{tenant}}')]
      ) + p.stacked + noQueries + p.unnamed('no tenant') + onlyTenant,

    tenantsDay:
      bars('Queries by tenant, 24 h', m.queryRequests.help, units.count, 'tenant', s.day.queryRequests)
      + p.decimals(0) + noQueries + onlyTenant,

    topUsers:
      top(
        'Queries, top %d users' % tokens.top,
        m.queryRequests.help,
        { title: 'Queries', unit: units.count, decimals: 0 },
        each(field.user, '$__range')
      ),

    costPerQuery:
      p.timeSeries(
        'Mean cost per query by tenant',
        m.queryCost.help,
        units.usd,
        [
          q.range(
            s.mean(s.rate.queryCostSum, s.rate.queryCostCount, sel.queries, '$__interval', 'tenant'), '{{tenant}}'
          ),
        ]
      ) + noQueries + p.unnamed('no tenant') + onlyTenant,

    tenantsCost:
      bars('Cost by tenant, 24 h', m.queryCost.help, units.usd, 'tenant', s.day.queryCostSum)
      + p.noValue('nothing spent') + onlyTenant,

    topSpenders:
      top(
        'Cost, top %d users' % tokens.top,
        m.queryCost.help,
        { title: 'Cost', unit: units.usd, decimals: 4 },
        'sum by (%s) (sum_over_time(%s | unwrap %s [$__range]))'
        % [field.user, sel.queryRecords(['%s!=""' % field.user]), field.cost]
      ),
  },
}
