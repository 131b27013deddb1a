"""`@traceable` in the application's own traces; a stand-in for LangSmith's service counts what it is sent."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from heliograph.integrations import _langsmith

from .conftest import Receiver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Run = Callable[..., tuple[int, str, str]]

PROGRAM = """
import json, os, sys
import heliograph
heliograph.configure("smith", endpoint=sys.argv[1])
from langsmith import traceable
from opentelemetry import trace

def model_call():
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai",
                  "gen_ai.request.model": "gpt-4o-mini"}
    with trace.get_tracer("test").start_as_current_span("chat", attributes=attributes) as span:
        span.set_attributes({"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 100})

@traceable(run_type="retriever")
def retrieve(question):
    return [question]

@traceable(run_type="llm", metadata={"ls_provider": "openai", "ls_model_name": "gpt-4o-mini"})
def around_a_client(question):
    model_call()
    return {"usage_metadata": {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100}}

@traceable(run_type="llm", metadata={"ls_provider": "openai", "ls_model_name": "gpt-4o"})
def by_hand(question):
    return {"usage_metadata": {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100,
                               "input_token_details": {"cache_read": 20}}}

@traceable
def broken(question):
    raise ValueError("no")

@traceable
def pipeline(question):
    retrieve(question)
    around_a_client(question)
    by_hand(question)
    try:
        broken(question)
    except ValueError:
        pass

with heliograph.query("answer", user_id="u-1"):
    pipeline("secret question")
pipeline("outside of any query")
print(json.dumps(sorted(name for name in os.environ if name.startswith(("LANGSMITH_", "LANGCHAIN_")))))
"""


@pytest.fixture
def service() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.close()


def test_without_a_key_runs_are_in_the_same_trace_and_nothing_leaves(
    run: Run, receiver: Receiver, service: Receiver
) -> None:
    status, out, err = run(PROGRAM, receiver.url, LANGSMITH_ENDPOINT=service.url)
    assert (status, err) == (0, "")
    assert service.requests == 0
    assert json.loads(out) == ["LANGSMITH_ENDPOINT"], "child processes must not inherit defaults of ours"

    (query,) = [span for span in receiver.spans if span.name == "query answer"]
    within = [span for span in receiver.spans if span.trace_id == query.trace_id]
    by_id = {span.span_id: span.name for span in within}
    parents = {span.name: by_id.get(span.parent_id) for span in within}
    assert parents == {
        "query answer": None,
        "pipeline": "query answer",
        "retrieve": "pipeline",
        "around_a_client": "pipeline",
        "chat": "around_a_client",
        "by_hand": "pipeline",
        "broken": "pipeline",
    }
    assert all(span.attributes["user.id"] == "u-1" for span in within)
    assert {span.name: span.status for span in within}["broken"] == 2
    outside = [span for span in receiver.spans if span.trace_id != query.trace_id]
    assert len({span.trace_id for span in outside}) == 1
    assert [span.name for span in outside if not span.parent_id] == ["pipeline"]
    assert not [span for span in receiver.spans if "secret" in str(span.attributes)]

    # Twice each: the call within `around_a_client` (its run only repeats it), and `by_hand`, which nobody else saw.
    assert receiver.total("llm_requests", model="gpt-4o-mini") == 2
    assert receiver.total("llm_requests", model="gpt-4o") == 2
    assert receiver.total("llm_requests") == 4
    assert receiver.total("llm_cached_tokens", type="read") == 40


def test_with_a_key_copies_go_to_langsmith(run: Run, receiver: Receiver, service: Receiver) -> None:
    status, _, _ = run(PROGRAM, receiver.url, LANGSMITH_ENDPOINT=service.url, LANGSMITH_API_KEY="lsv2_planted")
    assert status == 0
    assert service.requests > 0
    assert [span for span in receiver.spans if span.name == "pipeline"]


def test_the_user_can_switch_it_off(run: Run, receiver: Receiver, service: Receiver) -> None:
    status, _, _ = run(PROGRAM, receiver.url, LANGCHAIN_TRACING_V2="false", LANGSMITH_ENDPOINT=service.url)
    assert status == 0
    assert service.requests == 0
    assert {span.name for span in receiver.spans} == {"query answer", "chat"}
    assert receiver.total("llm_requests") == 2


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, {"TRACING": "true", "TRACING_MODE": "otel"}),
        ({"LANGCHAIN_API_KEY": "k"}, {"TRACING": "true", "TRACING_MODE": "hybrid"}),
        ({"LANGSMITH_API_KEY": "k", "LANGSMITH_TRACING_MODE": "langsmith"}, {"TRACING": "true"}),
        ({"LANGSMITH_OTEL_ENABLED": "true"}, {"TRACING": "true"}),
    ],
)
def test_what_langsmith_is_told(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: dict[str, str]
) -> None:
    for name in list(os.environ):
        if name.startswith(("LANGSMITH_", "LANGCHAIN_")):
            monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert _langsmith.defaults() == expected
