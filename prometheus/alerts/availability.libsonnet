// Nobody answers.

local metrics = import '../../dashboards/lib/metrics.libsonnet';
local alert = import '../lib/alert.libsonnet';
local promql = import '../lib/promql.libsonnet';

{
  _config:: error 'needs the configuration',

  local knobs = $._config.alerts.ServiceDown,
  local newest(metric) = 'max %s (max_over_time(%s[%s]))' % [promql.by(promql.service), metric, knobs.heartbeat_lookback],
  // `signal` says how we know; it also keeps the two rules apart.
  local rule(signal) = {
    alert: 'ServiceDown',
    'for': knobs['for'],
    [if knobs.keep_firing_for != '0s' then 'keep_firing_for']: knobs.keep_firing_for,
    labels: { severity: 'critical', level: 'P1', signal: signal },
  },

  alerts+: [
    {
      name: 'heliograph-availability',
      rules: [
        // Targets that Prometheus scrapes: the stack itself, and what users list under prometheus/targets.
        rule('scrape') {
          expr: 'up == 0\n',
          annotations: {
            summary: 'A service does not answer.',
            description: '{{ $labels.instance }} of ' + alert.service + ' has not answered Prometheus for '
                         + knobs['for'] + '.',
            value: 'down',
          },
          keeps:: promql.service,
          traces:: null,
        },

        // Applications push and have no `up`: each sends the time of its heartbeat. Looked at for each service, not
        // for each process, so that a restart or a rolling update pages nobody; a clean exit ends the watch. The
        // values are compared, not their samples, which go stale five minutes after the last push.
        rule('heartbeat') {
          expr: |||
            time() - %(beat)s > %(age)s
            unless
            %(exit)s >= %(beat)s
          ||| % {
            beat: newest(metrics.heartbeat.name),
            exit: newest(metrics.cleanExit.name),
            age: promql.seconds(knobs.heartbeat_age),
          },
          annotations: {
            summary: 'A service does not answer.',
            description: alert.service + ' has sent no heartbeat for {{ $value | humanizeDuration }}, '
                         + 'and did not say goodbye.',
            value: 'silent for {{ $value | humanizeDuration }}',
          },
          keeps:: promql.service,
          traces:: {},
        },
      ],
    },
  ],
}
