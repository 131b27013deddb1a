"""Totals, and what of them is not known: said, and never zero."""

from __future__ import annotations

from typing import Any

import pytest

from heliograph.run import _summary
from heliograph.run._tally import Tally

HELLO: dict[str, Any] = {"e": "process", "pid": 7, "name": "app", "sends_to": None, "joined": False}


def call(model: str = "m", *, wasted: str | None = None, span: str = "s", **said: Any) -> dict[str, Any]:
    return {
        "e": "llm.call",
        "id": span,
        "trace": "t",
        "path": [],
        "wasted": wasted,
        "said": {"model": model, "operation": "chat", "status": "success", "llm_latency_seconds": 1.0, **said},
    }


PRICED: dict[str, Any] = {"llm_input_tokens": 100, "llm_output_tokens": 10, "llm_cost_usd": 0.5}


def tally(*messages: dict[str, Any]) -> Tally:
    made = Tally()
    for message in (HELLO, *messages):
        made.hear(message, 1)
    return made


def test_totals_by_model() -> None:
    said = _summary.as_json(
        tally(
            call("a", **PRICED),
            call("a", **PRICED, llm_cached_tokens=60),
            call("b", **PRICED, llm_latency_seconds=1.0)
            | {"said": {**call("b", **PRICED)["said"], "llm_latency_seconds": 9}},
            call("b", status="error", error_type="RateLimitError"),
        ),
        2.0,
        0,
    )
    assert (said["calls"], said["cost_usd"], said["errors"]) == (4, 1.5, {"RateLimitError": 1})
    assert (said["input_tokens"], said["output_tokens"], said["cached_tokens"]) == (300, 30, 60)
    assert list(said["models"]) == ["a", "b"]
    assert (said["slowest"]["model"], said["slowest"]["latency_seconds"]) == ("b", 9)


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        (
            [call("x", llm_input_tokens=3, llm_output_tokens=4, unpriced=True)],
            "the cost of x: 1 call, 7 tokens without",
        ),
        ([call()], "the tokens of 1 call, of which the provider reported none"),
        ([call(**PRICED, usage_estimated=True)], "exactly: 1 call whose tokens are an estimate"),
        ([call(status="error", error_type="E")], "what 1 failed or cancelled call may have cost"),
        ([call(**PRICED), {"e": "dropped", "total": 3}, {"e": "dropped", "total": 5}], "5 messages dropped"),
        (
            [{"e": "bye", "unseen": {"cohere": "opentelemetry-instrumentation-cohere"}}],
            "pip install opentelemetry-inst",
        ),
        ([{"e": "warning", "text": "the application's own TracerProvider samples"}], "TracerProvider samples"),
        ([], "what 1 process still running do from here on: app (pid 7)"),
    ],
    ids=["no price", "no usage", "estimate", "failed", "dropped", "no instrumentor", "warning", "running"],
)
def test_what_the_totals_lack_is_said(messages: list[dict[str, Any]], said: str) -> None:
    assert any(said in each for each in _summary.not_counted(tally(*messages)))


def test_nothing_is_said_to_lack_where_nothing_does() -> None:
    made = tally(call(**PRICED), {"e": "bye", "unseen": {}})
    made.ended(1)
    assert _summary.not_counted(made) == []
    assert "not counted:" not in "\n".join(_summary.lines(made, 1.0))


def test_a_process_that_goes_without_a_goodbye_was_killed_with_what_was_under_way() -> None:
    made = tally(
        {"e": "began", "id": "s"},
        {"e": "began", "id": "r"},
        {"e": "began", "id": "u"},
        call(**PRICED),
        {"e": "ended", "id": "r"},
    )
    made.ended(1)
    assert _summary.not_counted(made) == ["1 process killed or left by os._exit, with 1 call under way"]


@pytest.mark.parametrize(
    ("calls", "cell", "machine"),
    [
        ([call(**PRICED)], "0.500000 USD", 0.5),
        ([call(unpriced=True, llm_input_tokens=1)], "no price", None),
        ([call(status="error", error_type="E")], "cost unknown", None),
        ([call(**PRICED), call(unpriced=True, llm_input_tokens=1)], ">= 0.500000 USD", 0.5),
    ],
    ids=["known", "no price", "failed", "in part"],
)
def test_a_cost_that_is_not_known_is_never_zero(calls: list[dict[str, Any]], cell: str, machine: float | None) -> None:
    made = tally(*calls)
    (row,) = [line for line in _summary.lines(made, 1.0) if line.startswith("  m ")]
    assert row.endswith(f"  {cell}")
    assert _summary.as_json(made, 1.0, 0)["models"]["m"]["cost_usd"] == machine


def test_waste_is_cost_that_bought_nothing() -> None:
    made = tally(call(**PRICED, wasted="blocked"), call(status="error", error_type="E", wasted="error"), call(**PRICED))
    assert made.wasted == {"blocked": 0.5}
    assert "  wasted   0.500000 USD (blocked 0.500000 USD)" in _summary.lines(made, 1.0)


def test_memory_is_bounded_and_nothing_is_lost_from_the_totals() -> None:
    made = tally(*(call(f"model-{number}", **PRICED) for number in range(1000)))
    assert len(made.models) <= 201
    assert (made.calls, made.cost) == (1000, 500.0)


@pytest.mark.parametrize("width", [10, 24, 40, 60, 80, None])
def test_the_table_fits_the_terminal_and_the_cost_is_the_last_to_go(width: int | None) -> None:
    made = tally(call("a-model-with-a-name", **PRICED), call("b", **PRICED), {"e": "bye", "unseen": {}})
    lines = _summary.lines(made, 1.0, width=width)
    if width is not None:
        assert max(len(line) for line in lines) <= width
    if width is None or width >= 24:
        assert any(line.endswith("1.000000 USD") for line in lines)
