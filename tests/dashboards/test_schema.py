"""Boards are what Grafana's published types say: each loads into them, and nothing that was written is lost.

The types are Grafana's own (the `grafana-foundation-sdk` of 11.6): a field that they do not know is a typing error, or
something that no Grafana reads.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.importorskip("grafana_foundation_sdk")

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

register_default_plugins()

# What the types leave out, and why it is written all the same. Places as `_lost` names them.
KNOWN = {
    "style": "9.4 has it; dark is what others take anyway",
    "panels.options.tooltip.show": "9.4's way to say that a heatmap has a tooltip",
    "templating.list.definition": "what the list of variables shows",
    "annotations.list.step": "of Prometheus' annotations",
    "annotations.list.titleFormat": "of Prometheus' annotations",
    "annotations.list.textFormat": "of Prometheus' annotations",
    "annotations.list.tagKeys": "of Prometheus' annotations",
    "annotations.list.useValueForTime": "of Prometheus' annotations",
}


def _lost(written: Any, read: Any, place: str = "") -> Iterator[str]:
    if isinstance(written, dict):
        for key, value in written.items():
            here = f"{place}.{key}".removeprefix(".")
            if isinstance(read, dict) and key in read:
                yield from _lost(value, read[key], here)
            elif value not in (None, {}, [], ""):
                yield here
    elif isinstance(written, list):
        if not isinstance(read, list) or len(read) != len(written):
            yield place
        else:
            for before, after in zip(written, read, strict=True):
                yield from _lost(before, after, place)
    elif written != read:
        yield place


def _round_trip(model: dict[str, Any]) -> Any:
    return json.loads(json.dumps(Dashboard.from_json(model), cls=JSONEncoder))


def test_grafanas_types_know_all_that_is_written(board: Any) -> None:
    assert set(_lost(board.model, _round_trip(board.model))) - KNOWN.keys() == set()


def test_each_exception_is_needed(by_name: dict[str, Any]) -> None:
    lost = {place for board in by_name.values() for place in _lost(board.model, _round_trip(board.model))}
    assert lost >= KNOWN.keys()


@pytest.mark.parametrize(
    ("place", "mistaken"),
    [
        ("panels.titel", {"type": "stat", "titel": "x"}),
        ("panels.options.colourMode", {"type": "stat", "options": {"colourMode": "value"}}),
        ("panels.fieldConfig.defaults.decimal", {"type": "stat", "fieldConfig": {"defaults": {"decimal": 1}}}),
        ("panels.targets.legend", {"type": "stat", "targets": [{"datasource": {"type": "prometheus"}, "legend": "x"}]}),
    ],
)
def test_a_typing_error_is_noticed(place: str, mistaken: dict[str, Any]) -> None:
    assert place in set(_lost({"panels": [mistaken]}, _round_trip({"panels": [mistaken]})))
