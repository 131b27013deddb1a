// The buckets that latency alerts look at, over their windows.

local latency = import '../lib/latency.libsonnet';

{
  _config:: error 'needs the configuration',

  local alerts = $._config.alerts,

  records+: [
    {
      name: 'heliograph-latency-records',
      interval: $._config.intervals.recording,
      rules: [latency[name].record(alerts[name].window) for name in std.objectFields(latency)],
    },
  ],
}
