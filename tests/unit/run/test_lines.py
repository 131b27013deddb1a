"""What a person reads: rows that fit the terminal, an error that stays, text that cannot harm the terminal."""

from __future__ import annotations

import re
from typing import Any

import pytest

from heliograph.run._lines import call_line, heading_line, query_line, tool_line
from heliograph.run._text import PLAIN, Paint, clean, cut, duration, usd

COLOUR = re.compile("\x1b\\[[0-9;]*m")


def call(**said: Any) -> dict[str, Any]:
    return {
        "e": "llm.call",
        "trace": "abcd" * 8,
        "said": {
            "model": "gpt-4o-mini-2024-07-18",
            "operation": "chat",
            "status": "success",
            "llm_input_tokens": 1234,
            "llm_output_tokens": 56,
            "llm_cost_usd": 0.0002187,
            "llm_latency_seconds": 1.204,
            **said,
        },
    }


FAILED = call(
    status="error", error_type="RateLimitError", llm_cost_usd=None, llm_input_tokens=None, llm_output_tokens=None
)


@pytest.mark.parametrize(
    ("message", "row"),
    [
        (call(), f"{'gpt-4o-mini-2024-07-18':<40}       1,234 in 56 out   0.000219 USD     1.20 s"),
        (
            call(operation="embeddings", model="e", llm_output_tokens=None, llm_cost_usd=2e-8),
            f"{'e embeddings':<40}              1,234 in  <0.000001 USD     1.20 s",
        ),
        (call(llm_cost_usd=None, unpriced=True), "1,234 in 56 out       no price     1.20 s"),
        (FAILED, "1.20 s  error RateLimitError"),
        (call(status="cancelled", usage_estimated=True), "1.20 s  cancelled, estimated"),
        (call(llm_time_to_first_token_seconds=0.0584), "1.20 s  first token 58 ms"),
    ],
    ids=["call", "embeddings", "no price", "error", "cancelled", "stream"],
)
def test_a_row_says_what_there_is(message: dict[str, Any], row: str) -> None:
    assert row in call_line(message, 0, PLAIN, None)


@pytest.mark.parametrize("width", [10, 16, 20, 32, 40, 57, 58, 80, 81, 100, 200])
@pytest.mark.parametrize("depth", [0, 2, 20])
def test_no_row_is_wider_than_the_terminal(width: int, depth: int) -> None:
    for message in (call(), FAILED, call(model="m" * 300), call(status="cancelled")):
        for paint in (PLAIN, Paint(on=True)):
            shown = COLOUR.sub("", call_line(message, depth, paint, width))
            assert len(shown) <= width
            assert shown.strip()
    assert len(heading_line((depth, "query " + "q" * 300, True), PLAIN, width)) <= width


def test_a_narrow_terminal_keeps_the_error_and_the_time_rather_than_the_tokens() -> None:
    shown = call_line(FAILED, 0, PLAIN, 60)
    assert "error RateLimitError" in shown
    assert "1.20 s" in shown
    assert "0.000219 USD     1.20 s" in call_line(call(), 0, PLAIN, 45)


def test_queries_and_tools() -> None:
    said = {"query_type": "answer", "status": "error", "error_type": "no_answer", "llm_calls": 1}
    message = {"trace": "abcd" * 8, "said": {**said, "query_latency_seconds": 3, "query_cost_usd": 0.5}}
    assert re.fullmatch(
        r"= query answer \[abcd\] +1 call +0\.500000 USD +3\.00 s  error no_answer", query_line(message, 0, PLAIN, None)
    )
    tool = {"said": {"tool": "search", "status": "success", "error_type": None, "latency_seconds": 0.01}}
    assert re.fullmatch(r"    tool search +10 ms", tool_line(tool, 2, PLAIN, None))


def test_names_from_the_program_cannot_steer_the_terminal() -> None:
    hostile = "gpt\x1b[2J\x1b]0;title\x07\r\nroot# "
    shown = call_line(call(model=hostile, status="error", error_type=hostile), 0, PLAIN, None)
    assert all(each.isprintable() for each in shown)
    assert clean("größe ✓") == "größe ✓"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (0.0004, "0 ms"),
        (0.057, "57 ms"),
        (0.9996, "1.00 s"),
        (12.345, "12.35 s"),
        (100.0, "1 min 40 s"),
        (3600.0, "60 min 00 s"),
    ],
)
def test_times(given: float, said: str) -> None:
    assert duration(given) == said


@pytest.mark.parametrize(
    ("amount", "unpriced", "said"),
    [
        (0.0, False, "0.000000 USD"),
        (2e-8, False, "<0.000001 USD"),
        (1.5, False, "1.500000 USD"),
        (None, True, "no price"),
        (None, False, "cost unknown"),
    ],
)
def test_costs_that_are_not_known_are_never_zero(amount: float | None, unpriced: bool, said: str) -> None:
    assert usd(amount, unpriced=unpriced) == said


def test_cutting_shows_that_something_is_missing() -> None:
    assert (cut("abcdef", 6), cut("abcdef", 5), cut("abcdef", 1)) == ("abcdef", "abc..", ".")
