"""Events and their fields have two homes, the vocabulary and one Jsonnet file, that agree."""

from __future__ import annotations

import json
from typing import Any

import pytest
import rjsonnet

from heliograph.genai.vocabulary import EVENTS, EventSpec
from heliograph.stack._paths import config_root

FILE = config_root() / "dashboards/lib/events.libsonnet"
SPELLED: dict[str, Any] = json.loads(rjsonnet.evaluate_file(str(FILE)))
LINES = {name: value for name, value in SPELLED.items() if isinstance(value, str)}
SPELLED_EVENTS: dict[str, dict[str, Any]] = {
    value["name"]: value["fields"] for value in SPELLED.values() if isinstance(value, dict)
}


def test_every_event_is_spelled() -> None:
    assert set(SPELLED_EVENTS) == {event.name for event in EVENTS}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_every_field_is_spelled_once_and_none_is_made_up(event: EventSpec) -> None:
    assert sorted(SPELLED_EVENTS[event.name].values()) == sorted(event.attributes)


def test_one_field_has_one_name_in_all_events() -> None:
    """`user` is `user_id` in each; a latency or a cost is that of the event it is of."""
    own = {"latency", "cost"}
    for name in {name for fields in SPELLED_EVENTS.values() for name in fields} - own:
        assert len({fields[name] for fields in SPELLED_EVENTS.values() if name in fields}) == 1, name


def test_what_every_line_has_is_spelled_too() -> None:
    assert LINES == {
        "eventName": "event_name",
        "traceId": "trace_id",
        "spanId": "span_id",
        "job": "service_name",
        "environment": "deployment_environment_name",
    }
