"""What holds for any text."""

from __future__ import annotations

import json
from typing import Any

import pytest

hypothesis = pytest.importorskip("hypothesis")
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from heliograph.guard import ContentPolicy  # noqa: E402

FULL, TRUNCATED = ContentPolicy("full"), ContentPolicy("truncated", 60)
CLEANERS = {"full": FULL._gate.content, "truncated": TRUNCATED._gate.content}
KEY = "sk-proj-A1b2C3d4E5f6G7h8I9j0K1l2"

# Random letters hardly ever look like a secret; pieces of secrets, put together at random, often nearly do.
PIECES = (
    *("sk-", KEY, "Bearer ", "password", "token", "=", ": ", '"', "\\", "\\n", "://", "user:", "@", "example.com", " "),
    *("4111 1111", " 1111 1111", "4111111111111111", "078-05-1120", "GB82 WEST 1234 5698 7654 32", "+49 30 901820"),
    *(
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "eyJhbGciOiJI",
        ".",
        "?key=",
        "abcdef123",
        "é",
        "\ud800",
    ),
    *("[SECRET REDACTED]", "[", "]", "data:image/png;base64,", "QUJD" * 200, "authorization", "Basic "),
)
texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=12).map("".join)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
quick = settings(max_examples=50, deadline=None, database=None, derandomize=True)


@quick
@given(texts)
def test_redaction_is_idempotent(text: str) -> None:
    for redactor in (FULL._gate.content.redactor, FULL._gate.credentials):
        once = redactor.known(text)
        assert redactor.known(once) == once


@quick
@given(texts)
def test_cleaning_is_idempotent_and_bounded(text: str) -> None:
    for cleaner in CLEANERS.values():
        once = cleaner.value(text)
        assert cleaner.value(once) == once
    assert len(TRUNCATED._gate.content._text(text, 60)) <= 60


@quick
@given(values)
def test_json_stays_json_and_bounded(value: Any) -> None:
    text = json.dumps([value])
    for cleaner in CLEANERS.values():
        said = cleaner.value(text)
        made = json.loads(said, parse_constant=str if said == text else pytest.fail)
        assert isinstance(made, list)
        assert len(said) <= max(cleaner.largest, 200)


@quick
@given(values, texts)
def test_a_key_never_survives_and_nothing_raises(value: Any, around: str) -> None:
    around = around.replace(KEY, "")  # there, a letter may stand right before it: what "task-…" has, too
    for policy in (ContentPolicy(), TRUNCATED, FULL):
        said = policy.attributes({"gen_ai.prompt": value, "x": f"{around} {KEY}", "y": (around, f" {KEY} ")})
        assert KEY not in repr(said)
        assert said is not None
        assert KEY not in repr(policy.clean("gen_ai.input.messages", json.dumps([f"{around} {KEY}"])))


@quick
@given(st.lists(texts, max_size=40))
def test_a_whole_attribute_is_bounded(many: list[str]) -> None:
    cleaner = TRUNCATED._gate.content
    said = cleaner.value(json.dumps([text * 50 for text in many]))
    assert len(said) <= cleaner.largest
    json.loads(said)
