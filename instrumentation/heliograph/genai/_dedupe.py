"""One provider call is counted once, however many layers report it.

What is no call at all never comes here (`_read.is_call`): agents, workflows and tools repeat the sums of what they
hold. A call repeats one that was counted, where

- it encloses a counted call of its kind (generation, embedding, reranking): a framework's span around the provider
  client's. Inner spans end first, so the ancestors of every counted span are remembered, whether they have been seen
  or are only named as a parent (LangSmith makes its spans after the fact);
- it lies within a counted call of its kind: a stream that ends after the framework's span around it;
- it has the response id of a counted call. Broken endpoints give one id to every call, and Ollama one of a thousand
  ("chatcmpl-123"), so an id alone proves nothing. Another layer repeats the call where the times overlap, too, and the
  tokens agree; a long id needs one of the two. The same layer says it twice only where it is a framework that
  answers from its own cache: a provider's client that gets an id twice has asked twice;
- another library told of it, side by side: `_twins` says what it takes.

Tokens are never lost: a call with usage repeats none without. Where another layer's span of the call is still open, a
successful call without usage is left to that one, so that one count has both, and a cancelled one to an open one within
it; where it is not, two counts are better than one without tokens. Failed attempts count by themselves: two attempts
within one framework span are two requests.

All memories are bounded: the oldest entries go first.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from heliograph.genai._twins import Answer, Counted, Twins, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heliograph.genai._call import Call

__all__ = ["Dedupe", "SpanKey"]

_CAPACITY: Final = 8192
_DEEPEST: Final = 64
_ANSWERS_OF_AN_ID: Final = 8
_IDENTIFYING: Final = 20
"""Characters from which on a response id is taken for unique. Providers' have 23 and more."""

_FRAMEWORKS: Final = (
    "agno",
    "autogen",
    "crewai",
    "dspy",
    "haystack",
    "langchain",
    "langgraph",
    "langsmith",
    "llama_index",
    "llamaindex",
    "pydantic-ai",
    "pydantic_ai",
    "semantic_kernel",
    "smolagents",
)
"""Words in the names of scopes that instrument a framework; they may answer from a cache of their own."""

Key = TypeVar("Key")
Value = TypeVar("Value")

SpanKey = tuple[int, int]
"""(trace id, span id)."""
Kind = tuple[SpanKey, str]
"""A span, and the kind of call that is meant."""


@dataclass(slots=True)
class _Answers:
    """The calls that were counted under one response id."""

    known: list[Answer] = field(default_factory=list)
    """The newest few. No deque: an empty one takes 600 bytes, and almost every id has one answer."""
    worthless: bool = False
    """Whether one layer has given the id to different answers."""


class Dedupe:
    """What has been counted. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # What has started since somebody last looked. Appending is atomic, so a call that begins waits for no lock:
        # one that is held by a thread which itself waits for the interpreter, behind 31 others, is held for long.
        self._started: deque[tuple[SpanKey, SpanKey | None, str | None]] = deque()
        self._parents: OrderedDict[SpanKey, SpanKey] = OrderedDict()
        self._open: OrderedDict[SpanKey, str] = OrderedDict()
        self._open_in: dict[int, set[SpanKey]] = {}
        self._below: OrderedDict[Kind, bool] = OrderedDict()
        self._counted: OrderedDict[Kind, Counted] = OrderedDict()
        self._answers: OrderedDict[str, _Answers] = OrderedDict()
        self._twins = Twins()

    def started(self, span: SpanKey, parent: SpanKey | None, *, operation: str | None = None) -> None:
        """Remember whose child a span is, and whether it says already that it is a call: its `operation`.

        Such a span must be closed again, by `is_repeat` or by `ended`.
        """
        if parent is None and operation is None:
            return
        self._started.append((span, parent, operation))
        if len(self._started) > _CAPACITY:  # nothing has ended for long
            with self._lock:
                self._take_down()

    def ended(self, span: SpanKey) -> None:
        """Note that a span that turned out to be no call has ended."""
        if self._started or span in self._open:
            with self._lock:
                self._take_down()
                self._close(span)

    def is_repeat(self, call: Call, span: SpanKey, parent: SpanKey | None) -> bool:
        """Whether the call was counted before, or another layer will; if not, it counts as counted from now on."""
        said, kind = Counted.of(call), kind_of(call.operation)
        with self._lock:
            self._take_down()
            self._close(span)
            if self._is_left(call, kind, span, parent):
                return True
            repeated = self._is_near_a_counted(said, kind, span, parent)
            if repeated is None:
                repeated = self._has_a_counted_id(call, said) or self._has_a_twin(call, said)
            if not repeated:
                self._remember(call, said, kind, span)
            self._cover_ancestors(parent, kind, with_usage=call.has_usage)
            return repeated

    def after_fork(self) -> None:
        """Replace the lock, which another thread of the parent may have held."""
        self._lock = threading.Lock()

    def _take_down(self) -> None:
        """Take in what has started: the start of a span is here before its end is looked at."""
        while self._started:
            span, parent, operation = self._started.popleft()
            if parent is not None:
                _put(self._parents, span, parent)
            if operation is not None:
                self._open[span] = kind_of(operation)
                self._open_in.setdefault(span[0], set()).add(span)
                if len(self._open) > _CAPACITY:
                    self._close(next(iter(self._open)))

    def _is_left(self, call: Call, kind: str, span: SpanKey, parent: SpanKey | None) -> bool:
        """Whether a call without usage is left to an open span of another layer, around it or within it.

        A stream that the caller left is left to the client within, which ends a moment later. One within an open call
        is an attempt: another may follow.
        """
        if call.has_usage or call.status == "error" or (span, kind) in self._below:
            return False
        still_open = self._open_in.get(span[0])
        if not still_open:
            return False
        if call.status == "success" and any(self._open.get(each) == kind for each in self._ancestors(parent)):
            return True
        return any(self._open[each] == kind and span in self._ancestors(self._parents.get(each)) for each in still_open)

    def _is_near_a_counted(self, said: Counted, kind: str, span: SpanKey, parent: SpanKey | None) -> bool | None:
        """Whether a counted call within or around the span makes it a repetition; None where there is none."""
        below = self._below.get((span, kind))
        if below is not None:
            return below or said.tokens is None
        around = next((found for each in self._ancestors(parent) if (found := self._counted.get((each, kind)))), None)
        if around is None:
            return None
        if said.tokens is None:
            return True
        if around.tokens is None:
            return None
        return around.tokens == said.tokens or around.overlaps(said) or None

    def _has_a_counted_id(self, call: Call, said: Counted) -> bool:
        answers = self._answers.get(call.response_id) if call.response_id else None
        if answers is None or call.response_id is None:
            return False
        for answer in answers.known:
            if call.scope in answer.scopes and not answer.counted.agrees(said):
                answers.worthless = True
        unique = len(call.response_id) >= _IDENTIFYING and not answers.worthless
        for answer in answers.known:
            agrees = answer.counted.agrees(said)
            # Tokens are never lost to a report without any.
            told_more = said.tokens is not None and answer.counted.tokens is None
            if call.scope in answer.scopes:
                repeated = unique and agrees and _is_framework(call.scope)
            elif unique:
                repeated = agrees or answer.counted.overlaps(said)
            else:
                repeated = agrees and answer.counted.overlaps(said)
            if repeated and not told_more:
                answer.scopes.add(call.scope)
                return True
        return False

    def _has_a_twin(self, call: Call, said: Counted) -> bool:
        twin = self._twins.find(said)
        if twin is None:
            return False
        twin.scopes.add(call.scope)
        return True

    def _remember(self, call: Call, said: Counted, kind: str, span: SpanKey) -> None:
        _put(self._counted, (span, kind), said)
        answer = Answer(said, {call.scope})
        self._twins.remember(answer)
        if call.response_id:
            answers = self._answers.get(call.response_id) or _Answers()
            answers.known.append(answer)
            del answers.known[:-_ANSWERS_OF_AN_ID]
            _put(self._answers, call.response_id, answers)

    def _cover_ancestors(self, parent: SpanKey | None, kind: str, *, with_usage: bool) -> None:
        for ancestor in self._ancestors(parent):
            known = self._below.get((ancestor, kind))
            if known or (known is not None and not with_usage):
                return
            _put(self._below, (ancestor, kind), with_usage)

    def _ancestors(self, parent: SpanKey | None) -> Iterator[SpanKey]:
        for _ in range(_DEEPEST):
            if parent is None:
                return
            yield parent
            parent = self._parents.get(parent)

    def _close(self, span: SpanKey) -> None:
        if self._open.pop(span, None) is not None:
            of_trace = self._open_in[span[0]]
            of_trace.discard(span)
            if not of_trace:
                del self._open_in[span[0]]


def _is_framework(scope: str) -> bool:
    name = scope.lower()
    return any(word in name for word in _FRAMEWORKS)


def _put(memory: OrderedDict[Key, Value], key: Key, value: Value) -> None:
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > _CAPACITY:
        memory.popitem(last=False)
