"""Prices of one's own: the section `prices` of `heliograph.yaml`, or the same in a file that an application reads.

The schema stands here once, for both: `heliograph.config` asks `check`, applications `parse`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from heliograph.genai._prices._names import canonical
from heliograph.genai._prices._problems import Mistake, nearest
from heliograph.genai._prices._rates import RATES, Card

__all__ = ["Entry", "Overrides", "check", "parse"]

Key = tuple[str | int, ...]

_KEYS: Final = ("models", "free", "providers", "file", "max_age_days")
_ENTRY_KEYS: Final = (*RATES, "above", "tiers", "factor")
_EVERYTHING: Final = frozenset({"*", "*/*", "**", "?*", "*?*"})
_HIGHEST: Final = 1_000_000
"""USD per million tokens: more than one a token is a mistake of the unit."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the configuration says of a model: its whole price (`card`), or how it differs from the list's."""

    card: Card | None
    factor: float = 1.0
    tiers: Mapping[str, Card | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Overrides:
    """Names and patterns (`*`, `?`, `[abc]`) of `model` or `provider/model`, in lower case."""

    exact: Mapping[str, Entry] = field(default_factory=dict)
    patterns: tuple[tuple[str, Entry], ...] = ()
    free: tuple[str, ...] = ()
    providers: Mapping[str, str] = field(default_factory=dict)
    file: str | None = None
    max_age_days: float | None = None

    def entry(self, provider: str, model: str) -> Entry | None:
        """Return what is said of a model: by its name first, then by the first pattern that fits."""
        names = self._names(provider, model)
        for name in names:
            if name in self.exact:
                return self.exact[name]
        return next((entry for pattern, entry in self.patterns if any(fnmatchcase(n, pattern) for n in names)), None)

    def is_free(self, provider: str, model: str) -> bool:
        """Whether the model costs nothing because the configuration says so."""
        return any(fnmatchcase(name, pattern) for pattern in self.free for name in self._names(provider, model))

    def _names(self, provider: str, model: str) -> tuple[str, ...]:
        """Return the names of a model: with the provider as it was reported, with the list's name for it, and alone."""
        given, name = provider.strip().lower(), model.strip().lower()
        return tuple(dict.fromkeys((f"{given}/{name}", f"{canonical(given, self.providers)}/{name}", name)))


def parse(section: object, *, folder: Path | None = None) -> tuple[Overrides, list[Mistake]]:
    """Read a section; `file` is relative to `folder`. What is wrong is left out, and said."""
    mistakes = list(check(section))
    if not isinstance(section, Mapping):
        return Overrides(), mistakes
    wrong = {mistake.key[:2] for mistake in mistakes}
    exact: dict[str, Entry] = {}
    patterns: list[tuple[str, Entry]] = []
    for name, said in _mapping(section.get("models")).items():
        if ("models", name) in wrong:
            continue
        place = str(name).strip().lower()
        if any(sign in place for sign in "*?["):
            patterns.append((place, _entry(said)))
        else:
            exact[place] = _entry(said)
    free = [item.lower() for index, item in enumerate(_list(section.get("free"))) if ("free", index) not in wrong]
    aliases = _mapping(section.get("providers")).items()
    file = section.get("file")
    age = section.get("max_age_days")
    return Overrides(
        exact=exact,
        patterns=tuple(patterns),
        free=tuple(free),
        providers={str(a).lower(): b.lower() for a, b in aliases if ("providers", a) not in wrong},
        file=str((folder or Path()) / Path(file).expanduser()) if isinstance(file, str) and file else None,
        max_age_days=age if ("max_age_days",) not in wrong else None,
    ), mistakes


def check(section: object) -> Iterator[Mistake]:
    """Yield what is wrong with a section, all at once."""
    if not isinstance(section, Mapping):
        yield Mistake((), f"needs a mapping, not {_shown(section)}", f"indent its keys below it: {', '.join(_KEYS)}")
        return
    yield from _unknown((), section, _KEYS)
    yield from _models(section.get("models"))
    yield from _free(section.get("free"))
    yield from _providers(section.get("providers"))
    file, age = section.get("file"), section.get("max_age_days")
    if file is not None and not (isinstance(file, str) and file):
        yield Mistake(
            ("file",), f"{_shown(file)} is no name of a file", "name a JSON file in LiteLLM's format, or null"
        )
    if age is not None and not _is_number(age, above=0):
        yield Mistake(("max_age_days",), f"{_shown(age)} is no number of days", "write a number above zero")


def _models(models: object) -> Iterator[Mistake]:
    if models is None:
        return
    if not isinstance(models, Mapping):
        yield Mistake(("models",), f"needs a mapping, not {_shown(models)}", "write `model: {input: 2.50, output: 10}`")
        return
    for name, said in models.items():
        key: Key = ("models", name)
        if not isinstance(said, Mapping) or not said:
            yield Mistake(
                key, f"needs a mapping, not {_shown(said)}", "write {input: 2.50, output: 10}, USD per million"
            )
            continue
        yield from _unknown(key, said, _ENTRY_KEYS)
        yield from _rates(key, said)
        yield from _steps(key, said)
        factor = said.get("factor")
        if factor is not None:
            yield from _factor((*key, "factor"), factor)
            if any(rate in said for rate in RATES):
                yield Mistake((*key, "factor"), "stands beside prices of its own", "multiply them, and take it away")
        yield from _tiers(key, said.get("tiers"))


def _tiers(key: Key, tiers: object) -> Iterator[Mistake]:
    if tiers is None:
        return
    key = (*key, "tiers")
    if not isinstance(tiers, Mapping):
        yield Mistake(key, f"needs a mapping, not {_shown(tiers)}", "write {batch: 0.5}, or prices for the tier")
        return
    for name, said in tiers.items():
        if isinstance(said, Mapping):
            yield from _unknown((*key, name), said, (*RATES, "above"))
            yield from _rates((*key, name), said)
            yield from _steps((*key, name), said)
        else:
            yield from _factor((*key, name), said)


def _steps(key: Key, said: Mapping[Any, Any]) -> Iterator[Mistake]:
    above = said.get("above")
    if above is None:
        return
    if not isinstance(above, Mapping):
        yield Mistake((*key, "above"), f"needs a mapping, not {_shown(above)}", "write {200000: {input: 5}}")
        return
    for start, rates in above.items():
        if not _tokens(start):
            yield Mistake((*key, "above", start), "is no number of tokens", "write the last that is in the step below")
        if isinstance(rates, Mapping) and rates:
            yield from _unknown((*key, "above", start), rates, tuple(RATES))
            yield from _rates((*key, "above", start), rates)
        else:
            yield Mistake(
                (*key, "above", start), f"needs a mapping, not {_shown(rates)}", "write {input: 5, output: 15}"
            )


def _rates(key: Key, said: Mapping[Any, Any]) -> Iterator[Mistake]:
    for name in RATES:
        rate = said.get(name)
        if name in said and not _is_number(rate):
            fix = (
                f"write it bare: {rate.strip().lstrip('$')}"
                if isinstance(rate, str) and "$" in rate
                else "write USD per million tokens"
            )
            yield Mistake((*key, name), f"{_shown(rate)} is no price", fix)
        elif name in said and rate > _HIGHEST:  # type: ignore[operator]
            yield Mistake((*key, name), f"{_shown(rate)} is more than a dollar a token", "write USD per million tokens")
        elif name in said and 0 < rate < 1e-4:  # type: ignore[operator]  # noqa: PLR2004 - the cheapest model known costs 0.005
            yield Mistake((*key, name), f"{_shown(rate)} looks like USD per token", "write USD per million tokens")


def _factor(key: Key, factor: object) -> Iterator[Mistake]:
    if not _is_number(factor, above=0):
        yield Mistake(key, f"{_shown(factor)} is no factor", "write a number above zero: 0.5 is half the price")


def _free(free: object) -> Iterator[Mistake]:
    if free is None:
        return
    if not isinstance(free, list):
        yield Mistake(("free",), f"needs a list, not {_shown(free)}", 'write ["ollama/*"]')
        return
    for index, pattern in enumerate(free):
        if not isinstance(pattern, str) or not pattern:
            yield Mistake(
                ("free", index), f"{_shown(pattern)} is no name", 'write a name or a pattern, in quotes: "ollama/*"'
            )
        elif pattern in _EVERYTHING:
            yield Mistake(("free", index), f"{pattern!r} would make every model free", 'name the provider: "ollama/*"')


def _providers(providers: object) -> Iterator[Mistake]:
    if not providers:
        return
    if not isinstance(providers, Mapping):
        yield Mistake(("providers",), f"needs a mapping, not {_shown(providers)}", "write `my-gateway: openai`")
        return
    from heliograph.genai._prices._list import snapshot

    known = [provider.id for provider in snapshot().providers]
    for name, home in providers.items():
        if not isinstance(home, str) or canonical(home) not in known:
            yield Mistake(("providers", name), f"{_shown(home)} has no prices", nearest(str(home), known))


def _unknown(key: Key, said: Mapping[Any, Any], known: tuple[str, ...]) -> Iterator[Mistake]:
    for name in said:
        if name not in known:
            yield Mistake((*key, name), f"unknown key {name!r}", nearest(str(name), known))


def _entry(said: Mapping[str, Any]) -> Entry:
    tiers = {
        str(name).lower(): _card(tier) if isinstance(tier, Mapping) else float(tier)
        for name, tier in (said.get("tiers") or {}).items()
    }
    has_prices = any(rate in said for rate in RATES)
    return Entry(_card(said) if has_prices else None, float(said.get("factor", 1.0)), tiers)


def _card(said: Mapping[Any, Any]) -> Card:
    steps = sorted((_tokens(start) or 0, rates) for start, rates in (said.get("above") or {}).items())
    return Card(_stated(said), tuple((start, _stated(rates)) for start, rates in steps))


def _stated(said: Mapping[Any, Any]) -> dict[str, float]:
    return {name: float(said[name]) for name in RATES if name in said}


def _tokens(start: object) -> int | None:
    """Read the key of a step: JSON and our YAML reader give text."""
    text = str(start).replace("_", "")
    return int(text) if text.isdigit() else None


def _is_number(value: object, *, above: float | None = None) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return False
    return value >= 0 if above is None else value > above


def _mapping(value: object) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _shown(value: object) -> str:
    return "a mapping" if isinstance(value, Mapping) else "null" if value is None else repr(value)
