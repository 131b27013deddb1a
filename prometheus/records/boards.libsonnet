// What boards read, so that a week of a hundred processes is drawn from a few series: sums without the process, per
// second over `dashboards.rate_window`, and increases over a day. Counters may begin at any value: Prometheus knows when
// they began (use-start-timestamps), so the first one of a short-lived process is in.

local records = import '../lib/records.libsonnet';

{
  _config:: error 'needs the configuration',

  local recorded(name, rules) = {
    name: 'heliograph-' + name,
    interval: $._config.intervals.recording,
    rules: rules,
  },

  records+: [
    recorded('call-rates', records.rateRules($._config, ['call'])),
    recorded('query-rates', records.rateRules($._config, ['query'])),
    recorded('chain-rates', records.rateRules($._config, ['chain', 'tool'])),
    // From the counters themselves, not from the sums above: points that waited in the collector's queue are in once they
    // have come. A day's total moves slowly, and reading a day is dear: once a minute.
    recorded('day-totals', records.dayRules($._config)) { interval: '1m' },
  ],
}
