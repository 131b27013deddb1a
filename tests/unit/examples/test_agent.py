"""The demo's agent: its tools, its limit, and what Heliograph tells of both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openai
import pytest

from research_assistant import corpus, retrieval
from research_assistant.agent import TOOLS, Agent

if TYPE_CHECKING:
    from heliograph.testing import LLMServer

WHO = {"user": "u", "session": "s", "tenant": "t", "model": "gpt-4o-mini"}
PASSAGES = [
    corpus.Passage("rich", "Rich draws tables on the terminal."),
    corpus.Passage("rich", "Install Rich with pip."),
    corpus.Passage("click", "Click reads options."),
]


def agent(client: openai.OpenAI, **options: Any) -> Agent:
    index = retrieval.Index(PASSAGES)
    return Agent(client, index, retrieval.Retriever(client, index), **options)


def test_an_answer_comes_from_what_the_tools_said(llm_server: LLMServer) -> None:
    with openai.OpenAI() as client:
        answer = agent(client).ask("What draws tables on the terminal?", **WHO)
    assert "Rich draws tables on the terminal. [1]" in answer
    asked = [record["endpoint"] for record in llm_server.usage()]
    assert asked[0] == asked[-1] == "chat.completions"
    assert llm_server.requests()[0].body["tool_choice"] == "required"


def call(name: str, arguments: str = "{}") -> Any:
    from types import SimpleNamespace

    return SimpleNamespace(id="call_1", function=SimpleNamespace(name=name, arguments=arguments))


@pytest.mark.usefixtures("llm_server")
@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("search_documents", '{"query": "options"}', "[1] click\nClick reads options."),
        ("read_document", '{"title": "rich"}', "[2] rich\nInstall Rich with pip."),
        ("list_documents", "{}", "click\nrich"),
        ("read_document", '{"title": "django"}', "Error: no document is called django"),
        ("read_document", "{}", "Error: "),
        ("shell", "{}", "Error: 'shell'"),
    ],
)
def test_a_tool_says_what_it_found_or_why_not(name: str, arguments: str, said: str) -> None:
    with openai.OpenAI() as client:
        result = agent(client)._run(call(name, arguments))
    assert said in result["content"]
    assert (result["role"], result["tool_call_id"]) == ("tool", "call_1")


def test_every_tool_that_the_model_is_told_of_exists() -> None:
    with openai.OpenAI(api_key="none") as client:
        assert {tool["function"]["name"] for tool in TOOLS} == set(agent(client)._tools)


def test_at_its_limit_the_agent_gives_up(llm_server: LLMServer) -> None:
    llm_server.fault("loop")
    with openai.OpenAI() as client:
        answer = agent(client, max_steps=3).ask("Which library draws tables?", **WHO)
    assert answer == "I could not find out within 3 steps."
    assert sum(record["endpoint"] == "chat.completions" for record in llm_server.usage()) == 3


def test_without_a_limit_it_runs_away_until_the_model_comes_to_an_end(llm_server: LLMServer) -> None:
    asked = 0

    class Watched(retrieval.Index):
        def search(self, question: str, limit: int = 8) -> list[corpus.Passage]:
            nonlocal asked
            asked += 1
            if asked == 40:
                llm_server.fault("none")
            return super().search(question, limit)

    llm_server.fault("loop")
    with openai.OpenAI() as client:
        index = Watched(PASSAGES)
        runaway = Agent(client, index, retrieval.Retriever(client, index), max_steps=0)
        assert "Rich draws tables" in runaway.ask("Which passages are about tables?", **WHO)
    assert asked == 40
