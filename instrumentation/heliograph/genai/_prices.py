"""What a call cost, from the maintained price list `genai-prices`, offline."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, Provider

    from heliograph.genai._call import Call

__all__ = ["Prices"]

Price = Callable[[int, int, int, int], float]
"""USD of (input, of them cache-read, of them cache-written, output) tokens."""

_log = logging.getLogger(__name__)

# OTel's provider names -> the price list's. Names that are equal need no entry.
_PROVIDERS: Final = {
    "aws.bedrock": "aws",
    "azure.ai.inference": "azure",
    "azure.ai.openai": "azure",
    "az.ai.inference": "azure",
    "az.ai.openai": "azure",
    "azure_openai": "azure",
    "gcp.gemini": "google",
    "gcp.gen_ai": "google",
    "gcp.vertex_ai": "google",
    "google_genai": "google",
    "mistral_ai": "mistral",
    "vertex_ai": "google",
    "x_ai": "x-ai",
    "xai": "x-ai",
}
_REMEMBERED: Final = 1024


class Prices:
    """Prices by (provider, model), looked up once each. Unknown models have no price: never one of zero."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Price | None] = {}
        self._warm = False

    def warm(self) -> None:
        """Load the list (about 0.3 s) before it is needed. Never raises."""
        if not self._warm:
            self._warm = True
            self._load()

    def cost(self, call: Call) -> float | None:
        """Cost of the call in USD; None where its usage is not known or its model has no price."""
        if not call.has_usage:
            return None
        price = self._look_up(call.provider, call.model)
        if price is None:
            return None
        inputs, outputs = call.input_tokens or 0, call.output_tokens or 0
        # A subset can be no larger than its whole; the list refuses such a usage.
        read = min(call.cache_read_tokens, inputs)
        written = min(call.cache_write_tokens, inputs - read)
        try:
            return price(inputs, read, written, outputs)
        except Exception:  # a wart of one model's price must not lose the call  # noqa: BLE001 - must not reach the application
            _log.debug("no price could be computed for %s of %s", call.model, call.provider, exc_info=True)
            return None

    def _look_up(self, provider: str, model: str) -> Price | None:
        key = (provider, model)
        try:
            return self._found[key]
        except KeyError:
            pass
        entry = self._find(_PROVIDERS.get(provider, provider), model)
        if len(self._found) < _REMEMBERED:  # bounded: a hostile model name must not grow memory
            self._found[key] = entry
        return entry

    @staticmethod
    def _find(provider: str, model: str) -> Price | None:
        try:
            from genai_prices.data_snapshot import get_snapshot

            return _price_of(*get_snapshot().find_provider_model(model, None, provider, None))
        except Exception:  # noqa: BLE001 - LookupError, or a defect of the list: unpriced either way
            return None

    @staticmethod
    def _load() -> None:
        try:
            from genai_prices.data_snapshot import get_snapshot

            get_snapshot()
        except Exception:  # noqa: BLE001 - must not reach the application
            _log.warning("the price list could not be loaded: calls will be counted as unpriced", exc_info=True)


def _price_of(provider: Provider, model: ModelInfo) -> Price:
    """Make the model's price a function: a sum of four products where it is one, the list's own rules elsewhere.

    The list takes about 50 microseconds a call. Most prices are linear in the tokens; whether this one is, is
    found by asking, at a small and at a large usage. Prices in tiers or by time of day are asked for each time.
    """
    from genai_prices import Usage

    def ask(inputs: int, read: int, written: int, outputs: int) -> float:
        usage = Usage(
            input_tokens=inputs,
            output_tokens=outputs,
            cache_read_tokens=read or None,
            cache_write_tokens=written or None,
        )
        return float(model.calc_price(usage, provider).total_price)

    many = 1_000_000
    plain, cached = ask(many, 0, 0, 0) / many, ask(many, many, 0, 0) / many
    stored, output = ask(many, 0, many, 0) / many, ask(0, 0, 0, many) / many

    def add(inputs: int, read: int, written: int, outputs: int) -> float:
        return (inputs - read - written) * plain + read * cached + written * stored + outputs * output

    probes = ((1000, 0, 0, 100), (1000, 300, 200, 100), (400_000, 0, 0, 50_000), (400_000, 100_000, 100_000, 50_000))
    linear = all(math.isclose(add(*probe), ask(*probe), rel_tol=1e-9) for probe in probes)
    return add if linear and not isinstance(model.prices, list) else ask
