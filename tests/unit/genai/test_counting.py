"""From spans to metrics and events: each rule of counting, firing and quiet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, TraceIdRatioBased

if TYPE_CHECKING:
    from .conftest import Bench

USAGE: dict[str, Any] = {"gen_ai__usage__input_tokens": 1000, "gen_ai__usage__output_tokens": 100}
# gpt-4o-mini: 0.15 USD per million input tokens, 0.60 per million output tokens, 0.075 cached.
COST = 1000 * 0.15e-6 + 100 * 0.60e-6


def test_a_call_is_one_request_with_its_tokens_cost_and_latency(bench: Bench) -> None:
    bench.call(**USAGE, seconds=1.5, gen_ai__response__model="gpt-4o-mini-2024-07-18")
    (request,) = bench.points("llm_requests")
    assert dict(request.attributes) == {
        "model": "gpt-4o-mini-2024-07-18",
        "provider": "openai",
        "operation": "chat",
        "chain": "",
        "tenant": "",
        "status": "success",
    }
    assert bench.total("llm_tokens", type="input") == 1000
    assert bench.total("llm_tokens", type="output") == 100
    assert bench.total("llm_cost") == pytest.approx(COST)
    (latency,) = bench.points("llm_latency")
    assert latency.sum == pytest.approx(1.5)
    assert latency.explicit_bounds == (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300)


def test_cached_and_reasoning_tokens_are_subsets_with_their_own_price(bench: Bench) -> None:
    bench.call(
        **USAGE,
        gen_ai__usage__cache_read__input_tokens=400,
        gen_ai__usage__reasoning__output_tokens=30,
    )
    assert bench.total("llm_tokens", type="input") == 1000
    assert bench.total("llm_cached_tokens", type="read") == 400
    assert bench.total("llm_reasoning_tokens") == 30
    assert bench.total("llm_cost") == pytest.approx(600 * 0.15e-6 + 400 * 0.075e-6 + 100 * 0.60e-6)


def test_a_model_without_a_price_is_flagged_and_costs_nothing(bench: Bench) -> None:
    bench.call(**USAGE, model="my-own-model")
    assert bench.points("llm_cost") == []
    assert bench.total("llm_unpriced_tokens", type="input") == 1000
    assert bench.events[-1]["unpriced"] is True
    assert "llm_cost_usd" not in bench.events[-1]
    assert "llm.cost_usd" not in (bench.spans["chat my-own-model"].attributes or {})


def test_a_priced_model_is_not_flagged(bench: Bench) -> None:
    bench.call(**USAGE)
    assert bench.points("llm_unpriced_tokens") == []
    assert bench.events[-1]["unpriced"] is False


def test_an_error_counts_as_an_attempt_with_its_type_and_no_cost(bench: Bench) -> None:
    bench.call(error="RateLimitError")
    (request,) = bench.points("llm_requests", status="error")
    assert request.attributes["error_type"] == "RateLimitError"
    assert bench.points("llm_cost") == []
    assert "llm_cost_usd" not in bench.events[-1]
    assert bench.events[-1]["error_type"] == "RateLimitError"


def test_a_failure_counts_under_the_model_that_answers_otherwise(bench: Bench) -> None:
    """One failure of four calls is 25 % of one model's calls, not 100 % of another's."""
    bench.call(error="RateLimitError")  # nobody has answered yet: the name that was asked for
    for _ in range(3):
        bench.call(**USAGE, gen_ai__response__model="gpt-4o-mini-2024-07-18")
    bench.call(error="RateLimitError")
    bench.call(error="RateLimitError", model="gpt-4o")
    failed = {p.attributes["model"]: p.value for p in bench.points("llm_requests", status="error")}
    assert failed == {"gpt-4o-mini": 1, "gpt-4o-mini-2024-07-18": 1, "gpt-4o": 1}
    assert bench.events[-2]["model"] == "gpt-4o-mini-2024-07-18"


@pytest.mark.parametrize("error", ["CancelledError", "GeneratorExit", "KeyboardInterrupt"])
def test_a_cancelled_call_is_no_error(bench: Bench, error: str) -> None:
    bench.call(error=error)
    assert bench.total("llm_requests", status="cancelled") == 1
    assert bench.points("llm_requests", status="error") == []


def test_an_early_closed_stream_is_cancelled(bench: Bench) -> None:
    bench.call(gen_ai__request__stream=True, gen_ai__response__time_to_first_chunk=0.2)
    assert bench.total("llm_requests", status="cancelled") == 1


def test_a_stream_that_finished_without_usage_is_a_success(bench: Bench) -> None:
    bench.call(gen_ai__request__stream=True, gen_ai__response__finish_reasons=["stop"])
    assert bench.total("llm_requests", status="success") == 1
    assert bench.events[-1]["unpriced"] is True


def test_a_stream_has_time_to_first_token_and_per_output_token(bench: Bench) -> None:
    bench.call(
        **USAGE,
        seconds=10.1,
        gen_ai__request__stream=True,
        gen_ai__response__finish_reasons=["stop"],
        gen_ai__response__time_to_first_chunk=0.2,
    )
    (first,) = bench.points("llm_time_to_first_token")
    assert first.sum == pytest.approx(0.2)
    assert first.explicit_bounds[:2] == (0.01, 0.025)
    (each,) = bench.points("llm_time_per_output_token")
    assert each.sum == pytest.approx((10.1 - 0.2) / 99)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"error": "APIError"}, "error"),
        ({"error": "CancelledError"}, "cancelled"),
        ({"gen_ai__response__finish_reasons": ["content_filter"]}, "blocked"),
    ],
)
def test_cost_of_a_useless_answer_is_wasted(bench: Bench, said: dict[str, Any], reason: str) -> None:
    bench.call(**USAGE, **said)
    assert bench.total("llm_wasted_cost", reason=reason) == pytest.approx(COST)
    assert bench.total("llm_cost") == pytest.approx(COST)


def test_cost_of_a_good_answer_is_not_wasted(bench: Bench) -> None:
    bench.call(**USAGE, gen_ai__response__finish_reasons=["stop"])
    assert bench.points("llm_wasted_cost") == []


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -5.0, "many", True])
def test_nonsense_for_tokens_spoils_no_counter(bench: Bench, bad: Any) -> None:
    bench.call(gen_ai__usage__input_tokens=bad, gen_ai__usage__output_tokens=3)
    assert bench.points("llm_tokens", type="input") == []
    assert bench.total("llm_tokens", type="output") == 3


@pytest.mark.parametrize("operation", ["invoke_agent", "invoke_workflow", "execute_tool", "create_agent", "chain"])
def test_what_is_no_call_is_not_counted(bench: Bench, operation: str) -> None:
    bench.call(operation=operation, **USAGE)
    assert bench.points("llm_requests") == []
    assert bench.span_count == 1


@pytest.mark.parametrize("name", ["gen_ai__usage__input_tokens", "gen_ai__usage__prompt_tokens"])
def test_old_and_new_spellings_count_alike(bench: Bench, name: str) -> None:
    said: dict[str, Any] = {name: 7}
    bench.call(**said)
    assert bench.total("llm_tokens", type="input") == 7


def test_a_framework_span_around_a_counted_one_is_not_counted(bench: Bench) -> None:
    tracer = bench.tracers.get_tracer("langchain")
    attributes: Any = {"gen_ai.operation.name": "chat", "gen_ai.system": "openai", "gen_ai.usage.input_tokens": 1000}
    with tracer.start_as_current_span("outer", attributes=attributes), tracer.start_as_current_span("between"):
        bench.call(**USAGE)
    assert bench.total("llm_requests") == 1
    assert bench.total("llm_tokens", type="input") == 1000


def test_a_framework_span_around_two_attempts_counts_both(bench: Bench) -> None:
    tracer = bench.tracers.get_tracer("langchain")
    with tracer.start_as_current_span("outer", attributes={"gen_ai.operation.name": "chat"}):
        bench.call(error="APITimeoutError")
        bench.call(**USAGE)
    assert bench.total("llm_requests") == 2


def test_a_framework_span_with_nothing_within_counts_itself(bench: Bench) -> None:
    bench.call(scope="langchain", **USAGE)
    assert bench.total("llm_requests") == 1


def test_calls_beside_each_other_are_all_counted(bench: Bench) -> None:
    with bench.tracers.get_tracer("app").start_as_current_span("work"):
        for _ in range(3):
            bench.call(**USAGE)
    assert bench.total("llm_requests") == 3


def test_the_same_response_in_another_trace_is_counted_once(bench: Bench) -> None:
    for scope in ("opentelemetry.instrumentation.genai.openai", "langsmith-like"):
        bench.call(scope=scope, context=Context(), gen_ai__response__id="chatcmpl-1", **USAGE)
    bench.call(context=Context(), gen_ai__response__id="chatcmpl-2", **USAGE)
    assert bench.total("llm_requests") == 2


def test_a_span_made_after_the_fact_around_a_counted_one_is_not_counted(bench: Bench) -> None:
    """LangSmith: the inner call names a parent that appears, with that id, only later."""
    outer = trace.SpanContext(0xABC, 0xDEF, is_remote=False, trace_flags=trace.TraceFlags(1))
    bench.call(context=trace.set_span_in_context(trace.NonRecordingSpan(outer), Context()), **USAGE)
    assert bench.total("llm_requests") == 1
    tracer: Any = bench.tracers.get_tracer("langsmith")
    tracer.id_generator = type(
        "Ids",
        (),
        {
            "generate_span_id": lambda _: 0xDEF,
            "generate_trace_id": lambda _: 0xABC,
            "is_trace_id_random": lambda _: False,
        },
    )()
    bench.call(scope="langsmith", context=Context(), langsmith__span__kind="llm", **USAGE)
    assert bench.total("llm_requests") == 1


def test_a_langsmith_retriever_is_no_call_though_named_embeddings(bench: Bench) -> None:
    bench.call(scope="langsmith", operation="embeddings", langsmith__span__kind="retriever")
    assert bench.points("llm_requests") == []


def test_a_langsmith_run_gives_its_token_details(bench: Bench) -> None:
    bench.call(
        scope="langsmith",
        langsmith__span__kind="llm",
        gen_ai__usage__input_token_details="{'cache_read': 20}",
        gen_ai__usage__output_token_details='{"reasoning": 5}',
        **USAGE,
    )
    assert bench.total("llm_cached_tokens", type="read") == 20
    assert bench.total("llm_reasoning_tokens") == 5


def test_a_langsmith_failure_with_status_ok_is_an_error(bench: Bench) -> None:
    tracer = bench.tracers.get_tracer("langsmith")
    span = tracer.start_span("run")
    span.set_attributes({"gen_ai.operation.name": "chat", "langsmith.span.kind": "llm"})
    span.record_exception(Exception("ValueError('no')Traceback ..."))
    span.set_status(trace.StatusCode.OK)
    span.end()
    (request,) = bench.points("llm_requests", status="error")
    assert request.attributes["error_type"] == "ValueError"
    assert bench.spans["run"].status.status_code is trace.StatusCode.ERROR


def test_a_handled_exception_of_another_scope_is_no_error(bench: Bench) -> None:
    with bench.tracers.get_tracer("app").start_as_current_span(
        "run", attributes={"gen_ai.operation.name": "chat"}
    ) as span:
        span.record_exception(ValueError("handled"))
    assert bench.total("llm_requests", status="success") == 1


def test_the_exported_span_has_its_cost_and_the_mark(bench: Bench) -> None:
    bench.call(**USAGE)
    said = bench.spans["chat gpt-4o-mini"].attributes or {}
    assert said["llm.cost_usd"] == pytest.approx(COST)
    assert said["heliograph.metered"] is True


@pytest.mark.parametrize(
    ("attributes", "marked"),
    [
        ({"gen_ai.operation.name": "chat"}, True),
        ({"gen_ai.operation.name": "chat", "heliograph.metered": True}, True),
        ({"http.request.method": "GET"}, None),
    ],
    ids=["a model's span", "marked by its instrumentor", "another"],
)
def test_a_span_is_marked_as_metered_from_its_start(bench: Bench, attributes: dict[str, Any], marked: Any) -> None:
    # Other processors of the application's may export it before ours has looked at its end.
    span: Any = bench.tracers.get_tracer("test").start_span("span", attributes=attributes)
    assert span.attributes.get("heliograph.metered") is marked
    span.end()


def test_content_stays_in_the_process_unless_asked_for(make_bench: Any) -> None:
    for asked in (False, True):
        bench: Bench = make_bench(capture_content=asked)
        bench.call(gen_ai__prompt="secret", gen_ai__input__messages="secret", **USAGE)
        said = bench.spans["chat gpt-4o-mini"].attributes or {}
        assert ("gen_ai.prompt" in said) is asked
        assert ("gen_ai.input.messages" in said) is asked


def test_an_exemplar_names_the_trace_of_the_call_not_of_its_parent(bench: Bench) -> None:
    with bench.tracers.get_tracer("app").start_as_current_span("parent"):
        span = bench.call(**USAGE)
    context = span.context
    assert context is not None
    data = bench.collect()
    for name in ("llm_latency", "llm_cost"):
        (point,) = bench.pick(data, name)
        assert [(e.trace_id, e.span_id) for e in point.exemplars] == [(context.trace_id, context.span_id)], name


def test_nothing_names_the_span_of_whoever_settles(bench: Bench) -> None:
    with bench.tracers.get_tracer("app").start_as_current_span("of something else") as span:
        bench.call(**USAGE)
        bench.meter.settle()
    context = span.get_span_context()
    named = {
        metric.name: {exemplar.span_id for point in metric.data.data_points for exemplar in point.exemplars}
        for resource in bench.collect().resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    assert named["llm_requests"] == named["llm_tokens"] == set()
    assert [name for name, spans in named.items() if context.span_id in spans] == []


def test_sampling_a_tenth_changes_no_metric(make_bench: Any) -> None:
    bench: Bench = make_bench(TraceIdRatioBased(0.1))
    for _ in range(300):
        bench.call(context=Context(), **USAGE)
    assert bench.total("llm_requests") == 300
    assert bench.total("llm_cost") == pytest.approx(300 * COST)
    assert len(bench.events) == 300
    # Binomial(300, 0.1): mean 30, standard deviation 5.2; both bounds are 5 deviations away.
    assert 3 < bench.span_count < 57


def test_spans_that_are_no_calls_stay_dropped(make_bench: Any) -> None:
    bench: Bench = make_bench(ALWAYS_OFF)
    with bench.tracers.get_tracer("app").start_as_current_span("work") as span:
        assert not span.is_recording()
    assert bench.span_count == 0


def test_too_many_models_become_other(bench: Bench) -> None:
    for index in range(250):
        bench.call(model=f"m-{index}", gen_ai__usage__input_tokens=1)
    models = {point.attributes["model"] for point in bench.points("llm_requests")}
    assert len(models) == 201
    assert bench.total("llm_requests", model="other") == 50
    assert bench.total("llm_requests") == 250


def test_events_say_that_the_application_counted(bench: Bench) -> None:
    bench.call(**USAGE)
    assert bench.events[-1]["metered_by"] == "application"


def test_two_equal_calls_of_one_moment_are_two_lines(bench: Bench) -> None:
    """Loki keeps one of two equal lines with one time."""
    spans = [bench.call(error="RateLimitError") for _ in range(2)]
    bodies = [record.body for record in bench.records]
    assert len(set(bodies)) == 2
    for span, body in zip(spans, bodies, strict=True):
        assert span.context is not None
        assert trace.format_span_id(span.context.span_id) in body


@pytest.mark.parametrize("part", ["is_call", "read_call"])
def test_a_span_that_cannot_be_metered_goes_on_without_its_content(
    bench: Bench, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"heliograph.genai._processor.{part}", lambda *_: 1 / 0)
    bench.call(gen_ai__prompt="secret", gen_ai__input__messages="secret", **USAGE)
    said = bench.spans["chat gpt-4o-mini"].attributes or {}
    assert "secret" not in str(dict(said))
    assert said["gen_ai.usage.input_tokens"] == 1000


def test_a_defect_in_the_meter_reaches_nobody(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.meter, "_count", lambda *_: 1 / 0)
    bench.call(**USAGE)
    assert bench.span_count == 1


def test_memories_are_bounded(bench: Bench) -> None:
    tracer = bench.tracers.get_tracer("app")
    kept = [tracer.start_span(f"never ended {index}") for index in range(17_000)]
    assert len(bench.processor._open) == 16_384
    assert len(kept) == 17_000
