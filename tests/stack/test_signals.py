"""Each row of `signals.yaml` is in its store, linked with the others as promised."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heliograph.demo._story import Demo

SIGNALS: dict[str, list[dict[str, Any]]] = YAML(typ="safe").load(Path(__file__).with_name("signals.yaml"))


def _row_id(row: dict[str, Any]) -> str:
    name = row.get("name") or row["event_name"]
    return f"{name}-" + ",".join(str(v) for v in (row.get("labels") or row["attributes"]).values())


def _holds(expected: object, found: object) -> bool:
    if expected == "*":
        return found not in (None, "")
    if expected == ">0":
        return found is not None and float(str(found)) > 0
    return str(found) == str(expected)


def _misses(expected: Mapping[str, object], found: Mapping[str, object]) -> list[str]:
    return [f"{k}={found.get(k)!r}, not {v!r}" for k, v in expected.items() if not _holds(v, found.get(k))]


def _selector(row: dict[str, Any]) -> str:
    matchers = [f'{k}!=""' if v == "*" else f'{k}="{v}"' for k, v in row["labels"].items()]
    return f"{row['name']}{{{','.join(matchers)}}}"


@pytest.mark.parametrize("row", SIGNALS["metrics"], ids=_row_id)
def test_metric_is_in_prometheus(row: dict[str, Any], demo: Demo) -> None:
    samples = demo.prometheus.query(f"last_over_time({_selector(row)}[1h])")
    assert samples, f"no series {_selector(row)}"
    if not row["name"].startswith(("active_sessions", "llm_quota")):  # these may well have come down to 0
        assert any(sample.value > 0 for sample in samples)
    for label in ("user_id", "session_id", "trace_id", "span_id"):
        assert label not in samples[0].labels, "a label without a bound"


@pytest.mark.parametrize("row", [row for row in SIGNALS["metrics"] if row.get("exemplar")], ids=_row_id)
def test_exemplar_leads_to_its_trace(row: dict[str, Any], demo: Demo) -> None:
    exemplars = demo.prometheus.exemplars(_selector(row))
    assert exemplars, f"no exemplar on {_selector(row)}"
    newest = max(exemplars, key=lambda exemplar: exemplar["timestamp"])
    spans = demo.jaeger.trace(newest["labels"]["trace_id"])
    assert newest["labels"]["span_id"] in {span.span_id for span in spans}


@pytest.mark.parametrize("row", SIGNALS["spans"], ids=_row_id)
def test_span_is_in_jaeger_with_its_attributes(row: dict[str, Any], demo: Demo) -> None:
    spans = [s for s in demo.jaeger.search("research-assistant", operation=row["name"]) if s.name == row["name"]]
    assert spans, f"no span {row['name']}"
    misses = [_misses(row["attributes"], span.attributes) for span in spans]
    assert [] in misses, f"the nearest misses {min(misses, key=len)}"


@pytest.mark.parametrize("row", SIGNALS["events"], ids=_row_id)
def test_event_is_in_loki_and_leads_to_its_trace(row: dict[str, Any], demo: Demo) -> None:
    service = row["attributes"]["service_name"]
    lines = demo.loki.lines(f'{{service_name="{service}"}} | event_name="{row["event_name"]}"')
    assert lines, f"no event {row['event_name']} of {service}"
    good = [line for line in lines if not _misses(row["attributes"], line.labels)]
    assert good, f"the nearest misses {min((_misses(row['attributes'], ln.labels) for ln in lines), key=len)}"
    line = good[-1]
    assert line.labels["span_id"] in {span.span_id for span in demo.jaeger.trace(line.labels["trace_id"])}


@pytest.mark.parametrize("service", SIGNALS["services"])
def test_every_log_line_of_a_service_names_a_trace_or_was_written_outside_of_one(service: str, demo: Demo) -> None:
    lines = demo.loki.lines(f'{{service_name="{service}"}}', limit=5000)
    assert lines
    with_trace = [line for line in lines if line.labels.get("trace_id")]
    assert len(with_trace) / len(lines) > 0.9, "most lines of these services are written inside of a trace"


def test_all_spans_of_a_question_are_one_trace(demo: Demo) -> None:
    """LangSmith's @traceable, the openai instrumentor and `heliograph.query` agree on parents."""
    spans = demo.jaeger.search("research-assistant", operation="query question", limit=5)
    for trace_id in {span.trace_id for span in spans}:
        trace = demo.jaeger.trace(trace_id)
        roots = [span.name for span in trace if not span.parent_id]
        assert roots == ["query question"]
        ids = {span.span_id for span in trace}
        assert all(span.parent_id in ids for span in trace if span.parent_id), "a span whose parent is lost"
