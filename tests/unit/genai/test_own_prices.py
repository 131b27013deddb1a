"""Prices of one's own: overrides, free models, names of gateways, and where they are read from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.genai._prices import Prices

from ._calls import call, models

if TYPE_CHECKING:
    from heliograph.genai._call import Call

DOCS = Path(__file__).parents[3] / "docs" / "prices.md"


# name -> what the configuration says, the call, USD (None: unpriced). 1000 tokens in and 1000 out where not said.
OWN: dict[str, tuple[dict[str, Any], Call, float | None]] = {
    "a price of one's own": (models(owl={"input": 2, "output": 8}), call("acme", "owl"), 0.01),  # 2 + 8 = 10 x 1000
    "comes before the list": ({"models": {"gpt-4o": {"input": 2, "output": 8}}}, call("openai", "gpt-4o"), 0.01),
    "upper and lower case": (models(OWL={"input": 2, "output": 8}), call("acme", "Owl"), 0.01),
    "is the whole price: cached costs as input": (
        {"models": {"gpt-4o": {"input": 2, "output": 8}}},
        call("openai", "gpt-4o", 1000, 0, cache_read_tokens=1000),
        0.002,
    ),
    "cached": (
        # 400 x 2 + 500 x 0.2 + 100 x 2.5 = 800 + 100 + 250
        models(owl={"input": 2, "output": 8, "cache_read": 0.2, "cache_write": 2.5}),
        call("acme", "owl", 1000, 0, cache_read_tokens=500, cache_write_tokens=100),
        0.00115,
    ),
    "reasoning at a price of its own": (
        # 1000 x 2 + 400 x 8 + 600 x 3 = 2000 + 3200 + 1800
        models(owl={"input": 2, "output": 8, "reasoning": 3}),
        call("acme", "owl", reasoning_tokens=600),
        0.007,
    ),
    "audio": (
        # 500 x 2 + 500 x 20 + 900 x 8 + 100 x 80 = 1000 + 10 000 + 7200 + 8000
        models(owl={"input": 2, "output": 8, "input_audio": 20, "output_audio": 80}),
        call("acme", "owl", input_audio_tokens=500, output_audio_tokens=100),
        0.0262,
    ),
    "audio and a cache that is written": (  # of which of the two the cache was written, nobody tells
        models(owl={"input": 2, "output": 8, "input_audio": 20, "cache_write": 3}),
        call("acme", "owl", input_audio_tokens=500, cache_write_tokens=500),
        None,
    ),
    "audio that is not stated": (
        models(owl={"input": 2, "output": 8}),
        call("acme", "owl", input_audio_tokens=1),
        None,
    ),
    "output that is not stated": (models(owl={"input": 2}), call("acme", "owl"), None),
    "one provider's only": (models(acme__owl={"input": 2, "output": 8}), call("other", "owl"), None),
    "the provider as it was reported": (
        {"models": {"azure.ai.openai/prod-chat": {"input": 2, "output": 8}}},
        call("azure.ai.openai", "prod-chat"),
        0.01,
    ),
    "the provider as the list names it": (
        {"models": {"azure/prod-chat": {"input": 2, "output": 8}}},
        call("azure.ai.openai", "prod-chat"),
        0.01,
    ),
    "a pattern": ({"models": {"azure/prod-*": {"input": 2, "output": 8}}}, call("azure", "prod-chat"), 0.01),
    "a name before a pattern": (
        {"models": {"azure/*": {"input": 9, "output": 9}, "prod-chat": {"input": 2, "output": 8}}},
        call("azure", "prod-chat"),
        0.01,
    ),
    "the first pattern": (
        {"models": {"azure/prod-*": {"input": 2, "output": 8}, "azure/*": {"input": 9, "output": 9}}},
        call("azure", "prod-chat"),
        0.01,
    ),
    # Steps: above 1000 tokens the input costs 4 and the output, not stated there, still 8.
    "at a step": (models(owl={"input": 2, "output": 8, "above": {1000: {"input": 4}}}), call("acme", "owl"), 0.01),
    "above a step": (
        models(owl={"input": 2, "output": 8, "above": {"1000": {"input": 4}}}),
        call("acme", "owl", 1001),
        0.012004,  # 1001 x 4 + 1000 x 8 = 4004 + 8000
    ),
    "above two steps": (
        models(owl={"input": 2, "output": 8, "above": {9000: {"output": 9}, 1000: {"input": 4}}}),
        call("acme", "owl", 10_000),
        0.049,  # 10 000 x 4 + 1000 x 9
    ),
    # Calls, not tokens: Cohere asks 2 USD for 1000 searches.
    "a search": (
        {"models": {"rerank-*": {"requests": 2.00}}},
        call("cohere", "rerank-v3.5", None, None, operation="rerank"),
        0.002,
    ),
    "a search that failed": (
        {"models": {"rerank-*": {"requests": 2.00}}},
        call("cohere", "rerank-v3.5", None, None, operation="rerank", status="error"),
        None,
    ),
    "a search that also tells tokens": (
        {"models": {"rerank-*": {"requests": 2.00}}},
        call("cohere", "rerank-v3.5", 700, 0, operation="rerank"),
        0.002,
    ),
    "a fee beside tokens": (
        # 1000 x 3 + 1000 x 15 tokens, and 6 USD for 1000 calls
        {"models": {"sonar-pro": {"input": 3, "output": 15, "requests": 6}}},
        call("perplexity", "sonar-pro"),
        0.024,
    ),
    # Changes to the list: gpt-4o is 2.50 and 10.
    "a factor": ({"models": {"azure/*": {"factor": 1.1}}}, call("azure", "gpt-4o"), 0.01375),  # 0.0125 x 1.1
    "a factor on a tier of the list": (
        {"models": {"openai/*": {"factor": 0.8}}},
        call("openai", "gpt-4o", service_tier="batch"),
        0.005,  # 1.25 + 5 = 6.25 x 0.8
    ),
    "a factor of nothing": ({"models": {"azure/*": {"factor": 1.1}}}, call("azure", "prod-chat"), None),
    "a tier the list does not know": (
        {"models": {"azure/*": {"tiers": {"batch": 0.5}}}},
        call("azure", "gpt-4o", service_tier="batch"),
        0.00625,
    ),
    "a tier and a factor": (
        {"models": {"azure/*": {"factor": 1.1, "tiers": {"batch": 0.5}}}},
        call("azure", "gpt-4o", service_tier="batch"),
        0.006875,  # 0.0125 x 0.5 x 1.1
    ),
    "a tier at a price": (
        {"models": {"gpt-4o": {"tiers": {"scale": {"input": 1, "output": 2}}}}},
        call("openai", "gpt-4o", service_tier="scale"),
        0.003,
    ),
    "a tier changes no other": ({"models": {"azure/*": {"tiers": {"batch": 0.5}}}}, call("azure", "gpt-4o"), 0.0125),
    "a tier of one's own price": (
        models(owl={"input": 2, "output": 8, "tiers": {"batch": 0.5}}),
        call("acme", "owl", service_tier="batch"),
        0.005,
    ),
    "a tier that one's own price does not know": (
        models(owl={"input": 2, "output": 8}),
        call("acme", "owl", service_tier="flex"),
        None,
    ),
    # Free by configuration, and never by accident.
    "free": ({"free": ["ollama/*"]}, call("ollama", "llama3.2"), 0.0),
    "free, any use of it": (
        {"free": ["ollama/*"]},
        call("ollama", "x", input_audio_tokens=5, cache_read_tokens=7, cache_write_tokens=3, service_tier="flex"),
        0.0,
    ),
    "free, no usage": ({"free": ["ollama/*"]}, call("ollama", "llama3.2", None, None), None),
    "free, by model": ({"free": ["*:free"]}, call("openrouter", "meta-llama/llama-3.3-70b-instruct:free"), 0.0),
    "free, a neighbour": ({"free": ["ollama/*"]}, call("vllm", "llama3.2"), None),
    "a price before free": (
        {"free": ["ollama/*"], "models": {"ollama/big": {"input": 2, "output": 8}}},
        call("ollama", "big"),
        0.01,
    ),
    # Names of gateways.
    "a gateway that resells": ({"providers": {"acme-gateway": "openai"}}, call("acme-gateway", "gpt-4o"), 0.0125),
    "a gateway by another name": (
        {"providers": {"Acme-Gateway": "az.ai.openai"}},
        call("acme-gateway", "gpt-4o"),
        0.0125,
    ),
    # What is said of nothing changes nothing.
    "nothing said": ({}, call("openai", "gpt-4o"), 0.0125),
    "nothing said at length": (
        {"models": {}, "free": [], "providers": {}, "file": None, "max_age_days": None},
        call("openai", "gpt-4o"),
        0.0125,
    ),
}


@pytest.mark.parametrize("name", OWN)
def test_own(name: str) -> None:
    said, billed, usd = OWN[name]
    cost = Prices(said).cost(billed)
    assert cost is None if usd is None else cost == pytest.approx(usd, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("prices.json", '{"models": {"owl": {"input": 2, "output": 8}}}'),
        ("prices.yaml", "models:\n  owl: {input: 2, output: 8}\n"),
        ("heliograph.yaml", "routing: {group_wait: 10s}\nprices:\n  models:\n    owl: {input: 2, output: 8}\n"),
    ],
)
def test_a_file_is_read(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    prices = Prices(tmp_path / name)
    assert prices.cost(call("acme", "owl")) == pytest.approx(0.01, rel=1e-12)
    assert prices.quote("acme", "owl").source == str(tmp_path / name)


def test_the_environment_names_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "prices.json").write_text('{"models": {"owl": {"input": 2, "output": 8}}}', encoding="utf-8")
    monkeypatch.setenv("HELIOGRAPH_PRICES", str(tmp_path / "prices.json"))
    assert Prices.from_environment().cost(call("acme", "owl")) == pytest.approx(0.01, rel=1e-12)
    given = Prices.from_environment(models(owl={"input": 4, "output": 16}))
    assert given.cost(call("acme", "owl")) == pytest.approx(0.02, rel=1e-12)


def test_the_guides_example_is_what_it_says(tmp_path: Path) -> None:
    text = DOCS.read_text(encoding="utf-8")
    example = text.split("```yaml\n# prices.yaml\n", 1)[1].split("```", 1)[0]
    (tmp_path / "prices.yaml").write_text(example, encoding="utf-8")
    prices = Prices(tmp_path / "prices.yaml")
    assert prices.cost(call("openai", "gpt-4o")) == pytest.approx(0.01, rel=1e-12)  # 2.00 + 8.00
    assert prices.cost(call("azure.ai.openai", "gpt-4.1")) == pytest.approx(0.011, rel=1e-12)  # (2 + 8) x 1.1
    batch = prices.cost(call("azure.ai.openai", "gpt-4.1", service_tier="batch"))
    assert batch == pytest.approx(0.0055, rel=1e-12)  # half of it
    assert prices.cost(call("cohere", "rerank-v3.5", None, None, operation="rerank")) == pytest.approx(0.002, rel=1e-12)
    assert prices.cost(call("ollama", "llama3.2")) == 0.0
    assert prices.cost(call("acme-gateway", "gpt-4o-mini")) == pytest.approx(0.00075, rel=1e-12)
    # 300 000 x 4 + 1000 x 6 = 1 200 000 + 6000, in a step of its own
    assert prices.cost(call("acme", "acme-large", 300_000, 1000)) == pytest.approx(1.206, rel=1e-12)
