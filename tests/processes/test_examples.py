"""What the examples tell of themselves: each in a process of its own, where nothing else has set up telemetry."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from heliograph.stack._paths import config_root

QUESTION = """
import json, openai
from heliograph.testing import LLMServer, capture
from research_assistant.assistant import Assistant
from research_assistant.corpus import Passage
from research_assistant.retrieval import Index, Retriever

with LLMServer(first_token=0, per_token=0) as server, capture() as captured:
    client = openai.OpenAI(base_url=server.base_url, api_key="any")
    assistant = Assistant(client, Retriever(client, Index([Passage("rich", "Rich draws tables.")])))
    assistant.ask("What draws tables?", model="gpt-4o-mini", stream=True, user="u", session="s", tenant="acme")
    print(json.dumps({
        "calls": sorted((call.operation, call.chain) for call in captured.calls),
        "cost": captured.cost_usd,
        "queries": captured.metric("query_requests", status="success"),
        "spans": [span.name for span in captured.spans],
        "traces": len({span.trace_id for span in captured.spans}),
        "retrieved": captured.span("retrieve").attributes["rag.documents"],
    }))
"""


AGENT = """
import json, sys, openai
from heliograph.testing import LLMServer, capture
from research_assistant.agent import Agent
from research_assistant.corpus import Passage
from research_assistant.retrieval import Index, Retriever

with LLMServer(first_token=0, per_token=0) as server, capture() as captured:
    server.fault(sys.argv[1])
    client = openai.OpenAI(base_url=server.base_url, api_key="any")
    index = Index([Passage("rich", "Rich draws tables.")])
    agent = Agent(client, index, Retriever(client, index), max_steps=12)
    agent.ask("Which passages are about tables?", model="gpt-4o-mini", user="u", session="s", tenant="acme")
    query = captured.queries[0]
    print(json.dumps({
        "tools": captured.metric("tool_calls", tool="search_documents", status="success", chain="agent"),
        "chains": captured.metric_count("chain_latency", chain="agent", status="success"),
        "steps": captured.metric("query_llm_calls", query_type="agent", tenant="acme", chain="agent"),
        "numbers": [call.attributes["query_call"] for call in captured.calls],
        "identical": {
            kind: [call.attributes["identical_calls"] for call in captured.calls if call.operation == kind]
            for kind in ("chat", "embeddings")
        },
        "cost": [call.attributes["query_cost_so_far_usd"] for call in captured.calls][-1] - captured.cost_usd,
        "query": [query.status, query.error_type, query.attributes["llm_calls"], query.attributes["identical_calls"]],
        "tool_spans": sum(span.name == "execute_tool search_documents" for span in captured.spans),
    }))
"""


def observed(program: str, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={"PYTHONPATH": os.pathsep.join([str(config_root() / "examples"), *sys.path])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def test_one_question_is_one_trace() -> None:
    seen = observed(QUESTION)
    assert seen["calls"] == [["chat", "answer"], ["embeddings", "retrieve"]]
    assert seen["cost"] > 0
    assert seen["queries"] == 1
    assert {"query question", "chain research", "chain retrieve", "retrieve", "chain answer"} <= set(seen["spans"])
    assert (seen["traces"], seen["retrieved"]) == (1, 1)


def test_a_run_that_ends_well_is_told_of_in_full() -> None:
    seen = observed(AGENT, "none")
    assert seen["tools"] == seen["tool_spans"] == 1
    assert seen["chains"] == 1
    assert seen["query"] == ["success", None, 3, 1]
    assert seen["steps"] == 3
    assert seen["numbers"] == [1, 2, 3]
    assert seen["identical"] == {"chat": [1, 1], "embeddings": [1]}
    assert seen["cost"] == pytest.approx(0, abs=1e-12)


def test_a_run_in_circles_shows_in_the_same_request_made_again_and_again() -> None:
    seen = observed(AGENT, "loop")
    assert seen["tools"] == seen["tool_spans"] == 11, "at the limit, the last call is not run"
    assert seen["query"] == ["error", "StepLimit", 23, 11]
    assert seen["numbers"] == list(range(1, 24))
    assert seen["identical"] == {"chat": [1] * 12, "embeddings": list(range(1, 12))}
    assert seen["cost"] == pytest.approx(0, abs=1e-12)
