"""What an instrumentor changed in the client's classes, so that it can be taken away for a batch and put back."""

from __future__ import annotations

import sys
import types
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Patches", "snapshot"]

_ROOTS: Final = ("openai", "httpx", "httpx2")
_KINDS: Final = (types.FunctionType, staticmethod, classmethod, property, type)
_Place = tuple[Any, str]


def snapshot() -> dict[_Place, Any]:
    """Remember every function, method and class of the client's libraries, by the module or class that holds it."""
    return {(owner, name): value for owner in _owners() for name, value in _functions(owner)}


class Patches:
    """The difference between a snapshot and now."""

    def __init__(self, before: dict[_Place, Any]) -> None:
        now = {(owner, name): vars(owner).get(name) for owner, name in before}
        self._changed = [(*place, value, now[place]) for place, value in before.items() if now[place] is not value]

    def remove(self) -> None:
        """Give the client its own functions back."""
        for owner, name, original, _ in self._changed:
            setattr(owner, name, original)

    def restore(self) -> None:
        """Give it the instrumented ones again."""
        for owner, name, _, patched in self._changed:
            setattr(owner, name, patched)

    def __str__(self) -> str:
        return ", ".join(f"{owner.__name__}.{name}" for owner, name, _, _ in self._changed) or "nothing"


def _owners() -> Iterator[Any]:
    modules = [module for name, module in sys.modules.items() if name.partition(".")[0] in _ROOTS]
    yield from modules
    yield from {
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and value.__module__.partition(".")[0] in _ROOTS
    }


def _functions(owner: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - a module or a class
    # Pydantic's own, made when a model is first used, are no instrumentation.
    yield from (
        (name, value)
        for name, value in vars(owner).items()
        if isinstance(value, _KINDS) and not name.startswith("__pydantic")
    )
