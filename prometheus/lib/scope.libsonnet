// Which series a rule looks at. An override has thresholds of its own for some of them: its rule takes those, and keeps
// the labels it chose them by; the rule for all the others leaves them out, so that no series is told of twice.

local promql = import 'promql.libsonnet';

// Label matchers as text → one selector.
local joined(matchers) = std.join(', ', [matcher for matcher in matchers if matcher != '']);

local matchers(match) = [promql.matches(label, match[label]) for label in std.objectFields(match)];

// Everything that an override does not take, as selectors that share no series: for {a, b} those without a, and those
// with a and without b.
local complement(match) =
  local fields = std.objectFields(match);
  [
    joined(
      [promql.matches(fields[before], match[fields[before]]) for before in std.range(0, index - 1)]
      + [promql.differs(fields[index], match[fields[index]])]
    )
    for index in std.range(0, std.length(fields) - 1)
  ];

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
//   selectors  of series that share none; always at least one, '' takes all
//   labels     of the override that `kept` does not hold yet
//   words      for the end of the description
local scope(selectors, chosen) = {
  selectors: selectors,
  labels(kept):: [label for label in chosen if !std.member(kept, label)],
  words(kept):: std.join('', [' %s: {{ $labels.%s }}.' % [label, label] for label in self.labels(kept)]),
  // Whether the rule looks at everything, so that it may read a record.
  whole: selectors == [''],

  // `of(selector)` of each of the selectors, as one vector.
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
