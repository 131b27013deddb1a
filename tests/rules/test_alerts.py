"""Every alert on both sides: it fires when it must, with exactly these labels and words, and is quiet otherwise.

The cases are in `<area>_test.yaml`, in promtool's own format and a few keys more:

    alerts:                     what is the same in each case of an alert
      <name>:
        summary: …
        board: llm-overview     where `dashboard_url` leads
        traces: errors          what `trace_url` is narrowed to: errors, slow, all; absent: there is no link to traces
        query: '{…} | …'        the annotation `query`, and where `logs_url` leads; absent: neither
        without: {reset: why}   kinds of cases that it cannot have
    board, summaries            instead of `alerts`, of a file about the stack: its board has no variables to fill in,
                                and its cases are firing or quiet, without saying more of themselves
    tests:
      - shows: [fires]          what it is a case of: fires, below, idle, reset, resolves, override
        config: {…}             laid over heliograph.yaml
        evaluation: 5m          between two evaluations; absent: as between two samples
        alert_rule_test:
          - last_true: 5m       when the expression was last true, where the alert is only kept: its words are of then
            exp_alerts:
              - about: {…}      what differs from `alerts` above

Links, and the label `team`, are added here by an implementation of their own.
"""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from ruamel.yaml import YAML

from heliograph.config import load, render
from heliograph.config._types import seconds

from ._generated import RECORD, groups, needed

FOLDER = Path(__file__).parent
START = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
GRAFANA = "http://localhost:3001"
JAEGER = "http://localhost:16686/search"
KINDS = {"fires", "below", "idle", "reset", "resolves", "override"}
OURS = {"shows", "config", "evaluation"}
NEEDED = {"fires", "below", "idle", "reset", "resolves"}

VARIABLES = {
    "chain": "chain",
    "environment": "deployment_environment_name",
    "model": "model",
    "service": "job",
    "tenant": "tenant",
}


def _files() -> list[dict[str, Any]]:
    return [YAML(typ="safe").load(file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob("*_test.yaml"))]


FILES = _files()
STACK = {
    name: {"summary": summary, "board": file["board"], "not_on_board": list(VARIABLES.values())}
    for file in FILES
    for name, summary in file.get("summaries", {}).items()
}
ALERTS: dict[str, dict[str, Any]] = STACK | {
    name: alert for file in FILES for name, alert in file.get("alerts", {}).items()
}
CASES = [case for file in FILES for case in file["tests"]]


def _links(
    alert: str, about: dict[str, Any], labels: dict[str, str], description: str, now: datetime
) -> dict[str, str]:
    hour_ago = int((now - timedelta(hours=1)).timestamp() * 1000)
    variables = "".join(
        f"&var-{variable}={quote_plus(labels[label])}"
        for variable, label in VARIABLES.items()
        if labels.get(label) and label not in about.get("not_on_board", [])
    )
    board = "stack-health" if labels.get("signal") == "scrape" else about["board"]
    links = {
        "runbook_url": f"http://localhost:8025/runbooks/{alert}",
        "dashboard_url": f"{GRAFANA}/d/heliograph-{board}/{board}?from={hour_ago}&to=now{variables}",
    }
    threshold = description.partition("(threshold: ")[2].partition(" ")[0]
    traces = about.get("traces")
    if isinstance(traces, dict):  # by the kind of the SLO
        traces = traces[labels["kind"]]
    if traces and labels.get("signal") != "scrape":
        window = f"&start={hour_ago * 1000}&end={int(now.timestamp() * 1_000_000)}&lookback=custom&limit=20"
        narrowed = {
            "errors": "&tags=%7B%22error%22%3A%22true%22%7D",
            "slow": f"&minDuration={threshold}s",
            "all": "",
        }.get(traces, f"&minDuration={traces}")
        links["trace_url"] = f"{JAEGER}?service={quote_plus(labels['job'])}{window}{narrowed}"
    query = about.get("query")
    if isinstance(query, dict):
        query = query[labels["kind"]]
    if query:
        text = query.format_map({"deployment_environment_name": "", **labels, "threshold": threshold})
        pane = {
            "datasource": "loki",
            "queries": [{"refId": "A", "queryType": "range", "expr": text}],
            "range": {"from": str(hour_ago), "to": "now"},
        }
        panes = quote(json.dumps({"logs": pane}, separators=(",", ":")), safe="")
        links |= {"query": text, "logs_url": f"{GRAFANA}/explore?schemaVersion=1&orgId=1&panes={panes}"}
    return links


def _complete(case: dict[str, Any]) -> dict[str, Any]:
    case = json.loads(json.dumps(case))  # a copy, in which YAML's aliases share nothing
    start = datetime.fromisoformat(case.setdefault("start_timestamp", START.isoformat()))
    for moment in case.get("alert_rule_test", []):
        # While an alert is kept after its expression ended, its words are those of the last true evaluation.
        now = start + timedelta(seconds=seconds(moment.pop("last_true", moment["eval_time"])))
        alert = moment["alertname"]
        for expected in moment["exp_alerts"]:
            labels, words = expected["exp_labels"], expected["exp_annotations"]
            labels.setdefault("team", "on-call")
            about = ALERTS[alert] | expected.pop("about", {})
            words.setdefault("summary", about["summary"])
            words |= _links(alert, about, labels, words["description"], now)
    case["start_timestamp"] = start.isoformat().replace("+00:00", "Z")
    return {"interval": "15s", **{key: value for key, value in case.items() if key not in OURS}}


@cache
def _groups(overlay: str) -> list[dict[str, Any]]:
    """Return the groups of rules that Prometheus reads, records first."""
    config = load().merged(json.loads(overlay))
    return groups(config, "records") + groups(config, "alerts")


def _rules(case: dict[str, Any]) -> list[dict[str, Any]]:
    """Return only the rules that the case is about, and the records they read: the others cost time."""
    wanted = {moment["alertname"] for moment in case.get("alert_rule_test", [])}
    wanted |= {name for moment in case.get("promql_expr_test", []) for name in RECORD.findall(moment["expr"])}
    return needed(_groups(json.dumps(case.get("config", {}))), wanted)


@pytest.mark.stack
@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in CASES])
def test_case(case: dict[str, Any], promtool: Path, tmp_path: Path) -> None:
    rules = _rules(case)
    assert rules
    (tmp_path / "rules.yaml").write_text(json.dumps({"groups": rules}), encoding="utf-8")  # JSON is YAML
    content = {
        "rule_files": ["rules.yaml"],
        # Hours of samples a minute apart need no look every 5 s.
        "evaluation_interval": case.get("evaluation", case.get("interval", "5s")),
        "group_eval_order": [group["name"] for group in rules],
        "tests": [_complete(case)],
    }
    file = tmp_path / "case.yaml"
    file.write_text(json.dumps(content), encoding="utf-8")
    done = subprocess.run([promtool, "test", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.stack
def test_promtool_accepts_the_rules(promtool: Path, tmp_path: Path) -> None:
    files = {name: text for name, text in render(load()).items() if name.startswith("prometheus/")}
    for name, text in files.items():
        (tmp_path / Path(name).name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [promtool, "check", "rules", "--lint=all", "--lint-fatal", *sorted(tmp_path.iterdir())],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _alerts_of_rules() -> set[str]:
    return {rule["alert"] for group in _groups("{}") for rule in group["rules"] if "alert" in rule}


@pytest.mark.parametrize("alert", sorted(_alerts_of_rules()))
def test_every_alert_has_cases_on_both_sides(alert: str) -> None:
    moments = [moment for case in CASES for moment in case.get("alert_rule_test", []) if moment["alertname"] == alert]
    sides = {bool(moment["exp_alerts"]) for moment in moments}
    assert sides == ({True} if alert == "Watchdog" else {True, False})


@pytest.mark.parametrize("alert", sorted(_alerts_of_rules() - STACK.keys()))
def test_every_alert_has_cases_of_each_kind(alert: str) -> None:
    shown = {
        kind
        for case in CASES
        for kind in case.get("shows", [])
        if any(moment["alertname"] == alert for moment in case.get("alert_rule_test", []))
    }
    assert NEEDED - shown == ALERTS[alert].get("without", {}).keys()


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case["name"]) for file in FILES if "alerts" in file for case in file["tests"]]
)
def test_a_case_shows_what_it_says(case: dict[str, Any]) -> None:
    sides = [bool(moment["exp_alerts"]) for moment in case["alert_rule_test"]]
    shows = set(case["shows"])
    assert shows <= KINDS
    assert any(sides) or "fires" not in shows
    assert not all(sides) or not shows & {"below", "idle"}
    assert sides[-2:] == [True, False] or "resolves" not in shows


def test_samples_are_text() -> None:
    """Bare `0x80` is 128 for YAML, and not 81 samples of zero."""
    wrong = [case["name"] for case in CASES for line in case["input_series"] if not isinstance(line["values"], str)]
    assert wrong == []


def test_no_two_cases_have_one_name() -> None:
    names = [case["name"] for case in CASES]
    assert sorted(set(names)) == sorted(names)
