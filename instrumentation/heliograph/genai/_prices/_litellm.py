"""Prices in the format of LiteLLM's `model_prices_and_context_window.json`, from a file that the user names.

USD per token; names with or without the provider before a slash; `..._above_200k_tokens` for long prompts and
`..._batches`, `..._flex`, `..._priority` for service tiers.
https://docs.litellm.ai/docs/provider_registration/add_model_pricing
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from heliograph.genai._prices._names import canonical, homes
from heliograph.genai._prices._problems import Mistake
from heliograph.genai._prices._rates import Card

__all__ = ["LiteLLMPrices", "check", "looks_like_litellm"]

_PER_TOKEN: Final = {
    "input_cost_per_token": "input",
    "cache_read_input_token_cost": "cache_read",
    "cache_creation_input_token_cost": "cache_write",
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h",
    "input_cost_per_audio_token": "input_audio",
    "cache_read_input_audio_token_cost": "cache_read_audio",
    "output_cost_per_token": "output",
    "output_cost_per_reasoning_token": "reasoning",
    "output_cost_per_audio_token": "output_audio",
}
_PER_CALL: Final = ("input_cost_per_query", "input_cost_per_request")
_TIERS: Final = {"_batches": "batch", "_flex": "flex", "_priority": "priority"}
_STEP: Final = re.compile(r"_above_(\d+)k_tokens$")
# Where these differ from the plain rate, the bill depends on counts that calls do not report.
_UNDECIDED: Final = (
    ("input_cost_per_image_token", "input_cost_per_token"),
    ("output_cost_per_image_token", "output_cost_per_token"),
    ("citation_cost_per_token", ""),
)
_SAMPLE: Final = "sample_spec"


def looks_like_litellm(content: object) -> bool:
    """Whether a file holds prices in this format, and not in ours."""
    if not isinstance(content, Mapping):
        return False
    entries = [value for value in content.values() if isinstance(value, Mapping)]
    return any("litellm_provider" in entry or "input_cost_per_token" in entry for entry in entries)


def check(content: object) -> Iterator[Mistake]:
    """Yield what is wrong with a file's content."""
    if not isinstance(content, Mapping):
        yield Mistake((), "is no mapping of models", "use the format of LiteLLM's model_prices_and_context_window.json")
        return
    for name, entry in content.items():
        if name == _SAMPLE:
            continue
        if not isinstance(entry, Mapping):
            yield Mistake((name,), "needs a mapping of costs", "write {input_cost_per_token: 2.5e-06}")
            continue
        for key, cost in entry.items():
            if (_plain(key) in _PER_TOKEN or key in _PER_CALL) and cost is not None and not _is_cost(cost):
                yield Mistake((name, key), f"{cost!r} is no cost", "write USD per token, as a number")


class LiteLLMPrices:
    """Models by provider and name; read into cards only when they are asked for."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._entries: dict[tuple[str, str], Mapping[str, Any]] = {}
        for name, entry in content.items():
            if name == _SAMPLE or not isinstance(entry, Mapping):
                continue
            home = _home(str(entry.get("litellm_provider") or ""))
            bare = str(name).strip().lower()
            self._entries.setdefault((home, bare), entry)
            head, slash, rest = bare.partition("/")
            if slash and _home(head) == home:
                self._entries.setdefault((home, rest), entry)

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, provider: str, model: str, aliases: Mapping[str, str] | None = None) -> Mapping[str, Any] | None:
        """Return the entry of a model, as it was written."""
        for home, name in homes(provider, model, aliases):
            if (home, name) in self._entries:
                return self._entries[home, name]
        return None

    @staticmethod
    def tiers(entry: Mapping[str, Any]) -> list[str]:
        """Return the tiers that the entry prices."""
        return [
            tier
            for end, tier in _TIERS.items()
            if any(f"{way}_cost_per_token{end}" in entry for way in ("input", "output"))
        ]

    @classmethod
    def card(cls, entry: Mapping[str, Any], tier: str) -> Card | None:
        """Read an entry; None where it has no prices, none for the tier, or only zeros (that may mean: not known)."""
        if tier and tier not in cls.tiers(entry):
            return None
        if any(entry.get(special) not in {None, entry.get(plain)} for special, plain in _UNDECIDED):
            return None
        end = next((end for end, name in _TIERS.items() if name == tier), "")
        rates, steps = _read(entry, "")
        if end:  # what a tier does not state, it bills as always
            own, own_steps = _read(entry, end)
            rates, steps = {**rates, **own}, {**steps, **own_steps} if own_steps else {}
        if not any(rates.values()):
            return None
        return Card(rates, tuple(sorted(steps.items())))


def _read(entry: Mapping[str, Any], end: str) -> tuple[dict[str, float], dict[int, dict[str, float]]]:
    rates: dict[str, float] = {}
    steps: dict[int, dict[str, float]] = {}
    for key, cost in entry.items():
        if not _is_cost(cost) or not key.endswith(end):
            continue
        bare = key[: len(key) - len(end)]
        step = _STEP.search(bare)
        rate = _PER_TOKEN.get(bare[: step.start()] if step else bare)
        if rate is not None and step is None:
            rates[rate] = _scaled(cost, 6)
        elif rate is not None and step is not None:
            steps.setdefault(int(step[1]) * 1000, {})[rate] = _scaled(cost, 6)
        elif bare in _PER_CALL and not end and cost:
            rates["requests"] = _scaled(cost, 3)
    return rates, steps


def _plain(key: str) -> str:
    for end in _TIERS:
        key = key.removesuffix(end)
    return _STEP.sub("", key)


def _home(provider: str) -> str:
    home = canonical(provider)
    return "google" if home.startswith("vertex_ai") else home


def _scaled(cost: float, places: int) -> float:
    """Return USD per 10^places; through decimals, since 1.5e-07 USD a token is 0.15 USD a million and nothing else."""
    return float(Decimal(str(cost)).scaleb(places))


def _is_cost(cost: object) -> bool:
    return isinstance(cost, (int, float)) and not isinstance(cost, bool) and math.isfinite(cost) and cost >= 0
