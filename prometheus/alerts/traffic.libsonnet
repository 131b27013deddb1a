// Nobody asks any more, though the service lives.

local metrics = import '../../dashboards/lib/metrics.libsonnet';
local alert = import '../lib/alert.libsonnet';
local promql = import '../lib/promql.libsonnet';

{
  _config:: error 'needs the configuration',

  local knob = $._config.alerts.NoTraffic,
  local queries = metrics.queryRequests.name,
  local newest(metric) = 'max %s (%s)' % [promql.by(promql.service), metric],
  local inWindow(offset) =
    promql.sumBy(promql.service, promql.increaseBefore(queries, '', knob.window, offset)),

  alerts+: [
    {
      name: 'heliograph-traffic',
      rules: alert.single($._config, {
        alert: 'NoTraffic',
        // What was there a week ago says what is usual at this time of the week. Only for a service that is younger must
        // the last hour do: at closing time that would page every day. Once it fires it stays until somebody asks again
        // or the service ends: "an hour ago" would be over after an hour.
        expr: |||
          (
            %(weekAgo)s >= %(minimum)s
            or
            (
              %(earlier)s >= %(minimum)s
              unless
              count %(by)s (%(queries)s offset 1w)
            )
            or
            max %(by)s (ALERTS{alertname="NoTraffic", alertstate="firing"})
          )
          unless
          %(now)s > 0
          and
          (
            %(beat)s > time() - %(age)s
            unless
            %(exit)s >= %(beat)s
          )
        ||| % {
          by: promql.by(promql.service),
          queries: queries,
          weekAgo: inWindow('1w'),
          earlier: inWindow(knob.earlier),
          now: promql.sumOfIncrease(queries, '', knob.window, promql.service),
          minimum: promql.number(knob.minimum),
          // Gone applications are ServiceDown's, by the same age; who said goodbye is missed by nobody.
          beat: newest(metrics.heartbeat.name),
          exit: newest(metrics.cleanExit.name),
          age: promql.seconds($._config.alerts.ServiceDown.heartbeat_age),
        },
        keeps: promql.service,
        board: 'queries',
        summary: 'A service lives, but nobody asks it any more.',
        description: alert.service + ' had no query in the last ' + knob.window
                     + ', though at this time it should: look at what stands before it.',
        value: '0 queries',
      }),
    },
  ],
}
