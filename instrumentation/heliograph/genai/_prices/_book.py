"""What a call cost: one's own prices first, then the maintained list. Nothing is guessed and nothing is fetched."""

from __future__ import annotations

import logging
import os
import sys
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from heliograph.genai._prices import _list
from heliograph.genai._prices._list import STANDARD
from heliograph.genai._prices._names import homes
from heliograph.genai._prices._problems import PriceError
from heliograph.genai._prices._rates import FREE, Card
from heliograph.genai._prices._sources import Own, read

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from heliograph.genai._call import Call
    from heliograph.genai._prices._list import Listed
    from heliograph.genai._prices._overrides import Entry
    from heliograph.genai._prices._rates import Price

__all__ = ["Prices", "Quote"]

_log = logging.getLogger(__name__)

ENVIRONMENT: Final = "HELIOGRAPH_PRICES"
_REMEMBERED: Final = 1024
_LONGEST_NAME: Final = 500
_DAY: Final = 86_400.0

# What providers call the tier that everybody gets. `auto` is a wish, and the answer to it is another word; where only
# the wish is known it was most likely met with this.
_STANDARD_TIERS: Final = frozenset({"", "auto", "default", "on_demand", "on-demand", "standard", "standard_only"})
_TIER_SPELLINGS: Final = {
    "batches": "batch",
    "on_demand_flex": "flex",  # Vertex AI's traffic types
    "on_demand_priority": "priority",
}


class Quote(NamedTuple):
    """What a model costs in one tier, and who says so; `card` is None where nobody does, and `source` says why."""

    tier: str
    card: Card | None
    source: str


class _Held(NamedTuple):
    """A price and the time for which it holds, in seconds since the epoch."""

    start: float
    end: float
    price: Price | None


class Prices:
    """Prices by provider, model and tier, looked up once each. What is not known has no price: never one of zero.

    `overrides` is the section `prices` of `heliograph.yaml` as a mapping, or the name of a JSON or YAML file that
    holds it (or of one in LiteLLM's format).

    Raises `PriceError` with everything that is wrong with the overrides; `from_environment` does not.
    """

    def __init__(self, overrides: Mapping[str, Any] | str | Path | None = None) -> None:
        self.own: Own = read(overrides)
        self._held: dict[tuple[str, str, str | None], _Held] = {}
        self._warm = False
        self._list: object = None
        self._checked_on: date | None = None

    @classmethod
    def from_environment(cls, given: Mapping[str, Any] | str | Path | None = None) -> Prices:
        """Return the prices that were given, else those `HELIOGRAPH_PRICES` names, else the list alone.

        Never raises: of prices that cannot be used one warning tells everything, and the list alone is used.
        """
        if given is None:
            given = os.environ.get(ENVIRONMENT, "").strip() or None
        try:
            return cls(given)
        except PriceError as error:
            _log.warning("heliograph: %s\n  The maintained list alone is used until they are mended.", error)
        except Exception:  # noqa: BLE001 - must not reach the application
            _log.warning("heliograph: the prices could not be read; the maintained list alone is used", exc_info=True)
        return cls()

    def warm(self) -> None:
        """Load the list (about 0.3 s) before it is needed. Never raises."""
        if not self._warm:
            self._warm = True
            self._load()

    def cost(self, call: Call) -> float | None:
        """Cost of the call in USD; None where its usage is not known, or its model or tier has no price.

        Right to 1e-9 USD. Takes about a microsecond for a model that was asked for before; never raises.
        """
        if call.input_tokens is None and call.output_tokens is None and call.operation != "rerank":
            return None
        when = call.ended / 1e9 - call.latency if call.ended else time.time()
        held = self._held.get((call.provider, call.model, call.service_tier))
        try:
            if held is None or not held.start <= when < held.end:
                held = self._look_up(call, when)
            if held.price is None or (not call.has_usage and call.status != "success"):
                return None
            return held.price(call)
        except Exception:  # a wart of one model's price must not lose the call  # noqa: BLE001 - must not reach the application
            _log.debug("no price could be computed for %s of %s", call.model, call.provider, exc_info=True)
            return None

    def quote(self, provider: str, model: str, tier: str | None = None, when: float | None = None) -> Quote:
        """Say what a model costs in a tier (None: the standard one) at a time (None: now)."""
        name = _tier(tier)
        return self._quote(provider, model, name, time.time() if when is None else when)[0]

    def tiers(self, provider: str, model: str) -> list[str]:
        """Return the tiers in which the model has a price, the standard one first."""
        listed, names = self._listed(provider, model), {STANDARD}
        if listed is not None:
            names.update(_list.tiers(listed))
        if self.own.table is not None and (row := self.own.table.find(provider, model, self.own.overrides.providers)):
            names.update(self.own.table.tiers(row))
        if (entry := self.own.overrides.entry(provider, model)) is not None:
            names.update(entry.tiers)
        return [name for name in sorted(names) if self.quote(provider, model, name).card is not None]

    def age_seconds(self) -> float | None:
        """Return how long ago, in seconds, a price of the list was last compared with its source, as the list says.

        None where the list says nothing of it, cannot be read, or has not been needed yet: a gauge that asks for its
        age must not load it into an application that calls no model. Prices of one's own have no part in it.
        """
        if "genai_prices.data" not in sys.modules:
            return None
        day = self.checked_on()
        if day is None:
            return None
        from datetime import UTC, datetime

        return max(0.0, time.time() - datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())

    def checked_on(self) -> date | None:
        """Return the day of `age_seconds`; also notices that the application has fetched a newer list."""
        try:
            current = _list.snapshot()
            if current is not self._list:
                self._checked_on = _list.checked_on()
                if self._list is not None:
                    self._held = {}
                self._list = current
        except Exception:  # noqa: BLE001 - must not reach the application
            _log.debug("the age of the price list could not be read", exc_info=True)
            return None
        return self._checked_on

    def _look_up(self, call: Call, when: float) -> _Held:
        quote, start, end = self._quote(call.provider, call.model, _tier(call.service_tier), when)
        held = _Held(start, end, None if quote.card is None else quote.card.price())
        if max(len(call.provider), len(call.model), len(call.service_tier or "")) <= _LONGEST_NAME:
            if len(self._held) >= _REMEMBERED:  # bounded: hostile names must not grow memory; the real ones soon return
                self._held = {}
            self._held[call.provider, call.model, call.service_tier] = held
        return held

    def _quote(self, provider: str, model: str, tier: str, when: float) -> tuple[Quote, float, float]:
        """Return what a tier costs, and the time for which that holds."""
        own, ever = self.own.overrides, (-float("inf"), float("inf"))
        entry = own.entry(provider, model)
        if entry is not None and entry.card is not None:
            return _from_entry(entry, tier, _source(self.own)), *ever
        if own.is_free(provider, model):
            return Quote(tier, FREE, "free, says the configuration"), *ever
        listed = self._listed(provider, model)
        span = ever if listed is None else _list.valid_for(listed, when)
        quote = self._published(provider, model, listed, tier, when)
        if entry is None:
            return quote, *span
        said = entry.tiers.get(tier)
        if isinstance(said, Card):
            return Quote(tier, said, _source(self.own)), *span
        if said is not None:
            quote = self._published(provider, model, listed, STANDARD, when)
        factor = entry.factor * (1.0 if said is None else said)
        if quote.card is None:
            return quote._replace(tier=tier), *span
        return Quote(tier, quote.card.scaled(factor), f"{quote.source}, times {factor:g} ({_source(self.own)})"), *span

    def _published(self, provider: str, model: str, listed: Listed | None, tier: str, when: float) -> Quote:
        """Return what a table says: LiteLLM's file, where one was named, before the maintained list."""
        table = self.own.table
        if table is not None and (row := table.find(provider, model, self.own.overrides.providers)) is not None:
            card = table.card(row, tier)
            if card is not None:
                return Quote(tier, card, str(self.own.overrides.file))
        if listed is None:
            return Quote(tier, None, "no price list knows this model at this provider")
        card = _list.card_at(listed, tier, when)
        if card is not None:
            return Quote(tier, card, f"genai-prices {_list.version()}: {listed.provider.id}/{listed.model.id}")
        if tier == STANDARD:
            return Quote(tier, None, "the list knows the model, and no price in tokens for it that can be relied on")
        return Quote(tier, None, f"the list has no price for the tier {tier!r} of this model")

    def _listed(self, provider: str, model: str) -> Listed | None:
        for home, name in homes(provider, model, self.own.overrides.providers):
            if (listed := _list.find(home, name)) is not None:
                return listed
        return None

    def _load(self) -> None:
        try:
            _list.snapshot()
        except Exception:  # noqa: BLE001 - must not reach the application
            _log.warning("the price list could not be loaded: calls will be counted as unpriced", exc_info=True)
            return
        self.checked_on()


def _from_entry(entry: Entry, tier: str, source: str) -> Quote:
    said = entry.tiers.get(tier)
    if isinstance(said, Card):
        return Quote(tier, said, source)
    if said is not None and entry.card is not None:
        return Quote(tier, entry.card.scaled(said), source)
    if tier == STANDARD:
        return Quote(tier, entry.card, source)
    return Quote(tier, None, f"{source} has no price for the tier {tier!r} of this model")


def _source(own: Own) -> str:
    return own.source or "the configuration"


def _tier(name: str | None) -> str:
    """Return the tier under which price lists know it."""
    folded = (name or "").strip().lower().removesuffix("-tier").removesuffix("_tier")
    return STANDARD if folded in _STANDARD_TIERS else _TIER_SPELLINGS.get(folded, folded)
