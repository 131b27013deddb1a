"""What a run's span says: name, kind, whose it was, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langsmith import trace, traceable
from opentelemetry.trace import SpanKind, StatusCode, get_current_span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .conftest import Bench


def test_name_kind_tags_metadata_and_project_are_on_the_span(bench: Bench) -> None:
    with trace(
        "answering",
        run_type="tool",
        project_name="assistant",
        tags=["beta", "eu"],
        metadata={"customer": "acme", "attempt": 2, "shape": {"a": 1}, "nothing": None},
    ) as run:
        run.add_tags("late")
        run.add_metadata({"found": True})
    span = bench.span("answering")
    said = dict(span.attributes or {})
    assert said["langsmith.span.kind"] == "tool"
    assert said["langsmith.trace.name"] == said["gen_ai.tool.name"] == "answering"
    assert said["gen_ai.operation.name"] == "execute_tool"
    assert said["langsmith.trace.session_name"] == "assistant"
    assert said["langsmith.span.tags"] == "beta, eu, late"
    assert {name: said[f"langsmith.metadata.{name}"] for name in ("customer", "attempt", "shape", "found")} == {
        "customer": "acme",
        "attempt": 2,
        "shape": '{"a": 1}',
        "found": True,
    }
    assert "langsmith.metadata.nothing" not in said
    assert span.instrumentation_scope is not None
    assert span.instrumentation_scope.name == "heliograph.langsmith"


THREADS: dict[str, tuple[dict[str, Any], tuple[str | None, str | None]]] = {
    "session_id": ({"session_id": "s"}, (None, "s")),
    "thread_id": ({"thread_id": "t"}, (None, "t")),
    "conversation_id": ({"conversation_id": 17}, (None, "17")),
    "LangSmith's order": ({"conversation_id": "c", "thread_id": "t", "session_id": "s"}, (None, "s")),
    "user": ({"user_id": "u", "thread_id": "t"}, ("u", "t")),
    "none": ({"thread": "t"}, (None, None)),
}


@pytest.mark.parametrize("name", THREADS)
def test_thread_and_user_of_the_metadata_are_our_session_and_user(bench: Bench, name: str) -> None:
    metadata, expected = THREADS[name]

    @traceable(run_type="llm")
    def call() -> dict[str, Any]:
        bench.provider.get_tracer("application").start_span("within").end()
        return {"usage_metadata": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}}

    @traceable(metadata=metadata)
    def answer() -> None:
        call()

    answer()
    for span in bench.spans:
        said = span.attributes or {}
        assert (said.get("user.id"), said.get("session.id")) == expected, span.name
    (event,) = bench.calls
    assert (event.get("user_id"), event.get("session_id")) == expected


def test_one_users_id_is_never_on_another_users_call(bench: Bench) -> None:
    @traceable(run_type="llm")
    def call(user: str) -> None:
        bench.provider.get_tracer("application").start_span(f"within {user}").end()

    with bench.provider.get_tracer("application").start_as_current_span("batch"):
        for user in ("ann", "bob"):
            call(user, langsmith_extra={"metadata": {"user_id": user}, "name": f"call {user}"})
    by_name = {span.name: (span.attributes or {}).get("user.id") for span in bench.spans}
    assert (by_name["call ann"], by_name["call bob"]) == ("ann", "bob")
    assert by_name["within bob"] is None, "by the trace alone, it could be either"


FAILURES = {
    "exception": (ValueError("no"), (StatusCode.ERROR, "ValueError")),
    "dotted message": (RuntimeError("a (b): c"), (StatusCode.ERROR, "RuntimeError")),
    "a person is asked": (type("GraphInterrupt", (Exception,), {})("?"), (StatusCode.UNSET, None)),
    "another agent goes on": (type("ParentCommand", (Exception,), {})("!"), (StatusCode.UNSET, None)),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failed_run_is_an_error(bench: Bench, name: str) -> None:
    error, (status, kind) = FAILURES[name]

    @traceable
    def failing() -> None:
        raise error

    with pytest.raises(type(error)):
        failing()
    span = bench.span("failing")
    assert span.status.status_code is status
    assert (span.attributes or {}).get("error.type") == kind
    if kind is not None:
        (event,) = [event for event in span.events if event.name == "exception"]
        said = dict(event.attributes or {})
        assert said["exception.type"] == kind
        assert str(error) in str(said["exception.message"])
        assert str(said["exception.stacktrace"]).startswith("Traceback (most recent call last)")


def test_a_handled_exception_is_no_failure(bench: Bench) -> None:
    @traceable(run_type="llm")
    def handling() -> None:
        get_current_span().record_exception(ValueError("handled"))

    handling()
    assert bench.span("handling").status.status_code is StatusCode.OK
    assert [call["status"] for call in bench.calls] == ["success"]


LEFT: dict[str, tuple[str, Callable[[Any], object]]] = {
    "generator closed": ("cancelled", lambda numbers: numbers.close()),
    "generator collected": ("cancelled", lambda _: None),
    "generator exhausted": ("success", list),
}


@pytest.mark.parametrize("name", LEFT)
def test_a_stream_left_early_is_cancelled(bench: Bench, name: str) -> None:
    status, leave = LEFT[name]

    @traceable(run_type="llm", metadata={"ls_provider": "openai", "ls_model_name": "gpt-4o"})
    def numbers() -> Iterator[int]:
        yield 1
        yield 2

    stream = numbers()
    next(stream)
    leave(stream)
    del stream
    (call,) = bench.calls
    assert call["status"] == status
    assert call["model"] == "gpt-4o"


def test_calls_of_models_are_clients_spans_and_others_are_not(bench: Bench) -> None:
    for kind in ("llm", "embedding", "chain", "tool", "retriever", "prompt", "parser"):
        with trace(kind, run_type=kind):
            pass
    kinds = {span.name: span.kind for span in bench.spans}
    assert {name for name, kind in kinds.items() if kind is SpanKind.CLIENT} == {"llm", "embedding"}
    assert {call["operation"] for call in bench.calls} == {"chat", "embeddings"}


def test_a_run_around_a_run_of_a_model_is_not_counted_again(bench: Bench) -> None:
    usage = {"usage_metadata": {"input_tokens": 10, "output_tokens": 1, "total_tokens": 11}}

    @traceable(run_type="llm")
    def inner() -> dict[str, Any]:
        return usage

    @traceable(run_type="llm")
    def outer() -> dict[str, Any]:
        return inner()

    outer()
    assert [call["llm_input_tokens"] for call in bench.calls] == [10]
