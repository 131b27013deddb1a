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

  // A selector is text between braces, or '' for none.
  local braces(selector) = if selector == '' then '' else '{%s}' % selector,

  increase(metric, selector, window):: 'increase(%s%s[%s])' % [metric, braces(selector), window],
  rate(metric, selector, window):: 'rate(%s%s[%s])' % [metric, braces(selector), window],
  sumBy(labels, inner):: 'sum %s (%s)' % [self.by(labels), inner],

  // `part` of `whole` in percent, where `part` holds at least `minimum` events in the window.
  percentage(metric, part, whole, window, labels):: |||
    100
      * %s
      / %s
  ||| % [
    self.sumBy(labels, self.increase(metric, part, window)),
    self.sumBy(labels, self.increase(metric, whole, window)),
  ],

  quantile(q, bucket, selector, window, labels):: |||
    histogram_quantile(
      %s,
      %s
    )
  ||| % [q, self.sumBy(labels + ['le'], self.rate(bucket, selector, window))],

  // At least so many events in the window: a ratio of three calls says nothing.
  atLeast(minimum, metric, selector, window, labels):: '%s >= %s\n' % [
    self.sumBy(labels, self.increase(metric, selector, window)),
    self.number(minimum),
  ],
}
