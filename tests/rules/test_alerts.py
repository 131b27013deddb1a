"""Every alert on both sides: it fires when it must, with exactly these labels and words, and is quiet otherwise.

The cases are in `<area>_test.yaml`, in promtool's own format. What would be the same in each of them is added here, by
an implementation of its own: the sentence of the summary, and the links with their times.
"""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
from ruamel.yaml import YAML

from heliograph.config import load, render
from heliograph.config._types import seconds

FOLDER = Path(__file__).parent
START = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
GRAFANA = "http://localhost:3001/d"
JAEGER = "http://localhost:16686/search"

SUMMARIES = {
    "HighQueryErrorRate": "Users' queries fail more often than agreed.",
    "HighQueryLatency": "Users wait longer for answers than agreed.",
    "HighLLMErrorRate": "Calls to a model fail more often than agreed.",
    "HighLLMLatency": "A model answers more slowly than agreed.",
    "HighQuotaUse": "A provider's rate limit is nearly used up; calls will be refused.",
    "HighHourlyCost": "A service spends more in an hour than agreed.",
    "HighHourlyTokens": "A service uses more tokens in an hour than agreed.",
    "HighDailyCost": "At this pace a service spends more in a day than agreed.",
    "ServiceDown": "A service does not answer.",
}
# What the search in Jaeger is narrowed to; absent: the alert has no link to traces.
ERRORS = "&tags=%7B%22error%22%3A%22true%22%7D"
TRACES = {
    ("HighQueryErrorRate", "5"): ERRORS,
    ("HighQueryErrorRate", "15"): ERRORS,
    ("HighQueryErrorRate", "25"): ERRORS,
    ("HighLLMErrorRate", "5"): ERRORS,
    ("HighLLMErrorRate", "10"): ERRORS,
    ("HighQueryLatency", "30"): "&minDuration=30s",
    ("HighQueryLatency", "60"): "&minDuration=60s",
    ("HighLLMLatency", "2"): "&minDuration=2s",
    ("HighLLMLatency", "5"): "&minDuration=5s",
    ("ServiceDown", ""): "",
}
VARIABLES = {"environment": "deployment_environment_name", "model": "model", "service": "job"}


# A file may state, for all of its cases, the summaries of its alerts and the board that their links lead to.
FILES: list[dict[str, Any]] = [
    YAML(typ="safe").load(file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob("*_test.yaml"))
]
for _file in FILES:
    SUMMARIES |= _file.get("summaries", {})
BOARDS = {alert: file["board"] for file in FILES if "board" in file for alert in file["summaries"]}


def _cases() -> list[Any]:
    return [pytest.param(case, id=case["name"]) for file in FILES for case in file["tests"]]


def _links(alert: str, labels: dict[str, str], description: str, now: datetime) -> dict[str, str]:
    hour_ago = int((now - timedelta(hours=1)).timestamp() * 1000)
    variables = "".join(
        f"&var-{variable}={quote_plus(labels[label])}"
        for variable, label in VARIABLES.items()
        # A limit is that of the model that was asked for; the board's models are those that answered.
        if labels.get(label) and (alert, label) != ("HighQuotaUse", "model")
    )
    board = "stack-health" if labels.get("signal") == "scrape" else BOARDS.get(alert, "llm-overview")
    links = {
        "runbook_url": f"http://localhost:8025/runbooks/{alert}",
        "dashboard_url": f"{GRAFANA}/heliograph-{board}/{board}?from={hour_ago}&to=now"
        + (variables if alert not in BOARDS else ""),  # which is about the stack, not about a service
    }
    threshold = description.partition("(threshold: ")[2].partition(" ")[0]
    if (alert, threshold) in TRACES and labels.get("signal") != "scrape":
        window = f"&start={hour_ago * 1000}&end={int(now.timestamp() * 1_000_000)}&lookback=custom&limit=20"
        links["trace_url"] = f"{JAEGER}?service={quote_plus(labels['job'])}{window}{TRACES[alert, threshold]}"
    return links


def _complete(case: dict[str, Any]) -> dict[str, Any]:
    case = json.loads(json.dumps(case))  # a copy, in which YAML's aliases share nothing
    for moment in case["alert_rule_test"]:
        # While an alert is kept after its expression ended, its words are those of the last true evaluation.
        now = START + timedelta(seconds=seconds(moment.pop("last_true", moment["eval_time"])))
        alert = moment["alertname"]
        for expected in moment["exp_alerts"]:
            words = expected["exp_annotations"]
            words.setdefault("summary", SUMMARIES[alert])
            words |= _links(alert, expected["exp_labels"], words["description"], now)
            expected["exp_labels"].setdefault("team", "on-call")
    return {"interval": "15s", "start_timestamp": START.isoformat().replace("+00:00", "Z"), **case}


@pytest.fixture(scope="session")
def rules(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Rule files as rendered from the shipped heliograph.yaml."""
    folder = tmp_path_factory.mktemp("rules")
    files = {name: text for name, text in render(load()).items() if name.startswith("prometheus/")}
    for name, text in files.items():
        (folder / Path(name).name).write_text(text, encoding="utf-8")
    return [str(folder / Path(name).name) for name in files]


@pytest.mark.stack
@pytest.mark.parametrize("case", _cases())
def test_alert(case: dict[str, Any], rules: list[str], promtool: Path, tmp_path: Path) -> None:
    file = tmp_path / "case.yaml"
    # Hours of samples a minute apart need no look every 5 s.
    content = {"rule_files": rules, "evaluation_interval": case.get("interval", "5s"), "tests": [_complete(case)]}
    file.write_text(json.dumps(content), encoding="utf-8")  # JSON is YAML
    done = subprocess.run([promtool, "test", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.stack
def test_promtool_accepts_the_rules(rules: list[str], promtool: Path) -> None:
    done = subprocess.run(
        [promtool, "check", "rules", "--lint=all", "--lint-fatal", *rules], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_cases_on_both_sides() -> None:
    seen: dict[str, set[bool]] = {name: set() for name in SUMMARIES}
    for case in _cases():
        for moment in case.values[0]["alert_rule_test"]:
            seen[moment["alertname"]].add(bool(moment["exp_alerts"]))
    assert {name: sides for name, sides in seen.items() if sides != {True, False}} == {}
