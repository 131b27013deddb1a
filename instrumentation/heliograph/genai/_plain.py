"""The attributes of a span, for reading many of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["attributes_of"]


class _Attributed(Protocol):
    @property
    def attributes(self) -> Mapping[str, Any] | None: ...


def attributes_of(span: _Attributed) -> Mapping[str, Any]:
    """Give the attributes; not to be changed.

    The SDK's own mapping takes a lock for each walk, and raises and catches an exception for each name that is absent:
    the dictionary within is read instead, in a fifth of the time. Single names may be read at any moment; walk over it
    only when the span has just started, or has ended.
    """
    inner = getattr(getattr(span, "_attributes", None), "_dict", None)
    if isinstance(inner, dict):
        return inner
    given = span.attributes
    return given if isinstance(given, dict) else dict(given or ())
