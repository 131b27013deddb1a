"""A configuration changed on the real servers: taken, refused and taken back, without losing what fires."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.cli import main
from heliograph.demo._story import free_offset
from heliograph.errors import HeliographError
from heliograph.reload._http import get, get_json, sample
from heliograph.reload._native import Draft, carry_out, draft
from heliograph.stack._stack import Stack
from heliograph.stack._stores import Prometheus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from heliograph.reload import Report

NO_EXPRESSION = "groups: [{name: a, rules: [{alert: A, expr: 'sum('}]}]\n"
NO_RECEIVER = "route: {receiver: nobody}\nreceivers: []\n"
SOON = "alerts: {ServiceDown: {for: 5s}}\nrouting: {group_wait: 0s}\n"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("reload")
    (folder / "start.yaml").write_text(SOON, encoding="utf-8")
    stack = Stack(free_offset(), folder / "state", [folder / "start.yaml"])
    stack.up(timeout=120)
    yield stack
    stack.down()


@pytest.fixture
def change(stack: Stack, tmp_path: Path) -> Callable[[str], Draft]:
    """Return a function that drafts what the stack would have with one more overlay."""

    def change(text: str) -> Draft:
        files = [tmp_path / "start.yaml", tmp_path / "my.yaml"]
        for file, content in zip(files, (SOON, text), strict=True):
            file.write_text(content, encoding="utf-8")
        return draft(stack, files)

    return change


def _states(report: Report) -> dict[str, str]:
    return {outcome.server: outcome.state for outcome in report.outcomes}


def _rule(stack: Stack, name: str, severity: str) -> dict[str, Any]:
    groups = Prometheus(stack.urls["prometheus"])._get("/api/v1/rules", {})["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    found: dict[str, Any] = next(
        rule for rule in rules if rule["name"] == name and rule.get("labels", {}).get("severity") == severity
    )
    return found


def _eventually(holds: Callable[[], Any], seconds: float = 90.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    return found


def test_prometheus_and_alertmanager_take_a_change_and_an_alert_goes_on_firing(
    stack: Stack, change: Callable[[str], Draft]
) -> None:
    def firing() -> list[dict[str, Any]]:
        found = Prometheus(stack.urls["prometheus"]).alerts()
        return [a for a in found if a["labels"].get("job") == "jaeger" and a["state"] == "firing" and "activeAt" in a]

    stack.stop_one("jaeger")
    before = _eventually(firing)
    report, checked = carry_out(change("alerts: {ServiceDown: {for: 7s}, HighHourlyCost: {warning: 3}}"))
    assert checked[:2] == ["promtool accepts it", "amtool accepts it"]
    assert _states(report)["prometheus"] == "took it"
    assert _rule(stack, "ServiceDown", "critical")["duration"] == 7
    assert "> 3" in _rule(stack, "HighHourlyCost", "warning")["query"]
    after = firing()  # at once: neither pending again nor gone
    assert [a["activeAt"] for a in after] == [a["activeAt"] for a in before]
    stack.start_one("jaeger")


def test_alertmanager_takes_a_route(stack: Stack, change: Callable[[str], Draft]) -> None:
    report, _ = carry_out(change("routing: {repeat_interval: 7h}"))
    assert _states(report)["alertmanager"] == "took it"
    assert "repeat_interval: 7h" in get_json(f"{stack.urls['alertmanager']}/api/v2/status")["config"]["original"]


def _spoilt(drafted: Draft, path: str, text: str) -> Draft:
    return replace(drafted, files={**drafted.files, path: text}, changed={**drafted.changed, path: text})


@pytest.mark.parametrize(
    ("path", "text", "tool"),
    [
        ("prometheus/generated/alerts.yaml", NO_EXPRESSION, "promtool"),
        ("alertmanager/generated/alertmanager.yaml", NO_RECEIVER, "amtool"),
    ],
)
def test_a_tool_refuses_before_anything_is_replaced(
    stack: Stack, change: Callable[[str], Draft], path: str, text: str, tool: str
) -> None:
    before = stack.workspace.written()
    with pytest.raises(HeliographError, match=f"{tool} refuses the new configuration; nothing was replaced"):
        carry_out(_spoilt(change("alerts: {HighHourlyCost: {warning: 2}}"), path, text))
    assert stack.workspace.written() == before


@pytest.mark.parametrize(
    ("server", "spoilt"),
    [
        ("prometheus", ("prometheus/generated/alerts.yaml", NO_EXPRESSION)),
        ("alertmanager", ("alertmanager/generated/alertmanager.yaml", NO_RECEIVER)),
    ],
)
def test_a_server_refuses_and_the_old_files_come_back(
    stack: Stack,
    change: Callable[[str], Draft],
    monkeypatch: pytest.MonkeyPatch,
    server: str,
    spoilt: tuple[str, str],
) -> None:
    """As on a machine without promtool and amtool, where nobody looks before."""
    monkeypatch.setattr("heliograph.reload._native.precheck", lambda *_args, **_kwargs: [])
    before = stack.workspace.written()
    wanted = _rule(stack, "HighHourlyCost", "warning")["query"]
    report, _ = carry_out(_spoilt(change("alerts: {HighHourlyCost: {warning: 1}}"), *spoilt))
    assert report.back
    refused = next(outcome for outcome in report.outcomes if outcome.state == "refused")
    assert refused.server == server
    assert "fail" in refused.note.lower() or "undefined receiver" in refused.note
    assert stack.workspace.written() == before
    assert _rule(stack, "HighHourlyCost", "warning")["query"] == wanted
    name = f"{server}_config_last_reload_successful"
    assert sample(get(f"{stack.urls[server]}/metrics"), name) == 1


def test_a_setting_read_at_the_start_waits_for_a_restart(stack: Stack, change: Callable[[str], Draft]) -> None:
    text = "retention: {prometheus: 20d}\nmeter: {wait: 11s}\n"
    report, _ = carry_out(change(text))
    assert _states(report) | {"prometheus": "needs a restart", "meter": "needs a restart"} == _states(report)
    assert not report.in_force
    again = change(text)
    assert again.restarts == {"prometheus": "--storage.tsdb.retention.time", "meter": "meter.json"}
    report, _ = carry_out(again, restart=True)
    assert _states(report)["prometheus"] == _states(report)["meter"] == "restarted"
    flags = get_json(f"{stack.urls['prometheus']}/api/v1/status/flags")["data"]
    assert flags["storage.tsdb.retention.time"] == "20d"
    assert change(text).restarts == {}


def test_the_command(stack: Stack, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*arguments: str) -> int:
        try:
            main(["reload", "--state", str(stack.workspace.root), "--port-offset", str(stack.offset), *arguments])
        except SystemExit as leave:
            return int(leave.code or 0)
        return 0

    carry_out(draft(stack, []), restart=True)
    mine = tmp_path / "mine.yaml"
    mine.write_text("alerts: {HighHourlyCost: {warning: 4}}\n", encoding="utf-8")
    assert run("--config", str(mine), "--diff") == 1
    assert "threshold 10 → 4" in capsys.readouterr().out
    assert run("--config", str(mine), "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["in_force"]
    assert said["servers"]["prometheus"]["state"] == "took it"
    assert run() == 0  # with the files it runs with now
    assert "Nothing to do" in capsys.readouterr().out
    assert run("--shipped") == 0
    assert "threshold 4 → 10" in capsys.readouterr().out
    assert run("--config", str(mine), "--shipped") == 2


def test_loki_shows_changed_rules(change: Callable[[str], Draft]) -> None:
    rule = "groups: [{name: g, rules: [{alert: Logged, expr: 'sum(count_over_time({job=\"a\"}[1m])) > 1', for: 1m}]}]\n"
    report, checked = carry_out(_spoilt(change(""), "loki/rules/fake/test.yaml", rule))
    assert "loki reads all" in checked[-1]
    assert _states(report)["loki"] == "took it"
    with pytest.raises(HeliographError, match="Loki cannot read the expression of Logged"):
        carry_out(_spoilt(change(""), "loki/rules/fake/test.yaml", rule.replace("sum(", "sum((")))
