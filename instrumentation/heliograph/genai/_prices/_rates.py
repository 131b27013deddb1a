"""From published rates to a function: the arithmetic of one bill.

Rates are USD per million tokens, as price lists print them; `requests` is USD per thousand calls. Products of a
count and a printed rate are summed and divided once, so the result is within a few units in the last place of a
double: far below 1e-9 USD for any bill that a person could pay.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from heliograph.genai._call import Call

__all__ = ["FREE", "RATES", "Card", "Price", "Rates"]

Rates = Mapping[str, float]
Price = Callable[["Call"], "float | None"]
"""USD of one call; None where the rates do not cover what the call used."""

RATES: Final = {
    "input": "input tokens",
    "cache_read": "input tokens read from a prompt cache; unstated: as `input`",
    "cache_write": "input tokens written to a prompt cache (Anthropic: for 5 minutes); unstated: as `input`",
    "cache_write_1h": "input tokens written to a prompt cache for an hour",
    "input_audio": "input tokens that are audio",
    "cache_read_audio": "audio tokens read from a prompt cache",
    "output": "output tokens, reasoning included",
    "reasoning": "reasoning tokens, where they cost something else than other output",
    "output_audio": "output tokens that are audio",
    "requests": "USD per 1 000 calls; a rerank call is one search",
}
"""The rates we can apply, and what each is for."""

_MILLION: Final = 1e6
_THOUSAND: Final = 1e3


@dataclass(frozen=True, slots=True)
class Card:
    """What a model costs in one service tier.

    `above` are the steps of long prompts: more input tokens than `start` and the step's rates hold for the whole
    call (all providers bill it so); a rate that a step does not state stays that of the step below.
    """

    rates: Rates
    above: tuple[tuple[int, Rates], ...] = ()

    def scaled(self, factor: float) -> Card:
        """Return the card with every rate multiplied by `factor`."""
        if factor == 1:
            return self
        return Card(_times(self.rates, factor), tuple((start, _times(rates, factor)) for start, rates in self.above))

    def price(self) -> Price:
        """Make the card a function."""
        if self is FREE:
            return _nothing
        if not self.above:
            return _step(self.rates)
        starts = [start for start, _ in self.above]
        rates = dict(self.rates)
        steps = [_step(rates)]
        for _, changed in self.above:
            rates = {**rates, **changed}
            steps.append(_step(rates))

        def price(call: Call) -> float | None:
            # bisect_left counts the starts below the number of tokens: exactly `start` tokens are not above it.
            return steps[bisect_left(starts, call.input_tokens or 0)](call)

        return price


FREE: Final = Card({"input": 0.0, "output": 0.0})
"""What a model costs that the configuration calls free, whatever it is used for."""


def _nothing(call: Call) -> float:
    del call
    return 0.0


def _times(rates: Rates, factor: float) -> Rates:
    # 15 digits hide what binary multiplication adds: 2.5 * 1.1 is 2.75 on a bill.
    return {name: float(f"{rate * factor:.15g}") for name, rate in rates.items()}


def _step(rates: Rates) -> Price:
    fee = rates.get("requests", 0.0) / _THOUSAND
    # Sold by the call and not by the token: then tokens cost nothing. Otherwise a missing rate is an unknown one.
    by_call = "requests" in rates and "input" not in rates and "output" not in rates
    knows_input, knows_output = by_call or "input" in rates, by_call or "output" in rates
    plain = rates.get("input", 0.0)
    read_rate = rates.get("cache_read", plain)
    write_rate = rates.get("cache_write", plain)
    hour_rate = rates.get("cache_write_1h")
    output_rate = rates.get("output", 0.0)
    thought_rate = rates.get("reasoning", output_rate)
    sound = _sound(rates)

    def price(call: Call) -> float | None:
        inputs, outputs = call.input_tokens or 0, call.output_tokens or 0
        if (inputs and not knows_input) or (outputs and not knows_output):
            return None
        read, written = call.cache_read_tokens, call.cache_write_tokens
        usd = 0.0
        if call.input_audio_tokens or call.output_audio_tokens:
            extra = sound(call, inputs, outputs)
            if extra is None:
                return None
            usd = extra
        if read or written:
            # A subset can be no larger than its whole.
            read = min(read, inputs)
            written = min(written, inputs - read)
            usd += read * (read_rate - plain) + written * (write_rate - plain)
            # Only Anthropic tells an hour's writes from those of five minutes, and few libraries pass it on.
            hour = min(call.cache_write_1h_tokens, written)
            if hour:
                if hour_rate is None:
                    return None
                usd += hour * (hour_rate - write_rate)
        if thought_rate != output_rate:
            usd += min(call.reasoning_tokens, outputs) * (thought_rate - output_rate)
        return (inputs * plain + outputs * output_rate + usd) / _MILLION + fee

    return price


def _sound(rates: Rates) -> Callable[[Call, int, int], float | None]:
    """Make the function of what audio tokens cost beyond text, in millionths of a USD; None where it is not known."""
    plain, output = rates.get("input", 0.0), rates.get("output", 0.0)
    heard, said = rates.get("input_audio"), rates.get("output_audio")
    cached = rates.get("cache_read_audio")
    # What it changes when one more of the cached tokens was audio, and not text.
    shift = None if heard is None or cached is None else (cached - heard) - (rates.get("cache_read", plain) - plain)

    def extra(call: Call, inputs: int, outputs: int) -> float | None:
        usd = 0.0
        if call.output_audio_tokens:
            if said is None:
                return None
            usd += min(call.output_audio_tokens, outputs) * (said - output)
        if call.input_audio_tokens:
            audio = min(call.input_audio_tokens, inputs)
            if heard is None or call.cache_write_tokens:
                return None
            usd += audio * (heard - plain)
            read = min(call.cache_read_tokens, inputs)
            if read:
                # Nobody reports how many of the cached tokens were audio: it must follow, or make no difference.
                least, most = max(0, read - (inputs - audio)), min(read, audio)
                if shift is None or (shift and least != most):
                    return None
                usd += most * shift
        return usd

    return extra
