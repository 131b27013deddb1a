"""What a call cost, from the maintained price list `genai-prices`, offline."""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, Provider

    from heliograph.genai._read import Call

__all__ = ["Prices"]

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
        self._found: dict[tuple[str, str], tuple[Provider, ModelInfo] | None] = {}
        self._warming = False

    def warm(self) -> None:
        """Load the list (about 0.3 s) on a thread of its own, once: while the first call waits for its answer."""
        if self._warming:
            return
        self._warming = True
        with contextlib.suppress(RuntimeError):  # the interpreter is ending
            threading.Thread(target=self._load, name="heliograph-prices", daemon=True).start()

    def cost(self, call: Call) -> float | None:
        """Cost of the call in USD; None where its usage is not known or its model has no price."""
        if not call.has_usage:
            return None
        entry = self._look_up(call.provider, call.model)
        if entry is None:
            return None
        from genai_prices import Usage

        provider, model = entry
        inputs, outputs = call.input_tokens or 0, call.output_tokens or 0
        try:
            price = model.calc_price(
                Usage(
                    input_tokens=inputs,
                    output_tokens=outputs,
                    # A subset can be no larger than its whole; the list refuses such a usage.
                    cache_read_tokens=min(call.cache_read_tokens, inputs) or None,
                    cache_write_tokens=min(call.cache_write_tokens, max(inputs - call.cache_read_tokens, 0)) or None,
                ),
                provider,
            )
        except Exception:  # a wart of one model's price must not lose the call  # noqa: BLE001 - must not reach the application
            _log.debug("no price could be computed for %s of %s", call.model, call.provider, exc_info=True)
            return None
        return float(price.total_price)

    def _look_up(self, provider: str, model: str) -> tuple[Provider, ModelInfo] | None:
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
    def _find(provider: str, model: str) -> tuple[Provider, ModelInfo] | None:
        try:
            from genai_prices.data_snapshot import get_snapshot

            return get_snapshot().find_provider_model(model, None, provider, None)
        except Exception:  # noqa: BLE001 - LookupError, or a defect of the list: unpriced either way
            return None

    @staticmethod
    def _load() -> None:
        try:
            from genai_prices.data_snapshot import get_snapshot

            get_snapshot()
        except Exception:  # noqa: BLE001 - must not reach the application
            _log.warning("the price list could not be loaded: calls will be counted as unpriced", exc_info=True)
