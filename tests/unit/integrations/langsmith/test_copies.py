"""Who hears of a run: LangSmith each run once where there is a key and the mode wants it, and nothing otherwise.

The real client sends; a stand-in for LangSmith's API listens.
"""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

import langsmith
import pytest
from langsmith import Client, RunTree, trace, traceable
from opentelemetry.sdk.trace import TracerProvider
from urllib3.util import Retry

from heliograph.integrations._langsmith._sent import Senders

from .conftest import Bench, make_bench, tie

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ._service import LangSmith

MARK = "heliograph.langsmith.sent"


@traceable(run_type="llm", metadata={"ls_provider": "openai", "ls_model_name": "gpt-4o"})
def child(question: str) -> dict[str, Any]:
    return {"content": question, "usage_metadata": {"input_tokens": 3, "output_tokens": 1, "total_tokens": 4}}


@traceable
def parent(question: str) -> None:
    child(question)


def flush() -> None:
    client = langsmith.run_trees._CLIENT
    if client is not None:
        client.flush()


@pytest.fixture
def application(monkeypatch: pytest.MonkeyPatch, service: LangSmith) -> Iterator[Bench]:
    """As `bench`, but LangSmith may hear something."""
    monkeypatch.setenv("LANGSMITH_ENDPOINT", service.url)
    made = make_bench()
    tie(made, monkeypatch)
    yield made
    client = langsmith.run_trees._CLIENT
    if client is not None:
        client.cleanup()


# name -> variables, and what LangSmith hears
SENDERS: dict[str, tuple[dict[str, str], bool]] = {
    "no key": ({}, False),
    "no key, told to": ({"LANGSMITH_TRACING": "true", "LANGSMITH_TRACING_MODE": "langsmith"}, False),
    "no key, hybrid": ({"LANGSMITH_TRACING_MODE": "hybrid"}, False),
    "no key, otel": ({"LANGSMITH_TRACING_MODE": "otel"}, False),
    "no key, older otel": ({"LANGSMITH_OTEL_ENABLED": "true"}, False),
    "key": ({"LANGSMITH_API_KEY": "k"}, True),
    "key, LangChain's spelling": ({"LANGCHAIN_API_KEY": "k", "LANGCHAIN_TRACING_V2": "true"}, True),
    "key, langsmith": ({"LANGSMITH_API_KEY": "k", "LANGSMITH_TRACING_MODE": "langsmith"}, True),
    "key, hybrid": ({"LANGSMITH_API_KEY": "k", "LANGSMITH_TRACING_MODE": "hybrid"}, True),
    "key, older hybrid": ({"LANGSMITH_API_KEY": "k", "LANGSMITH_OTEL_ENABLED": "true"}, True),
    "key, otel": ({"LANGSMITH_API_KEY": "k", "LANGSMITH_TRACING_MODE": "otel"}, False),
    "key, older otel": ({"LANGSMITH_API_KEY": "k", "LANGSMITH_OTEL_ONLY": "true"}, False),
}


@pytest.mark.parametrize("name", SENDERS)
def test_each_run_is_a_span_once_and_arrives_once_or_not_at_all(
    application: Bench, service: LangSmith, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    variables, heard = SENDERS[name]
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    langsmith.utils.get_env_var.cache_clear()  # type: ignore[attr-defined]
    for _ in range(3):
        parent("why?")
    flush()
    assert sorted(span.name for span in application.spans) == ["child"] * 3 + ["parent"] * 3
    assert len(application.calls) == 3
    if heard:
        assert service.wait(lambda: len(service.runs) == 6)
        assert service.names() == ["child"] * 3 + ["parent"] * 3
        assert set(service.posts.values()) == {1}
        assert service.keys == {"k"}
        assert not service.spans, "the same run over OTLP would be there twice"
    else:
        assert service.requests == []
    marked = {(span.attributes or {}).get(MARK) for span in application.spans}
    assert marked == {True if heard else None}, "the collector's copy goes by the mark"


def test_langsmith_gets_what_it_would_get_without_us(
    application: Bench, service: LangSmith, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGSMITH_API_KEY", "k")
    monkeypatch.setenv("LANGCHAIN_PROJECT", "assistant")
    parent("why?")
    flush()
    assert service.wait(lambda: service.names() == ["child", "parent"])
    runs = {run["name"]: run for run in service.runs.values()}
    assert runs["child"]["parent_run_id"] == runs["parent"]["id"]
    assert runs["child"]["inputs"] == {"question": "why?"}
    assert runs["child"]["outputs"]["content"] == "why?"
    assert {run["session_name"] for run in runs.values()} == {"assistant"}
    # Who looks at one can find the other.
    context = application.span("parent").context
    assert context is not None
    assert uuid.UUID(runs["parent"]["trace_id"]).int == context.trace_id


def test_a_key_in_the_code_counts(application: Bench, service: LangSmith) -> None:
    client = Client(api_key="in-code")
    parent("why?", langsmith_extra={"client": client})
    client.flush()
    client.cleanup()
    assert service.wait(lambda: service.names() == ["child", "parent"])
    assert service.keys == {"in-code"}
    assert len(application.spans) == 2


def test_a_client_in_the_code_that_only_wants_otel_sends_nothing(application: Bench, service: LangSmith) -> None:
    client = Client(api_key="in-code", tracing_mode="otel")
    parent("why?", langsmith_extra={"client": client})
    client.flush()
    assert service.requests == []
    assert len(application.spans) == 2


def test_a_client_with_a_provider_of_the_users_own_is_left_alone(application: Bench, service: LangSmith) -> None:
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    theirs, own = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    own.add_span_processor(SimpleSpanProcessor(theirs))
    client = Client(tracing_mode="otel", otel_tracer_provider=own)
    parent("why?", langsmith_extra={"client": client})
    client.flush()
    client.cleanup()
    assert sorted(span.name for span in theirs.get_finished_spans()) == ["child", "parent"]
    assert sorted(span.name for span in application.spans) == ["child", "parent"]
    assert service.requests == []


PROFILES: dict[str, tuple[dict[str, Any] | None, bool]] = {
    "none": (None, False),
    "key": ({"current_profile": "a", "profiles": {"a": {"api_key": "profile-key"}}}, True),
    "without a key": ({"current_profile": "a", "profiles": {"a": {}}}, False),
}


@pytest.mark.parametrize("name", PROFILES)
def test_who_logged_in_on_this_machine_has_a_key(
    application: Bench, service: LangSmith, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    profile, heard = PROFILES[name]
    if profile is not None:
        for each in profile["profiles"].values():
            each["api_url"] = service.url
        (tmp_path / "config.json").write_text(json.dumps(profile))
        monkeypatch.setenv("LANGSMITH_CONFIG_FILE", str(tmp_path / "config.json"))
    parent("why?")
    flush()
    if heard:
        assert service.wait(lambda: bool(service.runs))
    assert bool(service.requests) is heard
    assert len(application.spans) == 2


def test_no_key_is_no_news(bench: Bench, recwarn: pytest.WarningsRecorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LANGSMITH_ENDPOINT")  # the hosted service, then
    RunTree(name="root", inputs={}).post()
    assert not [warning for warning in recwarn if "API key" in str(warning.message)]
    del bench


TROUBLE: dict[str, dict[str, Any]] = {
    "500": {"status": 500},
    "429": {"status": 429},
    "403": {"status": 403},
    "refuses the key": {"key": "another"},
    "slow": {"delay": 0.3},
}


@pytest.mark.parametrize("name", TROUBLE)
def test_trouble_at_langsmith_is_none_of_the_applications(
    application: Bench,
    service: LangSmith,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
) -> None:
    monkeypatch.setenv("LANGSMITH_API_KEY", "k")
    for attribute, value in TROUBLE[name].items():
        setattr(service, attribute, value)
    caplog.set_level(logging.CRITICAL, "langsmith")
    parent("warm up")
    started = time.perf_counter()
    for _ in range(10):
        parent("why?")
    assert time.perf_counter() - started < 0.5
    assert len(application.spans) == 22
    assert len(application.calls) == 11
    assert service.wait(lambda: any("runs" in request for request in service.requests))
    service.status, service.delay, service.key = 200, 0.0, ""


def test_langsmith_out_of_reach_is_none_of_the_applications(
    application: Bench, service: LangSmith, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "langsmith")
    monkeypatch.setenv("LANGSMITH_ENDPOINT", "http://127.0.0.1:9")
    client = Client(api_key="k", retry_config=Retry(0), timeout_ms=100)
    started = time.perf_counter()
    for _ in range(10):
        parent("why?", langsmith_extra={"client": client})
    assert time.perf_counter() - started < 1.0
    assert service.requests == []
    assert len(application.spans) == 20


def test_a_process_that_ends_waits_for_a_hanging_langsmith_only_so_long(
    application: Bench, service: LangSmith, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGSMITH_API_KEY", "k")
    service.delay = 1.0
    parent("why?")
    senders = Senders()
    senders.add(langsmith.run_trees._CLIENT)
    started = time.perf_counter()
    senders.flush(0.1)
    assert time.perf_counter() - started < 0.5
    assert len(application.spans) == 2
    # Nor does the interpreter wait for its threads.
    assert all(thread.daemon for thread in threading.enumerate() if "tracing_control" in thread.name)


def test_what_was_refused_at_first_arrives_once(
    application: Bench, service: LangSmith, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("LANGSMITH_API_KEY", "k")
    caplog.set_level(logging.CRITICAL, "langsmith")
    service.refuse_first = 1
    parent("why?")
    flush()
    assert service.wait(lambda: service.names() == ["child", "parent"])
    assert set(service.posts.values()) == {1}
    assert len(application.spans) == 2


@pytest.mark.parametrize("compression", [True, False])
def test_a_big_run_arrives_whole_and_its_span_stays_small(
    application: Bench, service: LangSmith, monkeypatch: pytest.MonkeyPatch, *, compression: bool
) -> None:
    monkeypatch.setenv("LANGSMITH_API_KEY", "k")
    service.compression = compression
    big = "ä" * 2_000_000
    with trace("big", inputs={"text": big}, metadata={"long": "x" * 50_000}) as run:
        run.end(outputs={"text": big})
    flush()
    assert service.wait(lambda: bool(service.runs))
    (arrived,) = service.runs.values()
    assert arrived["inputs"]["text"] == arrived["outputs"]["text"] == big
    said = application.span("big").attributes or {}
    assert sum(len(str(value)) for value in said.values()) < 5_000


CAPTURED = {
    "all": ({}, ("why?", "why?")),
    "inputs hidden": ({"LANGSMITH_HIDE_INPUTS": "true"}, (None, "why?")),
    "outputs hidden": ({"LANGCHAIN_HIDE_OUTPUTS": "true"}, ("why?", None)),
}


@pytest.mark.parametrize("name", CAPTURED)
def test_content_that_is_asked_for_is_what_the_user_does_not_hide_from_langsmith(
    monkeypatch: pytest.MonkeyPatch, service: LangSmith, name: str
) -> None:
    variables, expected = CAPTURED[name]
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("LANGSMITH_ENDPOINT", service.url)
    made = make_bench(capture_content=True)
    tie(made, monkeypatch)
    child("why?")
    said = made.span("child").attributes or {}
    found = tuple(
        "why?" if "why?" in str(said.get(attribute, "")) else None
        for attribute in ("gen_ai.prompt", "gen_ai.completion")
    )
    assert found == expected
