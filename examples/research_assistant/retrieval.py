"""Find passages: words first (SQLite's FTS5, ranked by BM25), then meaning (embeddings)."""

from __future__ import annotations

import math
import re
import sqlite3
import threading
from typing import TYPE_CHECKING

from research_assistant.corpus import Passage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import openai

EMBEDDING_MODEL = "text-embedding-3-small"


class Index:
    """A full-text index in memory."""

    def __init__(self, passages: Iterable[Passage]) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(":memory:", check_same_thread=False)
        self._db.execute("CREATE VIRTUAL TABLE passages USING fts5(source, text, tokenize='porter unicode61')")
        self._db.executemany("INSERT INTO passages VALUES (?, ?)", ((p.source, p.text) for p in passages))

    def search(self, question: str, limit: int = 8) -> list[Passage]:
        """Return the passages that share words with `question`, best first."""
        words = [word for word in re.findall(r"\w+", question) if len(word) > 2]  # noqa: PLR2004
        if not words:
            return []
        query = " OR ".join(f'"{word}"' for word in words)
        sql = "SELECT source, text FROM passages WHERE passages MATCH ? ORDER BY bm25(passages, 4.0, 1.0) LIMIT ?"
        with self._lock:
            return [Passage(*row) for row in self._db.execute(sql, (query, limit))]


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


def _cosine(a: Sequence[float], b: Sequence[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True)) / ((math.hypot(*a) * math.hypot(*b)) or 1.0)
