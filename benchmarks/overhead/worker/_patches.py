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
_ABSENT: Final = object()


def snapshot() -> list[tuple[Any, dict[str, Any]]]:
    """Remember what each module and class of the client's libraries has: a list, for not all of them can be hashed."""
    return [(owner, dict(vars(owner))) for owner in _owners()]


class Patches:
    """The difference between a snapshot and now: functions that are others, and such as a class used to inherit."""

    def __init__(self, before: list[tuple[Any, dict[str, Any]]]) -> None:
        self._changed = [change for owner, names in before for change in _changes(owner, names)]

    def remove(self) -> None:
        """Give the client its own functions back."""
        for owner, name, original, _ in self._changed:
            _put(owner, name, original)

    def restore(self) -> None:
        """Give it the instrumented ones again."""
        for owner, name, _, patched in self._changed:
            _put(owner, name, patched)

    def __str__(self) -> str:
        return ", ".join(f"{owner.__name__}.{name}" for owner, name, _, _ in self._changed) or "nothing"


def _changes(owner: Any, names: dict[str, Any]) -> Iterator[tuple[Any, str, Any, Any]]:  # noqa: ANN401 - module or class
    for name, now in list(vars(owner).items()):
        before = names.get(name, _ABSENT)
        if before is now or name.startswith("__pydantic"):  # pydantic makes its own when a model is first used
            continue
        if isinstance(before, _KINDS) or (before is _ABSENT and isinstance(owner, type) and callable(now)):
            yield owner, name, before, now


def _put(owner: Any, name: str, value: Any) -> None:  # noqa: ANN401 - module or class
    if value is _ABSENT:
        delattr(owner, name)
    else:
        setattr(owner, name, value)


def _owners() -> Iterator[Any]:
    modules = [module for name, module in sys.modules.items() if name.partition(".")[0] in _ROOTS]
    yield from modules
    yield from {
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and value.__module__.partition(".")[0] in _ROOTS
    }
