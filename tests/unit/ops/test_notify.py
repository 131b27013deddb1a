"""`heliograph notify-test`: what it says and how it ends, against a double that speaks Alertmanager's API."""

from __future__ import annotations

import json
import smtplib
import urllib.request
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import pytest
from tests._ports import free_port

from heliograph.cli import main
from heliograph.ops import _notify
from heliograph.ops._inbox import Inbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Fake = Any  # tests/unit/ops/conftest.py


class Ended:
    """How a command ended."""

    def __init__(self, code: object, out: str, err: str) -> None:
        self.code, self.out, self.err = code or 0, out, err


@pytest.fixture
def notify(
    alertmanager: Fake, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ended]:
    """Run the command against the fake, polling fast."""
    monkeypatch.setattr(_notify, "_POLL_SECONDS", 0.01)

    def run(*arguments: str) -> Ended:
        where = [] if "--alertmanager" in arguments else ["--alertmanager", alertmanager.url]
        code: object = None
        try:
            main(["notify-test", *where, *arguments])
        except SystemExit as leave:
            code = leave.code
        return Ended(code, *capsys.readouterr())

    return run


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    with Inbox(tmp_path / "inbox") as running:
        yield running


def by_mail(inbox: Inbox, alert: dict[str, Any]) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.com", "b@example.com", "[INFO] HeliographNotifyTest"
    mail.set_content(alert["annotations"]["description"])
    with smtplib.SMTP(inbox.smtp[0], inbox.smtp[1], timeout=5) as server:
        server.send_message(mail)


def by_webhook(inbox: Inbox, alert: dict[str, Any]) -> None:
    body = json.dumps({"version": "4", "status": "firing", "alerts": [alert]}).encode()
    request = urllib.request.Request(f"{inbox.url}/alerts", body, {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=5).close()


def test_the_inbox_has_both_messages(alertmanager: Fake, inbox: Inbox, notify: Callable[..., Ended]) -> None:
    def deliver(alert: dict[str, Any]) -> None:
        by_mail(inbox, alert)
        by_webhook(inbox, alert)

    alertmanager.deliver = deliver
    done = notify("inbox", "--inbox", inbox.url)
    assert done.code == 0, done.err
    assert done.out.startswith("inbox: delivered after ")
    assert "(1 email, 1 webhook)" in done.out
    alert, end = alertmanager.posted
    assert alert["labels"].items() >= {"alertname": "HeliographNotifyTest", "channel": "inbox"}.items()
    assert "Nothing is wrong." in alert["annotations"]["description"]
    assert end["labels"] == alert["labels"]
    assert end["endsAt"] > end["startsAt"]


@pytest.mark.parametrize(("sent", "missing"), [(by_webhook, "mail"), (by_mail, "webhook")])
def test_one_of_two_messages_is_not_enough(
    sent: Callable[..., None], missing: str, alertmanager: Fake, inbox: Inbox, notify: Callable[..., Ended]
) -> None:
    alertmanager.deliver = lambda alert: sent(inbox, alert)
    done = notify("inbox", "--inbox", inbox.url, "--timeout", "0.1")
    assert done.code == 1
    assert f"missing in the inbox: {missing}\n" in done.err


def test_an_older_message_is_not_taken_for_this_one(inbox: Inbox, notify: Callable[..., Ended]) -> None:
    older = {"labels": {"alertname": "HeliographNotifyTest"}, "annotations": {"description": "run 0"}}
    by_mail(inbox, older)
    by_webhook(inbox, older)
    assert notify("inbox", "--inbox", inbox.url, "--timeout", "0.1").code == 1


def test_a_channel_is_delivered_when_every_receiver_of_it_is(alertmanager: Fake, notify: Callable[..., Ended]) -> None:
    alertmanager.accept("slack", 7)  # of earlier times
    alertmanager.deliver = lambda _: alertmanager.accept("slack", 2)
    done = notify("slack")
    assert (done.code, "(2 slack)" in done.out) == (0, True), done.err
    assert "slack-critical, slack-warning" in done.err


def test_what_another_receiver_sends_meanwhile_does_not_count(alertmanager: Fake, notify: Callable[..., Ended]) -> None:
    """The dead man's switch is a webhook, too, and calls every minute."""
    alertmanager.deliver = lambda _: alertmanager.elsewhere.update(webhook=5)
    assert notify("sms", "--timeout", "0.1").code == 1


def test_one_room_of_two_is_not_enough(alertmanager: Fake, notify: Callable[..., Ended]) -> None:
    alertmanager.deliver = lambda _: alertmanager.accept("slack", 1)
    assert notify("slack", "--timeout", "0.1").code == 1


def test_a_single_receiver_can_be_tried(alertmanager: Fake, notify: Callable[..., Ended]) -> None:
    alertmanager.deliver = lambda _: alertmanager.accept("slack", 1)
    assert notify("slack-critical").code == 0
    assert alertmanager.posted[0]["labels"]["channel"] == "slack-critical"


# What is asked for → the receivers that are tried, the integration, and the labels that lead there.
WHOSE = {
    "a team's rooms": (
        ("slack", "--team", "search"),
        ["slack-critical-team-search", "slack-warning-team-search"],
        "slack",
        {"channel": "slack", "team": "search"},
    ),
    "one room of a team": (
        ("slack-warning", "--team", "search"),
        ["slack-warning-team-search"],
        "slack",
        {"channel": "slack-warning", "team": "search"},
    ),
    "a tenant's": (
        ("pagerduty", "--tenant", "acme"),
        ["pagerduty-critical-tenant-acme"],
        "pagerduty",
        {"channel": "pagerduty", "tenant": "acme"},
    ),
}


@pytest.mark.parametrize("name", WHOSE)
def test_what_a_team_or_tenant_has_of_its_own_can_be_tried(
    name: str, alertmanager: Fake, notify: Callable[..., Ended]
) -> None:
    arguments, receivers, integration, labels = WHOSE[name]
    alertmanager.deliver = lambda _: alertmanager.accept(integration, len(receivers))
    done = notify(*arguments, "--json")
    assert (done.code, json.loads(done.out)["receivers"]) == (0, receivers), done.err
    assert alertmanager.posted[0]["labels"].items() >= labels.items()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("email", "--team", "search"), "set teams.channels.search.email in heliograph.yaml"),
        (("slack", "--tenant", "globex"), "set routing.tenants.globex.slack in heliograph.yaml"),
        (("slack", "--team", "search", "--tenant", "acme"), "--team and --tenant"),
    ],
)
def test_what_nobody_has_is_wrong_input(
    arguments: tuple[str, ...], told: str, alertmanager: Fake, notify: Callable[..., Ended]
) -> None:
    done = notify(*arguments)
    assert (done.code, alertmanager.posted) == (2, [])
    assert told in done.err


def test_text_messages_by_a_gateway_are_webhooks(alertmanager: Fake, notify: Callable[..., Ended]) -> None:
    alertmanager.deliver = lambda _: alertmanager.accept("webhook")
    assert notify("sms").code == 0


def test_a_failed_attempt_is_not_the_end(alertmanager: Fake, notify: Callable[..., Ended]) -> None:
    """Alertmanager repeats what failed for a fault of the other side's."""
    alertmanager.deliver = lambda _: (alertmanager.refuse("slack"), alertmanager.accept("slack"))
    assert notify("slack-warning").code == 0


# What went wrong → words that the user is told.
FAILURES: dict[str, tuple[Callable[[Any], object], str]] = {
    "refused for good": (lambda fake: fake.refuse("slack", "clientError"), "the other side refused it"),
    "no answer in time": (lambda fake: fake.refuse("slack", "contextDeadlineExceeded"), "no usable answer in time"),
    "a reason of its own": (lambda fake: fake.refuse("slack", "other"), "it gave up: other"),
    "still trying": (lambda fake: fake.refuse("slack"), "1 attempt failed, and Alertmanager goes on trying"),
    "never tried": (lambda _: None, "has not tried to deliver it"),
    "silenced": (lambda fake: fake.status.update(state="suppressed", silencedBy=["b6a5"]), "silenced by b6a5"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_was_not_delivered_ends_with_the_reason(
    name: str, alertmanager: Fake, notify: Callable[..., Ended]
) -> None:
    happens, told = FAILURES[name]
    alertmanager.deliver = lambda _: happens(alertmanager)
    done = notify("slack-warning", "--timeout", "0.1")
    assert done.code == 1
    assert told in done.err
    assert "heliograph logs alertmanager" in done.err
    assert len(alertmanager.ended) == 1, "the alert must not stay behind"


def test_a_channel_that_is_off_is_wrong_input(alertmanager: Fake, notify: Callable[..., Ended]) -> None:
    done = notify("email")
    assert done.code == 2
    assert "The channel email is off." in done.err
    assert "channels.email.enabled: true in heliograph.yaml" in done.err
    assert alertmanager.posted == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["pigeon"], "'pigeon' is not one of"),
        (["inbox", "--alertmanager", "localhost:9093"], "is not an address such as"),
        (["inbox", "--alertmanager", "ftp://localhost"], "is not an address such as"),
        (["inbox", "--inbox", "http://localhost:http"], "is not an address such as"),
        (["inbox", "--timeout", "0"], "--timeout"),
    ],
)
def test_wrong_input_is_named(arguments: list[str], told: str, notify: Callable[..., Ended]) -> None:
    done = notify(*arguments)
    assert done.code == 2
    assert told in done.err


def test_no_alertmanager(notify: Callable[..., Ended]) -> None:
    done = notify("inbox", "--alertmanager", f"http://127.0.0.1:{free_port()}")
    assert done.code == 1
    assert "does not answer" in done.err
    assert "Connection refused" in done.err
    assert "heliograph status" in done.err


def test_no_inbox_sends_nothing(alertmanager: Fake, notify: Callable[..., Ended]) -> None:
    done = notify("inbox", "--inbox", f"http://127.0.0.1:{free_port()}")
    assert (done.code, alertmanager.posted) == (1, [])
    assert "The inbox at" in done.err


def test_another_server_is_recognised(inbox: Inbox, alertmanager: Fake, notify: Callable[..., Ended]) -> None:
    assert "is not an Alertmanager" in notify("inbox", "--alertmanager", inbox.url).err
    assert "is not an inbox" in notify("inbox", "--inbox", alertmanager.url).err


@pytest.mark.parametrize("config", ["", "just words", "receivers: 1", "receivers: [{}]", "a: ["])
def test_an_answer_that_makes_no_sense_is_no_traceback(
    config: str, alertmanager: Fake, notify: Callable[..., Ended]
) -> None:
    alertmanager.config = config
    done = notify("slack")
    assert done.code == 1
    assert "is not an Alertmanager" in done.err


def test_a_refused_alert_says_why(alertmanager: Fake, notify: Callable[..., Ended]) -> None:
    alertmanager.refusal = (400, '{"code":400,"message":"parsing alerts body failed"}')
    done = notify("slack")
    assert done.code == 1
    assert "refused a request (400)" in done.err
    assert "parsing alerts body failed" in done.err


def test_json_for_a_delivery(alertmanager: Fake, notify: Callable[..., Ended]) -> None:
    alertmanager.deliver = lambda _: alertmanager.accept("slack", 2)
    done = notify("slack", "--json")
    said = json.loads(done.out)
    run = alertmanager.posted[0]["labels"]["job"].removeprefix("test-")
    assert said.pop("seconds") < 5
    assert said == {
        "channel": "slack",
        "delivered": True,
        "run": run,
        "receivers": ["slack-critical", "slack-warning"],
        "deliveries": {"slack": 2},
    }
    assert done.err == ""


def test_json_for_a_failure(alertmanager: Fake, notify: Callable[..., Ended]) -> None:
    alertmanager.deliver = lambda _: alertmanager.refuse("slack", "serverError")
    done = notify("slack", "--json")
    said = json.loads(done.out)
    assert (done.code, said["channel"], said["delivered"]) == (1, "slack", False)
    assert said["error"] == "Alertmanager could not deliver to slack."
    assert said["why"] == "the other side has a fault of its own"
    assert said["error"] in done.err, "a person sees it, too"


def test_an_interrupted_test_leaves_no_alert(
    alertmanager: Fake, notify: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", interrupt)
    assert notify("slack").code == 130
    assert len(alertmanager.ended) == 1
