"""Prices of one's own: overrides, free models, names of gateways, files, and what is wrong with them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from heliograph.genai._call import Call
from heliograph.genai._prices import PriceError, Prices

DOCS = Path(__file__).parents[3] / "docs" / "prices.md"


def call(provider: str, model: str, inputs: int | None = 1000, outputs: int | None = 1000, **more: Any) -> Call:
    more = {"operation": "chat", "status": "success", "latency": 1.0, **more}
    return Call(provider=provider, model=model, input_tokens=inputs, output_tokens=outputs, **more)


def models(**said: Any) -> dict[str, Any]:
    return {"models": {name.replace("__", "/"): prices for name, prices in said.items()}}


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


# what was written -> key, what is said, the fix
MISTAKES: dict[str, tuple[Any, str, str, str]] = {
    "no mapping": ([], "", "needs a mapping, not []", "models, free, providers"),
    "unknown key": ({"modles": {}}, "modles", "unknown key", "did you mean 'models'?"),
    "unknown rate": (models(owl={"inptu": 2}), "models.owl.inptu", "unknown key", "did you mean 'input'?"),
    "a price of text": (models(owl={"input": "$2.50"}), "models.owl.input", "is no price", "write it bare: 2.50"),
    "a price below zero": (models(owl={"input": -1}), "models.owl.input", "is no price", "USD per million"),
    "a price of truth": (models(owl={"input": True}), "models.owl.input", "is no price", "USD per million"),
    "a price of nothing": (models(owl={"input": None}), "models.owl.input", "null is no price", "USD per million"),
    "a price per token": (models(owl={"input": 2.5e-06}), "models.owl.input", "per token", "USD per million"),
    "a price of a fortune": (models(owl={"input": 2_500_000}), "models.owl.input", "a dollar a token", "per million"),
    "no prices": (models(owl={}), "models.owl", "needs a mapping", "write {input: 2.50"),
    "a price for a mapping": (models(owl=2.5), "models.owl", "needs a mapping, not 2.5", "write {input: 2.50"),
    "a factor of zero": (models(owl={"factor": 0}), "models.owl.factor", "is no factor", "0.5 is half the price"),
    "a factor beside prices": (
        models(owl={"factor": 2, "input": 1}),
        "models.owl.factor",
        "beside prices",
        "take it away",
    ),
    "a step that is no number": (
        models(owl={"input": 1, "above": {"200k": {"input": 2}}}),
        "models.owl.above.200k",
        "is no number of tokens",
        "the last that is in the step below",
    ),
    "a step without rates": (models(owl={"above": {1000: 4}}), "models.owl.above.1000", "needs a mapping", "{input: 5"),
    "a tier of text": (
        models(owl={"tiers": {"batch": "50%"}}),
        "models.owl.tiers.batch",
        "is no factor",
        "half the price",
    ),
    "a rate of a tier": (
        models(owl={"tiers": {"batch": {"ouput": 1}}}),
        "models.owl.tiers.batch.ouput",
        "unknown key",
        "did you mean 'output'?",
    ),
    "tiers in a list": (models(owl={"tiers": ["batch"]}), "models.owl.tiers", "needs a mapping", "{batch: 0.5}"),
    "all free": ({"free": ["*"]}, "free.0", "every model free", 'name the provider: "ollama/*"'),
    "free in one word": ({"free": "ollama/*"}, "free", "needs a list", '["ollama/*"]'),
    "free of a number": ({"free": ["a/*", 5]}, "free.1", "5 is no name", "in quotes"),
    "a provider without prices": ({"providers": {"acme": "opneai"}}, "providers.acme", "has no prices", "'openai'?"),
    "an age of nothing": ({"max_age_days": 0}, "max_age_days", "is no number of days", "above zero"),
    "a file of a number": ({"file": 5}, "file", "is no name of a file", "LiteLLM's format"),
    "a file that is not there": ({"file": "/nowhere/x.json"}, "", "cannot be read", "check the name"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_key_and_a_fix(name: str) -> None:
    said, key, what, fix = MISTAKES[name]
    with pytest.raises(PriceError) as raised:
        Prices(said)
    (mistake,) = raised.value.mistakes
    assert ".".join(str(part) for part in mistake.key) == key
    assert what in mistake.what
    assert fix in mistake.fix
    assert raised.value.exit_code == 2


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(PriceError) as raised:
        Prices({"models": {"a": {"input": "x"}, "b": {"outptu": 1}}, "free": ["*"], "nonsense": 1})
    assert [".".join(map(str, mistake.key)) for mistake in raised.value.mistakes] == [
        "free.0",
        "models.a.input",
        "models.b.outptu",
        "nonsense",
    ]
    assert str(raised.value).startswith("the prices have 4 problems.")


# -- files -------------------------------------------------------------------------------------------------------------


def test_a_yaml_file_names_the_lines_of_its_mistakes(tmp_path: Path) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text("models:\n  owl:\n    input: 2\n    ouptut: 8\nfree:\n  - '*'\n", encoding="utf-8")
    with pytest.raises(PriceError) as raised:
        Prices(file)
    assert [(mistake.file, mistake.line) for mistake in raised.value.mistakes] == [(str(file), 4), (str(file), 6)]
    assert f"{file}:4: models.owl.ouptut: unknown key 'ouptut'" in str(raised.value)


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


@pytest.mark.parametrize(
    ("name", "content", "what", "line"),
    [
        ("prices.json", b'{"models": {\n "owl": {"input": 2,}}}', "JSON syntax", 2),
        ("prices.yaml", b"models:\n\towl: {}\n", "YAML syntax", 2),
        ("prices.json", b"\xff\xfe", "not in UTF-8", 0),
        ("gone.json", None, "cannot be read", 0),
        ("gone.yaml", None, "there is no such file", 0),
        ("prices.json", b"[]", "needs a mapping", 0),
    ],
)
def test_a_file_that_cannot_be_read(name: str, content: bytes | None, what: str, line: int, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(PriceError, match=what) as raised:
        Prices(tmp_path / name)
    assert raised.value.mistakes[0].line == line


def test_yaml_without_its_reader_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "prices.yaml").write_text("models: {}\n", encoding="utf-8")
    for module in [name for name in sys.modules if name.startswith("heliograph.config")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "ruamel.yaml", None)
    with pytest.raises(PriceError, match="or write the same as JSON"):
        Prices(tmp_path / "prices.yaml")


# -- LiteLLM's format --------------------------------------------------------------------------------------------------

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


# -- the environment ---------------------------------------------------------------------------------------------------


def test_the_environment_names_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "prices.json").write_text('{"models": {"owl": {"input": 2, "output": 8}}}', encoding="utf-8")
    monkeypatch.setenv("HELIOGRAPH_PRICES", str(tmp_path / "prices.json"))
    assert Prices.from_environment().cost(call("acme", "owl")) == pytest.approx(0.01, rel=1e-12)
    given = Prices.from_environment(models(owl={"input": 4, "output": 16}))
    assert given.cost(call("acme", "owl")) == pytest.approx(0.02, rel=1e-12)


def test_a_bad_file_warns_once_and_the_list_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "prices.json").write_text(
        '{"models": {"owl": {"input": "2"}, "gpt-4o": {"inptu": 2}}}', encoding="utf-8"
    )
    monkeypatch.setenv("HELIOGRAPH_PRICES", str(tmp_path / "prices.json"))
    prices = Prices.from_environment()
    assert prices.cost(call("openai", "gpt-4o")) == pytest.approx(0.0125, rel=1e-12)
    (record,) = caplog.records
    assert "models.owl.input" in record.getMessage()
    assert "models.gpt-4o.inptu" in record.getMessage()


def test_no_file_is_no_warning(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.delenv("HELIOGRAPH_PRICES", raising=False)
    assert Prices.from_environment().cost(call("openai", "gpt-4o")) == pytest.approx(0.0125, rel=1e-12)
    assert not caplog.records


# -- the guide ---------------------------------------------------------------------------------------------------------


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
