"""The chain: retrieve, rerank, answer. What is Heliograph's is marked with (H); the rest is an ordinary application."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from langsmith import traceable
from opentelemetry import trace

import heliograph
from research_assistant.retrieval import Index, rerank

if TYPE_CHECKING:
    import openai

    from research_assistant.corpus import Passage

log = logging.getLogger("research_assistant")

PROMPT_NAME, PROMPT_VERSION = "answer", "1"
PROMPT = "Answer the question from the passages only, in two sentences, and cite them as [1], [2]."


class Assistant:
    """Answers questions from an index."""

    def __init__(self, client: openai.OpenAI, index: Index) -> None:
        self._client = client
        self._index = index

    def ask(self, question: str, *, model: str, stream: bool, user: str, session: str, tenant: str) -> str:
        """Return the answer; whatever the provider raises reaches the caller, and counts as a failed query."""
        with heliograph.query(  # (H) what a user asked for: one trace, one row in query_requests_total
            "question",
            user_id=user,
            session_id=session,
            tenant=tenant,
            prompt_name=PROMPT_NAME,
            prompt_version=PROMPT_VERSION,
        ):
            return self._research(question, model=model, stream=stream)

    @heliograph.chain("research")  # (H) the label `chain` of what happens inside
    def _research(self, question: str, *, model: str, stream: bool) -> str:
        began = time.monotonic()
        passages = self._retrieve(question)
        answer = self._answer(question, passages, model=model, stream=stream)
        log.info("answered from %d passages with %s in %.2f s", len(passages), model, time.monotonic() - began)
        return answer

    @traceable(run_type="retriever", name="retrieve")  # LangSmith's decorator lands in the same trace
    def _retrieve(self, question: str) -> list[Passage]:
        ranked = rerank(self._client, question, self._index.search(question))
        span = trace.get_current_span()
        span.set_attribute("rag.documents", len(ranked))
        span.set_attribute("rag.scores", [round(score, 4) for score, _ in ranked])
        return [passage for _, passage in ranked]

    def _answer(self, question: str, passages: list[Passage], *, model: str, stream: bool) -> str:
        context = "\n\n".join(f"[{n}] {p.source}\n{p.text}" for n, p in enumerate(passages, 1))
        messages: list[openai.types.chat.ChatCompletionMessageParam] = [
            {"role": "system", "content": PROMPT},
            {"role": "user", "content": f"Passages:\n{context}\n\nQuestion: {question}"},
        ]
        if not stream:
            done = self._client.chat.completions.create(model=model, messages=messages)
            return done.choices[0].message.content or ""
        chunks = self._client.chat.completions.create(
            model=model, messages=messages, stream=True, stream_options={"include_usage": True}
        )
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
