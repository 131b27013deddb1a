"""One provider call is counted once, however many layers report it.

Three facts tell that a span repeats a call already counted:

- it encloses the counted span: a framework's span around the provider client's. Inner spans end first, so the
  ancestors of every counted span are remembered, whether they have been seen or are only named as a parent
  (LangSmith makes its spans after the fact);
- it has the response id of a counted call (layers that sit in another trace);
- it is no call at all: agents, workflows and tools repeat the sums of what they enclose
  (`vocabulary.COUNTED_OPERATIONS`).

All memories are bounded: the oldest entries go first.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from heliograph.genai._call import Call

__all__ = ["Dedupe"]

_CAPACITY: Final = 8192
_DEEPEST: Final = 64

Key = TypeVar("Key")
Value = TypeVar("Value")

SpanKey = tuple[int, int]
"""(trace id, span id)."""


class Dedupe:
    """What has been counted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._parents: OrderedDict[SpanKey, SpanKey] = OrderedDict()
        self._covered: OrderedDict[SpanKey, None] = OrderedDict()
        self._responses: OrderedDict[str, None] = OrderedDict()

    def started(self, span: SpanKey, parent: SpanKey | None) -> None:
        """Remember whose child a span is."""
        if parent is None:
            return
        with self._lock:
            _put(self._parents, span, parent)

    def is_repeat(self, call: Call, span: SpanKey, parent: SpanKey | None) -> bool:
        """Whether the call was counted before; if not, it counts as counted from now on."""
        with self._lock:
            repeated = span in self._covered or (call.response_id is not None and call.response_id in self._responses)
            if call.response_id is not None:
                _put(self._responses, call.response_id, None)
            if not repeated or span in self._covered:
                self._cover_ancestors(parent)
            return repeated

    def after_fork(self) -> None:
        """Replace the lock, which another thread of the parent may have held."""
        self._lock = threading.Lock()

    def _cover_ancestors(self, ancestor: SpanKey | None) -> None:
        for _ in range(_DEEPEST):
            if ancestor is None or ancestor in self._covered:
                return
            _put(self._covered, ancestor, None)
            ancestor = self._parents.get(ancestor)


def _put(memory: OrderedDict[Key, Value], key: Key, value: Value) -> None:
    memory[key] = value
    if len(memory) > _CAPACITY:
        memory.popitem(last=False)
