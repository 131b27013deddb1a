"""The parts without HTTP: counting tokens, answering from passages, filling schemas."""

from __future__ import annotations

from typing import Any

import jsonschema  # type: ignore[import-untyped] # no type information published
import pytest

from heliograph.testing._answer import answer, question_of
from heliograph.testing._prompt_cache import PromptCache
from heliograph.testing._schema import fill
from heliograph.testing._tokens import count, split


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", []),
        ("Hello world", ["Hello", " world"]),
        ("instrumentation", ["instrum", "entatio", "n"]),
        ("1234567", ["123", "456", "7"]),
        ("a\n\n  b", ["a", "\n\n", " ", " b"]),
        ("x == y;", ["x", " ==", " y", ";"]),
        ("日本語", ["日本", "語"]),
        ("tab\there ", ["tab", "\t", "here", " "]),
    ],
)
def test_tokens(text: str, tokens: list[str]) -> None:
    assert split(text) == tokens
    assert count(text) == len(tokens)


def test_tokens_joined_are_the_text() -> None:
    text = "Zwölf Boxkämpfer\r\n\tjagen (12 345,67) 🙂🙂  Viktor…\u2028 über\x00 den\u00a0Deich!!! \n\n\n"
    assert "".join(split(text)) == text


def test_english_comes_to_about_four_characters_a_token() -> None:
    assert answer.__doc__ is not None
    import heliograph.testing as module
    import heliograph.testing._answer as other

    prose = (module.__doc__ or "") + (other.__doc__ or "")
    assert 3.5 < len(prose) / count(prose) < 5


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("[1] a\nIs it so?\n\nQuestion: What is it?\nAnswer briefly.", "What is it?"),
        ("Why?\nTell me now.", "Why?"),
        ("Summarise this.", "Summarise this."),
        ("", ""),
    ],
)
def test_the_question_is_found(text: str, question: str) -> None:
    assert question_of(text) == question


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], "Nothing was asked."),
        (["What is love?"], "There are no passages to answer from: What is love?"),
        (
            ["[1] cats\nCats sleep most of the day.\n\nQuestion: What is the price of oil?"],
            "The passages do not answer: What is the price of oil?",
        ),
        (
            ["Cats sleep most of the day. Dogs bark at the mailman.", "Question: When do cats sleep?"],
            "Cats sleep most of the day.",
        ),
        (
            [
                "[a1] one\nCats sleep most of the day.\n[b2] two\nCats sleep most of the day.",
                "When do cats sleep?",
            ],
            "Cats sleep most of the day. [a1]",
        ),
    ],
)
def test_answers(texts: list[str], expected: str) -> None:
    assert answer(texts) == expected


SCHEMAS: list[dict[str, Any]] = [
    {"type": "string"},
    {"type": "integer", "minimum": 10, "maximum": 20},
    {"type": "number", "maximum": 0.5},
    {"type": ["boolean", "null"]},
    {"type": "array", "items": {"type": "integer"}, "minItems": 3},
    {"enum": [1, 2]},
    {"const": "fixed"},
    {"anyOf": [{"type": "null"}, {"type": "string"}]},
    {
        "type": "object",
        "properties": {"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}, "name": {"$ref": "#/$defs/name"}},
        "required": ["next", "name"],
        "additionalProperties": False,
        "$defs": {"name": {"type": "string"}},
    },
]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_filled_schema_is_valid(schema: dict[str, Any]) -> None:
    value = fill(schema, "the 7 words of a text")
    jsonschema.validate(value, schema)
    assert value == fill(schema, "the 7 words of a text")


def test_a_prompt_cache_forgets_after_ten_minutes() -> None:
    now = 0.0
    cache = PromptCache(minimum=128, clock=lambda: now)
    tokens = ["word"] * 300
    assert cache.use("m", tokens) == 0
    now = 599.0
    assert cache.use("m", tokens) == 256
    now = 1200.0
    assert cache.use("m", tokens) == 0
    assert cache.use("m", ["other", *tokens]) == 0


def test_a_beginning_shorter_than_the_minimum_is_not_cached() -> None:
    cache = PromptCache(minimum=256)
    assert cache.use("m", ["same"] * 200 + ["one"] * 200) == 0
    assert cache.use("m", ["same"] * 200 + ["two"] * 200) == 0
    assert cache.use("m", ["same"] * 200 + ["two"] * 250) == 384
