"""Find passages: words first (SQLite's FTS5, ranked by BM25), then meaning (embeddings), then the model's judgement."""

from __future__ import annotations

import contextlib
import math
import re
import sqlite3
import threading
from typing import TYPE_CHECKING, Any

from langsmith import traceable
from opentelemetry import trace

import heliograph
from research_assistant.corpus import Passage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import openai

EMBEDDING_MODEL = "text-embedding-3-small"
_PRUNE = "Which of the passages helps least to answer the question? Reply with its number only."


class RetrievalError(Exception):
    """The index cannot be read."""


class Index:
    """A full-text index, in memory or in the file `index.sqlite` of a folder.

    Every search opens the file anew, as if another process kept it: while it is gone or damaged, searches raise
    RetrievalError.
    """

    def __init__(self, passages: Iterable[Passage], folder: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._file = (folder / "index.sqlite").resolve() if folder is not None else None
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.unlink(missing_ok=True)
        self._db = sqlite3.connect(self._file or ":memory:", check_same_thread=False)
        self._db.execute("CREATE VIRTUAL TABLE passages USING fts5(source, text, tokenize='porter unicode61')")
        self._db.executemany("INSERT INTO passages VALUES (?, ?)", ((p.source, p.text) for p in passages))
        self._db.commit()
        if self._file is not None:
            self._db.close()

    def search(self, question: str, limit: int = 8) -> list[Passage]:
        """Return the passages that share words with `question`, best first."""
        words = _words(question)
        sql = "SELECT source, text FROM passages WHERE passages MATCH ? ORDER BY bm25(passages, 4.0, 1.0) LIMIT ?"
        return [Passage(*row) for row in self._rows(sql, (words, limit))] if words else []

    def document(self, title: str, limit: int = 5) -> list[Passage]:
        """Return the first passages of the document that `title` names in some words; none where there is no such."""
        words = _words(title)
        sql = "SELECT source FROM passages WHERE source MATCH ? ORDER BY bm25(passages) LIMIT 1"
        found = self._rows(sql, (words,)) if words else []
        sql = "SELECT source, text FROM passages WHERE source = ? ORDER BY rowid LIMIT ?"
        return [Passage(*row) for row in self._rows(sql, (found[0][0], limit))] if found else []

    def titles(self) -> list[str]:
        """Return the names of all documents."""
        return [source for (source,) in self._rows("SELECT DISTINCT source FROM passages ORDER BY source", ())]

    def _rows(self, sql: str, values: tuple[object, ...]) -> list[Any]:
        try:
            if self._file is None:
                with self._lock:
                    return self._db.execute(sql, values).fetchall()
            with contextlib.closing(sqlite3.connect(f"{self._file.as_uri()}?mode=ro", uri=True)) as db:
                return db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise RetrievalError(f"the index cannot be read: {error}") from error


class Retriever:
    """Gives the passages that go into a prompt.

    `passages`: how many. `passes`: how often they are ranked, first by their embeddings; each further pass asks `model`
    which passage to leave out, and takes a call of its own.
    """

    def __init__(
        self, client: openai.OpenAI, index: Index, *, passages: int = 4, passes: int = 1, model: str = "gpt-4o-mini"
    ) -> None:
        self._client = client
        self._index = index
        self._passages = passages
        self._passes = passes
        self._model = model

    @heliograph.chain("retrieve")  # (H) within whatever chain asks
    @traceable(run_type="retriever", name="retrieve")  # LangSmith's decorator lands in the same trace
    def find(self, question: str) -> list[Passage]:
        """Return the passages, best first; raises RetrievalError, and what the provider raises."""
        wanted = self._passages + self._passes - 1
        ranked = rerank(self._client, question, self._index.search(question, 2 * wanted), wanted)
        span = trace.get_current_span()
        span.set_attribute("rag.documents", len(ranked))
        span.set_attribute("rag.scores", [round(score, 4) for score, _ in ranked])
        found = [passage for _, passage in ranked]
        for _ in range(self._passes - 1):
            found = self._prune(question, found)
        return found

    def _prune(self, question: str, found: list[Passage]) -> list[Passage]:
        if len(found) < 2:  # noqa: PLR2004 - the only one stays
            return found
        prompt = f"{_PRUNE}\n\n{numbered(found)}\n\nQuestion: {question}"
        done = self._client.chat.completions.create(model=self._model, messages=[{"role": "user", "content": prompt}])
        said = re.search(r"\d+", done.choices[0].message.content or "")
        worst = int(said.group()) if said and 0 < int(said.group()) <= len(found) else len(found)
        return found[: worst - 1] + found[worst:]


def rerank(
    client: openai.OpenAI, question: str, found: Sequence[Passage], keep: int = 4
) -> list[tuple[float, Passage]]:
    """Return the `keep` passages nearest to `question` by cosine similarity, best first, each with its score."""
    if not found:
        return []
    texts = [question, *(passage.text for passage in found)]
    answer = client.embeddings.create(model=EMBEDDING_MODEL, input=texts)
    asked, *vectors = (item.embedding for item in answer.data)
    scored = [(_cosine(asked, vector), passage) for vector, passage in zip(vectors, found, strict=True)]
    return sorted(scored, key=lambda pair: pair[0], reverse=True)[:keep]


def numbered(passages: Iterable[Passage]) -> str:
    """Write passages as prompts have them, to be cited by their numbers."""
    return "\n\n".join(f"[{number}] {passage.source}\n{passage.text}" for number, passage in enumerate(passages, 1))


def _words(text: str) -> str:
    return " OR ".join(f'"{word}"' for word in re.findall(r"\w+", text) if len(word) > 2)  # noqa: PLR2004


def _cosine(a: Sequence[float], b: Sequence[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True)) / ((math.hypot(*a) * math.hypot(*b)) or 1.0)
