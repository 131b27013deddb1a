"""`heliograph alerts` and `heliograph ack` on the real Alertmanager, and who is told of what afterwards."""

from __future__ import annotations

import itertools
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.stack

Alertmanager = Any  # tests/routing/conftest.py

HERE = {"job": "assistant", "deployment_environment_name": "prod", "team": "search"}
FAILING = {"alertname": "HighLLMErrorRate", "severity": "critical", "level": "P2", "model": "gpt-4o", **HERE}
ELSEWHERE = {**FAILING, "job": "another"}
OTHER_MODEL = {**FAILING, "model": "o3"}
TICKET = {**FAILING, "severity": "warning", "level": "P3"}
WATCHDOG = {"alertname": "Watchdog", "severity": "info"}
LABELS = (FAILING, ELSEWHERE, OTHER_MODEL, TICKET)
NUMBERS = itertools.count(1)
QUIET = 2.5  # s: two group intervals and more; whatever should not come would have come


class Told(ThreadingHTTPServer):
    """The webhook that Alertmanager sends to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Webhook)
        self.bodies: list[dict[str, Any]] = []
        self.environment = ""
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def said(self) -> list[tuple[str, str, str]]:
        """What was told: status, service and model of each alert of each message."""
        return [
            (alert["status"], alert["labels"]["job"], alert["labels"]["model"])
            for body in self.bodies
            for alert in body["alerts"]
            if alert["labels"]["deployment_environment_name"] == self.environment
        ]

    def of_here(self) -> list[dict[str, Any]]:
        """Return the messages about this test's environment."""
        return [b for b in self.bodies if b["commonLabels"]["deployment_environment_name"] == self.environment]

    def wait(self, count: int) -> None:
        deadline = time.monotonic() + 20
        while len(self.said) < count and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(self.said) >= count, self.said


class _Webhook(BaseHTTPRequestHandler):
    server: Told

    def do_POST(self) -> None:
        self.server.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def told() -> Iterator[Told]:
    server = Told()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def running(run_alertmanager: Any, told: Told, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertmanager]:
    folder = tmp_path_factory.mktemp("ack")
    (folder / "url").write_text(f"http://127.0.0.1:{told.server_address[1]}/\n", encoding="utf-8")
    overlay = {
        "channels": {"inbox": {"enabled": False}, "webhook": {"enabled": True, "url_file": str(folder / "url")}},
        "routing": {"group_wait": "200ms", "group_interval": "1s"},
    }
    with run_alertmanager(folder, overlay) as server:
        yield server


@pytest.fixture
def alertmanager(running: Alertmanager, told: Told) -> Iterator[Alertmanager]:
    """Hand out the running server, and take back what the test left in it: alerts and silences.

    What it remembers of messages cannot be taken back, so each test is an environment of its own.
    """
    told.environment = f"test-{next(NUMBERS)}"
    for labels in LABELS:
        labels["deployment_environment_name"] = told.environment
    yield running
    for silence in running.ask("silences"):
        if silence["status"]["state"] != "expired":
            running.ask(f"silence/{silence['id']}", method="DELETE")
    left = [alert["labels"] for alert in running.ask("alerts")]
    if left:
        running.end(*left)


class Ended:
    """How a command ended."""

    def __init__(self, code: object, out: str, err: str) -> None:
        self.code, self.out, self.err = code or 0, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def run(alertmanager: Alertmanager, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Run a command of `heliograph` against the server; without rulers unless the test names one."""

    def call(command: str, *arguments: str) -> Ended:
        rulers = [] if command == "ack" or "--prometheus" in arguments else ["--prometheus", "http://127.0.0.1:9"]
        rulers += [] if command == "ack" else ["--loki", "http://127.0.0.1:9"]
        code: object = None
        try:
            main([command, "--alertmanager", alertmanager.url, *rulers, *arguments])
        except SystemExit as leave:
            code = leave.code
        return Ended(code, *capsys.readouterr())

    return call


Run = Any


def test_an_acknowledged_alert_is_not_told_and_that_of_another_service_is(
    alertmanager: Alertmanager, told: Told, run: Run
) -> None:
    alertmanager.post(FAILING)
    told.wait(1)
    done = run("ack", "HighLLMErrorRate", "--service", "assistant", "--why", "ticket 4711", "--by", "ada")
    assert done.code == 0, done.err
    assert done.out.startswith("Silenced: HighLLMErrorRate deployment_environment_name=test-")
    assert " by ada: ticket 4711\n" in done.out
    alertmanager.post(FAILING, ELSEWHERE)
    told.wait(2)
    time.sleep(QUIET)
    assert told.said == [("firing", "assistant", "gpt-4o"), ("firing", "another", "gpt-4o")]


def test_a_worse_tier_is_told(alertmanager: Alertmanager, told: Told, run: Run) -> None:
    alertmanager.post(TICKET)
    told.wait(1)
    assert run("ack", "HighLLMErrorRate", "--why", "known").code == 0
    alertmanager.post(FAILING)
    told.wait(2)
    assert told.bodies[-1]["commonLabels"]["severity"] == "critical"


def test_the_end_of_an_acknowledged_alert_is_not_told(alertmanager: Alertmanager, told: Told, run: Run) -> None:
    alertmanager.post(FAILING)
    told.wait(1)
    assert run("ack", "HighLLMErrorRate", "--why", "known").code == 0
    alertmanager.end(FAILING)
    time.sleep(QUIET)
    assert told.said == [("firing", "assistant", "gpt-4o")]


def test_what_ended_silently_and_comes_back_is_taken_for_what_was_told(
    alertmanager: Alertmanager, told: Told, run: Run
) -> None:
    """A property of Alertmanager's that docs/alerting.md warns of: its log still says "told, and firing".

    A new companion in the group, or repeat_interval, brings the message. Should a newer Alertmanager behave better,
    take the warning out.
    """
    alertmanager.post(FAILING)
    told.wait(1)
    (silence,) = run("ack", "HighLLMErrorRate", "--why", "known", "--json").json["silences"]
    alertmanager.end(FAILING)
    time.sleep(QUIET)
    assert run("ack", "--expire", silence["id"]).code == 0
    alertmanager.post(FAILING)
    time.sleep(QUIET)
    assert told.said == [("firing", "assistant", "gpt-4o")]
    alertmanager.post(OTHER_MODEL)
    told.wait(3)
    assert sorted(told.said[1:]) == [("firing", "assistant", "gpt-4o"), ("firing", "assistant", "o3")]


def test_so_is_what_ended_while_its_cause_silenced_it(alertmanager: Alertmanager, told: Told) -> None:
    """Without anybody's doing. Why routing.repeat_critical exists."""
    down = {**FAILING, "alertname": "CredentialsRefused", "provider": "openai"}
    failing = {**FAILING, "provider": "openai"}
    alertmanager.post(failing)
    told.wait(1)
    alertmanager.post(down)
    told.wait(2)
    alertmanager.end(failing)
    time.sleep(QUIET)
    alertmanager.end(down)
    told.wait(3)
    alertmanager.post(failing)
    time.sleep(QUIET)
    assert [(body["status"], body["commonLabels"]["alertname"]) for body in told.of_here()] == [
        ("firing", "HighLLMErrorRate"),
        ("firing", "CredentialsRefused"),
        ("resolved", "CredentialsRefused"),
    ]


def test_all_of_a_name_or_one(alertmanager: Alertmanager, run: Run) -> None:
    alertmanager.post(FAILING, OTHER_MODEL, ELSEWHERE)
    one = run("ack", "HighLLMErrorRate", "--match", "model=o3", "--service", "assistant", "--why", "w", "--json").json[
        "silences"
    ]
    assert [silence["labels"] for silence in one] == [OTHER_MODEL]
    assert [alertmanager.status(labels)["state"] for labels in (OTHER_MODEL, FAILING)] == ["suppressed", "active"]
    every = run("ack", "HighLLMErrorRate", "--for", "1h", "--why", "w", "--json").json["silences"]
    assert sorted((s["labels"]["job"], s["labels"]["model"], s["new"]) for s in every) == [
        ("another", "gpt-4o", True),
        ("assistant", "gpt-4o", True),
        ("assistant", "o3", False),  # silenced already, and for longer
    ]


def test_what_does_not_fire_is_refused_unless_forced(alertmanager: Alertmanager, run: Run) -> None:
    alertmanager.post(ELSEWHERE)
    refused = run("ack", "HighLLMErrorRate", "--service", "assistant", "--why", "w")
    assert refused.code == 1
    assert "HighLLMErrorRate with job=assistant does not fire." in refused.err
    assert f"it fires for another ({ELSEWHERE['deployment_environment_name']}) model=gpt-4o" in refused.err
    assert run("ack", "--list", "--json").json["silences"] == []
    unknown = run("ack", "HighLLMErorRate", "--why", "w")
    assert "there fires HighLLMErrorRate" in unknown.err
    forced = run("ack", "HighLLMErrorRate", "--service", "assistant", "--why", "w", "--force", "--json")
    (silence,) = forced.json["silences"]
    assert silence["labels"] == {"alertname": "HighLLMErrorRate", "job": "assistant"}
    alertmanager.post(FAILING)
    assert alertmanager.status(FAILING)["silencedBy"] == [silence["id"]]


def test_a_label_of_any_shape_is_silenced_exactly(alertmanager: Alertmanager, run: Run) -> None:
    hostile = {**FAILING, "model": 'a"b\\c {x="y"}, =~ .* прод'}
    alertmanager.post(hostile, FAILING)
    assert run("ack", "HighLLMErrorRate", "--match", f"model={hostile['model']}", "--why", "w").code == 0
    assert alertmanager.status(hostile)["state"] == "suppressed"
    assert alertmanager.status(FAILING)["state"] == "active"


def test_acknowledgements_are_listed_and_ended(alertmanager: Alertmanager, run: Run) -> None:
    assert run("ack", "--list").out == "Nothing is acknowledged.\n"
    alertmanager.post(FAILING)
    (silence,) = run("ack", "HighLLMErrorRate", "--why", "w", "--by", "ada", "--json").json["silences"]
    (listed,) = run("ack", "--list", "--json").json["silences"]
    assert listed == silence
    assert f"id {silence['id']}" in run("ack", "--list").out
    ended = run("ack", "--expire", silence["id"][:8])
    assert ended.out.startswith("Ended: HighLLMErrorRate ")
    assert run("ack", "--list").out == "Nothing is acknowledged.\n"
    assert alertmanager.status(FAILING)["state"] == "active"
    again = run("ack", "--expire", silence["id"])
    assert (again.code, "No silence has an id that begins with" in again.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "told_words"),
    [
        ([], "Give the name of an alert"),
        (["X", "--list"], "Give the name of an alert"),
        (["X"], "Say why"),
        (["X", "--why", "w", "--for", "soon"], "is no duration such as"),
        (["X", "--why", "w", "--for", "0s"], "is no duration such as"),
        (["X", "--why", "w", "--match", "model"], "is not label=value"),
    ],
)
def test_wrong_input_is_named(arguments: list[str], told_words: str, run: Run) -> None:
    done = run("ack", *arguments)
    assert (done.code, told_words in done.err) == (2, True), done.err


def test_the_states_of_alerts(alertmanager: Alertmanager, run: Run) -> None:
    alertmanager.post(FAILING, TICKET, ELSEWHERE, WATCHDOG, annotations={"value": "12.0 %"})
    assert run("ack", "HighLLMErrorRate", "--service", "another", "--why", "w").code == 0
    deadline = time.monotonic() + 10
    while not alertmanager.status(TICKET)["inhibitedBy"] and time.monotonic() < deadline:
        time.sleep(0.01)
    found = run("alerts", "--json").json
    assert found["no_answer_from"] == ["Loki", "Prometheus"]
    rows = [(a["state"], a["level"], a["labels"]["job"], a["value"], a["receivers"]) for a in found["alerts"]]
    assert rows == [
        ("firing", "P2", "assistant", "12.0 %", ["webhook-critical"]),
        ("silenced", "P2", "another", "12.0 %", ["webhook-critical"]),
        ("inhibited", "P3", "assistant", "12.0 %", ["webhook-warning"]),
    ]
    everything = run("alerts", "--all", "--json").json["alerts"]
    assert {a["alert"] for a in everything} == {"HighLLMErrorRate", "Watchdog"}
    assert [a["state"] for a in run("alerts", "--severity", "warning", "--json").json["alerts"]] == ["inhibited"]
    assert run("alerts", "--team", "data", "--json").json["alerts"] == []


def test_the_table_says_it_in_words(alertmanager: Alertmanager, run: Run) -> None:
    assert "No alert." in run("alerts").out
    alertmanager.post({**FAILING, "model": "[bold]x[/bold]"}, annotations={"value": "12.0 %"})
    shown = run("alerts")
    heads, row = shown.out.splitlines()
    assert heads.split() == ["State", "Level", "Alert", "About", "Value", "For", "Team", "Told"]
    for words in (
        "firing",
        "P2 critical",
        "assistant (test-",
        ") model=[bold]x[/bold]",
        "12.0 %",
        "search",
        "webhook-critical",
    ):
        assert words in row
    assert "Prometheus does not answer: its pending alerts are not shown." in shown.err


@pytest.mark.usefixtures("alertmanager")
def test_pending_alerts_come_from_the_rulers(run: Run) -> None:
    def one(state: str, labels: dict[str, str]) -> dict[str, Any]:
        values = {"annotations": {"value": "9 %"}, "activeAt": "2026-03-01T10:20:00.123456789Z", "value": "9e+00"}
        return {"labels": labels, "state": state, **values}

    answer = {"status": "success", "data": {"alerts": [one("pending", OTHER_MODEL), one("firing", FAILING)]}}

    class Ruler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Ruler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        found = run("alerts", "--prometheus", f"http://127.0.0.1:{server.server_address[1]}", "--json").json
    finally:
        server.shutdown()
        server.server_close()
    assert [(a["state"], a["labels"]["model"], a["value"]) for a in found["alerts"]] == [("pending", "o3", "9 %")]
    assert found["alerts"][0]["since"].startswith("2026-03-01T10:20:00.123456")
    assert found["no_answer_from"] == ["Loki"]


def test_one_environment_of_two(alertmanager: Alertmanager, run: Run) -> None:
    staging = {**FAILING, "deployment_environment_name": "staging"}
    alertmanager.post(FAILING, staging)
    assert run("ack", "HighLLMErrorRate", "--env", "staging", "--why", "w").code == 0
    assert [alertmanager.status(labels)["state"] for labels in (staging, FAILING)] == ["suppressed", "active"]


@pytest.mark.parametrize("command", [["alerts"], ["ack", "X", "--why", "w"]])
def test_without_a_stack_the_error_says_what_to_do(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leave:
        main([*command, "--alertmanager", "http://127.0.0.1:9"])
    assert leave.value.code == 1
    said = capsys.readouterr().err
    assert "does not answer" in said
    assert "heliograph status" in said
