"""Whatever a provider answers: the application sees what it saw without us, and our figures stay figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given

from ._answers import ANSWERS
from ._applications import ROADS, Instrumented, Provider, Road, body_of, seen_by_the_application
from ._fuzz import fuzz

CASES: Final[list[dict[str, Any]]] = json.loads((Path(__file__).parent / "cases/answers.json").read_text("utf-8"))
quick = fuzz(40)


@pytest.fixture(scope="module")
def provider() -> Provider:
    return Provider()


def answer(provider: Provider, road: Road, said: Any, headers: dict[str, str] | None = None) -> list[dict[str, Any]]:
    """Have one call answered with and without us; give our spans' attributes."""
    if isinstance(said, list) and road in {"chat stream", "async", "raw stream", "responses stream"}:
        provider.stream(said)
    else:
        provider.say(body_of(said), headers=headers)
    without = seen_by_the_application(provider, road)
    with Instrumented() as ours:
        with_us = seen_by_the_application(provider, road)
    assert with_us == without
    assert ours.complaints() == []
    return ours.spans


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_what_was_found_stays_mended(provider: Provider, case: dict[str, Any]) -> None:
    (span,) = answer(provider, case["road"], case["said"], case.get("headers"))
    assert {name: span.get(name) for name in case["span"]} == case["span"]


@pytest.mark.parametrize("road", ROADS)
def test_no_answer_is_seen_otherwise_or_spoils_a_figure(provider: Provider, road: Road) -> None:
    @quick
    @given(ANSWERS[road])
    def check(said: Any) -> None:
        answer(provider, road, said)

    check()
