"""The bills are compared model by model, and a difference is a failure."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from heliograph.demo._alerts import AlertStory
from heliograph.demo._page import as_json, show
from heliograph.demo._summary import Costs, Summary
from heliograph.stack._stores import LogLine, Span

BILL = {"gpt-4o-mini": 0.25, "gpt-4.1-mini": 0.5}


@pytest.mark.parametrize(
    ("counters", "events", "audit", "agree"),
    [
        pytest.param(BILL, BILL, BILL, True, id="the same"),
        pytest.param({"gpt-4o-mini": 0.25 + 5e-10, "gpt-4.1-mini": 0.5}, BILL, BILL, True, id="floating point"),
        pytest.param({"gpt-4o-mini": 0.25 + 2e-9, "gpt-4.1-mini": 0.5}, BILL, BILL, False, id="a counter is off"),
        pytest.param(BILL, {"gpt-4o-mini": 0.25}, BILL, False, id="events of a model are missing"),
        pytest.param(BILL, BILL, BILL | {"o3": 1e-6}, False, id="billed by the provider only"),
        pytest.param({"gpt-4o-mini": 0.5, "gpt-4.1-mini": 0.25}, BILL, BILL, False, id="same sum, other models"),
        pytest.param({}, {}, {}, False, id="nothing was billed: no proof of anything"),
    ],
)
def test_bills_agree(
    counters: dict[str, float], events: dict[str, float], audit: dict[str, float], agree: bool
) -> None:
    assert Costs(counters, events, audit).agree is agree


def _summary(costs: Costs) -> Summary:
    spans = [
        Span("t1", "a", "", "query question", "research-assistant", 0.0, 1.5),
        Span("t1", "b", "a", "chat gpt-4o-mini", "research-assistant", 0.1, 1.25, {"llm.cost_usd": 0.000123}),
    ]
    return Summary(
        answered=40,
        failed=6,
        requests={"success": 80.0, "error": 6.0},
        tokens={"input": 12345.0, "output": 678.0},
        costs=costs,
        p95_seconds=0.42,
        slowest=spans,
        log_line=LogLine(0.2, "answered [bold]not markup[/bold]", {"trace_id": "t1"}),
        alerts=[
            AlertStory(
                "HighLLMErrorRate",
                "critical",
                fault=100.0,
                true=107.0,
                firing=117.5,
                arrived={"mail": 128.0, "webhook": 127.5},
                over={"mail": 220.0},
            )
        ],
        links={"grafana": "http://localhost:3001"},
    )


def test_the_page_shows_what_a_visitor_asks_for() -> None:
    console = Console(file=io.StringIO(), width=60, force_terminal=False)
    show(_summary(Costs(BILL, BILL, BILL)), console)
    page = console.file.getvalue()  # type: ignore[attr-defined]
    for needed in (
        "40 answered, 6 failed",
        "12,345 input, 678 output",
        "0.420 s",
        "0.750000",
        # one line, however narrow: a log file has no width
        "\nCost by model, USD: counters in Prometheus, events in Loki, the provider's usage log\n",
        "the three agree",
        "trace t1",
        "chat gpt-4o-mini  1250 ms  0.000123 USD",
        "answered [bold]not markup[/bold]",
        "HighLLMErrorRate",
        "7.0",
        "28.0",
        "http://localhost:3001",
    ):
        assert needed in page


def test_a_wrong_bill_is_a_problem() -> None:
    good, bad = _summary(Costs(BILL, BILL, BILL)), _summary(Costs(BILL, {"gpt-4o-mini": 0.1}, BILL))
    assert good.problems() == []
    assert as_json(good)["problems"] == []
    assert "bills differ" in bad.problems()[0]
