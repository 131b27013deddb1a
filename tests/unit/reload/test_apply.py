"""One change at several servers: who takes it, and what happens when one says no. The servers are doubles over HTTP."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.reload import apply
from heliograph.reload._files import replace
from heliograph.reload._rules import as_run, as_written
from heliograph.reload._servers import Alertmanager, Grafana, Prometheus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Answer = Callable[[str, str], tuple[int, str]]

RULES = "groups: [{name: g, rules: [{alert: A, expr: a > 1, for: 1m, labels: {severity: warning}}]}]\n"
CHANGED = RULES.replace("1m", "2m")
FILE = "prometheus/generated/alerts.yaml"


class Double:
    """A server whose answers a test chooses: (method, path) → (status, body)."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.answer: Answer = lambda _method, _path: (200, "{}")
        double = self

        class Handler(BaseHTTPRequestHandler):
            def _reply(self) -> None:
                double.asked.append((self.command, self.path))
                status, body = double.answer(self.command, self.path)
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body.encode())

            do_GET = do_POST = _reply  # noqa: N815 - http.server's names

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def double() -> Iterator[Double]:
    made = Double()
    yield made
    made.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / FILE).parent.mkdir(parents=True)
    (tmp_path / FILE).write_text(RULES)
    return tmp_path


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_SOON", "_POLLED"):
        monkeypatch.setattr(f"heliograph.reload._servers.{name}", 0.5)


def _prometheus(root: Path, *, status: int = 200, text: str = "") -> Answer:
    """Return a Prometheus that reads the file anew at each reload that it accepts."""
    running = {"rules": (root / FILE).read_text()}

    def answer(method: str, path: str) -> tuple[int, str]:
        if path == "/-/reload" and method == "POST":
            if status == 200 or (root / FILE).read_text() == RULES:
                running["rules"] = (root / FILE).read_text()
                return 200, ""
            return status, text
        if path == "/metrics":
            return 200, "prometheus_config_last_reload_successful 1\n"
        if path == "/api/v1/rules":
            seconds = 120 if "2m" in running["rules"] else 60
            rule = {"name": "A", "duration": seconds, "labels": {"severity": "warning"}}
            group = {"name": "g", "file": f"/etc/{FILE}", "rules": [rule]}
            return 200, json.dumps({"data": {"groups": [group]}})
        return 200, "{}"

    return answer


def test_a_change_is_taken_and_seen(root: Path, double: Double) -> None:
    double.answer = _prometheus(root)
    report = apply(root, {FILE: CHANGED}, {FILE: CHANGED}, [Prometheus(double.url), Alertmanager(double.url)])
    assert [(o.server, o.state) for o in report.outcomes] == [("prometheus", "took it"), ("alertmanager", "unchanged")]
    assert report.in_force
    assert (root / FILE).read_text() == CHANGED


@pytest.mark.parametrize(
    ("status", "text", "note"),
    [
        (500, "couldn't load configuration: line 3", "line 3"),
        (403, "Lifecycle API is not enabled.", "--web.enable-lifecycle"),
    ],
)
def test_a_refusal_brings_the_old_files_back(root: Path, double: Double, status: int, text: str, note: str) -> None:
    double.answer = _prometheus(root, status=status, text=text)
    report = apply(root, {FILE: CHANGED}, {FILE: CHANGED}, [Prometheus(double.url)])
    assert report.back
    assert not report.in_force
    assert [o.state for o in report.outcomes] == ["refused"]
    assert note in report.outcomes[0].note
    assert (root / FILE).read_text() == RULES
    assert double.asked.count(("POST", "/-/reload")) == 2  # the second with the old files


def test_a_server_that_shows_other_rules_did_not_take_it(root: Path, double: Double) -> None:
    """For example another Prometheus, which listens at that port and reads other files."""
    double.answer = lambda _method, path: (
        (200, "prometheus_config_last_reload_successful 1\n")
        if path == "/metrics"
        else (
            200,
            '{"data": {"groups": []}}',
        )
    )
    report = apply(root, {FILE: CHANGED}, {FILE: CHANGED}, [Prometheus(double.url)])
    assert report.back
    assert report.outcomes[0].state == "silent"
    assert (root / FILE).read_text() == RULES


def test_the_first_server_goes_back_when_the_second_refuses(root: Path, double: Double) -> None:
    prometheus = _prometheus(root)
    other = Double()
    other.answer = lambda _method, path: (500, "undefined receiver") if path == "/-/reload" else (200, "{}")
    double.answer = prometheus
    route = "alertmanager/generated/alertmanager.yaml"
    files = {FILE: CHANGED, route: "route: {}\n"}
    try:
        report = apply(root, files, files, [Prometheus(double.url), Alertmanager(other.url)])
    finally:
        other.close()
    assert report.back
    assert (root / FILE).read_text() == RULES
    assert not (root / route).exists()
    assert json.loads(prometheus("GET", "/api/v1/rules")[1])["data"]["groups"][0]["rules"][0]["duration"] == 60


def test_a_server_that_does_not_run_is_no_refusal(root: Path) -> None:
    report = apply(root, {FILE: CHANGED}, {FILE: CHANGED}, [Prometheus("http://127.0.0.1:9")])
    assert [o.state for o in report.outcomes] == ["does not run"]
    assert not report.back
    assert not report.in_force
    assert (root / FILE).read_text() == CHANGED


@pytest.mark.parametrize(("version", "state"), [(2, "took it"), (1, "silent")])
def test_grafana_shows_a_new_version_and_is_no_reason_to_go_back(
    root: Path, double: Double, version: int, state: str
) -> None:
    board = "dashboards/generated/b.json"

    def answer(_method: str, path: str) -> tuple[int, str]:
        now = version if (root / board).exists() else 1
        return 200, json.dumps({"dashboard": {"version": now}}) if "uid/b" in path else "{}"

    double.answer = answer
    files = {board: '{"uid": "b"}'}
    report = apply(root, files, files, [Grafana(double.url)])
    assert [o.state for o in report.outcomes] == [state]
    assert not report.back
    assert (root / board).exists()


def test_files_that_go(root: Path) -> None:
    before = replace(root, {FILE: None, "new.yaml": "x"})
    assert before == {FILE: RULES, "new.yaml": None}
    assert not (root / FILE).exists()
    replace(root, before)
    assert (root / FILE).read_text() == RULES
    assert not (root / "new.yaml").exists()


def test_a_full_disk_leaves_the_old_files(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from heliograph.reload import _files

    put = _files._put

    def full(target: Path, text: str | None) -> None:
        if target.name == "b.yaml" and text is not None:
            raise OSError(28, "No space left on device")
        put(target, text)

    monkeypatch.setattr(_files, "_put", full)
    with pytest.raises(OSError, match="No space left"):
        replace(root, {FILE: CHANGED, "b.yaml": "x"})
    assert (root / FILE).read_text() == RULES
    assert not (root / "b.yaml").exists()


def test_rules_of_a_users_own_are_left_out() -> None:
    groups = [
        {
            "name": "g",
            "file": f"/etc/{FILE}",
            "rules": [{"name": "A", "duration": 60, "labels": {"severity": "warning"}}],
        },
        {"name": "mine", "file": "/etc/mine.yaml", "rules": [{"name": "M"}]},
    ]
    assert as_run({"data": {"groups": groups}}, [FILE]) == as_written([RULES])
