"""LogQL of the boards: it asks for fields that events have, of what was chosen, and for a bounded number of lines.

That it parses is seen on the real server (tests/stack/test_boards.py).
"""

from __future__ import annotations

import re
from typing import Any

from heliograph.genai.vocabulary import EVENTS

FIELDS = {event.name: set(event.attributes) for event in EVENTS}
LINE = {"event_name", "trace_id", "span_id"}


def _fields(expr: str) -> set[str]:
    stages = expr.partition("} | ")[2]
    compared = re.findall(r"(?:\||or|and) (\w+)\s*(?:=~|!=|>=|<=|=|>|<)", stages)
    read = re.findall(r"unwrap (\w+)", expr) + re.findall(r"{{\.(\w+)}}", expr)
    grouped = [name.strip() for names in re.findall(r"by \(([^)]*)\)", expr) for name in names.split(",")]
    return {*compared, *read, *grouped}


def test_it_asks_for_fields_that_the_event_has(logql: Any) -> None:
    (event,) = set(re.findall(r'event_name="([\w.]+)"', logql.expr))
    assert _fields(logql.expr) <= FIELDS[event] | LINE


def test_it_obeys_every_variable_that_the_board_shows(logql: Any) -> None:
    selectors = re.findall(r"{(service_name[^}]*)}", logql.expr)
    assert set(selectors) == {'service_name=~"$service", deployment_environment_name=~"$environment"'}
    (event,) = set(re.findall(r'event_name="([\w.]+)"', logql.expr))
    for name in ("model", "chain", "tenant"):
        if name in FIELDS[event]:
            assert f'{name}=~"${name}"' in logql.expr


def test_it_asks_for_a_bounded_number_of_lines_or_for_a_number(logql: Any) -> None:
    if logql.panel["type"] == "logs" or "maxLines" in logql.target:
        assert logql.target["maxLines"] <= 100
    else:
        assert re.match(r"(sort_desc\(topk|avg|count|max|sum|100)\b", logql.expr)


def test_it_looks_back_over_the_range_or_one_step(logql: Any) -> None:
    allowed = {"$__interval"} if logql.panel["type"] == "timeseries" else {"$__range"}
    assert logql.windows <= allowed


def test_people_are_never_asked_for_in_metrics(promql: Any) -> None:
    assert not re.search(r"\b(user_id|session_id|trace_id)\b", promql.expr)


def test_a_legend_names_fields_that_are_there(logql: Any) -> None:
    grouped = re.findall(r"by \(([^)]*)\)", logql.expr)
    assert set(re.findall(r"{{(\w+)}}", logql.target.get("legendFormat", ""))) <= set(grouped)
