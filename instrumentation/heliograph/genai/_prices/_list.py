"""The maintained price list, `genai-prices`, read as cards. It is part of the installed package: nothing is fetched."""

from __future__ import annotations

import re
import time
from bisect import bisect_right
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from heliograph.genai._prices._rates import Card

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, ModelPrice, Provider

__all__ = ["STANDARD", "Listed", "card_at", "checked_on", "find", "snapshot", "tiers", "valid_for", "version"]

STANDARD: Final = ""
"""The tier of calls that name none."""

_RATES: Final = {
    "input_mtok": "input",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write",
    "cache_write_1h_mtok": "cache_write_1h",
    "input_audio_mtok": "input_audio",
    "cache_audio_read_mtok": "cache_read_audio",
    "output_mtok": "output",
    "output_reasoning_mtok": "reasoning",
    "output_audio_mtok": "output_audio",
    "requests_kcount": "requests",
}
# The rate that tokens of another kind would be billed at if they were not told apart.
_PLAIN: Final = (("input_", "input_mtok"), ("output_", "output_mtok"), ("cache_", "cache_read_mtok"))
# Makers whose models cost at Azure and Google what they cost at home. The list would also answer DeepSeek's and xAI's
# own prices for Azure, which asks others (deepseek-r1: 1.35 USD per million input tokens there, 0.55 at home).
_SAME_ELSEWHERE: Final = frozenset({"anthropic", "openai"})
# What the list says of a price that it took from another seller and nobody compared: gpt-oss-120b at OpenAI, which does
# not sell it. Whoever serves those weights behind OpenAI's protocol does not pay that.
_UNVERIFIED: Final = "Imported from OpenRouter pricing; verify against"
_VERIFIED: Final = "Verified against"
_EVER: Final = (-float("inf"), float("inf"))
_MINUTE: Final = 60.0


class Listed(NamedTuple):
    """A model of the list, and the provider whose page it stands on."""

    provider: Provider
    model: ModelInfo

    @property
    def own(self) -> bool:
        """Whether the provider sells the model itself; else the price is that of the model's maker."""
        return any(self.model is model for model in self.provider.models)


def snapshot() -> DataSnapshot:
    """Return the list: the package's, or the newer one that the application has fetched with `UpdatePrices`."""
    from genai_prices.data_snapshot import get_snapshot

    return get_snapshot()


@cache
def version() -> str:
    """Return the version of the installed list."""
    from importlib.metadata import version as installed

    return installed("genai-prices")


def find(home: str, name: str) -> Listed | None:
    """Find a model on one provider's page.

    Not through the list's own `find_provider_model`: that remembers every name it was ever asked for.
    """
    providers = {provider.id: provider for provider in snapshot().providers}
    provider = providers.get(home)
    if provider is None:
        return None
    if (model := provider.find_model(name)) is not None:
        return Listed(provider, model)
    for maker in provider.fallback_model_providers or ():
        if maker in _SAME_ELSEWHERE and (model := providers[maker].find_model(name)) is not None:
            return Listed(provider, model)
    return None


def tiers(listed: Listed) -> list[str]:
    """Return the tiers that the list prices apart from the standard one."""
    if not listed.own:
        return []
    names = {_tier_of(variant.when) for variant in listed.model.price_variants or ()}
    return sorted(name for name in names if name not in {None, "default", "standard"})


def card_at(listed: Listed, tier: str, when: float) -> Card | None:
    """Return the rates at a time in seconds since the epoch; None where the list has none for that tier.

    The list itself answers the standard price for a tier that it does not know; we do not.
    """
    said = listed.model.price_comments or ""
    if _UNVERIFIED in said and _VERIFIED not in said:
        return None
    moment = datetime.fromtimestamp(when, UTC)
    if tier == STANDARD:
        return _card(listed, listed.model.get_prices(moment))
    for variant in (listed.model.price_variants or ()) if listed.own else ():
        if _tier_of(variant.when) == tier and (variant.constraint is None or variant.constraint.active(moment)):
            return _card(listed, listed.model.get_prices(moment, variant.when))
    return None


def valid_for(listed: Listed, when: float) -> tuple[float, float]:
    """Return the time from ... to, around `when`, in which no price of the model changes."""
    from genai_prices.types import StartDateConstraint

    prices = listed.model.prices if isinstance(listed.model.prices, list) else []
    limits = [entry.constraint for entry in (*prices, *(listed.model.price_variants or ()))]
    limits = [limit for limit in limits if limit is not None]
    if not limits:
        return _EVER
    if not all(isinstance(limit, StartDateConstraint) for limit in limits):  # by time of day, to the minute
        start = when - when % _MINUTE
        return start, start + _MINUTE
    days = {limit.start_date for limit in limits if isinstance(limit, StartDateConstraint)}
    starts = sorted(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() for day in days)
    place = bisect_right(starts, when)
    return (starts[place - 1] if place else _EVER[0]), (starts[place] if place < len(starts) else _EVER[1])


def _tier_of(when: dict[str, str]) -> str | None:
    """Return the tier of a variant: `{"service_tier": "flex"}`, `{"processing": "batch"}`, `{"speed": "fast"}`."""
    if len(when) != 1:
        return None
    ((key, value),) = when.items()
    return value if key in {"service_tier", "processing", "speed"} else None


def _card(listed: Listed, prices: ModelPrice) -> Card | None:
    """Read one set of prices; None where it is empty, or depends on what no call reports."""
    stated = {key: price for key, price in prices.__dict__.items() if price is not None}
    if any(_undecided(key, stated) for key in stated):
        return None
    if "requests_kcount" in stated and listed.provider.id == "perplexity":
        # 5 to 12 (sonar-pro: 6 to 14) USD per thousand by the size of the search context, which no call reports; the
        # list states the largest. https://docs.perplexity.ai/getting-started/pricing
        return None
    known = {_RATES[key]: price for key, price in stated.items() if key in _RATES}
    steps = sorted({step.start for price in known.values() for step in getattr(price, "tiers", ())})

    def rates(start: int | None) -> dict[str, float]:
        found = {name: float(_at(price, start)) for name, price in known.items()}
        if listed.provider.id == "google" and "input" in found and "input_audio" not in found:
            # Google's page states one price for all kinds of input, unless it states one for audio beside it.
            found["input_audio"] = found["input"]
            found["cache_read_audio"] = found.get("cache_read", found["input"])
        return found

    first = rates(None)
    # The list writes "free" and "not known" the same way: as nothing. Free is what the configuration says is free.
    if not any(first.values()):
        return None
    return Card(first, tuple((start, rates(start)) for start in steps))


def _undecided(key: str, stated: dict[str, object]) -> bool:
    """Whether a price depends on a count of tokens that calls do not report: images, video, citations.

    Searches and other tools of a provider (`..._kcount`) are optional: they are left out, and documented.
    """
    if key in _RATES or not key.endswith("_mtok"):
        return False
    plain = next((base for start, base in _PLAIN if key.startswith(start)), None)
    return plain is None or stated[key] != stated.get(plain)


def _at(price: object, start: int | None) -> float:
    """Return a price in the step that begins at `start` tokens; None: below the first."""
    base = getattr(price, "base", price)
    if start is not None:
        for step in getattr(price, "tiers", ()):
            if step.start <= start:
                base = step.price
    return float(base)  # type: ignore[arg-type]


# Announced changes lie in the future and are no evidence of a look at the page; these words are.
_CHECKED: Final = re.compile(
    r"(?:checked|verified|as of|retrieved|accessed|confirmed)\b[^.;]{0,40}?(20\d\d-\d\d-\d\d)", re.IGNORECASE
)


def checked_on() -> date | None:
    """Return the newest day on which, as the list itself says, one of its prices was compared with its source.

    The package carries no date of its own; this one is never later than its release. None where it says nothing.
    """
    current = snapshot()
    if current.from_auto_update:
        return current.timestamp.date()
    today = datetime.fromtimestamp(time.time(), UTC).date()
    return max((day for day in _days(current, date.fromisoformat) if day <= today), default=None)


def _days(current: DataSnapshot, parse: Callable[[str], date]) -> Iterator[date]:
    for provider in current.providers:
        for comment in (provider.price_comments, *(model.price_comments for model in provider.models)):
            for found in _CHECKED.findall(comment or ""):
                try:
                    yield parse(found)
                except ValueError:
                    continue
