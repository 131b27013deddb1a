"""What a person sees of a panel: words, units, emptiness, names of series."""

from __future__ import annotations

import re
from typing import Any

from heliograph.genai.vocabulary import EVENTS

Json = dict[str, Any]

# Kinds that Grafana 9.4 and 13 both have; `graph`, `singlestat` and `table-old` are gone.
KINDS = {"bargauge", "heatmap", "logs", "nodeGraph", "stat", "state-timeline", "table", "timeseries", "traces"}
WITHOUT_UNIT = {"logs", "nodeGraph", "traces"}


def test_a_panel_says_what_it_shows(panel: Json) -> None:
    assert panel["type"] in KINDS
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["targets"]
    if panel["type"] not in WITHOUT_UNIT:
        assert panel["fieldConfig"]["defaults"]["unit"]


def test_a_title_fits_its_panel(panel: Json) -> None:
    """What is longer than eight characters a column is cut off."""
    assert len(panel["title"]) <= 8 * panel["gridPos"]["w"]


def test_a_panel_without_anything_to_show_says_so_in_words(panel: Json) -> None:
    """A counter that may be absent is no fault; "No data" looks like one."""
    words = panel["fieldConfig"]["defaults"]["noValue"]
    assert re.match(r"(no|none|nothing|unknown)\b", words), words


def test_a_lone_bar_keeps_its_name(panel: Json) -> None:
    if panel["type"] == "bargauge":
        assert panel["fieldConfig"]["defaults"]["displayName"]


def test_a_target_asks_the_data_source_that_was_chosen(panel: Json) -> None:
    assert [target["refId"] for target in panel["targets"]] == list("ABCDEFGH"[: len(panel["targets"])])
    for target in panel["targets"]:
        assert target["datasource"]["uid"] in {"${datasource}", "${logs}", "${traces}"}
        assert target["datasource"] == panel["datasource"]


def test_a_point_holds_two_evaluations_of_the_records_at_least(panel: Json) -> None:
    assert panel["interval"] == "30s"  # twice intervals.recording


def test_series_of_a_label_that_may_be_empty_have_a_name(panel: Json) -> None:
    """Queries need no chain, type or tenant; Grafana would call theirs "Value"."""
    if panel["type"] != "timeseries":
        return
    for target in panel["targets"]:
        label = re.fullmatch(r"{{(chain|tenant|query_type)}}", target["legendFormat"])
        if label and re.search(r"\bquery:query_|\bcall:llm_cost", target["expr"]):
            names = [each["properties"][0]["value"] for each in panel["fieldConfig"]["overrides"]]
            assert f"no {label[1].removeprefix('query_')}" in names


def test_a_table_names_its_columns(panel: Json) -> None:
    if panel["type"] == "table":
        organize = next(each["options"] for each in panel["transformations"] if each["id"] == "organize")
        assert organize["renameByName"].keys() == organize["indexByName"].keys()
        shown = set(organize["renameByName"].values())
        assert {each["matcher"]["options"] for each in panel["fieldConfig"]["overrides"]} <= shown
        assert {each["displayName"] for each in panel["options"].get("sortBy", [])} <= shown


def test_single_traces_are_shown_once_and_draw_nothing_else(panel: Json) -> None:
    """A record has no exemplars: the histogram is asked, at a time when nothing was there to draw."""
    asked = [target for target in panel["targets"] if target.get("exemplar")]
    assert len(asked) <= 1
    for target in asked:
        assert panel["type"] == "timeseries"
        assert target["expr"].endswith("} @ 0")
        assert "_bucket{" in target["expr"]
        assert not target["expr"].startswith(("call:", "query:", "chain:"))


# Panels whose points lead to single traces.
WITH_TRACES = {
    "Call latency",
    "Call latency by model, p95",
    "Cost per query",
    "Duration by chain, p95",
    "Query time",
    "Query time by chain, p95",
    "Query time by type, p95",
    "Steps per query by chain, p95",
    "Time to first token",
}


def test_times_show_single_traces(panel: Json) -> None:
    if panel["type"] == "timeseries":
        asked = any(target.get("exemplar") for target in panel["targets"])
        assert asked == (panel["title"] in WITH_TRACES)


def test_a_table_of_records_shows_fields_that_they_have(panel: Json) -> None:
    """What Loki's lines and numbers come as: a time, the fields of the event, and a value."""
    if panel["type"] != "table" or panel["datasource"]["type"] != "loki":
        return
    (event,) = set(re.findall(r'event_name="([\w.]+)"', panel["targets"][0]["expr"]))
    known = {"Time", "Value #A", "trace_id", *next(spec for spec in EVENTS if spec.name == event).attributes}
    steps = {each["id"]: each["options"] for each in panel["transformations"]}
    shown = set(steps["filterFieldsByName"]["include"]["names"])
    assert shown <= known
    assert {each["targetField"] for each in steps.get("convertFieldType", {}).get("conversions", [])} <= shown


def test_an_axis_without_decimals_has_room_for_whole_numbers(panel: Json) -> None:
    """Grafana writes `noValue` where a tick would be 0.5."""
    defaults = panel["fieldConfig"]["defaults"]
    if panel["type"] == "timeseries" and defaults.get("decimals") == 0:
        assert defaults["custom"]["axisSoftMax"] >= 5
