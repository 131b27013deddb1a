// Which series a rule looks at. An override has thresholds of its own for some of them: its rule takes those, and keeps
// the labels it chose them by; the rule for all the others leaves them out, so that no series is told of twice.

local promql = import 'promql.libsonnet';

// Label matchers as text → one selector.
local joined(matchers) = std.join(', ', [matcher for matcher in matchers if matcher != '']);

local matchers(match) = [promql.matches(label, match[label]) for label in std.objectFields(match)];

// Everything that an override does not take: for {a, b} what differs in a, and what differs in b.
local complement(match) = [promql.differs(label, match[label]) for label in std.objectFields(match)];

local without(overrides) = std.foldl(
  function(selectors, override) [
    joined([selector, part])
    for selector in selectors
    for part in complement(override.match)
  ],
  overrides,
  ['']
);

// A scope has
//   selectors  of series, always at least one; '' takes all
//   labels     of the override that `kept` does not hold yet
//   words      for the end of the description
local scope(selectors, chosen) = {
  selectors: selectors,
  labels(kept):: [label for label in chosen if !std.member(kept, label)],
  words(kept):: std.join('', [' %s: {{ $labels.%s }}.' % [label, label] for label in self.labels(kept)]),
  // Whether the rule looks at everything, so that it may read a record.
  whole: selectors == [''],

  // `of(selector)` of each of the selectors, as one vector: `or` takes what several find once.
  vector(of, selector=''):: std.join(' or ', [of(joined([selector, part])) for part in selectors]),
};

{
  all:: scope([''], []),
  base(overrides):: scope(without(overrides), []),
  // The first override that takes a series has it.
  override(overrides, index):: scope(
    [
      joined([earlier] + matchers(overrides[index].match))
      for earlier in without(overrides[:index])
    ],
    std.objectFields(overrides[index].match)
  ),
  // Of an SLO or a budget: what its `match` takes, without more labels.
  match(match):: scope([joined(matchers(match))], []),
}
