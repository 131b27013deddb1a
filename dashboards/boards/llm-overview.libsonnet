// LLM overview: is it up, is it fast, what does it cost, what fails.

local boards = import '../lib/board.libsonnet';
local m = import '../lib/metrics.libsonnet';
local p = import '../lib/panels.libsonnet';
local q = import '../lib/queries.libsonnet';
local tokens = import '../lib/tokens.libsonnet';

{
  _config:: error 'needs the configuration',

  local config = $._config,
  local units = tokens.units,
  local uid = 'heliograph-llm-overview',

  board::
    boards.new(
      config,
      uid=uid,
      title='LLM overview',
      description='Requests, errors, latency, tokens, cost and quota of applications that call LLMs.',
      source='dashboards/boards/llm-overview.libsonnet',
      variables=[
        variables.datasource,
        variables.logs,
        variables.environment,
        variables.service,
        variables.model,
        variables.chain,
        variables.tenant,
      ],
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
            [12, panels.errorTypes],
            [12, panels.sessions],
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

  // Labels that all metrics of a service carry; those of calls and queries; those of calls only; those of rate limits.
  local service = 'job=~"$service", deployment_environment_name=~"$environment"',
  local queries = service + ', chain=~"$chain", tenant=~"$tenant"',
  local calls = queries + ', model=~"$model"',
  local limits = service + ', model=~"$model"',
  local finished = ', status!="cancelled"',

  local variables = {
    local seen = m.llmRequests.name,
    local selected = '%s{%s}' % [seen, service],
    datasource: boards.datasource('datasource', 'Metrics', 'prometheus'),
    logs: boards.datasource('logs', 'Logs', 'loki'),
    environment: boards.values('environment', 'Environment', seen, 'deployment_environment_name'),
    service: boards.values(
      'service', 'Service', seen + '{deployment_environment_name=~"$environment"}', 'job', all='.+'
    ),
    model: boards.values('model', 'Model', selected, 'model'),
    chain: boards.values('chain', 'Chain', selected, 'chain'),
    tenant: boards.values('tenant', 'Tenant', selected, 'tenant'),
  },

  // A click on a series shows this board for it alone: its latency, its cost, its failed calls. Everything else stays.
  local only(label, variable) =
    local kept = std.filter(
      function(name) name != variable, [each.name for each in std.objectValues(variables)]
    );
    p.dataLink(
      'Only ${__field.labels.%s}' % label,
      '/d/%s?${__url_time_range}&%s&var-%s=${__field.labels.%s}'
      % [uid, std.join('&', ['${%s:queryparam}' % name for name in kept]), variable, label]
    ),
  local onlyModel = only('model', 'model'),
  local onlyService =
    only('job', 'service')
    + p.dataLink('Traces of ${__field.labels.job}', config.links.jaeger + '/search?service=${__field.labels.job}'),

  // Key figures look back as far as the alert of the same name, so that figure and alert agree.
  local key = {
    requests:
      p.stat(
        'Calls',
        m.llmRequests.help + ' Per minute, over the last 5 minutes.',
        units.perMinute,
        q.instant('60 * sum(rate(%s{%s}[5m])) or vector(0)' % [m.llmRequests.name, calls], 'calls')
      ) + p.decimals(1),

    errors:
      p.stat(
        'Queries failed',
        "Share of users' queries that ended in an error; cancelled ones do not count. Over the last %s."
        % config.alerts.HighQueryErrorRate.window,
        units.percent,
        q.instant(q.errorRate(m.queryRequests, queries, config.alerts.HighQueryErrorRate.window), 'errors')
      ) + p.decimals(1) + p.noValue('no queries') + p.alert(config, 'HighQueryErrorRate'),

    latency:
      p.stat(
        'Query p95',
        '95 % of the queries were answered within this time. Over the last ' + config.alerts.HighQueryLatency.window
        + '.',
        units.seconds,
        q.instant(
          'histogram_quantile(0.95, sum by (le) (rate(%s{%s}[%s])))'
          % [m.queryLatency.bucket, queries + finished, config.alerts.HighQueryLatency.window],
          'p95'
        )
      ) + p.noValue('no queries') + p.alert(config, 'HighQueryLatency'),

    firstToken:
      p.stat(
        '1st token p95',
        m.llmTimeToFirstToken.help + ' p95 over the last 5 minutes.',
        units.seconds,
        q.instant(
          'histogram_quantile(0.95, sum by (le) (rate(%s{%s}[5m])))' % [m.llmTimeToFirstToken.bucket, calls], 'p95'
        )
      ) + p.noValue('no streams'),

    cost:
      p.stat(
        'Cost, 24 h',
        m.llmCost.help + ' The last 24 hours, whatever time range is shown. The threshold is that of HighDailyCost.',
        units.usd,
        q.instant('sum(increase(%s{%s}[24h])) or vector(0)' % [m.llmCost.name, calls], 'cost')
      ) + p.alert(config, 'HighDailyCost'),

    sessions:
      p.stat(
        'Sessions',
        m.activeSessions.help,
        units.number,
        q.instant('sum(%s{%s}) or vector(0)' % [m.activeSessions.name, service], 'sessions')
      ) + p.decimals(0),

    quota:
      p.stat(
        'Quota used',
        "The fullest of the providers' rate limits, of requests or tokens.",
        units.percent,
        q.instant('100 * max(%s{%s})' % [m.llmQuotaUsedRatio.name, limits], 'used')
      ) + p.decimals(0) + p.noValue('unknown') + p.alert(config, 'HighQuotaUse'),

    alerts:
      p.stat(
        'Firing alerts',
        'How many different alerts fire for the services shown, whatever their severity and however many models.',
        units.number,
        q.instant('count(count by (alertname) (ALERTS{alertstate="firing", job=~"$service"})) or vector(0)', 'alerts')
      ) + p.decimals(0) + p.link('Alertmanager', config.links.alertmanager) + {
        fieldConfig+: {
          defaults+: {
            thresholds: {
              mode: 'absolute',
              steps: [{ color: tokens.colors.success, value: null }, { color: tokens.colors.critical, value: 1 }],
            },
          },
        },
      },
  },

  local noCalls = p.noValue('no calls in this time range'),
  local noQueries = p.noValue('no queries in this time range'),

  // What a failed call is told as.
  local line = '{{.error_type}}  {{.operation}} {{.model}}  chain={{.chain}} user={{.user_id}} trace_id={{.trace_id}}',

  local perMinute(metric, selector, by) =
    '60 * sum by (%s) (rate(%s{%s}[$__rate_interval]))' % [by, metric.name, selector],

  local panels = {
    requestsByModel:
      p.timeSeries(
        'Calls per minute by model',
        m.llmRequests.help,
        units.perMinute,
        [q.range(perMinute(m.llmRequests, calls, 'model'), '{{model}}')]
      ) + p.stacked + noCalls + onlyModel,

    requestsByStatus:
      p.timeSeries(
        'Calls per minute by status',
        m.llmRequests.help + ' A cancelled call was given up by its caller and is no error.',
        units.perMinute,
        [q.range(perMinute(m.llmRequests, calls, 'status'), '{{status}}')]
      ) + p.stacked + noCalls + p.byStatus,

    callErrors:
      p.timeSeries(
        'Call error rate by model',
        'Errors in percent of successes and errors.',
        units.percent,
        [q.range(q.errorRate(m.llmRequests, calls, '$__rate_interval', 'model'), '{{model}}')]
      )
      + p.decimals(1)
      + noCalls
      + onlyModel
      + p.alertLines(config, 'HighLLMErrorRate')
      + p.roomFor(config, 'HighLLMErrorRate'),

    queryErrors:
      p.timeSeries(
        'Query error rate',
        "Failed in percent of users' queries that ended. Not filtered by model: a query may use several.",
        units.percent,
        [q.range(q.errorRate(m.queryRequests, queries, '$__rate_interval', 'job'), '{{job}}')]
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
        [q.range(perMinute(m.llmRequests, calls + ', status="error"', 'error_type'), '{{error_type}}')]
      ) + p.stacked + p.noValue('no failed calls in this time range'),

    sessions:
      p.timeSeries(
        'Active sessions',
        m.activeSessions.help + ' Summed over processes: a session that is served by two counts twice.',
        units.number,
        [q.range('sum by (job) (%s{%s})' % [m.activeSessions.name, service], '{{job}}')]
      ) + p.decimals(0) + p.noValue('no sessions in this time range') + onlyService,

    queryLatency:
      p.timeSeries(
        'Query time',
        m.queryLatency.help + ' The dots are single queries: click one for its trace.',
        units.seconds,
        q.quantiles(m.queryLatency, queries + finished)
      ) + noQueries + p.alertLines(config, 'HighQueryLatency'),

    callLatency:
      p.timeSeries(
        'Call latency',
        m.llmLatency.help + ' The dots are single calls: click one for its trace.',
        units.seconds,
        q.quantiles(m.llmLatency, calls + finished)
      ) + noCalls + p.alertLines(config, 'HighLLMLatency'),

    callLatencyByModel:
      p.timeSeries(
        'Call latency by model, p95',
        '95 % of the calls to a model returned within this time.',
        units.seconds,
        [
          q.range(
            'histogram_quantile(0.95, sum by (le, model) (rate(%s{%s}[$__rate_interval])))'
            % [m.llmLatency.bucket, calls + finished],
            '{{model}}'
          ) + q.withExemplars,
        ]
      ) + noCalls + onlyModel + p.alertLines(config, 'HighLLMLatency'),

    firstToken:
      p.timeSeries(
        'Time to first token',
        m.llmTimeToFirstToken.help,
        units.seconds,
        q.quantiles(m.llmTimeToFirstToken, calls)
      ) + p.noValue('no streamed calls in this time range'),

    tokens:
      p.timeSeries(
        'Tokens per minute by model',
        m.llmTokens.help,
        units.number,
        [q.range(perMinute(m.llmTokens, calls, 'model, type'), '{{model}} {{type}}')]
      ) + p.stacked + noCalls + onlyModel,

    hourlyCost:
      p.timeSeries(
        'Cost per hour by model',
        m.llmCost.help + ' As USD an hour; the lines are the thresholds of HighHourlyCost, which is about their sum.',
        units.usd,
        [
          q.range(
            '3600 * sum by (model) (rate(%s{%s}[$__rate_interval]))' % [m.llmCost.name, calls], '{{model}}'
          ),
        ]
      ) + p.stacked + noCalls + onlyModel + p.alertLines(config, 'HighHourlyCost'),

    dayCost:
      p.bars(
        'Cost by model, 24 h',
        m.llmCost.help + ' The last 24 hours, whatever time range is shown.',
        units.usd,
        q.instant('sort_desc(sum by (model) (increase(%s{%s}[24h])))' % [m.llmCost.name, calls], '{{model}}'),
        '${__field.labels.model}'
      ) + p.noValue('nothing spent'),

    quota:
      p.timeSeries(
        'Quota used by model',
        "Share of the provider's rate limit in use, from its last response to each process.",
        units.percent,
        [
          q.range(
            '100 * max by (provider, model, type) (%s{%s})' % [m.llmQuotaUsedRatio.name, limits],
            '{{provider}} {{model}} {{type}}'
          ),
        ]
      )
      + p.decimals(1)
      + p.ofHundred
      + p.noValue('no provider has told its limits')
      + onlyModel
      + p.alertLines(config, 'HighQuotaUse'),

    failures:
      p.logs(
        'Failed calls',
        'One line per failed call; open it for user, session, prompt version and the link to its trace.',
        q.logs(
          '{service_name=~"$service"} | event_name="llm.call" | status="error" | model=~"$model"'
          + ' | deployment_environment_name=~"$environment" | chain=~"$chain" | tenant=~"$tenant"'
          + ' | line_format "%s"' % line
        )
      ) + p.noValue('no failed calls in this time range'),
  },
}
