"""What each service is sent: the real Alertmanager against doubles that refuse what the real services would refuse."""

from __future__ import annotations

import itertools
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.stack

Alertmanager = Any  # tests/routing/conftest.py
Body = dict[str, Any]

KEY = "R0123456789ABCDEF0123456789ABCDE"
TOKEN = "123456:AAH-abcdefghijklmnopqrstuvwxyz012345"


class Refused(Exception):  # noqa: N818 - it is what the service does
    """A service answers with `status`."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def need(holds: object, why: str, status: int = 400) -> None:
    if not holds:
        raise Refused(status, why)


def pagerduty(_: str, headers: Any, body: Body) -> tuple[int, object]:
    """Events API v2: developer.pagerduty.com, "Send an Alert Event"."""
    del headers
    need(body.get("routing_key") == KEY, "invalid key")
    need(body.get("event_action") in {"trigger", "acknowledge", "resolve"}, "event_action")
    need(len(body.get("dedup_key", "")) <= 255, "dedup_key")
    if body["event_action"] == "trigger":
        payload = body["payload"]
        need(payload.get("summary") and len(payload["summary"]) <= 1024, "summary")
        need(payload.get("source"), "source")
        need(payload.get("severity") in {"critical", "error", "warning", "info"}, "severity")
        need(all(link["href"].startswith("http") for link in body.get("links", [])), "links")
    return 202, {"status": "success", "message": "Event processed", "dedup_key": body["dedup_key"]}


def opsgenie(path: str, headers: Any, body: Body) -> tuple[int, object]:
    """Alert API: docs.opsgenie.com, "Create Alert" and "Close Alert"."""
    need(headers["Authorization"] == f"GenieKey {KEY}", "key", 401)
    url = urlsplit(path)
    if url.path.endswith("/close"):
        need(parse_qs(url.query).get("identifierType") == ["alias"], "identifierType", 422)
    else:
        need(url.path == "/opsgenie/v2/alerts", "path", 404)
        need(body.get("message") and len(body["message"]) <= 130, "message", 422)
        need(len(body.get("description", "")) <= 15_000, "description", 422)
        need(body.get("priority") in {"P1", "P2", "P3", "P4", "P5"}, "priority", 422)
        need(all(len(tag) <= 50 for tag in body.get("tags", [])), "tags", 422)
    return 202, {"result": "Request will be processed", "took": 0.1, "requestId": "43a29c5c"}


def msteams(_: str, headers: Any, body: Body) -> tuple[int, object]:
    """Check what "When a Teams webhook request is received" wants: a message of Adaptive Cards."""
    del headers
    need(body["type"] == "message", "type")
    (attachment,) = body["attachments"]
    need(attachment["contentType"] == "application/vnd.microsoft.card.adaptive", "contentType")
    card = attachment["content"]
    need(card["type"] == "AdaptiveCard" and card["version"], "card")
    need(card["body"] and all(block["type"] == "TextBlock" and block["text"] for block in card["body"]), "body")
    need(len(json.dumps(body)) <= 28_000, "size", 413)
    return 202, None


def discord(_: str, headers: Any, body: Body) -> tuple[int, object]:
    """Execute Webhook: discord.com/developers, and the limits of embeds."""
    del headers
    need(body.get("content") or body.get("embeds"), "Cannot send an empty message")
    (embed,) = body["embeds"]
    need(len(embed["title"]) <= 256 and len(embed["description"]) <= 4096, "embed")
    return 204, None


def telegram(path: str, headers: Any, body: Body) -> tuple[int, object]:
    """Bot API: core.telegram.org/bots/api, sendMessage."""
    del headers
    need(path == f"/bot{TOKEN}/sendMessage", "Unauthorized", 401)
    need(str(body["chat_id"]) in {"-1001", "-1002"}, "chat not found")
    need(0 < len(body["text"]) <= 4096, "message text")
    need(body.get("parse_mode", "") in {"", "HTML", "MarkdownV2"}, "parse_mode")
    message = {"message_id": 1, "date": 1, "text": body["text"], "chat": {"id": int(body["chat_id"]), "type": "group"}}
    return 200, {"ok": True, "result": message}


def webhook(_: str, headers: Any, body: Body) -> tuple[int, object]:
    need(headers["Authorization"] == f"Bearer {KEY}", "token", 401)
    need(body["version"] == "4", "version")
    return 200, None


def hanging(_: str, headers: Any, body: Body) -> tuple[int, object]:
    """Take a message, and never come to an answer."""
    del headers, body
    time.sleep(20)
    raise BrokenPipeError


SERVICES: dict[str, Callable[[str, Any, Body], tuple[int, object]]] = {
    **{name.__name__: name for name in (pagerduty, opsgenie, msteams, discord, webhook, hanging)},
    f"bot{TOKEN}": telegram,
    "deadman": lambda *_: (200, None),
}


class Doubles(ThreadingHTTPServer):
    """All services; the first part of the path says which."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.taken: list[tuple[str, str, Body]] = []
        self.refused: list[tuple[str, str]] = []
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def wait(self, service: str, job: str, count: int = 1) -> list[Body]:
        """Return what `service` took of this job's alert, once that is as many."""
        deadline = time.monotonic() + 20
        while len(found := self.of(service, job)) < count and not self.refused and time.monotonic() < deadline:
            time.sleep(0.05)
        assert self.refused == []
        assert len(found) == count, [name for name, _, _ in self.taken]
        return found

    def of(self, service: str, job: str) -> list[Body]:
        return [body for name, _, body in self.taken if name == service and job in json.dumps(body)]


class _Handler(BaseHTTPRequestHandler):
    server: Doubles

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        service = self.path.split("/")[1]
        try:
            if service != "hanging":
                self.server.taken.append((service, self.path, body))
            status, answer = SERVICES[service](self.path, self.headers, body)
        except (Refused, KeyError, ValueError, TypeError) as error:
            self.server.refused.append((service, repr(error)))
            status, answer = getattr(error, "status", 400), {"status": "invalid", "message": str(error), "errors": []}
        except BrokenPipeError:  # Alertmanager has given up waiting
            return
        content = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def doubles() -> Iterator[Doubles]:
    server = Doubles()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def alertmanager(
    run_alertmanager: Any, doubles: Doubles, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Alertmanager]:
    """Run Alertmanager with all of them on; Slack's webhook never answers."""
    folder = tmp_path_factory.mktemp("services")

    def secret(name: str, text: str) -> str:
        (folder / name).write_text(text + "\n", encoding="utf-8")
        return str(folder / name)

    on: dict[str, Any] = {"enabled": True}
    both = ["critical", "warning"]
    channels = {
        "inbox": {"enabled": False},
        "slack": {**on, "webhook_url_file": secret("slack", f"{doubles.url}/hanging")},
        "pagerduty": {
            **on,
            "routing_key_file": secret("pagerduty", KEY),
            "severities": both,
            "url": f"{doubles.url}/pagerduty",
        },
        "opsgenie": {**on, "api_key_file": secret("opsgenie", KEY), "url": f"{doubles.url}/opsgenie"},
        "msteams": {**on, "webhook_url_file": secret("msteams", f"{doubles.url}/msteams")},
        "discord": {**on, "webhook_url_file": secret("discord", f"{doubles.url}/discord")},
        "telegram": {
            **on,
            "bot_token_file": secret("telegram", TOKEN),
            "warning": {"chat": -1001},
            "critical": {"chat": -1002},
            "url": doubles.url,
        },
        "webhook": {
            **on,
            "url_file": secret("webhook", f"{doubles.url}/webhook"),
            "bearer_token_file": secret("token", KEY),
        },
        "deadman": {**on, "url_file": secret("deadman", f"{doubles.url}/deadman"), "interval": "2s"},
    }
    overlay = {"channels": channels, "routing": {"group_wait": "200ms", "group_interval": "1s"}}
    with run_alertmanager(folder, overlay) as running:
        yield running


ANNOTATIONS = {
    "summary": "Calls to a model fail.",
    "description": "12.0 % of the calls to gpt-4o_mini failed: [see](http://evil) *now*, <@everyone> `x`",
    "value": "12.0 %",
    "runbook_url": "http://localhost:8025/runbooks/HighLLMErrorRate",
    "dashboard_url": "http://localhost:3001/d/x?from=1&var-model=gpt-4o",
    "trace_url": "http://localhost:16686/search?service=a",
    "query": '{service_name="a"} | json | status="error"',
}


def labels(job: str, severity: str = "critical", level: str = "P2") -> dict[str, str]:
    whose = {"alertname": "HighLLMErrorRate", "job": job, "team": "search", "severity": severity, "level": level}
    return whose | {"deployment_environment_name": "prod", "model": "gpt-4o_mini"}


def test_pagerduty_opens_one_incident_for_a_group_and_closes_it(alertmanager: Alertmanager, doubles: Doubles) -> None:
    alert = labels("pager")
    alertmanager.post(alert, annotations=ANNOTATIONS)
    (trigger,) = doubles.wait("pagerduty", "HighLLMErrorRate pager ")
    payload = trigger["payload"]
    assert trigger["event_action"] == "trigger"
    assert payload["summary"] == "[P2 CRITICAL] HighLLMErrorRate pager (prod) gpt-4o_mini: 12.0 %"
    assert (payload["severity"], payload["source"], payload["component"]) == ("critical", "pager", "gpt-4o_mini")
    assert [link["text"] for link in trigger["links"]] == ["Runbook", "Dashboard", "Traces", "Acknowledge (silence)"]
    details = payload["custom_details"]
    assert details["about"] == {"level": "P2", "team": "search", "service": "pager", "environment": "prod"}
    (firing,) = details["firing"]
    assert firing["description"] == ANNOTATIONS["description"], "words stay words"
    assert firing["query"] == ANNOTATIONS["query"]
    # A second alert of the group is the same incident.
    alertmanager.post({**alert, "model": "o3"}, annotations=ANNOTATIONS)
    assert doubles.wait("pagerduty", "HighLLMErrorRate pager ", 2)[1]["dedup_key"] == trigger["dedup_key"]
    alertmanager.end(alert, {**alert, "model": "o3"})
    *_, resolve = doubles.wait("pagerduty", "HighLLMErrorRate pager ", 3)
    assert (resolve["event_action"], resolve["dedup_key"]) == ("resolve", trigger["dedup_key"])


@pytest.mark.parametrize(
    ("severity", "level", "mapped"), [("critical", "P1", "critical"), ("warning", "P3", "warning")]
)
def test_pagerduty_is_told_how_bad_it_is(
    severity: str, level: str, mapped: str, alertmanager: Alertmanager, doubles: Doubles
) -> None:
    alertmanager.post(labels(f"pager-{level}", severity, level), annotations=ANNOTATIONS)
    assert doubles.wait("pagerduty", f"pager-{level}")[0]["payload"]["severity"] == mapped


HOSTILE = ["a: b", "12", "[x]", 'say "no"', "back\\slash", "{x: y}", "- a", "'", "null", "прод <b>", "&amp;"]


def test_pagerduty_keeps_text_whatever_a_service_is_called(alertmanager: Alertmanager, doubles: Doubles) -> None:
    """Alertmanager reads details as YAML once rendered: none of these may become a mapping, a number or an error."""
    for name in HOSTILE:
        alertmanager.post({**labels(name), "alertname": "Hostile"}, annotations={"description": name, "value": name})
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        bodies = [b for name, _, b in doubles.taken if name == "pagerduty" and b["payload"]["class"] == "Hostile"]
        if len(bodies) == len(HOSTILE):
            break
        time.sleep(0.05)
    assert doubles.refused == []
    details = [body["payload"]["custom_details"] for body in bodies]
    assert sorted(one["about"]["service"] for one in details) == sorted(HOSTILE)
    assert sorted(one["firing"][0]["description"] for one in details) == sorted(HOSTILE)


def test_opsgenie_gets_the_level_as_priority_and_a_close(alertmanager: Alertmanager, doubles: Doubles) -> None:
    alert = labels("genie", "warning", "P4")
    alertmanager.post(alert, annotations=ANNOTATIONS)
    (created,) = doubles.wait("opsgenie", "genie")
    assert created["priority"] == "P4"
    assert created["message"] == "[P4 WARNING] HighLLMErrorRate genie (prod) gpt-4o_mini: 12.0 %"
    assert created["tags"] == ["search", "warning"]
    assert ANNOTATIONS["runbook_url"] in created["description"]
    alertmanager.end(alert)
    deadline = time.monotonic() + 20
    closed = f"/opsgenie/v2/alerts/{created['alias']}/close?identifierType=alias"
    while closed not in [path for _, path, _ in doubles.taken] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert closed in [path for _, path, _ in doubles.taken]


def test_opsgenie_has_a_priority_for_a_rule_without_level(alertmanager: Alertmanager, doubles: Doubles) -> None:
    alertmanager.post({"alertname": "Mine", "job": "own-rule", "severity": "critical"})
    assert doubles.wait("opsgenie", "own-rule")[0]["priority"] == "P2"


def test_teams_gets_a_card(alertmanager: Alertmanager, doubles: Doubles) -> None:
    alertmanager.post(labels("teams-room"), annotations=ANNOTATIONS)
    title, text = doubles.wait("msteams", "teams-room")[0]["attachments"][0]["content"]["body"]
    assert title["text"] == "\\[P2 CRITICAL\\] HighLLMErrorRate teams-room (prod) gpt-4o\\_mini: 12.0 %"
    assert "[Runbook](http://localhost:8025/runbooks/HighLLMErrorRate)" in text["text"]
    assert "\\[see\\](http://evil)" in text["text"], "a description cannot bring a link"


def test_discord_gets_an_embed(alertmanager: Alertmanager, doubles: Doubles) -> None:
    alertmanager.post(labels("discord-room"), annotations=ANNOTATIONS)
    (embed,) = doubles.wait("discord", "discord-room")[0]["embeds"]
    assert "[Dashboard](http://localhost:3001/d/x?from=1&var-model=gpt-4o)" in embed["description"]
    assert "\\<@everyone\\>" in embed["description"]
    assert "heliograph ack HighLLMErrorRate --service=discord-room" in embed["description"]


@pytest.mark.parametrize(("severity", "chat", "silent"), [("critical", "-1002", False), ("warning", "-1001", True)])
def test_telegram_writes_to_the_chat_of_the_severity(
    severity: str, chat: str, silent: bool, alertmanager: Alertmanager, doubles: Doubles
) -> None:
    alertmanager.post(labels(f"chat-{severity}", severity), annotations=ANNOTATIONS)
    (message,) = doubles.wait(f"bot{TOKEN}", f"chat-{severity}")
    assert str(message["chat_id"]) == chat
    assert (str(message.get("disable_notification", "")).lower() == "true") is silent
    assert ANNOTATIONS["description"] in message["text"], "plain text needs no escaping"


def test_a_webhook_gets_all_of_it_with_its_token(alertmanager: Alertmanager, doubles: Doubles) -> None:
    alertmanager.post(labels("web-hook"), annotations=ANNOTATIONS)
    (body,) = doubles.wait("webhook", "web-hook")
    assert body["alerts"][0]["labels"] == labels("web-hook")
    assert body["alerts"][0]["annotations"] == ANNOTATIONS


def test_a_channel_that_hangs_holds_up_no_other(alertmanager: Alertmanager, doubles: Doubles) -> None:
    """Slack's double never answers, neither here nor above."""
    started = time.monotonic()
    alertmanager.post(labels("prompt"), annotations=ANNOTATIONS)
    for service in ("pagerduty", "opsgenie", "msteams", "discord", "webhook"):
        doubles.wait(service, "prompt")
    assert time.monotonic() - started < 10


def test_the_dead_mans_switch_hears_watchdog_again_and_again_and_nothing_else(
    alertmanager: Alertmanager, doubles: Doubles
) -> None:
    watchdog = {"alertname": "Watchdog", "severity": "info"}
    alertmanager.post(watchdog)
    deadline = time.monotonic() + 20
    times: list[float] = []
    while len(times) < 4 and time.monotonic() < deadline:
        heard = [body for name, _, body in doubles.taken if name == "deadman"]
        if len(heard) > len(times):
            times.append(time.monotonic())
        time.sleep(0.05)
    gaps = [after - before for before, after in itertools.pairwise(times)]
    assert gaps == pytest.approx([2.0, 2.0, 2.0], abs=0.7), "each interval, not every second one"
    alertmanager.end(watchdog)
    time.sleep(5)
    heard = [body for name, _, body in doubles.taken if name == "deadman"]
    assert {alert["labels"]["alertname"] for body in heard for alert in body["alerts"]} == {"Watchdog"}
    assert {body["status"] for body in heard} == {"firing"}, "its end must not look like a sign of life"
    assert {name for name, _, body in doubles.taken if "Watchdog" in json.dumps(body)} == {"deadman"}
