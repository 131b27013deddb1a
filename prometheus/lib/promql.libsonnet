// Pieces of PromQL that several rules share.

{
  // What tells one service from another: rules aggregate to these, and alerts carry them.
  service:: ['job', 'deployment_environment_name'],
  model:: self.service + ['provider', 'model'],

  by(labels):: 'by (%s)' % std.join(', ', labels),

  // Numbers as a person writes them: 0.05, not 0.050000000000000003, and never 1e+06.
  number(value)::
    if value == std.floor(value) then '%d' % value
    else std.rstripChars('%.9f' % value, '0'),

  // The length of a duration (`90s`, `1h30m`) in seconds, as text.
  seconds(duration)::
    local units = { y: 31536000, w: 604800, d: 86400, h: 3600, m: 60, s: 1 };
    local step(state, character) =
      if std.member('0123456789', character) then state { digits+: character }
      else state { digits: '', total+: std.parseInt(state.digits) * units[character] };
    self.number(std.foldl(step, std.stringChars(duration), { digits: '', total: 0 }).total),

  // A whole number of seconds as people write it: 597600 → 6d23h.
  duration(seconds)::
    local units = [['w', 604800], ['d', 86400], ['h', 3600], ['m', 60], ['s', 1]];
    local step(state, unit) = {
      rest: state.rest % unit[1],
      text: state.text + (if state.rest >= unit[1] then '%d%s' % [std.floor(state.rest / unit[1]), unit[0]] else ''),
    };
    local text = std.foldl(step, units, { rest: seconds, text: '' }).text;
    if text == '' then '0s' else text,

  // A selector is text between braces, or '' for none.
  local braces(selector) = if selector == '' then '' else '{%s}' % selector,

  // Label matchers; a value that is no regular expression is compared as it is, which Prometheus finds sooner.
  local plain(value) = std.all([
    std.member('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _-:/@', character)
    for character in std.stringChars(value)
  ]),
  matches(label, value):: label + (if plain(value) then '=' else '=~') + std.escapeStringJson(value),
  differs(label, value):: label + (if plain(value) then '!=' else '!~') + std.escapeStringJson(value),

  gauge(metric, selector):: metric + braces(selector),
  increase(metric, selector, window):: 'increase(%s%s[%s])' % [metric, braces(selector), window],
  increaseBefore(metric, selector, window, offset)::
    'increase(%s%s[%s] offset %s)' % [metric, braces(selector), window, offset],
  rate(metric, selector, window):: 'rate(%s%s[%s])' % [metric, braces(selector), window],
  sumBy(labels, inner):: if labels == [] then 'sum(%s)' % inner else 'sum %s (%s)' % [self.by(labels), inner],

  // What a rule looks at, see scope.libsonnet; without one, at everything.
  local everything = { labels(kept):: [], vector(of, selector=''):: of(selector) },

  // Sums over what `scope` takes; its labels are kept as well.
  sumOfIncrease(metric, selector, window, labels, scope=everything)::
    self.sumBy(
      labels + scope.labels(labels), scope.vector(function(part) self.increase(metric, part, window), selector)
    ),
  sumOfRate(metric, selector, window, labels, scope=everything)::
    self.sumBy(
      labels + scope.labels(labels), scope.vector(function(part) self.rate(metric, part, window), selector)
    ),

  // `part` of `whole` in percent.
  percentage(metric, part, whole, window, labels, scope=everything):: |||
    100
      * %s
      / %s
  ||| % [
    self.sumOfIncrease(metric, part, window, labels, scope),
    self.sumOfIncrease(metric, whole, window, labels, scope),
  ],

  quantile(q, bucket, selector, window, labels, scope=everything):: |||
    histogram_quantile(
      %s,
      %s
    )
  ||| % [q, self.sumOfRate(bucket, selector, window, labels + scope.labels(labels) + ['le'], scope)],

  // At least so many events in the window: a ratio of three calls says nothing.
  atLeast(minimum, metric, selector, window, labels, scope=everything):: '%s >= %s\n' % [
    self.sumOfIncrease(metric, selector, window, labels, scope),
    self.number(minimum),
  ],
}
