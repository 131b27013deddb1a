"""An application as it is: configured, langsmith imported afterwards, ended without a word."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.integrations.langsmith._service import LangSmith

    Run = Callable[..., tuple[int, str, str]]

# What it prints: spans as (name, parent, trace, status), the calls counted, and variables that children would inherit.
PROGRAM = """
import json, os, sys
import heliograph
from heliograph.testing import LLMServer, capture

BODY

with capture() as captured:
    with LLMServer(first_token=0.0, per_token=0.0) as server:
        heliograph_result = body(server)
    names = {span.span_id: span.name for span in captured.spans}
    print(json.dumps({
        "tree": [(span.name, names.get(span.parent_id), span.trace_id) for span in captured.spans],
        "said": {span.name: dict(span.attributes) for span in captured.spans},
        "calls": [dict(call.attributes) for call in captured.calls],
        "served": len(server.usage()),
        "environment": sorted(n for n in os.environ if n.startswith(("LANGSMITH_", "LANGCHAIN_"))),
        "result": heliograph_result,
    }, default=str))
"""

TRACEABLE = """
from langsmith import traceable
from opentelemetry import trace

@traceable(run_type="retriever")
def retrieve(question):
    return [question]

@traceable(run_type="llm", metadata={"ls_provider": "openai", "ls_model_name": "gpt-4o"})
def by_hand(question):
    return {"usage_metadata": {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100,
                               "input_token_details": {"cache_read": 20}}}

@traceable
def pipeline(question):
    retrieve(question)
    by_hand(question)

def body(server):
    with heliograph.query("answer", user_id="u-1") as q:
        pipeline("secret question")
    return {"cost": q.cost_usd, "trace": q.trace_id}
"""

WRAPPED = """
import asyncio
from langsmith import traceable
from langsmith.wrappers import wrap_openai
import openai

def body(server):
    client = wrap_openai(openai.OpenAI(base_url=server.base_url, api_key="any"))
    many = wrap_openai(openai.AsyncOpenAI(base_url=server.base_url, api_key="any"))
    ask = dict(model="gpt-4o-mini", messages=[{"role": "user", "content": "hi"}])
    stream = dict(stream=True, stream_options={"include_usage": True})

    @traceable
    def pipeline():
        client.chat.completions.create(**ask)
        for _ in client.chat.completions.create(**ask, **stream): pass
        client.responses.create(model="gpt-4o-mini", input="hi")

    @traceable
    async def asynchronous():
        await many.chat.completions.create(**ask)
        async for _ in await many.chat.completions.create(**ask, **stream): pass

    pipeline()
    asyncio.run(asynchronous())
"""

AGENT = """
import asyncio
from langchain.agents import create_agent
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

@tool
def weather(city: str) -> str:
    "Weather of a city."
    return "sunny"

def body(server):
    model = ChatOpenAI(model="gpt-4o-mini", base_url=server.base_url, api_key="any", stream_usage=True)
    agent = create_agent(model, [weather])
    ask = {"messages": [("user", "What is the weather in Paris?")]}
    agent.invoke(ask, config={"run_name": "one", "metadata": {"thread_id": "t-1", "user_id": "ann"}})
    asyncio.run(agent.ainvoke(ask, config={"run_name": "two", "metadata": {"thread_id": "t-2", "user_id": "bob"}}))
    for _ in model.stream("hi"): pass
"""


def application(run: Run, body: str, **environment: str) -> dict[str, Any]:
    status, out, err = run(PROGRAM.replace("BODY", body), **environment)
    assert status == 0, err
    assert "Traceback" not in err, err
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


def test_without_a_key_everything_is_here_and_nothing_leaves(run: Run, service: LangSmith) -> None:
    found = application(run, TRACEABLE, LANGSMITH_ENDPOINT=service.url)
    assert service.requests == []
    assert found["environment"] == ["LANGSMITH_CONFIG_FILE", "LANGSMITH_ENDPOINT"], (
        "children inherit no default of ours"
    )
    assert {name: parent for name, parent, _ in found["tree"]} == {
        "query answer": None,
        "pipeline": "query answer",
        "retrieve": "pipeline",
        "by_hand": "pipeline",
    }
    assert {trace for *_, trace in found["tree"]} == {found["result"]["trace"]}
    assert {said["user.id"] for said in found["said"].values()} == {"u-1"}
    assert "secret" not in str(found["said"])
    (call,) = found["calls"]
    assert (call["llm_input_tokens"], call["llm_cached_tokens"], call["user_id"]) == (1000, 20, "u-1")
    # gpt-4o: 2.50 USD per million input tokens, 1.25 cached, 10.00 output: 980 * 2.50e-6 + 20 * 1.25e-6 + 100 * 10e-6
    assert found["result"]["cost"] == pytest.approx(0.003475)


def test_with_a_key_an_application_that_just_ends_has_sent_each_run_once(run: Run, service: LangSmith) -> None:
    found = application(run, TRACEABLE, LANGSMITH_ENDPOINT=service.url, LANGCHAIN_API_KEY="k", LANGCHAIN_PROJECT="p")
    assert service.names() == ["by_hand", "pipeline", "retrieve"]
    assert set(service.posts.values()) == {1}
    assert {run["session_name"] for run in service.runs.values()} == {"p"}
    assert len(found["calls"]) == 1


def test_wrapped_clients_that_are_instrumented_too_count_each_call_once(run: Run, service: LangSmith) -> None:
    found = application(run, WRAPPED, LANGSMITH_ENDPOINT=service.url)
    assert len(found["calls"]) == found["served"] == 5
    assert {call["status"] for call in found["calls"]} == {"success"}
    assert all(call["llm_input_tokens"] and call["llm_output_tokens"] for call in found["calls"])
    roots = [name for name, parent, _ in found["tree"] if parent is None]
    assert sorted(roots) == ["asynchronous", "pipeline"]
    assert len({trace for *_, trace in found["tree"]}) == 2


def test_an_agent_counts_each_call_once_in_one_trace_with_its_thread(run: Run, service: LangSmith) -> None:
    pytest.importorskip("langchain_openai")
    found = application(run, AGENT, LANGSMITH_ENDPOINT=service.url)
    assert service.requests == []
    assert len(found["calls"]) == found["served"] == 5
    owners = [(call.get("user_id"), call.get("session_id")) for call in found["calls"]]
    assert owners == [("ann", "t-1")] * 2 + [("bob", "t-2")] * 2 + [(None, None)]
    roots = [(name, trace) for name, parent, trace in found["tree"] if parent is None]
    assert [name for name, _ in sorted(roots, key=lambda root: found["tree"].index([root[0], None, root[1]]))] == [
        "one",
        "two",
        "ChatOpenAI",
    ]
    assert {trace for *_, trace in found["tree"]} == {trace for _, trace in roots}
    chats = [parent for name, parent, _ in found["tree"] if name.startswith("chat ")]
    assert chats == ["ChatOpenAI"] * 5, "the client's span is within the run that made the call"
