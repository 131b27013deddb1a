"""Two libraries that do not know of each other tell of one call, side by side.

Callbacks (LangChain's instrumentors, Langfuse's handler, LiteLLM's) and wrappers that do not make their span the
current one (Langfuse's `openai`) give spans that neither lie around the provider client's nor name the answer's id;
in a script each is even a trace of its own. What is left to go by, within one process:

- they are of different layers, and each layer tells of a call once: calls pair up one to one, so that many alike
  calls at one moment have the right sum whichever is paired with which;
- one's time holds the other's;
- they name the same model, and no two ids;
- they say the same tokens, or one of the two does not know them.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heliograph.genai._call import Call

__all__ = ["Answer", "Counted", "Twins", "kind_of", "models_agree"]

_CAPACITY: Final = 4096
_CLOCKS_DIFFER: Final = 1_000_000_000
"""Nanoseconds by which two layers' times of one call may miss each other."""
_CALLBACKS_TAKE: Final = 250_000_000
"""Nanoseconds that may lie between the moments at which two layers of one process are told of the same thing."""

_GENERATION: Final = frozenset({"chat", "text_completion", "generate_content"})
_RELEASE: Final = re.compile(r"([-@:](\d{8}|\d{4}-\d{2}-\d{2}|\d{4}|latest|v\d+(:\d+)?))+$")


@dataclass(frozen=True, slots=True)
class Counted:
    """What is remembered of a counted call. Times are nanoseconds since the epoch; `ended` is 0 where not known."""

    call: Call
    tokens: tuple[int, int] | None
    started: int
    ended: int

    @classmethod
    def of(cls, call: Call) -> Counted:
        """Read the call."""
        tokens = (call.input_tokens or 0, call.output_tokens or 0) if call.has_usage else None
        return cls(call, tokens, call.ended - int(call.latency * 1e9), call.ended)

    @property
    def known_tokens(self) -> tuple[int, int] | None:
        """The tokens that the provider named at last. Neither an estimate, nor what came before a stream was left."""
        return self.tokens if self.has_tokens and not self.is_partial else None

    @property
    def has_tokens(self) -> bool:
        """Whether it says anything about tokens: two zeros do not."""
        return self.tokens is not None and any(self.tokens)

    @property
    def is_partial(self) -> bool:
        """Whether two layers may differ over its tokens."""
        return self.call.usage_estimated or self.call.status == "cancelled"

    def agrees(self, other: Counted) -> bool:
        """Whether `other` says nothing about tokens, or the same."""
        return other.tokens is None or other.tokens == self.tokens

    def overlaps(self, other: Counted) -> bool:
        """Whether the two may have been under way at one moment."""
        if not self.ended or not other.ended:
            return True
        return other.started <= self.ended + _CLOCKS_DIFFER and other.ended >= self.started - _CLOCKS_DIFFER

    def holds(self, other: Counted) -> bool:
        """Whether the other's time lies within this one's."""
        return self.started - _CALLBACKS_TAKE <= other.started and other.ended <= self.ended + _CALLBACKS_TAKE


@dataclass(slots=True, eq=False)
class Answer:
    """A counted call and the layers that have told of it."""

    counted: Counted
    scopes: set[str]


@dataclass(slots=True)
class _Place:
    """Counted calls that are alike, by the layer that told first; oldest first."""

    by_scope: dict[str, deque[Answer]] = field(default_factory=dict)


_Key = tuple[str, tuple[int, int] | str | None]
_ANY: Final = "any"


class Twins:
    """The newest counted calls. Not safe for threads by itself: its owner holds a lock."""

    def __init__(self) -> None:
        self._places: dict[_Key, _Place] = {}
        self._newest: deque[Answer] = deque()

    def __len__(self) -> int:
        return len(self._newest)

    def remember(self, answer: Answer) -> None:
        """Keep a call that was counted; the oldest one goes."""
        if not answer.counted.ended:
            return
        self._newest.append(answer)
        scope = answer.counted.call.scope
        for key in _keys(answer.counted):
            self._places.setdefault(key, _Place()).by_scope.setdefault(scope, deque()).append(answer)
        if len(self._newest) > _CAPACITY:
            self._forget(self._newest.popleft())

    def find(self, said: Counted) -> Answer | None:
        """Find a counted call that another layer told of, and this layer has not yet: the likeliest one."""
        if not said.ended:
            return None
        known = said.known_tokens
        kind = kind_of(said.call.operation)
        if said.has_tokens:
            alike = self._fitting((kind, known), said) if known is not None else iter(())
            # No tokens are given up for a count that has none.
            partial = (each for each in self._fitting((kind, None), said) if each.counted.has_tokens)
            return next(alike, None) or next(partial, None)
        second = None
        for each in self._fitting((kind, _ANY), said):
            if each.counted.call.status == said.call.status:
                return each
            if second is None and not (said.call.status == "error" and each.counted.call.status == "success"):
                second = each
        return second

    def _fitting(self, key: _Key, said: Counted) -> Iterator[Answer]:
        place = self._places.get(key)
        if place is None:
            return
        for scope, answers in place.by_scope.items():
            if scope == said.call.scope:
                continue
            for answer in reversed(answers):
                if answer.counted.ended < said.started - _CALLBACKS_TAKE:
                    break  # so did all before it
                if said.call.scope not in answer.scopes and _is_one(answer.counted, said):
                    yield answer

    def _forget(self, answer: Answer) -> None:
        for key in _keys(answer.counted):
            place = self._places[key]
            scope = answer.counted.call.scope
            place.by_scope[scope].popleft()
            if not place.by_scope[scope]:
                del place.by_scope[scope]
            if not place.by_scope:
                del self._places[key]


def kind_of(operation: str) -> str:
    """Name the kind of a call: a chat may hold an embedding, and both count."""
    return "generation" if operation in _GENERATION else operation


def models_agree(a: Call, b: Call) -> bool:
    """Whether some name of one is some name of the other, but for vendor prefixes and dates."""
    names, others = _names(a), _names(b)
    return not names or not others or not names.isdisjoint(others)


def _is_one(a: Counted, b: Counted) -> bool:
    if a.call.response_id and b.call.response_id:
        return False  # ids have had their say
    return (a.holds(b) or b.holds(a)) and models_agree(a.call, b.call)


def _keys(counted: Counted) -> tuple[_Key, _Key]:
    kind = kind_of(counted.call.operation)
    return (kind, counted.known_tokens), (kind, _ANY)


def _names(call: Call) -> set[str]:
    given = {name for name in (call.model, call.requested_model) if name and name != "unknown"}
    return {_RELEASE.sub("", name.rsplit("/", 1)[-1].lower()) for name in given}
