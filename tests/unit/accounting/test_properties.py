"""What holds for any tree of calls, whatever its shape and the order in which its spans end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from heliograph.genai import vocabulary as v
from heliograph.genai._read import call_at_start, failure_of, is_call, read_call, read_ids
from heliograph.genai._read._usage import Usage, whole

CLIENT = "opentelemetry.instrumentation.genai.openai"
FRAMEWORK = "opentelemetry.instrumentation.langchain"
ROADS = pytest.mark.parametrize("road", ["sdk", "light"])
quick = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@dataclass(frozen=True)
class Node:
    """A provider's call (`client`), a framework's span of one (`framework`), or what holds calls (`workflow`)."""

    kind: str
    inputs: int
    outputs: int
    cached: int
    model: str
    failed: bool
    echoed: bool
    ends: int
    children: tuple[Node, ...] = ()

    def counted(self) -> list[Node]:
        """Give the reference: calls with no call beneath them."""
        beneath = [node for child in self.children for node in child.counted()]
        return beneath or ([] if self.kind == "workflow" else [self])


def nodes(kinds: list[str], children: st.SearchStrategy[tuple[Node, ...]]) -> st.SearchStrategy[Node]:
    return st.builds(
        Node,
        kind=st.sampled_from(kinds),
        inputs=st.integers(1, 10**9),
        outputs=st.integers(0, 10**6),
        cached=st.integers(0, 10**6),
        model=st.sampled_from(["gpt-4o", "gpt-4o-mini", "o3-mini", "nobody-prices-this"]),
        failed=st.booleans(),
        echoed=st.booleans(),
        ends=st.integers(1, 500),
        children=children,
    )


TREES = st.lists(
    st.recursive(
        nodes(["client"], st.just(())),
        lambda deeper: nodes(["framework", "workflow"], st.lists(deeper, max_size=3).map(tuple)),
        max_leaves=8,
    ),
    min_size=1,
    max_size=3,
)


def told(trees: list[Node], *, backwards: bool = False) -> list[dict[str, Any]]:
    """Tell the spans: children overlap, and end in the order of `ends` or against it, before what holds them."""
    spans: list[dict[str, Any]] = []

    def tell(node: Node, depth: int) -> dict[str, Any]:
        number = len(identities)
        identities.append(node)
        children = [tell(child, depth + 1) for child in node.children]
        own = 501 - node.ends if backwards else node.ends
        end = max([depth + own, *(child["at"][1] + 1 for child in children)])
        attributes: dict[str, Any] = {"gen_ai.operation.name": "invoke_workflow"}
        if node.kind != "workflow":
            attributes = {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": node.model,
                "gen_ai.usage.input_tokens": node.inputs,
                "gen_ai.usage.output_tokens": node.outputs,
                "gen_ai.usage.cache_read.input_tokens": min(node.cached, node.inputs),
                "gen_ai.response.id": f"chatcmpl-{number:030d}",
            }
        span = {
            "scope": CLIENT if node.kind == "client" else FRAMEWORK,
            "attributes": attributes,
            "at": (depth, end),
            "status": "error" if node.failed else None,
            "children": children,
        }
        if node.echoed and node.kind == "client":
            # LangSmith tells the same call in a trace of its own, after the fact.
            said = {**attributes, "langsmith.span.kind": "llm"}
            echo = {"scope": "langsmith", "attributes": said, "at": (depth, end + 1), "trace": 1000 + number}
            spans.append({**echo, "status": span["status"]})
        return span

    identities: list[Node] = []
    return [*(tell(tree, 0) for tree in trees), *spans]


@ROADS
@given(trees=TREES)
@quick
def test_metrics_events_and_spans_agree_with_each_other_and_with_what_happened(
    send: Any, road: str, trees: list[Node]
) -> None:
    ledger = send(told(trees), road)
    happened = [node for tree in trees for node in tree.counted()]
    assert ledger.total("llm_requests") == len(ledger.events) == len(happened)
    assert ledger.by("llm_tokens", "type").get("input", 0) == sum(node.inputs for node in happened)
    assert ledger.by("llm_tokens", "type").get("output", 0) == sum(node.outputs for node in happened)
    assert ledger.by("llm_tokens", "type").get("input", 0) == sum(e["llm_input_tokens"] for e in ledger.events)
    assert ledger.total("llm_cost") == pytest.approx(sum(e.get("llm_cost_usd", 0) for e in ledger.events))
    assert ledger.total("llm_wasted_cost") <= ledger.total("llm_cost") * (1 + 1e-9)
    assert ledger.by("llm_cached_tokens", "type").get("read", 0) <= ledger.by("llm_tokens", "type").get("input", 0)
    if road == "sdk":
        assert ledger.total("llm_cost") == pytest.approx(ledger.costs_on_spans)


@given(trees=TREES)
@quick
def test_the_order_of_ending_does_not_matter(send: Any, trees: list[Node]) -> None:
    one, other = send(told(trees), "light"), send(told(trees, backwards=True), "light")
    for metric, label in (("llm_requests", "status"), ("llm_tokens", "type"), ("llm_unpriced_tokens", "model")):
        assert one.by(metric, label) == other.by(metric, label)
    assert one.total("llm_cost") == pytest.approx(other.total("llm_cost"))


COUNTS = st.integers(0, 10**12)


@given(
    st.builds(
        Usage,
        inputs=COUNTS | st.none(),
        outputs=COUNTS | st.none(),
        total=COUNTS | st.none(),
        cache_read=COUNTS,
        cache_write=COUNTS,
        reasoning=COUNTS,
        input_audio=COUNTS,
        output_audio=COUNTS,
        leaves_cached_out=st.booleans(),
        rest_is_reasoning=st.booleans(),
    )
)
@settings(quick, max_examples=300)
def test_subsets_are_no_larger_than_their_wholes(usage: Usage) -> None:
    made = whole(usage)
    inputs, outputs = made.inputs or 0, made.outputs or 0
    assert made.cache_read + made.cache_write <= inputs
    assert made.reasoning <= outputs
    assert max(made.input_audio - inputs, made.output_audio - outputs) <= 0
    assert inputs >= (usage.inputs or 0), "nothing is taken away"
    assert outputs >= (usage.outputs or 0)
    assert whole(made) == made or usage.leaves_cached_out or usage.total is not None


PART = st.integers(0, 10**6)


@given(fresh=st.integers(0, 10**9), read=PART, written=PART, said=PART, thought=PART)
@settings(quick, max_examples=200)
def test_a_total_tells_what_is_left_out(fresh: int, read: int, written: int, said: int, thought: int) -> None:
    """Reported within or beside, with a total that adds up, the same usage comes out."""
    assume(read + written != thought or thought == 0)  # which of two equal parts is missing cannot be told
    total = fresh + read + written + said + thought
    reports = [
        whole(Usage(inputs, outputs, total, cache_read=read, cache_write=written, reasoning=thought))
        for inputs in (fresh, fresh + read + written)
        for outputs in (said, said + thought)
    ]
    assert reports == [reports[-1]] * 4
    assert (reports[-1].inputs or 0) + (reports[-1].outputs or 0) == total


@pytest.mark.parametrize(
    ("usage", "made"),
    [
        (Usage(1000, 100, 1160, reasoning=60), (1000, 160, 60)),  # beside the output, says the total
        (Usage(1000, 100, 1100, reasoning=60), (1000, 100, 60)),
        (Usage(1000, 100, 1300, rest_is_reasoning=True), (1000, 300, 200)),
        (Usage(1000, 100, 1300), (1000, 100, 0)),  # nobody knows what the rest is
        (Usage(1000, 1, 1004, reasoning=10, rest_is_reasoning=True), (1000, 4, 4)),
        (Usage(10, 1, 31, cache_read=20, reasoning=5), (30, 6, 5)),
    ],
)
def test_totals_of_output(usage: Usage, made: tuple[int, int, int]) -> None:
    found = whole(usage)
    assert (found.inputs, found.outputs, found.reasoning) == made


ANYTHING = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40) | st.lists(st.text(max_size=5))
)
NAMES = sorted({name for spec in v.ATTRIBUTES for name in spec.names})


@given(
    attributes=st.dictionaries(st.sampled_from(NAMES), ANYTHING, max_size=12),
    operation=st.sampled_from(["chat", "embeddings"]),
)
@settings(quick, max_examples=100)
def test_nothing_that_comes_over_the_wire_breaks_the_reader(
    light: Any, attributes: dict[str, Any], operation: str
) -> None:
    span = light(attributes={**attributes, "gen_ai.operation.name": operation})
    is_call(span), failure_of(span), read_ids(span), call_at_start(span.attributes)
    call = read_call(span)
    for tokens in (call.input_tokens, call.output_tokens):
        assert tokens is None or 0 <= tokens <= 3 * 10**12
    assert call.cache_read_tokens + call.cache_write_tokens <= (call.input_tokens or 0)
    assert call.reasoning_tokens <= (call.output_tokens or 0)
