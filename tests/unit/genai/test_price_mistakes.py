"""What is wrong with prices of one's own is told with its key, its line and a fix."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.genai._prices import PriceError, Prices

from ._calls import call, models

if TYPE_CHECKING:
    from pathlib import Path

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


def test_a_yaml_file_names_the_lines_of_its_mistakes(tmp_path: Path) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text("models:\n  owl:\n    input: 2\n    ouptut: 8\nfree:\n  - '*'\n", encoding="utf-8")
    with pytest.raises(PriceError) as raised:
        Prices(file)
    assert [(mistake.file, mistake.line) for mistake in raised.value.mistakes] == [(str(file), 4), (str(file), 6)]
    assert f"{file}:4: models.owl.ouptut: unknown key 'ouptut'" in str(raised.value)


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
