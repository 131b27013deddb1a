// Agents and chains: which part of the work is slow or fails, how many steps a query takes, what goes round in circles.

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
  local uid = 'heliograph-agents',
  local field = e.queryFinished.fields,
  local runaway = config.alerts.RunawayAgent,

  board::
    boards.new(
      config,
      uid=uid,
      title='Agents and chains',
      description='Chains, nodes and agents: durations, errors, steps, tools, repetitions and runaways.',
      source='dashboards/boards/agents.libsonnet',
      panels=p.grid([
        {
          title: 'Key figures',
          height: tokens.height.key,
          panels: [
            [4, key.runs],
            [4, key.errors],
            [4, key.steps],
            [4, key.tools],
            [4, key.toolErrors],
            [4, key.repeats],
          ],
        },
        {
          title: 'Chains and nodes',
          height: tokens.height.normal,
          panels: [
            [12, panels.durations],
            [12, panels.median],
            [8, panels.runs],
            [8, panels.errors],
            [8, panels.busy],
          ],
        },
        {
          title: 'Steps',
          height: tokens.height.normal,
          panels: [
            [12, panels.steps],
            [12, panels.stepsByChain],
          ],
        },
        {
          title: 'Tools and retries',
          height: tokens.height.normal,
          panels: [
            [8, panels.tools],
            [8, panels.toolErrors],
            [8, panels.retries],
          ],
        },
        {
          title: 'Going round in circles',
          height: tokens.height.normal,
          panels: [
            [8, panels.repeats],
            [16, panels.runaways],
          ],
        },
      ])
    ),

  // -------------------------------------------------------------------------------------------------------------------

  local onlyChain = boards.only(uid, 'chain', 'chain'),
  local onlyModel = boards.only(uid, 'model', 'model'),
  local noRuns = p.noValue('no chains ran in this time range'),
  local noTools = p.noValue('no tools ran in this time range'),
  local window = config.alerts.HighPipelineErrorRate.window,
  local recently = ' Over the last %s.' % window,

  local key = {
    runs:
      p.stat(
        'Runs of chains',
        'Runs of chains and nodes, however deep. Per minute.' + recently,
        units.perMinute,
        q.instant(s.perMinuteNow(s.rate.chainLatencyCount, sel.chains, window), 'runs')
      ) + p.decimals(1) + p.noValue('no chains'),

    errors:
      p.stat(
        'Worst chain',
        'The highest share of failed runs that any chain has.' + recently,
        units.percent,
        q.instant('max(%s)' % s.errorRate(s.rate.chainLatencyCount, sel.chains, window, 'chain'), 'errors')
      ) + p.decimals(1) + p.noValue('no chains') + p.alert(config, 'HighPipelineErrorRate'),

    steps:
      p.stat(
        'Steps p95',
        m.queryLlmCalls.help + ' 95 % of the queries made no more. The threshold is that of RunawayAgent.' + recently,
        units.count,
        q.instant(s.quantile('0.95', s.rate.queryLlmCallsBucket, sel.queries, window), 'p95')
      )
      + p.decimals(0)
      + p.noValue('no queries')
      + p.limits({ critical: runaway.steps })
      + p.runbook(config, 'RunawayAgent'),

    tools:
      p.stat(
        'Tools',
        m.toolCalls.help + ' Per minute.' + recently,
        units.perMinute,
        q.instant(s.perMinuteNow(s.rate.toolCalls, sel.chains, window), 'runs')
      ) + p.decimals(1) + p.noValue('no tools'),

    toolErrors:
      p.stat(
        'Tools failed',
        'Share of the runs of tools that failed.' + recently,
        units.percent,
        q.instant(s.errorRate(s.rate.toolCalls, sel.chains, window), 'errors')
      ) + p.decimals(1) + p.noValue('no tools'),

    repeats:
      p.stat(
        'Most repeated call',
        'How often one query made the very same call, at most, in this time range. The threshold is that of RunawayAgent.',
        units.count,
        q.counted(
          'max(max_over_time(%s | unwrap %s [$__range]))' % [sel.queryRecords(), field.identicalCalls], 'repeats'
        )
      )
      + p.decimals(0)
      + p.noValue('unknown')
      + p.limits({ critical: runaway.repeats })
      + p.runbook(config, 'RunawayAgent'),
  },

  local panels = {
    local latency(quantile) = q.range(
      s.quantile(quantile, s.rate.chainLatencyBucket, sel.chains + sel.finished, '$__interval', 'le, chain'),
      '{{chain}}'
    ),

    durations:
      p.timeSeries(
        'Duration by chain, p95',
        m.chainLatency.help + ' 95 % of its runs ended within this time. The dots are single runs: click one for its trace.',
        units.seconds,
        [latency('0.95'), q.exemplars(m.chainLatency, sel.chains + sel.finished)]
      ) + noRuns + onlyChain + p.alertLines(config, 'HighPipelineLatency'),

    median:
      p.timeSeries(
        'Duration by chain, p50',
        m.chainLatency.help + ' Half of its runs ended within this time.',
        units.seconds,
        [latency('0.5')]
      ) + noRuns + onlyChain,

    runs:
      p.timeSeries(
        'Runs per minute by chain',
        'How often each chain or node ran.',
        units.perMinute,
        [q.range(s.perMinute(s.rate.chainLatencyCount, sel.chains, 'chain'), '{{chain}}')]
      ) + noRuns + onlyChain,

    errors:
      p.timeSeries(
        'Error rate by chain',
        'Failed in percent of the runs that ended. A failure of an inner chain may be made up for by the one around it.',
        units.percent,
        [q.range(s.errorRate(s.rate.chainLatencyCount, sel.chains, '$__interval', 'chain'), '{{chain}}')]
      )
      + p.decimals(1)
      + noRuns
      + onlyChain
      + p.dataLink(
        'Failed runs of ${__field.labels.chain}',
        explore.records(sel.records(e.chainFinished, ['status="error"', 'chain="<<__field.labels.chain>>"']))
      )
      + p.alertLines(config, 'HighPipelineErrorRate')
      + p.roomFor(config, 'HighPipelineErrorRate'),

    busy:
      p.timeSeries(
        'Where the time goes',
        'Seconds spent within each chain per second: how many of its runs are under way at a time. A chain holds the ones within it.',
        units.number,
        [q.range(s.perSecond(s.rate.chainLatencySum, sel.chains, 'chain'), '{{chain}}')]
      ) + p.decimals(2) + noRuns + onlyChain,

    steps:
      p.heatmap(
        'Steps per query, spread',
        m.queryLlmCalls.help + ' The stronger the colour, the more queries. What climbs to the top does not come to an end.',
        units.number,
        q.buckets(s.buckets(s.rate.queryLlmCallsBucket, sel.queries))
      ) + p.noValue('no queries in this time range'),

    stepsByChain:
      p.timeSeries(
        'Steps per query by chain, p95',
        m.queryLlmCalls.help + ' 95 % of the queries made no more. The line is the threshold of RunawayAgent.',
        units.number,
        [
          q.range(s.quantile('0.95', s.rate.queryLlmCallsBucket, sel.queries, '$__interval', 'le, chain'), '{{chain}}'),
          q.exemplars(m.queryLlmCalls, sel.queries),
        ]
      )
      + p.decimals(0)
      + p.noValue('no queries in this time range')
      + p.unnamed('no chain')
      + onlyChain
      + p.limits({ critical: runaway.steps }, quiet=tokens.colors.default)
      + p.lined
      + p.runbook(config, 'RunawayAgent'),

    tools:
      p.timeSeries(
        'Runs of tools per minute',
        m.toolCalls.help,
        units.perMinute,
        [q.range(s.perMinute(s.rate.toolCalls, sel.chains, 'tool'), '{{tool}}')]
      ) + p.stacked + noTools,

    toolErrors:
      p.timeSeries(
        'Error rate by tool',
        'Failed in percent of the runs of a tool that ended. Agents try again, or answer without.',
        units.percent,
        [q.range(s.errorRate(s.rate.toolCalls, sel.chains, '$__interval', 'tool'), '{{tool}}')]
      ) + p.decimals(1) + noTools,

    retries:
      p.timeSeries(
        'Client retries per minute',
        m.llmClientRetries.help + ' By model and reason: the HTTP status, or connection.',
        units.perMinute,
        [q.range(s.perMinute(s.rate.llmClientRetries, sel.models, 'model, reason'), '{{model}} {{reason}}')]
      ) + p.stacked + p.noValue('no retries in this time range') + onlyModel,

    repeats:
      p.timeSeries(
        'Identical calls within one query',
        'The highest number of times that one query made the very same call. The line is the threshold of RunawayAgent.',
        units.number,
        [
          q.countedOverTime(
            'max by (%s) (max_over_time(%s | unwrap %s [$__interval]))'
            % [field.queryType, sel.queryRecords(), field.identicalCalls],
            '{{%s}}' % field.queryType
          ),
        ]
      )
      + p.unnamed('no type')
      + p.decimals(0)
      + p.noValue('unknown in this time range')
      + p.limits({ critical: runaway.repeats }, quiet=tokens.colors.default)
      + p.lined
      + p.runbook(config, 'RunawayAgent'),

    // Each limit may be null: not watched.
    local limits = std.prune([
      if runaway[limit[0]] == null then null else '%s >= %s' % [limit[1], runaway[limit[0]]]
      for limit in [['steps', field.llmCalls], ['cost', field.cost], ['repeats', field.identicalCalls]]
    ]),

    runaways:
      p.recordTable(
        'Runaway queries',
        'The newest 100 that went beyond a threshold of RunawayAgent: so many steps, so much cost, or so often the same call. Those that still run are on the alert.',
        q.logs(sel.queryRecords([if limits == [] then '%s < 0' % field.llmCalls else std.join(' or ', limits)])),
        [
          { field: 'Time', title: 'Time', unit: 'dateTimeAsLocalNoDateIfToday', width: 120 },
          { field: field.llmCalls, title: 'Steps', unit: units.number, width: 70, decimals: 0 },
          { field: field.identicalCalls, title: 'Same call', unit: units.number, width: 90, decimals: 0 },
          { field: field.cost, title: 'Cost', unit: units.usd, width: 90, decimals: 5 },
          { field: field.latency, title: 'Took', unit: units.seconds, width: 90, decimals: 2 },
          { field: field.status, title: 'Status', width: 90 },
          { field: field.queryType, title: 'Type', width: 100 },
          { field: field.user, title: 'User', width: 100 },
          { field: e.traceId, title: 'Trace', links: [explore.traceLink] },
        ],
        numbers=[field.llmCalls, field.identicalCalls, field.cost, field.latency],
        sort='Time'
      ) + p.noValue('no runaway queries in this time range') + p.runbook(config, 'RunawayAgent'),
  },
}
