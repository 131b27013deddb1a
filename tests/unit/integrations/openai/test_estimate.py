"""Estimates, against counts published for o200k_base (made with the vocabulary itself), and their bound in time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from heliograph.integrations.openai._answer import usage_attributes
from heliograph.integrations.openai._estimate import estimate_input, estimate_output, estimate_streamed, estimate_text

KNOWN = [
    (
        "english",
        (
            "Hi! Could you please summarise the following paragraph for me, and tell me which of the three options you "
            "would choose? Thanks a lot, that's very kind of you. "
        ),
        36,
        0.15,
    ),
    (
        "german",
        (
            "Die Würde des Menschen ist unantastbar. Sie zu achten und zu schützen ist Verpflichtung aller staatlichen "
            "Gewalt."
        ),
        24,
        0.25,
    ),
    ("chinese", "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。", 34, 0.25),  # noqa: RUF001
    ("numbers", "0,0.000,2026-01-01\n1,37.310,2026-02-02\n2,74.620,2026-03-03\n", 42, 0.25),
]


@pytest.mark.parametrize(("text", "tokens", "error"), [k[1:] for k in KNOWN], ids=[k[0] for k in KNOWN])
def test_an_estimate_is_near_what_a_tokenizer_counts(text: str, tokens: int, error: float) -> None:
    assert estimate_text(text) == pytest.approx(tokens, rel=error)


def test_long_texts_are_sampled() -> None:
    text = KNOWN[0][1] * 20_000  # 3 million characters
    assert estimate_text(text) == pytest.approx(20_000 * estimate_text(KNOWN[0][1]), rel=0.05)


INPUTS = [
    ("embeddings", {"input": "sun and moon"}, 3),
    ("embeddings", {"input": ["sun and moon"] * 3}, 9),
    ("embeddings", {"input": [[1, 2, 3], [4, 5]]}, 5),
    ("embeddings", {"input": [1, 2, 3]}, 3),
    ("text", {"prompt": "sun and moon"}, 3),
    ("chat", {"messages": [{"role": "user", "content": "sun and moon"}]}, 3 + 4 + 3),
    ("chat", {"messages": [{"role": "user", "content": [{"type": "text", "text": "sun"}]}] * 2}, 3 + 2 * 4 + 2),
    ("responses", {"input": "sun and moon", "instructions": "be short"}, 3 + 4 + 3 + 4 + 2),
    ("chat", {}, 3 + 4),
]


@pytest.mark.parametrize(("kind", "body", "tokens"), INPUTS)
def test_inputs(kind: Any, body: Any, tokens: int) -> None:
    assert estimate_input(kind, body) == pytest.approx(tokens, abs=1)


def test_outputs() -> None:
    function = SimpleNamespace(name="look", arguments='{"at": "sun"}')
    message = SimpleNamespace(content="sun and moon", tool_calls=[SimpleNamespace(function=function)])
    answer = SimpleNamespace(choices=[SimpleNamespace(message=message)])
    assert 8 <= estimate_output("chat", answer) <= 13
    assert estimate_output("chat", None) == 0


STREAMED = [
    ("a token a chunk", [" sun"] * 40, 40, 40),
    ("whole sentences", [" the sun and the moon"] * 10, 10, 50),
    ("letter by letter", list("the sun and the moon " * 10), 210, 50),
    ("nothing", [], 0, 0),
]


@pytest.mark.parametrize(("texts", "pieces", "tokens"), [s[1:] for s in STREAMED], ids=[s[0] for s in STREAMED])
def test_chunks_count_where_they_are_tokens(texts: list[str], pieces: int, tokens: int) -> None:
    assert estimate_streamed(texts, sum(map(len, texts)), pieces) == pytest.approx(tokens, rel=0.1)


def usage(**fields: Any) -> SimpleNamespace:
    return SimpleNamespace(**{k: SimpleNamespace(**f) if isinstance(f, dict) else f for k, f in fields.items()})


USAGES = [
    ("none", None, {}),
    ("chat", usage(prompt_tokens=3, completion_tokens=2), {"input_tokens": 3, "output_tokens": 2}),
    ("responses", usage(input_tokens=3, output_tokens=0), {"input_tokens": 3, "output_tokens": 0}),
    (
        "subsets",
        usage(
            prompt_tokens=100,
            completion_tokens=50,
            prompt_tokens_details={"cached_tokens": 64, "audio_tokens": 20, "cache_write_tokens": 30},
            completion_tokens_details={"reasoning_tokens": 40, "audio_tokens": 5},
        ),
        {
            "input_tokens": 100,
            "output_tokens": 50,
            "cache_read.input_tokens": 64,
            "cache_creation.input_tokens": 30,
            "reasoning.output_tokens": 40,
            "input_audio_tokens": 20,
            "output_audio_tokens": 5,
        },
    ),
    (
        "deepseek",
        usage(prompt_tokens=9, completion_tokens=2, prompt_cache_hit_tokens=8),
        {"input_tokens": 9, "output_tokens": 2, "cache_read.input_tokens": 8},
    ),
    ("nonsense", usage(prompt_tokens="many", completion_tokens=-1, prompt_tokens_details=None), {}),
    ("zero subsets", usage(prompt_tokens=1, prompt_tokens_details={"cached_tokens": 0}), {"input_tokens": 1}),
]


@pytest.mark.parametrize(("given", "expected"), [u[1:] for u in USAGES], ids=[u[0] for u in USAGES])
def test_usage_of_every_spelling(given: Any, expected: dict[str, int]) -> None:
    told = {
        n.replace("gen_ai.usage.", "").replace("heliograph.usage.", ""): t for n, t in usage_attributes(given).items()
    }
    assert told == expected
