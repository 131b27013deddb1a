"""Prices of one's own in LiteLLM's format."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.genai._prices import PriceError, Prices

from ._calls import call

if TYPE_CHECKING:
    from pathlib import Path

    from heliograph.genai._call import Call

# The format, with made-up models: USD per token.
LITELLM: dict[str, Any] = {
    "sample_spec": {"input_cost_per_token": 0.0, "litellm_provider": "one of many"},
    "owl": {
        "litellm_provider": "acme",
        "input_cost_per_token": 1.5e-07,
        "output_cost_per_token": 6e-07,
        "cache_read_input_token_cost": 1.5e-08,
        "input_cost_per_token_above_128k_tokens": 3e-07,
        "input_cost_per_token_batches": 7.5e-08,
        "output_cost_per_token_batches": 3e-07,
        "supports_vision": True,
    },
    "acme/big-owl": {"litellm_provider": "acme", "input_cost_per_token": 2e-06, "output_cost_per_token": 8e-06},
    "vertex_ai/claude-owl": {
        "litellm_provider": "vertex_ai-anthropic_models",
        "input_cost_per_token": 3e-06,
        "output_cost_per_token": 1.5e-05,
        "cache_creation_input_token_cost": 3.75e-06,
    },
    "ollama/llama3": {"litellm_provider": "ollama", "input_cost_per_token": 0.0, "output_cost_per_token": 0.0},
    "rerank-owl": {
        "litellm_provider": "cohere",
        "input_cost_per_query": 0.002,
        "input_cost_per_token": 0.0,
        "output_cost_per_token": 0.0,
    },
    "painting-owl": {
        "litellm_provider": "acme",
        "input_cost_per_token": 1e-06,
        "output_cost_per_token": 1e-06,
        "output_cost_per_image_token": 3e-05,
    },
    "gpt-4o": {"litellm_provider": "openai", "input_cost_per_token": 2e-06, "output_cost_per_token": 8e-06},
}


FROM_LITELLM: dict[str, tuple[Call, float | None]] = {
    "plain": (call("acme", "owl"), 0.00075),  # 0.15 + 0.60
    "cached": (call("acme", "owl", 1000, 0, cache_read_tokens=1000), 0.000015),  # 0.015
    "at the step": (call("acme", "owl", 128_000, 0), 0.0192),  # 128 000 x 0.15
    "above the step": (call("acme", "owl", 128_001, 0), 0.0384003),  # 128 001 x 0.30
    "batch": (call("acme", "owl", service_tier="batch"), 0.000375),  # 0.075 + 0.30
    "a tier that is not there": (call("acme", "owl", service_tier="flex"), None),
    "a prefix in the file": (call("acme", "big-owl"), 0.01),
    "a prefix in the file and the call": (call("acme", "acme/big-owl"), 0.01),
    "a provider by another name": (call("gcp.vertex_ai", "claude-owl"), 0.018),
    "cache written": (call("gcp.vertex_ai", "claude-owl", 1000, 0, cache_write_tokens=1000), 0.00375),
    "zeros are no price": (call("ollama", "llama3"), None),
    "a search": (call("cohere", "rerank-owl", None, None, operation="rerank"), 0.002),
    "pictures": (call("acme", "painting-owl"), None),
    "before the list": (call("openai", "gpt-4o"), 0.01),  # 2 + 8, where the list says 2.50 + 10
    "a tier only the list knows": (call("openai", "gpt-4o", service_tier="batch"), 0.00625),  # 1.25 + 5
    "not in the file": (call("openai", "gpt-4o-mini"), 0.00075),
    "the sample is no model": (call("one of many", "sample_spec"), None),
}


@pytest.mark.parametrize("name", FROM_LITELLM)
def test_litellms_format(name: str, tmp_path: Path) -> None:
    (tmp_path / "litellm.json").write_text(json.dumps(LITELLM), encoding="utf-8")
    billed, usd = FROM_LITELLM[name]
    (tmp_path / "prices.json").write_text('{"file": "litellm.json"}', encoding="utf-8")
    # by itself, and named by a file beside it
    for prices in (Prices(tmp_path / "litellm.json"), Prices(tmp_path / "prices.json")):
        cost = prices.cost(billed)
        assert cost is None if usd is None else cost == pytest.approx(usd, rel=1e-12)


def test_free_says_of_litellms_zeros_that_they_are_meant(tmp_path: Path) -> None:
    (tmp_path / "litellm.json").write_text(json.dumps(LITELLM), encoding="utf-8")
    prices = Prices({"file": str(tmp_path / "litellm.json"), "free": ["ollama/*"]})
    assert prices.cost(call("ollama", "llama3")) == 0.0


def test_litellms_mistakes(tmp_path: Path) -> None:
    bad = {"owl": {"litellm_provider": "acme", "input_cost_per_token": "2e-06", "output_cost_per_token": -1}, "x": 5}
    (tmp_path / "litellm.json").write_text(json.dumps(bad), encoding="utf-8")
    with pytest.raises(PriceError) as raised:
        Prices(tmp_path / "litellm.json")
    keys = [".".join(map(str, mistake.key)) for mistake in raised.value.mistakes]
    assert keys == ["owl.input_cost_per_token", "owl.output_cost_per_token", "x"]
