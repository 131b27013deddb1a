"""Prices of one's own from where they stand: a mapping, a JSON or YAML file, and LiteLLM's file beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heliograph.genai._prices._litellm import LiteLLMPrices, looks_like_litellm
from heliograph.genai._prices._litellm import check as check_litellm
from heliograph.genai._prices._overrides import Overrides, parse
from heliograph.genai._prices._problems import Mistake, PriceError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Own", "read"]


@dataclass(frozen=True, slots=True)
class Own:
    """Everything that was said beside the maintained list."""

    overrides: Overrides
    table: LiteLLMPrices | None = None
    source: str = ""
    """Where `overrides` were read: the name of a file, or nothing."""


def read(given: object) -> Own:
    """Read what `Prices(overrides=...)` was given.

    Raises `PriceError` with all mistakes of all files.
    """
    if given is None:
        return Own(Overrides())
    if not isinstance(given, (str, Path)):
        return _checked(given, {}, source="", folder=None)
    path = Path(given).expanduser()
    content, lines = _load(path)
    if looks_like_litellm(content):
        _refuse(check_litellm(content), str(path), lines)
        return Own(Overrides(file=str(path)), LiteLLMPrices(content), "")
    # A whole heliograph.yaml will do: its section is meant.
    section: object = content
    if isinstance(content, Mapping) and "prices" in content and "models" not in content:
        section = content["prices"] or {}
        lines = {key[1:]: line for key, line in lines.items() if key[:1] == ("prices",)}
    return _checked(section, lines, source=str(path), folder=path.resolve().parent)


def _checked(section: object, lines: Mapping[tuple[str | int, ...], int], *, source: str, folder: Path | None) -> Own:
    overrides, mistakes = parse(section, folder=folder)
    table = None
    if overrides.file is not None:
        try:
            table = _table(Path(overrides.file))
        except PriceError as error:
            mistakes += error.mistakes
    _refuse(mistakes, source, lines)
    return Own(overrides, table, source)


def _table(path: Path) -> LiteLLMPrices:
    content, lines = _load(path)
    _refuse(check_litellm(content), str(path), lines)
    return LiteLLMPrices(content)


def _refuse(mistakes: Iterable[Mistake], file: str, lines: Mapping[tuple[str | int, ...], int]) -> None:
    """Raise what is wrong, each with its line where that is known."""
    if placed := [mistake if mistake.file else _placed(mistake, file, lines) for mistake in mistakes]:
        raise PriceError(placed)


def _placed(mistake: Mistake, file: str, lines: Mapping[tuple[str | int, ...], int]) -> Mistake:
    key = tuple(part if isinstance(part, int) else str(part) for part in mistake.key)
    line = next((lines[key[:length]] for length in range(len(key), 0, -1) if key[:length] in lines), 0)
    return mistake._replace(file=file, line=line)


def _load(path: Path) -> tuple[Any, dict[tuple[str | int, ...], int]]:
    """Read a file, with the lines of its keys where the format tells them (YAML does, JSON does not)."""
    if path.suffix.lower() in {".yaml", ".yml"}:
        return _load_yaml(path)
    try:
        return json.loads(path.read_text(encoding="utf-8")), {}
    except json.JSONDecodeError as error:
        raise PriceError(
            [Mistake((), f"JSON syntax: {error.msg}", "mend this line or the one above", str(path), error.lineno)]
        ) from None
    except OSError as error:
        raise PriceError(
            [Mistake((), f"cannot be read: {error.strerror}", "check the name and its permissions", str(path))]
        ) from None
    except UnicodeDecodeError:
        raise PriceError([Mistake((), "is not in UTF-8", "save it as UTF-8 text", str(path))]) from None


def _load_yaml(path: Path) -> tuple[Any, dict[tuple[str | int, ...], int]]:
    try:
        from heliograph.config._source import read as read_yaml
    except ModuleNotFoundError:
        fix = "pip install 'heliograph[stack]', or write the same as JSON"
        raise PriceError([Mistake((), "YAML needs a package that is not installed", fix, str(path))]) from None
    source = read_yaml(path)
    if source.problems:
        found = source.problems
        raise PriceError(
            Mistake(p.key, p.what, p.fix, p.place.file if p.place else str(path), p.place.line if p.place else 0)
            for p in found
        )
    return source.data, {key: place.line for key, place in source.places.items()}
