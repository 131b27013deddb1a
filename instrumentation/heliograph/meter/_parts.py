"""How many parts a request has, before anything is made of them: empty ones weigh two bytes and become objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MOST_OBJECTS", "MOST_PARTS", "in_json", "in_protobuf"]

MOST_PARTS: Final = 131_072
"""Resources, scopes and spans of one request, together: in 16 MiB no real ones are more."""
MOST_OBJECTS: Final = 1_000_000
"""Of one request in JSON, where each attribute is two."""

_RESOURCE_SPANS, _SCOPE_SPANS, _SPANS = 1, 2, 2  # field numbers in opentelemetry/proto/trace/v1/trace.proto
_BYTES: Final = 2  # https://protobuf.dev/programming-guides/encoding/#structure
_FIXED: Final = {1: 8, 5: 4}


def in_protobuf(content: bytes) -> int:
    """Count up to a little more than MOST_PARTS. What is no protobuf is counted as far as it can be read."""
    count = 0
    for start, end in _fields(content, 0, len(content), _RESOURCE_SPANS):
        count += 1
        for inner_start, inner_end in _fields(content, start, end, _SCOPE_SPANS):
            count += 1
            for _ in _fields(content, inner_start, inner_end, _SPANS):
                count += 1
                if count > MOST_PARTS:
                    return count
            if count > MOST_PARTS:
                return count
        if count > MOST_PARTS:
            return count
    return count


def in_json(request: dict[str, Any]) -> int:
    """Count the same in a request that was read from JSON."""
    resources = request.get("resourceSpans") or ()
    scopes = [scope for resource in resources for scope in resource.get("scopeSpans") or ()]
    return len(resources) + len(scopes) + sum(len(scope.get("spans") or ()) for scope in scopes)


def _fields(content: bytes, at: int, end: int, wanted: int) -> Iterator[tuple[int, int]]:
    """Yield where each field `wanted` of a message begins and ends; ends at the first byte that makes no sense."""
    while at < end:
        key, at = _varint(content, at, end)
        kind = key & 7
        if kind == _BYTES:
            size, at = _varint(content, at, end)
            if at + size > end:
                return
            if key >> 3 == wanted:
                yield at, at + size
            at += size
        elif kind == 0:
            _, at = _varint(content, at, end)
        elif kind in _FIXED:
            at += _FIXED[kind]
        else:
            return


def _varint(content: bytes, at: int, end: int) -> tuple[int, int]:
    """Return the number that begins at `at`, and where it ends; past the end there is nothing more to read."""
    value = shift = 0
    while at < end:
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the highest bit says that more follows
            return value, at
        shift += 7
        if shift > 63:  # noqa: PLR2004 - no number has more than 64 bits
            break
    return 0, end
