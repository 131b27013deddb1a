"""What reading a store by number means, and the question over HTTP that all three readers ask."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlencode

from heliograph.ledger._http import Answer, Connection
from heliograph.stack._stores import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heliograph.ledger._plan import Course

__all__ = ["Found", "Reader", "Store"]

UNREACHABLE: Final = 3
"""Exit code."""
_TIMEOUT: Final = 60.0
_OK: Final = 200


@dataclass
class Found:
    """What a window of a store holds of a sender: numbers as often as they are there."""

    numbers: list[int] = field(default_factory=list)
    astray: list[int] = field(default_factory=list)
    """Those of them that have another timestamp than they were sent with."""


class Reader(Protocol):
    """Reads one signal back from its store. Used by one thread at a time."""

    def window(self, course: Course) -> int:
        """Return how many numbers are best read at once; windows begin at its multiples."""

    def read(self, course: Course, first: int, count: int) -> Found:
        """Return what the store holds of `count` numbers from `first`; raises StoreError."""

    def shows(self, course: Course, number: int) -> bool:
        """Say whether the store answers with this record now; raises StoreError."""

    def close(self) -> None:
        """Close the connection."""


class Store:
    """Questions to a store's HTTP API."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self._connection = Connection(url, timeout=_TIMEOUT)

    def ask(self, path: str, params: Mapping[str, str]) -> Answer:
        """Return the answer, whatever its status; raises StoreError where there is none."""
        try:
            return self._connection.ask("GET", f"{path}?{urlencode(params)}")
        except (OSError, http.client.HTTPException) as error:
            why = str(error) or type(error).__name__
            raise StoreError(f"{self.name} does not answer.", why=why, exit_code=UNREACHABLE) from error

    def get(self, path: str, params: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
        """Return the JSON of a good answer; raises StoreError for every other."""
        answer = self.ask(path, params)
        if answer.status != _OK:
            raise self.refusal(answer)
        return self.parse(answer)

    def parse(self, answer: Answer) -> Any:  # noqa: ANN401 - JSON
        """Return the JSON of an answer; raises StoreError where it is none."""
        try:
            return json.loads(answer.body)
        except ValueError as error:
            raise StoreError(f"{self.name} answered no JSON.", why=str(error), exit_code=UNREACHABLE) from error

    def refusal(self, answer: Answer) -> StoreError:
        """Return the error for an answer that says no."""
        said = answer.body[:500].decode(errors="replace").strip()
        return StoreError(f"{self.name} refused a question ({answer.status}).", why=said, exit_code=UNREACHABLE)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
