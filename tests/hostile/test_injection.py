"""Names that others choose (tenants, users, models) within queries and links: whatever they hold, they stay values."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
from ruamel.yaml import YAML

from heliograph.config import load, render
from heliograph.stack._build import binary

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.stack

NAMES: Final = {
    "the end of a selector": '"} or vector(1) #',
    "everybody's events": '"} | tenant=~".+" or {service_name=~"',
    "a backslash at the end": "a\\",
    "an escaped quote": '\\" or 1',
    "a backtick": "a` or `b",
    "another line": "a\nb",
    "a template": "{{ .CommonLabels }} {{ $labels.job }} {{/*",
    "an argument of the address": "a&var-service=$__all#x?y=/../",
    "the end of JSON": '"}],"datasource":"evil"}}}',
    "dollars": "$0 ${1} $__all",
    "per cents": "%s %22 100%",
    "markup": "<script>alert(1)</script>",
    "right to left": "abc\u202egpj.exe",
    "nothing special": "acme & söhne",
}

LABELS: Final = ("job", "deployment_environment_name", "provider", "model", "tenant", "user_id", "chain")
WANTED: Final = ("query", "logs_url", "dashboard_url")
ALERTS: Final = ("HighLLMErrorRate", "HighTenantCost", "HighUserCost", "ProviderOutage", "RunawayAgent")


def in_go(text: str) -> str:
    """Write a text as Go, and so PromQL and LogQL, write and read it: https://pkg.go.dev/strconv#Quote."""
    short = {'"': '\\"', "\\": "\\\\", "\n": "\\n"}
    said = (short.get(each) or (each if each.isprintable() else f"\\u{ord(each):04x}") for each in text)
    return f'"{"".join(said)}"'


@pytest.fixture(scope="module")
def rules() -> dict[str, dict[str, Any]]:
    """Give the first rule of each alert that has a query to paste."""
    files = render(load())
    found: dict[str, dict[str, Any]] = {}
    for name in ("prometheus/generated/alerts.yaml", "loki/generated/alerts.yaml"):
        for group in YAML(typ="safe").load(files[name])["groups"]:
            for rule in group["rules"]:
                if "query" in rule.get("annotations", {}):
                    found.setdefault(rule["alert"], rule)
    return found


def shown(rule: dict[str, Any], folder: Path) -> dict[str, dict[str, str]]:
    """Have Prometheus say, for each of the names, what a rule's annotations say: as labels, which promtool shows."""
    content = [{"alert": name, "expr": "given", "labels": {"said": rule["annotations"][name]}} for name in WANTED]
    (folder / "rules.yaml").write_text(json.dumps({"groups": [{"name": "g", "rules": content}]}))
    series = [
        "given{" + ", ".join([f'case="{name}"', *(f"{label}={in_go(evil)}" for label in LABELS)]) + "}"
        for name, evil in NAMES.items()
    ]
    seen = {"expr": "ALERTS", "eval_time": "15s", "exp_samples": []}  # it fails, and shows what it got
    inputs = [{"series": each, "values": "1 1"} for each in series]
    test = {"interval": "15s", "input_series": inputs, "promql_expr_test": [seen]}
    (folder / "test.yaml").write_text(json.dumps({"rule_files": ["rules.yaml"], "tests": [test]}))
    command: list[str | Path] = [binary("promtool"), "test", "rules", folder / "test.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said: dict[str, dict[str, str]] = {}
    for sample in (done.stdout + done.stderr).split('{__name__="ALERTS", alertname="')[1:]:
        annotation = sample.partition('"')[0]
        case = sample.partition(' case="')[2].partition('"')[0]
        said.setdefault(case, {})[annotation] = _first_text(sample.rpartition(' said="')[2])
    assert {name: set(each) for name, each in said.items()} == {name: set(WANTED) for name in NAMES}, done.stdout
    return said


def _first_text(rest: str) -> str:
    """Read what Go quoted, up to the quote that ends it."""
    end = 0
    while rest[end] != '"':
        end += 2 if rest[end] == "\\" else 1
    text: str = json.loads(f'"{rest[:end]}"')
    return text


@pytest.mark.parametrize("alert", ALERTS)
def test_a_query_and_its_links_ask_for_this_value_only(
    rules: dict[str, dict[str, Any]], alert: str, tmp_path: Path
) -> None:
    template = rules[alert]["annotations"]["query"]
    said = shown(rules[alert], tmp_path)
    for name, evil in NAMES.items():
        expected = template
        for label in LABELS:
            expected = expected.replace(f'{{{{ $labels.{label} | printf "%q" }}}}', in_go(evil))
        assert expected != template
        assert said[name]["query"] == expected, name
        link = urlsplit(said[name]["logs_url"])
        assert link.netloc == "localhost:3001"
        asked = parse_qs(link.query, strict_parsing=True)
        assert set(asked) == {"schemaVersion", "orgId", "panes"}, name
        (panes,) = asked["panes"]
        assert [each["expr"] for each in json.loads(panes)["logs"]["queries"]] == [expected], name
        board = urlsplit(said[name]["dashboard_url"])
        chosen = parse_qs(board.query, strict_parsing=True)
        assert board.fragment == ""
        assert {value for key, values in chosen.items() if key.startswith("var-") for value in values} <= {evil}
