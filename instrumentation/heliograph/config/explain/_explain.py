"""Everything that can be said of one key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from heliograph.config._comments import comments_of
from heliograph.config._load import build, shipped, sources
from heliograph.config._schema import schema
from heliograph.config.explain._effect import Effect, effect_of
from heliograph.config.explain._keys import find, leaves, node_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from heliograph.config._errors import Key

__all__ = ["Explanation", "explain"]


@dataclass(frozen=True)
class Explanation:
    """One key; a section has `keys` and no value."""

    key: str
    value: Any
    """As it stands in the file that has the last word; a section: its values."""
    derived: Any
    """What is used where that is null and follows from other keys; None elsewhere."""
    place: str
    """file:line; "" for a key that no file states."""
    shipped: Any
    shipped_place: str
    words: str
    """What heliograph.yaml's comments say, the more general first."""
    about: str
    """What they say of the section around it."""
    kind: str
    keys: tuple[str, ...]
    effect: Effect


def explain(text: str, overlays: Sequence[Path] = ()) -> Explanation:
    """Explain the key that `text` names, under `overlays`.

    Raises ConfigError for a wrong configuration and HeliographError for an unknown key.
    """
    data, places = sources(overlays)
    config = build(data, places)
    original, original_places = sources()
    described = schema()
    key = find(text, described, data)
    node = node_at(described, key)
    comments = comments_of(shipped())
    below = leaves(described, data, key)
    is_section = below != [key]
    value = _value(data, key)
    derived = _value(config.plain(), key) if value is None and not is_section else None
    place, shipped_place = places.get(key), original_places.get(key)
    return Explanation(
        key=".".join(map(str, key)),
        value=value,
        derived=derived if isinstance(derived, str) else None,
        place=str(place or ""),
        shipped=_value(original, key),
        shipped_place=str(shipped_place or ""),
        words=comments.said(key) or str(node.get("description", "")),
        about=comments.said(key[:-1]) if key[1:] and not is_section else "",
        kind="section" if is_section else kind_of(node),
        keys=tuple(".".join(map(str, one)) for one in below) if is_section else (),
        effect=effect_of(data, [(one, node_at(described, one)) for one in below]),
    )


def kind_of(node: Mapping[str, Any]) -> str:
    """Return in words what values a node of the schema takes."""
    kinds = node.get("type", "anything")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return _said(node, kinds) + (" or null" if "null" in kinds else "")


def _said(node: Mapping[str, Any], kinds: Sequence[str]) -> str:
    if "enum" in node:
        return "one of " + ", ".join(str(choice) for choice in node["enum"] if choice is not None)
    if "array" in kinds:
        return f"list (each: {kind_of(node.get('items', {}))})"
    if "[0-9]+ms" in node.get("pattern", ""):
        return "duration, such as 30s, 5m, 1h30m, 15d" + ("; 0s: none" if "integer" in kinds else "")
    if "number" in kinds or "integer" in kinds:
        bounds = [f"{words} {node[name]:g}" for name, words in _BOUNDS.items() if name in node]
        return f"{'whole number' if 'integer' in kinds else 'number'} {', '.join(bounds)}".strip()
    return "mapping" if "object" in kinds else "true or false" if "boolean" in kinds else "text"


_BOUNDS = {
    "exclusiveMinimum": "above",
    "minimum": "at least",
    "exclusiveMaximum": "below",
    "maximum": "at most",
}


def _value(data: object, key: Key) -> Any:  # noqa: ANN401 - whatever the file says
    for part in key:
        data = data.get(part) if isinstance(data, dict) else None
    return data
