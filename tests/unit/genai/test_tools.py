"""Runs of tools: whose spans are runs, what they are called, and that several layers' reports of one count once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

import heliograph
from heliograph.genai import _tool
from heliograph.genai._labels import CAPS
from heliograph.genai._tool import ToolRun, ToolRuns

if TYPE_CHECKING:
    from .conftest import Bench

START = 1_700_000_000_000_000_000
SECOND = 1_000_000_000
TOOL = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search"}

# who wrote it, its scope, the span's name, its attributes, the tool it is a run of
TOLD: list[tuple[str, str, str, dict[str, Any], str]] = [
    ("OpenTelemetry", "opentelemetry.instrumentation.genai.langchain", "execute_tool search", TOOL, "search"),
    ("OpenTelemetry, name on the span", "x", "execute_tool add", {"gen_ai.operation.name": "execute_tool"}, "add"),
    ("MCP", "mcp", "tools/call weather", {"gen_ai.operation.name": "execute_tool"}, "weather"),
    (
        "LangSmith, ours",
        "heliograph.langsmith",
        "search",
        {"langsmith.span.kind": "tool", "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search"},
        "search",
    ),
    ("LangSmith, its own", "langsmith", "search", {"langsmith.span.kind": "tool"}, "search"),
    (
        "OpenInference",
        "openinference.instrumentation.langchain",
        "Search",
        {"openinference.span.kind": "TOOL", "tool.name": "search"},
        "search",
    ),
    ("OpenInference, name on the span", "openinference.x", "search", {"openinference.span.kind": "tool"}, "search"),
    (
        "OpenLLMetry",
        "opentelemetry.instrumentation.langchain",
        "search.tool",
        {"traceloop.span.kind": "tool", "traceloop.entity.name": "search"},
        "search",
    ),
    ("OpenLLMetry, name on the span", "traceloop", "search.tool", {"traceloop.span.kind": "tool"}, "search"),
    ("Langfuse", "langfuse-sdk", "search", {"langfuse.observation.type": "tool"}, "search"),
    ("Vercel AI SDK", "ai", "ai.toolCall", {"ai.operationId": "ai.toolCall", "ai.toolCall.name": "search"}, "search"),
]


def run_tool(
    bench: Bench,
    scope: str = "agent",
    name: str = "execute_tool search",
    said: dict[str, Any] | None = None,
    *,
    at: tuple[float, float] = (0, 1),
    error: str | None = None,
    parent: trace.Span | None = None,
) -> trace.Span:
    context = trace.set_span_in_context(parent, Context()) if parent is not None else None
    span = bench.tracers.get_tracer(scope).start_span(
        name, context=context, attributes=TOOL if said is None else said, start_time=START + int(at[0] * SECOND)
    )
    if error is not None:
        span.set_attribute("error.type", error)
        span.set_status(trace.StatusCode.ERROR)
    span.end(START + int(at[1] * SECOND))
    return span


@pytest.mark.parametrize(("scope", "name", "said", "tool"), [t[1:] for t in TOLD], ids=[t[0] for t in TOLD])
def test_a_run_of_a_tool_is_counted_by_its_name(
    bench: Bench, scope: str, name: str, said: dict[str, Any], tool: str
) -> None:
    run_tool(bench, scope, name, said)
    (point,) = bench.points("tool_calls")
    assert (point.value, dict(point.attributes)) == (1, {"tool": tool, "status": "success", "chain": ""})
    assert bench.points("llm_requests") == [], "a tool is no call of a model"
    assert (bench.spans[name].attributes or {})["heliograph.metered"] is True


@pytest.mark.parametrize(
    "said",
    [
        {"gen_ai.operation.name": "invoke_agent", "gen_ai.tool.name": "search"},
        {"gen_ai.operation.name": "retrieval"},
        {"openinference.span.kind": "AGENT", "tool.name": "search"},
        {"openinference.span.kind": "CHAIN", "gen_ai.operation.name": "execute_tool"},
        {"traceloop.span.kind": "workflow", "traceloop.entity.name": "search"},
        {"langfuse.observation.type": "span"},
        {"ai.operationId": "ai.generateText"},
        {"tool.name": "search"},
        {},
    ],
    ids=str,
)
def test_what_is_no_run_of_a_tool_is_not_counted(bench: Bench, said: dict[str, Any]) -> None:
    run_tool(bench, said=said)
    assert bench.points("tool_calls") == []


def test_a_retriever_of_langsmith_is_no_tool_whatever_its_operation(bench: Bench) -> None:
    run_tool(bench, "langsmith", said={"langsmith.span.kind": "retriever", "gen_ai.operation.name": "execute_tool"})
    assert bench.points("tool_calls") == []


@pytest.mark.parametrize(
    ("error", "status", "error_type"),
    [
        (None, "success", None),
        ("TimeoutError", "error", "TimeoutError"),
        ("app.tools.NotFoundError", "error", "NotFoundError"),
        ("asyncio.CancelledError", "cancelled", None),
        ("GeneratorExit", "cancelled", None),
    ],
)
def test_a_run_has_an_outcome(bench: Bench, error: str | None, status: str, error_type: str | None) -> None:
    run_tool(bench, error=error)
    (point,) = bench.points("tool_calls")
    assert (point.attributes["status"], point.attributes.get("error_type")) == (status, error_type)


def test_a_failure_that_langsmith_hides_behind_status_ok_is_one(bench: Bench) -> None:
    span = bench.tracers.get_tracer("langsmith").start_span("search", attributes={"langsmith.span.kind": "tool"})
    span.record_exception(Exception("LookupError('no')Traceback ..."))
    span.set_status(trace.StatusCode.OK)
    span.end()
    assert bench.total("tool_calls", status="error", error_type="LookupError") == 1


def test_the_chain_is_the_innermost_one_around_it_else_the_querys(bench: Bench) -> None:
    with heliograph.query(chain="agent"):
        run_tool(bench, at=(0, 1))
        with heliograph.chain("plan"):
            run_tool(bench, at=(2, 3))
    run_tool(bench, said={**TOOL, "heliograph.chain": "own"}, at=(4, 5))
    by_chain = {point.attributes["chain"]: point.value for point in bench.points("tool_calls")}
    assert by_chain == {"agent": 1, "plan": 1, "own": 1}


def test_a_run_that_no_sampler_keeps_counts(make_bench: Any) -> None:
    bench: Bench = make_bench(ALWAYS_OFF)
    for number in range(5):
        run_tool(bench, at=(number, number + 1))
    assert bench.total("tool_calls") == 5
    assert bench.span_count == 0, "counted, and not exported"


def test_a_frameworks_span_around_another_layers_is_the_same_run(bench: Bench) -> None:
    outer = bench.tracers.get_tracer("langchain").start_span("search", attributes=TOOL, start_time=START)
    run_tool(bench, "mcp", parent=outer, at=(0.1, 0.9))
    outer.end(START + SECOND)
    assert bench.total("tool_calls") == 1


def test_a_callbacks_span_in_a_trace_of_its_own_is_the_same_run(bench: Bench) -> None:
    run_tool(bench, "mcp", at=(0.1, 0.9))
    run_tool(bench, "heliograph.langsmith", name="Search", said={**TOOL, "gen_ai.tool.name": "Search"}, at=(0, 1))
    assert bench.total("tool_calls") == 1


def test_attempts_within_a_frameworks_span_all_count(bench: Bench) -> None:
    outer = bench.tracers.get_tracer("langchain").start_span("search", attributes=TOOL, start_time=START)
    run_tool(bench, "mcp", parent=outer, at=(0.1, 0.4), error="TimeoutError")
    run_tool(bench, "mcp", parent=outer, at=(0.5, 0.9))
    outer.end(START + SECOND)
    assert bench.total("tool_calls") == 2
    assert bench.total("tool_calls", status="error") == 1


def test_one_report_stands_for_one_run(bench: Bench) -> None:
    """A callback tells of the whole, and two attempts come later: one of them is what it told of."""
    run_tool(bench, "langchain", at=(0, 1))
    run_tool(bench, "mcp", at=(0.1, 0.4))
    run_tool(bench, "mcp", at=(0.5, 0.9))
    assert bench.total("tool_calls") == 2


def test_a_tool_that_runs_itself_is_two_runs(bench: Bench) -> None:
    outer = bench.tracers.get_tracer("agent").start_span("search", attributes=TOOL, start_time=START)
    run_tool(bench, "agent", parent=outer, at=(0.1, 0.9))
    outer.end(START + SECOND)
    assert bench.total("tool_calls") == 2


def test_another_tool_within_a_tool_is_a_run_of_its_own(bench: Bench) -> None:
    outer = bench.tracers.get_tracer("langchain").start_span("research", attributes=TOOL, start_time=START)
    run_tool(bench, "mcp", said={**TOOL, "gen_ai.tool.name": "fetch"}, parent=outer, at=(0.1, 0.9))
    outer.end(START + SECOND)
    assert bench.total("tool_calls", tool="search") == 1
    assert bench.total("tool_calls", tool="fetch") == 1


def test_one_run_after_the_other_is_two_by_any_layer(bench: Bench) -> None:
    run_tool(bench, "mcp", at=(0, 1))
    run_tool(bench, "langchain", at=(2, 3))
    assert bench.total("tool_calls") == 2


@pytest.mark.parametrize(("ids", "runs"), [(("c-1", "c-1"), 1), (("c-1", "c-2"), 2), (("c-1", None), 1)])
def test_the_models_call_id_decides_where_both_say_one(
    bench: Bench, ids: tuple[str | None, str | None], runs: int
) -> None:
    for scope, call in zip(("mcp", "langchain"), ids, strict=True):
        run_tool(bench, scope, said={**TOOL, **({"gen_ai.tool.call.id": call} if call else {})})
    assert bench.total("tool_calls") == runs


def test_many_alike_runs_at_once_told_by_two_layers_have_the_right_sum(bench: Bench) -> None:
    for scope in ("mcp", "langchain"):
        for number in range(50):
            run_tool(bench, scope, at=(number * 0.001, 1 + number * 0.001))
    assert bench.total("tool_calls") == 50


def test_past_its_cap_a_tool_is_other(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    beyond = 7
    with caplog.at_level(logging.WARNING, "heliograph.genai"):
        for number in range(CAPS["tool"] + beyond):
            run_tool(bench, said={**TOOL, "gen_ai.tool.name": f"t-{number}"})
    data = bench.collect()
    assert len(bench.pick(data, "tool_calls")) == CAPS["tool"] + 1
    assert sum(point.value for point in bench.pick(data, "tool_calls", tool="other")) == beyond
    assert [point.value for point in bench.pick(data, "heliograph_labels_folded", label="tool")] == [beyond]
    assert len(caplog.records) == 1


def test_a_defect_in_counting_reaches_nobody(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.meter, "_tool", lambda *_: 1 / 0)
    run_tool(bench)
    assert bench.span_count == 1


def test_the_memory_of_runs_is_bounded_and_forgets_the_oldest() -> None:
    runs = ToolRuns()
    for number in range(_tool._CAPACITY + 10):
        at = number * SECOND
        assert not runs.is_repeat(ToolRun(f"t-{number % 300}", "success", scope="a", started=at, ended=at + 1))
    assert len(runs) == _tool._CAPACITY
    assert sum(len(told) for layers in runs._places.values() for told in layers.values()) == _tool._CAPACITY
    assert not runs.is_repeat(ToolRun("t-0", "success", scope="b", started=0, ended=1)), "the first is forgotten"
    newest = _tool._CAPACITY + 9
    last = ToolRun(f"t-{newest % 300}", "success", scope="b", started=newest * SECOND, ended=newest * SECOND + 1)
    assert runs.is_repeat(last)
