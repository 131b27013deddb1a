// LLM overview: is it up, is it fast, what does it cost, what fails.

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
  local uid = 'heliograph-llm-overview',

  board::
    boards.new(
      config,
      uid=uid,
      title='LLM overview',
      description='Requests, errors, latency, tokens, cost and quota of applications that call LLMs.',
      source='dashboards/boards/llm-overview.libsonnet',
      panels=p.grid([
        {
          title: 'Key figures',
          height: tokens.height.key,
          panels: [
            [3, key.requests],
            [3, key.errors],
            [3, key.latency],
            [3, key.firstToken],
            [3, key.cost],
            [3, key.sessions],
            [3, key.quota],
            [3, key.alerts],
          ],
        },
        {
          title: 'Traffic and errors',
          height: tokens.height.normal,
          panels: [
            [12, panels.requestsByModel],
            [12, panels.requestsByStatus],
            [12, panels.callErrors],
            [12, panels.queryErrors],
            [8, panels.errorTypes],
            [8, panels.retries],
            [8, panels.sessions],
          ],
        },
        {
          title: 'Latency',
          height: tokens.height.normal,
          panels: [
            [12, panels.queryLatency],
            [12, panels.callLatency],
            [12, panels.callLatencyByModel],
            [12, panels.firstToken],
            [12, panels.firstTokenSpread],
            [12, panels.tokensPerSecond],
          ],
        },
        {
          title: 'Tokens, cost and quota',
          height: tokens.height.normal,
          panels: [
            [12, panels.tokens],
            [12, panels.hourlyCost],
            [12, panels.dayCost],
            [12, panels.quota],
          ],
        },
        {
          title: 'What failed',
          height: tokens.height.normal,
          panels: [[24, panels.failures]],
        },
      ])
    ),

  // -------------------------------------------------------------------------------------------------------------------

  local onlyModel = boards.only(uid, 'model', 'model'),
  local onlyService =
    boards.only(uid, 'job', 'service')
    + p.dataLink('Traces of ${__field.labels.job}', config.links.jaeger + '/search?service=${__field.labels.job}'),
  local failedCalls(label) = p.dataLink(
    'Failed calls of ${__field.labels.%s}' % label,
    explore.records(sel.records(e.llmCall, ['status="error"', '%s="<<__field.labels.%s>>"' % [label, label]]))
  ),

  local noCalls = p.noValue('no calls in this time range'),
  local noQueries = p.noValue('no queries in this time range'),

  // Key figures look back as far as the alert of the same name, so that figure and alert agree.
  local key = {
    local windows = { [name]: config.alerts[name].window for name in ['HighQueryErrorRate', 'HighQueryLatency', 'HighLLMLatency'] },

    requests:
      p.stat(
        'Calls',
        m.llmRequests.help + ' Per minute, over the last %s.' % windows.HighLLMLatency,
        units.perMinute,
        q.instant(s.perMinuteNow(s.rate.llmRequests, sel.calls, windows.HighLLMLatency), 'calls')
      ) + p.decimals(1) + p.noValue('no calls'),

    errors:
      p.stat(
        'Queries failed',
        "Share of users' queries that ended in an error; cancelled ones do not count. Over the last %s."
        % windows.HighQueryErrorRate,
        units.percent,
        q.instant(s.errorRate(s.rate.queryRequests, sel.queries, windows.HighQueryErrorRate), 'errors')
      ) + p.decimals(1) + p.noValue('no queries') + p.alert(config, 'HighQueryErrorRate'),

    latency:
      p.stat(
        'Query p95',
        '95 % of the queries were answered within this time. Over the last ' + windows.HighQueryLatency + '.',
        units.seconds,
        q.instant(
          s.quantile(0.95, s.rate.queryLatencyBucket, sel.queries + sel.finished, windows.HighQueryLatency), 'p95'
        )
      ) + p.noValue('no queries') + p.alert(config, 'HighQueryLatency'),

    firstToken:
      p.stat(
        '1st token p95',
        m.llmTimeToFirstToken.help + ' p95 over the last %s.' % windows.HighLLMLatency,
        units.seconds,
        q.instant(s.quantile(0.95, s.rate.llmTimeToFirstTokenBucket, sel.calls, windows.HighLLMLatency), 'p95')
      ) + p.noValue('no streams'),

    cost:
      p.stat(
        'Cost, 24 h',
        m.llmCost.help + ' The last 24 hours, whatever time range is shown. The threshold is that of HighDailyCost.',
        units.usd,
        q.instant('sum(%s{%s})' % [s.day.llmCost, sel.calls], 'cost')
      ) + p.noValue('nothing spent') + p.alert(config, 'HighDailyCost'),

    sessions:
      p.stat(
        'Sessions',
        m.activeSessions.help,
        units.count,
        q.instant('sum(%s{%s})' % [m.activeSessions.name, sel.service], 'sessions')
      ) + p.decimals(0) + p.noValue('no process'),

    quota:
      p.stat(
        'Quota used',
        "The fullest of the providers' rate limits, of requests or tokens.",
        units.percent,
        q.instant('100 * max(%s{%s})' % [m.llmQuotaUsedRatio.name, sel.models], 'used')
      ) + p.decimals(0) + p.noValue('unknown') + p.alert(config, 'HighQuotaUse'),

    alerts:
      p.stat(
        'Firing alerts',
        'How many different alerts of Prometheus fire for the services shown, or for no service: warning or critical, however many models.',
        units.count,
        q.instant('count(count by (alertname) (%s))' % boards.firing('warning|critical'), 'alerts')
      )
      + p.decimals(0)
      + p.noValue('none')
      + p.link('Alertmanager', config.links.alertmanager)
      + p.limits({ critical: 1 }),
  },

  local panels = {
    requestsByModel:
      p.timeSeries(
        'Calls per minute by model',
        m.llmRequests.help,
        units.perMinute,
        [q.range(s.perMinute(s.rate.llmRequests, sel.calls, 'model'), '{{model}}')]
      ) + p.stacked + noCalls + onlyModel,

    requestsByStatus:
      p.timeSeries(
        'Calls per minute by status',
        m.llmRequests.help + ' A cancelled call was given up by its caller and is no error.',
        units.perMinute,
        [q.range(s.perMinute(s.rate.llmRequests, sel.calls, 'status'), '{{status}}')]
      ) + p.stacked + noCalls + p.byStatus,

    callErrors:
      p.timeSeries(
        'Call error rate by model',
        'Errors in percent of successes and errors.',
        units.percent,
        [q.range(s.errorRate(s.rate.llmRequests, sel.calls, '$__interval', 'model'), '{{model}}')]
      )
      + p.decimals(1)
      + noCalls
      + onlyModel
      + failedCalls('model')
      + p.alertLines(config, 'HighLLMErrorRate')
      + p.roomFor(config, 'HighLLMErrorRate'),

    queryErrors:
      p.timeSeries(
        'Query error rate',
        "Failed in percent of users' queries that ended. Not filtered by model: a query may use several.",
        units.percent,
        [q.range(s.errorRate(s.rate.queryRequests, sel.queries, '$__interval', 'job'), '{{job}}')]
      )
      + p.decimals(1)
      + noQueries
      + onlyService
      + p.alertLines(config, 'HighQueryErrorRate')
      + p.roomFor(config, 'HighQueryErrorRate'),

    errorTypes:
      p.timeSeries(
        'Failed calls per minute by type',
        'What went wrong: the class of the exception, or the status that the provider answered.',
        units.perMinute,
        [q.range(s.perMinute(s.rate.llmRequests, sel.calls + sel.failed, 'error_type'), '{{error_type}}')]
      ) + p.stacked + p.noValue('no failed calls in this time range') + failedCalls('error_type'),

    retries:
      p.timeSeries(
        'Client retries per minute',
        m.llmClientRetries.help + ' They cost time and quota before anything fails. By model and reason: the HTTP status, or connection.',
        units.perMinute,
        [q.range(s.perMinute(s.rate.llmClientRetries, sel.models, 'model, reason'), '{{model}} {{reason}}')]
      ) + p.stacked + p.noValue('no retries in this time range') + onlyModel,

    sessions:
      p.timeSeries(
        'Active sessions',
        m.activeSessions.help + ' Summed over processes: a session that is served by two counts twice.',
        units.number,
        [q.range('sum by (job) (%s{%s})' % [m.activeSessions.name, sel.service], '{{job}}')]
      ) + p.decimals(0) + p.noValue('no sessions in this time range') + onlyService,

    local quantiles(record, histogram, selector) = [
      q.range(s.quantile(quantile[0], record, selector, '$__interval'), quantile[1])
      for quantile in [['0.5', 'p50'], ['0.95', 'p95'], ['0.99', 'p99']]
    ] + [q.exemplars(histogram, selector)],

    queryLatency:
      p.timeSeries(
        'Query time',
        m.queryLatency.help + ' The dots are single queries: click one for its trace.',
        units.seconds,
        quantiles(s.rate.queryLatencyBucket, m.queryLatency, sel.queries + sel.finished)
      ) + noQueries + p.alertLines(config, 'HighQueryLatency'),

    callLatency:
      p.timeSeries(
        'Call latency',
        m.llmLatency.help + ' The dots are single calls: click one for its trace.',
        units.seconds,
        quantiles(s.rate.llmLatencyBucket, m.llmLatency, sel.calls + sel.finished)
      ) + noCalls + p.alertLines(config, 'HighLLMLatency'),

    callLatencyByModel:
      p.timeSeries(
        'Call latency by model, p95',
        '95 % of the calls to a model returned within this time.',
        units.seconds,
        [
          q.range(
            s.quantile('0.95', s.rate.llmLatencyBucket, sel.calls + sel.finished, '$__interval', 'le, model'),
            '{{model}}'
          ),
          q.exemplars(m.llmLatency, sel.calls + sel.finished),
        ]
      ) + noCalls + onlyModel + p.alertLines(config, 'HighLLMLatency'),

    firstToken:
      p.timeSeries(
        'Time to first token',
        m.llmTimeToFirstToken.help,
        units.seconds,
        quantiles(s.rate.llmTimeToFirstTokenBucket, m.llmTimeToFirstToken, sel.calls)
      ) + p.noValue('no streamed calls in this time range'),

    firstTokenSpread:
      p.heatmap(
        'Time to first token, spread',
        m.llmTimeToFirstToken.help + ' The stronger the colour, the more calls. Two bands are two kinds of calls: a mean would lie between them.',
        units.seconds,
        q.buckets(s.buckets(s.rate.llmTimeToFirstTokenBucket, sel.calls))
      ) + p.noValue('no streamed calls in this time range'),

    tokensPerSecond:
      p.timeSeries(
        'Tokens per second of a stream, by model',
        'How fast answers are written, in the median stream: 1 / the time per token after the first one.',
        units.perSecond,
        [
          q.range(
            '1 / (%s > 0)' % s.quantile(
              '0.5', s.rate.llmTimePerOutputTokenBucket, sel.calls, '$__interval', 'le, model'
            ),
            '{{model}}'
          ),
        ]
      ) + p.decimals(1) + p.noValue('no streamed calls in this time range') + onlyModel,

    tokens:
      p.timeSeries(
        'Tokens per minute by model',
        m.llmTokens.help,
        units.perMinute,
        [q.range(s.perMinute(s.rate.llmTokens, sel.calls, 'model, type'), '{{model}} {{type}}')]
      ) + p.stacked + noCalls + onlyModel,

    hourlyCost:
      p.timeSeries(
        'Cost per hour by model',
        m.llmCost.help + ' As USD an hour; the lines are the thresholds of HighHourlyCost, which is about their sum.',
        units.usd,
        [q.range(s.perHour(s.rate.llmCost, sel.calls, 'model'), '{{model}}')]
      ) + p.stacked + noCalls + onlyModel + p.alertLines(config, 'HighHourlyCost'),

    dayCost:
      p.bars(
        'Cost by model, 24 h',
        m.llmCost.help + ' The last 24 hours, whatever time range is shown.',
        units.usd,
        q.instant('sort_desc(sum by (model) (%s{%s}))' % [s.day.llmCost, sel.calls], '{{model}}'),
        '${__field.labels.model}'
      ) + p.noValue('nothing spent') + onlyModel,

    quota:
      p.timeSeries(
        'Quota used by model',
        "Share of the provider's rate limit in use, from its last response to each process.",
        units.percent,
        [
          q.range(
            '100 * max by (provider, model, type) (%s{%s})' % [m.llmQuotaUsedRatio.name, sel.models],
            '{{provider}} {{model}} {{type}}'
          ),
        ]
      )
      + p.decimals(1)
      + p.ofHundred
      + p.noValue('no provider has told its limits')
      + onlyModel
      + p.alertLines(config, 'HighQuotaUse'),

    // What a failed call is told as.
    local line = '{{.error_type}}  {{.operation}} {{.model}}  chain={{.chain}} user={{.user_id}} trace_id={{.trace_id}}',

    failures:
      p.logs(
        'Failed calls',
        'One line per failed call; open it for user, session, prompt version and the link to its trace.',
        q.logs(sel.callRecords(['status="error"']) + ' | line_format "%s"' % line)
      ) + p.noValue('no failed calls in this time range'),
  },
}
