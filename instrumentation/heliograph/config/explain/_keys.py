"""Find a key by the text that a person typed."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from heliograph.errors import HeliographError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from heliograph.config._errors import Key

__all__ = ["find", "leaves", "node_at"]

_SHOWN = 4


def find(text: str, schema: Mapping[str, Any], data: Mapping[str, Any]) -> Key:
    """Return the key that `text` names: the whole way (`alerts.NoTraffic.for`), or an end of it that is unique.

    Raises HeliographError with close matches.
    """
    typed = tuple(part for part in text.strip().split(".") if part)
    known = [(), *_known(schema, data, ())]
    if typed in known:
        return typed
    if len(ends := [key for key in known if key[-len(typed) :] == typed]) == 1:
        return ends[0]
    folded = {".".join(map(str, key)).lower(): key for key in known}
    if found := folded.get(".".join(typed).lower()):
        return found
    near = ends or [folded[name] for name in _near(".".join(typed).lower(), folded)]
    names = [".".join(map(str, key)) for key in near[:_SHOWN]]
    more = f" and {len(near) - _SHOWN} more" if len(near) > _SHOWN else ""
    raise HeliographError(
        f"heliograph.yaml knows {'several keys' if ends else 'no key'} {text!r}.",
        hint=f"did you mean {', '.join(names)}{more}?" if names else f"sections: {', '.join(schema['properties'])}",
        exit_code=2,
    )


def _near(typed: str, known: Mapping[str, Key]) -> list[str]:
    """Return names like the typed one; when its beginning is right, look at what is beside it."""
    whole = difflib.get_close_matches(typed, known, n=_SHOWN, cutoff=0.75)
    last = {name.rsplit(".", 1)[-1]: name for name in reversed(list(known))}
    return whole or [last[name] for name in difflib.get_close_matches(typed.rsplit(".", 1)[-1], last, n=_SHOWN)]


def node_at(schema: Mapping[str, Any], key: Key) -> Mapping[str, Any]:
    """Return the part of the schema that describes `key`; {} where it describes nothing."""
    node: Any = schema
    for part in key:
        inner = node.get("properties", {}).get(part)
        node = inner if inner is not None else node.get("additionalProperties")
        if not isinstance(node, dict):
            return {}
    found: Mapping[str, Any] = node
    return found


def leaves(schema: Mapping[str, Any], data: Mapping[str, Any], key: Key) -> list[Key]:
    """Return the keys below `key` (or itself) that hold a value and no mapping."""
    below = [key, *_known(node_at(schema, key), _value(data, key), key)]
    return [one for one in below if not _names(node_at(schema, one), _value(data, one))]


def _known(node: Mapping[str, Any], data: object, key: Key) -> Iterator[Key]:
    for name in _names(node, data):
        below = (*key, name)
        yield below
        yield from _known(node_at(node, (name,)), _value(data, (name,)), below)


def _names(node: Mapping[str, Any], data: object) -> list[str]:
    """Return the names below a node: those of the model, and a user's own where names are free."""
    own = [str(name) for name in data] if isinstance(data, dict) else []
    return list(dict.fromkeys((*node.get("properties", {}), *own)))


def _value(data: object, key: Key) -> object:
    for part in key:
        data = data.get(part) if isinstance(data, dict) else None
    return data
