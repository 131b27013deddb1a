"""What `heliograph export` gives to servers that a user runs already."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import rjsonnet
from click.testing import CliRunner, Result
from ruamel.yaml import YAML

from heliograph.config import load, render
from heliograph.errors import HeliographError
from heliograph.export._cli import export, warn_of_links
from heliograph.export._folder import LIST, files, write
from heliograph.export._kubernetes import manifests
from heliograph.export._pieces import pieces
from heliograph.stack._paths import config_root

if TYPE_CHECKING:
    from pathlib import Path

    from heliograph.export._pieces import Pieces

CONFIG = load()
KEPT = pieces(CONFIG, with_stack=False)
WHOLE = pieces(CONFIG, with_stack=True)
FILES = files(KEPT)

# The fields of the Prometheus operator's Rule and RuleGroup (https://prometheus-operator.dev/docs/api-reference/api/).
GROUP = {"name", "labels", "interval", "query_offset", "rules", "partial_response_strategy", "limit"}
RULE = {"record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations"}
MIB = 1024 * 1024


def run(*arguments: str) -> Result:
    return CliRunner().invoke(export, arguments)


def parsed(text: str) -> Any:
    return YAML(typ="safe").load(text)


def committed(file: str) -> Any:
    return parsed((config_root() / file).read_text())


def test_alerts_about_our_own_servers_stay_out_unless_asked_for() -> None:
    about_servers = {"CollectorQueueFilling", "RulesFailing", "DiskFilling", "Watchdog"}
    assert about_servers <= WHOLE.alert_names
    assert not about_servers & KEPT.alert_names
    assert {"HighLLMErrorRate", "ServiceDown", "NoTraffic", "RunawayAgent", "CostBudgetSpent"} <= KEPT.alert_names


def test_a_target_of_theirs_that_is_down_is_no_alert_of_ours() -> None:
    down = [rule for group in KEPT.alerts for rule in group["rules"] if rule["alert"] == "ServiceDown"]
    assert [rule["labels"]["signal"] for rule in down] == ["heartbeat"]


@pytest.mark.parametrize("kept", [KEPT, WHOLE], ids=["without the stack", "with it"])
def test_an_alert_links_to_no_board_that_is_not_there(kept: Pieces) -> None:
    there = {json.loads(text)["uid"] for text in kept.boards.values()}
    links = [
        rule["annotations"].get("dashboard_url", "")
        for group in (*kept.alerts, *kept.log_alerts)
        for rule in group["rules"]
    ]
    linked = {uid for link in links for uid in re.findall(r"/d/([\w-]+)/", link)}
    assert linked
    assert linked <= there


def test_with_the_stack_nothing_is_left_out() -> None:
    for file, groups in (("records", WHOLE.records), ("alerts", WHOLE.alerts)):
        assert groups == committed(f"prometheus/generated/{file}.yaml")["groups"]
    assert set(WHOLE.boards) - set(KEPT.boards) == {"stack-health"}


def test_each_alert_has_its_runbook_and_no_page_is_without() -> None:
    assert {path.stem for path in KEPT.runbooks} == KEPT.alert_names


def test_the_readme_names_every_kind_of_file() -> None:
    for kind in {name.partition("/")[0] for name in FILES} - {"README.md", LIST}:
        assert f"{kind}/" in FILES["README.md"] or f"## {kind.title()}" in FILES["README.md"]


def test_a_second_export_changes_nothing_and_an_overlay_changes_only_what_it_is_about(tmp_path: Path) -> None:
    overlay = tmp_path / "mine.yaml"
    overlay.write_text("links: {grafana: 'https://grafana.example'}\n")
    folder = tmp_path / "out"

    assert set(write(folder, FILES).values()) == {"new"}
    assert set(write(folder, FILES).values()) == {"same"}
    changed = json.loads(run("--to", str(folder), "--config", str(overlay), "--json").stdout)["files"]

    assert changed["prometheus/heliograph-alerts.yaml"] == "changed"
    assert changed["prometheus/heliograph-records.yaml"] == "same"
    assert "https://grafana.example/d/" in (folder / "prometheus/heliograph-alerts.yaml").read_text()


def test_what_an_earlier_export_wrote_and_this_one_does_not_is_removed(tmp_path: Path) -> None:
    write(tmp_path, files(WHOLE))
    assert (tmp_path / "grafana/stack-health.json").exists()
    assert write(tmp_path, FILES)["grafana/stack-health.json"] == "removed"
    assert not (tmp_path / "grafana/stack-health.json").exists()
    assert (tmp_path / "grafana/cost.json").exists()


def test_a_list_that_leads_out_of_the_folder_removes_nothing_there(tmp_path: Path) -> None:
    outside = tmp_path / "precious"
    outside.write_text("keep me")
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / LIST).write_text(json.dumps({"files": ["../precious", str(outside)]}))
    assert "removed" not in write(folder, FILES).values()
    assert outside.read_text() == "keep me"


def test_a_file_of_somebody_else_is_not_overwritten_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(HeliographError, match=r"README.md exists"):
        write(tmp_path, FILES)
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]
    assert (tmp_path / "README.md").read_text() == "mine"


MISTAKES = {
    "a label without a value": (["--to", "kubernetes", "--label", "release"], "not KEY=VALUE"),
    "a label that is no label": (["--to", "kubernetes", "--label", "a b=c"], "not KEY=VALUE"),
    "a namespace that is none": (["--to", "kubernetes", "--namespace", "No_Such"], "not a name"),
    "a namespace for a folder": (["--to", "out", "--namespace", "monitoring"], "go with --to kubernetes"),
    "no place": ([], "Missing option '--to'"),
}


@pytest.mark.parametrize(("arguments", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named(arguments: list[str], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.output


@pytest.mark.parametrize("link", ["http://localhost:3001", "http://127.0.0.1/x", "http://[::1]:3000"])
def test_links_to_ones_own_machine_are_pointed_out(link: str, capsys: pytest.CaptureFixture[str]) -> None:
    warn_of_links({"grafana": "https://grafana.example", "runbooks": link})
    assert "(links.runbooks)" in capsys.readouterr().err


def test_links_to_other_machines_are_not(capsys: pytest.CaptureFixture[str]) -> None:
    warn_of_links({"grafana": "https://grafana.example", "runbooks": "https://localhost.example/runbooks"})
    assert capsys.readouterr().err == ""


def test_kubernetes_gets_rules_and_boards_as_its_operators_choose_them() -> None:
    objects = list(manifests(KEPT, namespace="monitoring", labels={"release": "prometheus"}))
    assert {one["metadata"]["namespace"] for one in objects} == {"monitoring"}
    rules = [one for one in objects if one["kind"] == "PrometheusRule"]
    assert [rule["metadata"]["labels"]["release"] for rule in rules] == ["prometheus", "prometheus"]
    for group in (group for rule in rules for group in rule["spec"]["groups"]):
        assert group.keys() <= GROUP
        assert all(rule.keys() <= RULE for rule in group["rules"])
    boards = {
        name: json.loads(text)
        for one in objects
        if one["metadata"]["labels"].get("grafana_dashboard") == "1"
        for name, text in one["data"].items()
    }
    assert boards == {f"{name}.json": json.loads(text) for name, text in KEPT.boards.items()}


def test_no_object_is_too_large_for_a_cluster() -> None:
    """Etcd takes 1.5 MiB, a ConfigMap 1 MiB; `kubectl apply` keeps a second copy of up to 256 KiB in an annotation."""
    for one in manifests(WHOLE, namespace=None, labels={}):
        assert len(json.dumps(one)) < MIB / 4, one["metadata"]["name"]


def test_standard_output_is_a_stream_of_documents_and_nothing_else() -> None:
    result = run("--to", "kubernetes")
    documents = list(YAML(typ="safe").load_all(result.stdout))
    assert documents == list(manifests(KEPT, namespace=None, labels={}))
    listed = json.loads(run("--to", "kubernetes", "--json").stdout)
    assert listed["items"] == documents


def test_a_mixin_gives_what_generate_gives() -> None:
    overlay = {"alerts": {"HighLLMLatency": {"warning": 20, "critical": 60}}}
    source = f"""
      local mixin = (import '{config_root()}/mixin/mixin.libsonnet') {{
        _config+:: {{ alerts+: {{ HighLLMLatency+: {{ warning: 20, critical: 60 }} }} }},
        _withStack:: true,
      }};
      {{ alerts: mixin.prometheusAlerts, records: mixin.prometheusRules, boards: mixin.grafanaDashboards }}
    """
    made = json.loads(rjsonnet.evaluate_snippet("test", source))
    rendered = render(CONFIG.merged(overlay))
    assert made["alerts"] == parsed(rendered["prometheus/generated/alerts.yaml"])
    assert made["records"] == parsed(rendered["prometheus/generated/records.yaml"])
    assert made["boards"]["cost.json"] == json.loads(rendered["dashboards/generated/cost.json"])
    assert made["alerts"] != committed("prometheus/generated/alerts.yaml")


def test_a_mixin_leaves_out_what_an_export_leaves_out() -> None:
    source = f"""
      local mixin = import '{config_root()}/mixin/mixin.libsonnet';
      {{
        alerts: mixin.prometheusAlerts.groups,
        records: mixin.prometheusRules.groups,
        log_alerts: mixin.lokiAlerts.groups,
        boards: mixin.grafanaDashboards,
      }}
    """
    made = json.loads(rjsonnet.evaluate_snippet("test", source))
    assert made["alerts"] == KEPT.alerts
    assert made["records"] == KEPT.records
    assert made["log_alerts"] == KEPT.log_alerts
    assert made["boards"] == {f"{name}.json": json.loads(text) for name, text in KEPT.boards.items()}
