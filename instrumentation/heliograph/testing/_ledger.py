"""The bill: what was billed, in memory and as JSON lines in a file."""

from __future__ import annotations

import json
import threading
from collections import deque
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Ledger", "Usage"]

_KEPT = 10_000  # newest records in memory; the file has all


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer; `cached` are among `prompt`, `reasoning` among `completion`."""

    prompt: int
    cached: int = 0
    completion: int = 0
    reasoning: int = 0

    @property
    def total(self) -> int:
        """Everything that is billed."""
        return self.prompt + self.completion

    def up_to(self, completion: int) -> Usage:
        """Return the usage of an answer that ended after `completion` tokens."""
        return Usage(self.prompt, self.cached, completion, min(self.reasoning, completion))


@dataclass(slots=True)
class _Total:
    requests: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0


class Ledger:
    """Writes one record per billed answer; safe to use from several threads.

    A record is in the file (flushed) before the client has the end of its answer.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: deque[dict[str, Any]] = deque(maxlen=_KEPT)
        self._totals: dict[str, _Total] = {}
        self._file: TextIO | None = None

    def open(self, path: Path | None) -> None:
        """Append to the file at `path` from now on (None: to none); raises OSError."""
        self.close()
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8")

    def bill(self, *, response_id: str, model: str, endpoint: str, stream: bool, complete: bool, usage: Usage) -> None:
        """Write a record. `complete` is false where the answer broke off: billed is what was generated till then."""
        record = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "id": response_id,
            "model": model,
            "endpoint": endpoint,
            "stream": stream,
            "complete": complete,
            "usage": {
                "prompt_tokens": usage.prompt,
                "cached_tokens": usage.cached,
                "completion_tokens": usage.completion,
                "reasoning_tokens": usage.reasoning,
                "total_tokens": usage.total,
            },
        }
        with self._lock:
            if self._file is not None:
                self._file.write(json.dumps(record) + "\n")
                self._file.flush()
            self._records.append(record)
            total = self._totals.setdefault(model, _Total())
            total.requests += 1
            total.prompt_tokens += usage.prompt
            total.cached_tokens += usage.cached
            total.completion_tokens += usage.completion
            total.reasoning_tokens += usage.reasoning

    def records(self) -> list[dict[str, Any]]:
        """Return the newest records, oldest first."""
        with self._lock:
            return list(self._records)

    def totals(self) -> dict[str, dict[str, int]]:
        """Return the sums by model, over all records there ever were."""
        with self._lock:
            return {model: asdict(total) for model, total in sorted(self._totals.items())}

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None
