// Nobody answers.

local metrics = import '../../dashboards/lib/metrics.libsonnet';
local servers = import '../../dashboards/lib/server_metrics.libsonnet';
local alert = import '../lib/alert.libsonnet';
local promql = import '../lib/promql.libsonnet';
local stack = import '../lib/servers.libsonnet';

{
  _config:: error 'needs the configuration',

  local knobs = $._config.alerts.ServiceDown,
  // No user waits for it: that it is gone is a ticket (CanaryMissing), not a page.
  local notCanary = 'job!="heliograph-canary"',
  local newest(metric) = 'max %s (max_over_time(%s{%s}[%s]))' % [promql.by(promql.service), metric, notCanary, knobs.heartbeat_lookback],
  // `signal` says how we know; it also keeps the two rules apart.
  local rule(signal, spec) = alert.rule($._config, knobs, {
    alert: 'ServiceDown',
    severity: 'critical',
    level: 'P1',
    labels: { signal: signal },
    summary: 'A service does not answer.',
    keeps: promql.service,
  } + spec),

  alerts+: [
    {
      name: 'heliograph-availability',
      rules: [
        // Targets that Prometheus scrapes: the stack itself, and what users list under prometheus/targets.
        rule('scrape', {
          expr: servers.target.up.name + '{%s} == 0\n' % notCanary,
          board: 'stack-health',
          description: '{{ $labels.instance }} of ' + alert.service + ' has not answered Prometheus for ' + knobs['for'] + '.',
          value: 'down',
        }),

        // Applications push and have no `up`: each sends the time of its heartbeat. Looked at for each service, not
        // for each process, so that a restart or a rolling update pages nobody; a clean exit ends the watch. The
        // values are compared, not their samples, which go stale five minutes after the last push.
        // While Prometheus catches up with what waited for it, the newest beats are in the collector's queue, and nobody
        // knows: that is CanaryMissing's to tell. A queue that is empty now and then is not behind.
        rule('heartbeat', {
          expr: |||
            time() - %(beat)s > %(age)s
            unless
            %(exit)s >= %(beat)s
            unless on ()
            max(min_over_time(%(waiting)s{%(queue)s}[%(for)s])) > 0
          ||| % {
            beat: newest(metrics.heartbeat.name),
            exit: newest(metrics.cleanExit.name),
            age: promql.seconds(knobs.heartbeat_age),
            waiting: servers.collector.queueSize.name,
            queue: stack.collector + ', exporter="otlp_http/prometheus"',
            'for': knobs['for'],
          },
          // The alert ends by itself when its service is forgotten, and must not be taken for good news then.
          description: alert.service + ' has sent no heartbeat for {{ $value | humanizeDuration }}, and did not say goodbye. '
                       + 'After ' + knobs.heartbeat_lookback + ' it counts as taken away: then this alert ends, even if nobody is back.',
          value: 'silent for {{ $value | humanizeDuration }}',
          traces: {},
        }),
      ],
    },
  ],
}
