"""Labels that an application can feed are capped, and what is folded is counted and said once."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from heliograph.genai._labels import CAPS


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("model", lambda n: {"model": f"m-{n}"}),
        ("provider", lambda n: {"provider": f"p-{n}"}),
        ("error_type", lambda n: {"error": f"E{n}"}),
        ("tenant", lambda n: {"heliograph__tenant": f"t-{n}"}),
    ],
)
def test_past_its_cap_a_label_is_other(bench: Any, label: str, said: Any, caplog: pytest.LogCaptureFixture) -> None:
    import heliograph

    cap, beyond = CAPS[label], 7
    with caplog.at_level(logging.WARNING, "heliograph.genai"):
        for number in range(cap + beyond):
            if label == "tenant":
                with heliograph.query(tenant=f"t-{number}"):
                    bench.call()
            else:
                bench.call(**said(number))
    folded = beyond * 2 if label == "tenant" else beyond  # the query itself has a tenant too
    data = bench.collect()
    values = {dict(point.attributes)[label] for point in bench.pick(data, "llm_requests")}
    assert len(values) == cap + 1
    assert sum(p.value for p in bench.pick(data, "llm_requests", **{label: "other"})) == beyond
    assert sum(p.value for p in bench.pick(data, "llm_requests")) == cap + beyond
    assert [(p.value, dict(p.attributes)) for p in bench.pick(data, "heliograph_labels_folded")] == [
        (folded, {"label": label})
    ]
    assert [record.getMessage().count(f"label {label}") for record in caplog.records] == [1], "one warning"
    assert bench.events[-1].get("model") != "other", "the event keeps the value itself"


def test_below_the_cap_nothing_is_folded(bench: Any, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(CAPS["model"]):
        bench.call(model=f"m-{number}")
    assert bench.points("heliograph_labels_folded") == []
    assert caplog.records == []


def test_a_very_long_value_is_cut(bench: Any) -> None:
    bench.call(model="m" * 5000)
    (point,) = bench.points("llm_requests")
    assert len(dict(point.attributes)["model"]) == 200
