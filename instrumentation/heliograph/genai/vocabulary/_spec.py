"""One attribute of a span, and the spellings of others for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heliograph.genai.vocabulary import _dialects as d

__all__ = ["AttributeSpec"]

Type = Literal["string", "strings", "int", "double", "boolean", "json"]


@dataclass(frozen=True, slots=True)
class AttributeSpec:
    """One thing a span says.

    `spellings` say the same under another name. `derived` ones say it in another form, which the dialect's reader
    translates (a kind of span, a key of a JSON text, milliseconds).
    """

    name: str
    description: str
    type: Type = "string"
    unit: str = ""
    spellings: Mapping[d.Dialect, tuple[str, ...]] = field(default_factory=dict, hash=False)
    derived: Mapping[d.Dialect, tuple[str, ...]] = field(default_factory=dict, hash=False)
    names: tuple[str, ...] = field(init=False, repr=False)
    """The current spelling first, then the others in the order in which they are looked for."""

    def __post_init__(self) -> None:
        others = (name for names in self.spellings.values() for name in names)
        object.__setattr__(self, "names", tuple(dict.fromkeys((self.name, *others))))
