"""The accounting suite: usage as the libraries' spans carry it, and the bill by the providers' published prices.

The cases are data: `cases/*.yaml`. What a case does not mention must not have been counted.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

if TYPE_CHECKING:
    from collections.abc import Iterator

CASES = Path(__file__).parent / "cases"
ROADS = ("sdk", "light")


def cases() -> Iterator[Any]:
    for path in sorted(CASES.glob("*.yaml")):
        for name, case in YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")).items():
            for road in case.get("roads", ROADS):
                yield pytest.param(case, road, id=f"{path.stem}: {name} [{road}]")


def test_there_are_enough_cases() -> None:
    assert len({param.id.rpartition(" [")[0] for param in cases()}) >= 60


@pytest.mark.parametrize(("case", "road"), list(cases()))
def test_the_bill(send: Any, case: dict[str, Any], road: str) -> None:
    expected, ledger = case["expect"], send(case["spans"], road)
    counted = {
        "requests": ledger.by("llm_requests", "status"),
        "tokens": ledger.by("llm_tokens", "type"),
        "cached": ledger.by("llm_cached_tokens", "type"),
        "reasoning": ledger.total("llm_reasoning_tokens"),
        "unpriced": ledger.by("llm_unpriced_tokens", "type"),
        "estimated": ledger.by("llm_estimated_tokens", "type"),
        "unpriced_event": any(event["unpriced"] for event in ledger.events),
        "time_to_first_token": pytest.approx(ledger.total("llm_time_to_first_token")),
        "usd": pytest.approx(ledger.total("llm_cost"), rel=1e-9, abs=1e-15),
        "wasted": pytest.approx(ledger.by("llm_wasted_cost", "reason"), rel=1e-9),
    }
    nothing: dict[str, Any] = {
        "reasoning": 0,
        "time_to_first_token": 0,
        "usd": 0,
        "unpriced_event": False,
    }
    assert {name: expected.get(name, nothing.get(name, {})) for name in counted} == counted
    if "latency" in expected:
        assert ledger.total("llm_latency") == pytest.approx(expected["latency"])
    assert ledger.has("llm_cost") is ("usd" in expected), "a price that is not known is no price of zero"
    for labels in ledger.labels():
        assert expected.get("labels", {}).items() <= labels.items()
    # The events and the exported spans say what the counters say.
    assert len(ledger.events) == ledger.total("llm_requests")
    for kind in ("input", "output"):
        said = sum(event.get(f"llm_{kind}_tokens", 0) for event in ledger.events)
        assert said == ledger.by("llm_tokens", "type").get(kind, 0)
    assert sum(event.get("llm_cost_usd", 0) for event in ledger.events) == pytest.approx(ledger.total("llm_cost"))
    if road == "sdk":
        assert ledger.costs_on_spans == pytest.approx(ledger.total("llm_cost"))
