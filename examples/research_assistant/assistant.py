"""The chain: retrieve, rerank, answer. What is Heliograph's is marked with (H); the rest is an ordinary application."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import heliograph
from research_assistant.retrieval import Retriever, numbered

if TYPE_CHECKING:
    import openai

    from research_assistant.corpus import Passage

log = logging.getLogger("research_assistant")

PROMPT_NAME = "answer"
PROMPTS = {
    "1": "Answer the question from the passages only, in two sentences, and cite them as [1], [2].",
    "2": (
        "You are a careful librarian. Answer the question from the passages only, in at most three sentences, cite "
        "them as [1], [2], and say so when they do not answer it."
    ),
}
"""By version; the newest is not always the best, so an answer's prompt version is on its telemetry."""


class Assistant:
    """Answers questions from what a retriever finds."""

    def __init__(self, client: openai.OpenAI, retriever: Retriever, *, prompt_version: str = "1") -> None:
        self._client = client
        self._retriever = retriever
        self._version = prompt_version

    def ask(
        self,
        question: str,
        *,
        model: str,
        user: str,
        session: str,
        tenant: str,
        stream: bool = False,
        query_type: str = "question",
    ) -> str:
        """Return the answer; what the provider or the index raises reaches the caller, and counts as a failed query."""
        with heliograph.query(  # (H) what a user asked for: one trace, one row in query_requests_total
            query_type,
            user_id=user,
            session_id=session,
            tenant=tenant,
            chain="research",
            prompt_name=PROMPT_NAME,
            prompt_version=self._version,
        ):
            return self._research(question, model=model, stream=stream)

    @heliograph.chain("research")  # (H) the label `chain` of what happens inside, but for inner chains
    def _research(self, question: str, *, model: str, stream: bool) -> str:
        began = time.monotonic()
        passages = self._retriever.find(question)
        answer = self._answer(question, passages, model=model, stream=stream)
        log.info("answered from %d passages with %s in %.2f s", len(passages), model, time.monotonic() - began)
        return answer

    @heliograph.chain("answer")  # (H)
    def _answer(self, question: str, passages: list[Passage], *, model: str, stream: bool) -> str:
        messages: list[openai.types.chat.ChatCompletionMessageParam] = [
            {"role": "system", "content": PROMPTS[self._version]},
            {"role": "user", "content": f"Passages:\n{numbered(passages)}\n\nQuestion: {question}"},
        ]
        if not stream:
            done = self._client.chat.completions.create(model=model, messages=messages)
            return done.choices[0].message.content or ""
        chunks = self._client.chat.completions.create(
            model=model, messages=messages, stream=True, stream_options={"include_usage": True}
        )
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
