from __future__ import annotations

import pytest

from heliograph.genai._call import Call
from heliograph.genai._prices import Prices


def call(provider: str, model: str, inputs: int | None = 1_000_000, outputs: int | None = 0, **more: int) -> Call:
    return Call("chat", provider, model, "success", 1.0, input_tokens=inputs, output_tokens=outputs, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("provider", "model", "usd"),
    [
        ("openai", "gpt-4o", 2.50),
        ("openai", "gpt-4o-mini-2024-07-18", 0.15),
        ("openai", "text-embedding-3-small", 0.02),
        ("azure.ai.openai", "gpt-4o", 2.50),
        ("az.ai.openai", "gpt-4o", 2.50),
        ("anthropic", "claude-3-5-haiku-20241022", 0.80),
    ],
)
def test_a_million_input_tokens(provider: str, model: str, usd: float) -> None:
    assert Prices().cost(call(provider, model)) == pytest.approx(usd)


@pytest.mark.parametrize(
    ("provider", "model"), [("openai", "no-such-model"), ("no-such-provider", "gpt-4o"), ("unknown", "unknown")]
)
def test_unknown_is_none_and_never_zero(provider: str, model: str) -> None:
    assert Prices().cost(call(provider, model)) is None


def test_no_usage_is_no_cost() -> None:
    assert Prices().cost(call("openai", "gpt-4o", None, None)) is None


def test_more_cached_than_input_tokens_does_not_break_the_price() -> None:
    cost = Prices().cost(call("openai", "gpt-4o", 100, 0, cache_read_tokens=500))
    assert cost == pytest.approx(100 * 1.25e-6)


def test_memory_is_bounded() -> None:
    prices = Prices()
    for index in range(2000):
        prices.cost(call("openai", f"made-up-{index}"))
    assert 0 < len(prices._held) <= 1024
