"""An application behind a gateway that also reports: one call, counted where it was made."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from heliograph.genai import _mark

if TYPE_CHECKING:
    from collections.abc import Iterator

USAGE = {"gen_ai__usage__input_tokens": 100, "gen_ai__usage__output_tokens": 10}


def open_call(
    bench: Any, name: str = "chat gpt-4o-mini", *, context: Context | None = None, operation: str = "chat"
) -> Any:
    """Start the span of a call of a model, as an instrumentor does."""
    said = {"gen_ai.operation.name": operation, "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o-mini"}
    return bench.tracers.get_tracer("x").start_span(name, context, attributes=said)


def sent(span: Any) -> dict[str, str]:
    """Give the headers that an instrumented HTTP client sends within the span."""
    headers: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(headers, trace.set_span_in_context(span, Context()))
    return headers


@contextlib.contextmanager
def another_process() -> Iterator[None]:
    """Run as the process at the other end of the wire."""
    own = _mark._own, _mark._alone
    _mark.renew()
    yield
    _mark._own, _mark._alone = own


def test_a_forked_child_does_not_count_the_attempts_within_its_parents_call(bench: Any) -> None:
    own = _mark._own, _mark._alone
    try:
        call = open_call(bench)
        bench.processor.after_fork()
        bench.call(context=trace.set_span_in_context(call, Context()), **USAGE)
        assert bench.points("llm_requests") == [], "the parent counts its call"
        bench.call(context=Context(), **USAGE)
        assert bench.total("llm_requests") == 1, "a call of the child's own"
    finally:
        _mark._own, _mark._alone = own


def received(headers: dict[str, str]) -> Context:
    return TraceContextTextMapPropagator().extract(headers, Context())


@pytest.mark.parametrize("sampler", [ALWAYS_ON, ParentBased(ALWAYS_OFF)], ids=["all sampled", "none sampled"])
def test_the_gateway_does_not_count_what_the_application_counted(make_bench: Any, sampler: Any) -> None:
    application, gateway = make_bench(sampler), make_bench(sampler)
    call = open_call(application)
    headers = sent(call)
    assert headers["tracestate"].startswith("heliograph=")
    web = gateway.tracers.get_tracer("web")
    with another_process(), web.start_as_current_span("POST /v1/chat", received(headers)):
        framework = open_call(gateway, "ChatOpenAI")
        gateway.call(context=trace.set_span_in_context(framework), **USAGE)
        framework.end()
        gateway.meter.settle()
    call.set_attributes({name.replace("__", "."): value for name, value in USAGE.items()})
    call.end()
    assert application.total("llm_requests") == 1
    assert application.total("llm_tokens", type="input") == 100
    assert gateway.total("llm_requests") == 0
    assert gateway.total("llm_tokens") == 0
    assert gateway.events == []


def test_a_gateway_called_by_an_application_that_counts_nothing_counts(make_bench: Any) -> None:
    gateway = make_bench()
    foreign = trace.NonRecordingSpan(trace.SpanContext(1, 2, is_remote=True, trace_flags=trace.TraceFlags(1)))
    gateway.call(context=received(sent(foreign)), **USAGE)
    assert gateway.total("llm_requests") == 1


@pytest.mark.parametrize("sampler", [ALWAYS_ON, ParentBased(ALWAYS_OFF)], ids=["all sampled", "none sampled"])
def test_layers_within_one_process_are_not_taken_for_a_gateway(make_bench: Any, sampler: Any) -> None:
    bench = make_bench(sampler)
    framework = open_call(bench, "ChatOpenAI")
    with bench.tracers.get_tracer("http").start_as_current_span("POST", trace.set_span_in_context(framework)):
        bench.call(**USAGE)
    framework.end()
    assert bench.total("llm_requests") == 1
    assert bench.total("llm_tokens", type="output") == 10


def test_a_service_that_an_agent_calls_counts_its_own_calls(make_bench: Any) -> None:
    application, service = make_bench(), make_bench()
    agent = open_call(application, "invoke_agent", operation="invoke_agent")
    assert "tracestate" not in sent(agent)
    with another_process():
        service.call(context=received(sent(agent)), **USAGE)
    assert service.total("llm_requests") == 1


def test_somebody_elses_trace_state_is_kept(bench: Any) -> None:
    headers = {"traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01", "tracestate": "vendor=abc"}
    call = open_call(bench, context=received(headers))
    assert sent(call)["tracestate"] == f"heliograph={_mark._own},vendor=abc"
    call.end()
