"""`python -m research_assistant ask "..."`, or a steady stream of questions: `batch`."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from typing import TYPE_CHECKING, Any

import openai

import heliograph
from research_assistant import corpus, traffic
from research_assistant.agent import Agent
from research_assistant.assistant import Assistant
from research_assistant.options import options_of
from research_assistant.retrieval import Index, RetrievalError, Retriever

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return 0, or 1 when the one question that was asked has failed."""
    options = options_of(argv)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s", stream=sys.stderr)
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    heliograph.configure(service_name="research-assistant")  # (H) traces, metrics and logs over OTLP
    index = Index(corpus.folder(options.docs) if options.docs else corpus.installed_packages(), options.index)
    with _client(options.retries) as client:
        retriever = Retriever(client, index, passages=options.passages, passes=options.rerank_passes)
        assistant = Assistant(client, retriever, prompt_version=options.prompt_version)
        agent = Agent(client, index, retriever, max_steps=options.max_steps)
        return _ask(assistant, agent, options) if options.command == "ask" else _batch(assistant, agent, options)


def _ask(assistant: Assistant, agent: Agent, options: argparse.Namespace) -> int:
    asked: dict[str, Any] = {"model": options.model, **traffic.who(0, 1), **_query_type(options)}
    try:
        if options.agent:
            print(agent.ask(options.question, **asked))
        else:
            print(assistant.ask(options.question, stream=options.stream, **asked))
    except (openai.OpenAIError, RetrievalError) as error:
        print(f"research_assistant: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


def _batch(assistant: Assistant, agent: Agent, options: argparse.Namespace) -> int:
    def ask(turn: traffic.Turn) -> str:
        asked: dict[str, Any] = {"model": turn.model, **turn.who, **_query_type(options)}
        if turn.kind == "agent":
            return agent.ask(turn.question, **asked)
        return assistant.ask(turn.question, stream=turn.stream, **asked)

    turns = traffic.turns(
        options.questions, options.model, options.mix, users=options.users, heavy_user=options.heavy_user
    )
    traffic.run(ask, turns, rate=options.rate, duration=options.duration, workers=options.workers, as_json=options.json)
    return 0


def _query_type(options: argparse.Namespace) -> dict[str, str]:
    return {"query_type": options.query_type} if options.query_type else {}


@contextlib.contextmanager
def _client(retries: int) -> Iterator[openai.OpenAI]:
    """Yield a client for the provider in the environment, else for the bundled server."""
    if "OPENAI_API_KEY" in os.environ or "OPENAI_BASE_URL" in os.environ:
        yield openai.OpenAI(max_retries=retries)
        return
    from heliograph.testing import LLMServer

    with LLMServer() as server:
        print("OPENAI_API_KEY is not set: the bundled server answers", file=sys.stderr)
        yield openai.OpenAI(base_url=server.base_url, api_key="none", max_retries=retries)


if __name__ == "__main__":
    sys.exit(main())
