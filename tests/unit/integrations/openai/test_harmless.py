"""The application is never harmed: not by our defects, not by others' presence, not by concurrency."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import openai
import pytest
from opentelemetry.instrumentation.utils import suppress_instrumentation

from heliograph.integrations import _quotas
from heliograph.integrations import openai as own
from heliograph.integrations.openai import (
    _call,
    _chunks,
    _client,
    _content,
    _raw,
    _stream,
    _usage_option,
)

if TYPE_CHECKING:
    from heliograph.testing import LLMServer

    from .conftest import Seen

CHAT: Any = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "What does a heliograph do?"}]}


def broken(*_: Any, **__: Any) -> Any:
    raise ZeroDivisionError


PLACES: list[tuple[Any, str]] = [
    (_client, "endpoint_of"),
    (_client, "starting_attributes"),
    (_raw, "mode_of"),
    (_raw, "observe"),
    (_usage_option, "ask"),
    (_stream, "hook_close"),
    (_stream, "keep"),
    (_chunks.CompletionChunks, "_take"),
    (_chunks.CompletionChunks, "attributes"),
    (_call, "completion_attributes"),
    (_call.OpenCall, "_put_answer"),
    (_call.OpenCall, "_put_tokens"),
    (_call.OpenCall, "_failure"),
    (_quotas, "released"),
    (_content, "attributes"),
]


@pytest.mark.parametrize(("owner", "name"), PLACES, ids=[place[1] for place in PLACES])
@pytest.mark.parametrize("kind", ["whole", "stream", "raw", "refused"])
def test_a_defect_of_ours_reaches_nobody(  # noqa: PLR0917
    owner: Any,
    name: str,
    kind: str,
    client: openai.OpenAI,
    seen: Seen,
    server: LLMServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen.settings.captures_content = True
    monkeypatch.setattr(owner, name, broken)
    answer: Any
    if kind == "refused":
        server.fault("429")
        with pytest.raises(openai.RateLimitError):
            client.chat.completions.create(**CHAT)
    elif kind == "stream":
        answer = client.chat.completions.create(**CHAT, stream=True)
        assert "".join(c.choices[0].delta.content or "" for c in answer if c.choices)
    elif kind == "raw":
        assert client.chat.completions.with_raw_response.create(**CHAT).parse().choices[0].message.content
    else:
        assert client.chat.completions.create(**CHAT).choices[0].message.content
    answer = None
    gc.collect()
    assert len(seen.spans) == (0 if name in {"endpoint_of", "starting_attributes"} else 1)
    assert not _stream._open


def test_suppression_is_obeyed(client: openai.OpenAI, seen: Seen) -> None:
    with suppress_instrumentation():
        client.chat.completions.create(**CHAT)
    assert seen.spans == ()


def test_what_is_undone_is_undone(client: openai.OpenAI, seen: Seen) -> None:
    own.uninstrument()
    assert not own.is_instrumented()
    client.chat.completions.create(**CHAT)
    list(client.chat.completions.create(**CHAT, stream=True))
    assert seen.spans == ()
    seen.instrument()
    seen.instrument()  # twice is once
    client.chat.completions.create(**CHAT)
    assert len(seen.spans) == 1


def test_the_span_is_current_for_the_request_only(client: openai.OpenAI, seen: Seen) -> None:
    from opentelemetry import trace

    outer = seen.tracers.get_tracer("application").start_span("outer")
    with trace.use_span(outer):
        stream = client.chat.completions.create(**CHAT, stream=True)
        assert trace.get_current_span() is outer
        list(stream)
        with pytest.raises(openai.BadRequestError):
            client.chat.completions.create(**CHAT, temperature=9)
        assert trace.get_current_span() is outer
    above = outer.get_span_context().span_id
    assert [span.parent.span_id if span.parent else None for span in seen.spans] == [above] * 2


def test_threads_and_tasks_have_exact_totals(seen: Seen, client: openai.OpenAI, server: Any, make_async: Any) -> None:
    since = len(server.usage())

    def ask(i: int) -> None:
        answer: Any = client.chat.completions.create(**CHAT, stream=i % 2 == 0)
        if i % 2 == 0:
            list(answer)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(24)))

    async def run() -> None:
        async with make_async(server) as asynchronous:

            async def one(i: int) -> None:
                answer = await asynchronous.chat.completions.create(**CHAT, stream=i % 2 == 0)
                if i % 2 == 0:
                    assert [chunk async for chunk in answer]

            await asyncio.gather(*(one(i) for i in range(24)))

    asyncio.run(run())
    bills = server.usage()[since:]
    told: list[dict[str, Any]] = [dict(span.attributes or {}) for span in seen.spans]
    assert len(told) == len(bills) == 48
    assert sorted(each["gen_ai.response.id"] for each in told) == sorted(bill["id"] for bill in bills)
    for name, field in (("input", "prompt_tokens"), ("output", "completion_tokens")):
        assert sum(each[f"gen_ai.usage.{name}_tokens"] for each in told) == sum(b["usage"][field] for b in bills)
    assert not _stream._open


_SCRIPT = """
import gc, os, sys, openai
from types import SimpleNamespace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
from heliograph.integrations import openai as own
tracers = TracerProvider()
shown = ConsoleSpanExporter(formatter=lambda span: f"{os.getpid()} {span.name}\\n")
tracers.add_span_processor(SimpleSpanProcessor(shown))
own.instrument(SimpleNamespace(tracers=tracers))
client = openai.OpenAI(base_url=sys.argv[1], api_key="none", http_client=openai.DefaultHttpxClient(verify=False))
ask = [{"role": "user", "content": "What?"}]
stream = client.chat.completions.create(model="gpt-4o-mini", messages=ask, stream=True)
next(stream)
child = os.fork()
if child == 0:
    del stream
    gc.collect()
    sys.exit(0)
os.waitpid(child, 0)
print("parent", os.getpid(), flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_stream_still_open_at_exit_ends_once_and_in_its_own_process(server: LLMServer) -> None:
    server.fault("none")
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, server.base_url], capture_output=True, text=True, timeout=60, check=True
    )
    lines = done.stdout.split("\n")
    (parent,) = [line.split()[1] for line in lines if line.startswith("parent ")]
    assert [line for line in lines if "chat" in line] == [f"{parent} chat gpt-4o-mini"]
    assert "Traceback" not in done.stderr
