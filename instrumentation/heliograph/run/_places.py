"""In the program: where each span is in its tree, remembered for calls that end later, perhaps after their parents."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.trace import format_span_id, get_current_span

from heliograph.genai._read import call_at_start, looks_like_genai

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import Span

__all__ = ["OWN_SCOPE", "Place", "Places"]

OWN_SCOPE: Final = "heliograph"
"""The instrumentation scope of queries and chains."""
_CAPACITY: Final = 16_384
_DEEPEST: Final = 64
_LONGEST_NAME: Final = 80


class Place(NamedTuple):
    """Where a span is. Ids are 16 hexadecimal digits."""

    path: list[tuple[str, str]]
    """Id and name of the spans around it that are shown, outermost first."""
    above: str | None
    """The parent of the outermost span that this process knows: another process's; None: there is none."""


class Places(SpanProcessor):
    """The newest spans with their parents. Shown are queries and chains, agents and tools, and roots of other kinds.

    `opened(id, name, place)` is called when a query or a chain starts, `began(id)` when a call of a model does, on
    the thread that starts it.
    """

    def __init__(self, opened: Callable[[str, str, Place], object], began: Callable[[str], object]) -> None:
        self._opened = opened
        self._began = began
        # A dictionary's operations are atomic: no lock is held.
        self._spans: OrderedDict[int, tuple[int | None, str | None]] = OrderedDict()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Remember the span."""
        with contextlib.suppress(Exception):
            if span.parent is not None and span.parent.span_id not in self._spans:
                self._meet(get_current_span(parent_context), span.parent.span_id)
            self._remember(span)

    def of(self, span_id: int) -> Place:
        """Find a span's place; outside of everything where it is not known."""
        path: list[tuple[str, str]] = []
        parent, _ = self._spans.get(span_id, (None, None))
        for _ in range(_DEEPEST):
            known = self._spans.get(parent) if parent is not None else None
            if known is None:
                break
            above, name = known
            if name is not None and parent is not None:
                path.append((format_span_id(parent), name))
            parent = above
        path.reverse()
        return Place(path, format_span_id(parent) if parent is not None else None)

    def _meet(self, parent: Any, span_id: int) -> None:  # noqa: ANN401 - of any kind
        """Remember a parent that started before anybody watched: the program's own, around its first call."""
        name = getattr(parent, "name", None)
        if isinstance(name, str) and parent.get_span_context().span_id == span_id:
            above = getattr(parent, "parent", None)
            self._spans[span_id] = (above.span_id if above is not None else None, name[:_LONGEST_NAME])

    def _remember(self, span: Span) -> None:
        own = span.context.span_id
        parent = span.parent.span_id if span.parent is not None else None
        is_call = call_at_start(span.attributes) is not None
        scope = span.instrumentation_scope.name if span.instrumentation_scope is not None else ""
        is_root = parent is None or parent not in self._spans
        shown = not is_call and (scope == OWN_SCOPE or is_root or looks_like_genai(span.attributes))
        self._spans[own] = (parent, span.name[:_LONGEST_NAME] if shown else None)
        while len(self._spans) > _CAPACITY:
            self._spans.popitem(last=False)
        if is_call:
            self._began(format_span_id(own))
        elif scope == OWN_SCOPE:
            self._opened(format_span_id(own), span.name[:_LONGEST_NAME], self.of(own))
