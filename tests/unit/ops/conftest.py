"""Doubles of the servers that the operator's tools talk to."""

from __future__ import annotations

import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG = """\
route: {receiver: nobody}
receivers:
- name: nobody
- name: inbox
  email_configs: [{to: inbox@heliograph.local}]
  webhook_configs: [{url: <secret>}]
- name: slack-critical
  labels: {}
  slack_configs: [{channel: '#team-alerts'}]
- name: slack-warning
  slack_configs: [{channel: '#monitoring'}]
- name: sms-critical
  webhook_configs: [{url_file: gateway}]
- name: slack-critical-team-search
  slack_configs: [{channel: '#search'}]
- name: slack-warning-team-search
  slack_configs: [{channel: '#search'}]
- name: pagerduty-critical-tenant-acme
  pagerduty_configs: [{routing_key_file: key}]
"""


class FakeAlertmanager(ThreadingHTTPServer):
    """Speaks as much of Alertmanager 0.34 as is needed: status, alerts, and the counters of its notifications.

    What it does with an alert is what the test says in `deliver`, which is called for each one that is not over.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.config = CONFIG
        self.posted: list[dict[str, Any]] = []
        self.requests: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.elsewhere: Counter[str] = Counter()  # requests of a receiver that no test asks for
        self.given_up: Counter[tuple[str, str]] = Counter()
        self.status: dict[str, Any] = {"state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": []}
        self.refusal: tuple[int, str] | None = None
        self.deliver: Any = lambda _: None
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def ended(self) -> list[str]:
        """The runs whose alert was declared over."""
        return [alert["labels"]["job"] for alert in self.posted if "endsAt" in alert]

    def accept(self, integration: str, count: int = 1) -> None:
        """Let `count` requests to `integration` succeed."""
        self.requests[integration] += count

    def refuse(self, integration: str, reason: str = "") -> None:
        """Let a request to `integration` fail; with a reason, give up on its notification."""
        self.requests[integration] += 1
        self.failed[integration] += 1
        if reason:
            self.given_up[integration, reason] += 1

    def metrics(self) -> str:
        lines = ["# HELP alertmanager_alerts How many alerts by state.", 'alertmanager_alerts{state="active"} 1']
        for name in ("email", "pagerduty", "slack", "sns", "webhook"):
            other = f'{{integration="{name}",receiver_name="another"}}'
            lines.append(f"alertmanager_notification_requests_total{other} {self.elsewhere[name]}")
            label = f'{{integration="{name}"}}'
            lines += [
                f"alertmanager_notification_requests_total{label} {self.requests[name]}",
                f"alertmanager_notification_requests_failed_total{label} {self.failed[name]}",
                f"alertmanager_notifications_total{label} 1e+06",  # rises before the attempt: must not be believed
            ]
            for reason in ("other", "clientError", "serverError", "contextDeadlineExceeded"):
                labels = f'{{integration="{name}",reason="{reason}"}}'
                lines.append(f"alertmanager_notifications_failed_total{labels} {self.given_up[name, reason]}")
        return "\n".join(lines) + "\n"

    def alerts(self, filters: list[str]) -> list[dict[str, Any]]:
        open_ = [alert for alert in self.posted if "endsAt" not in alert]
        shown = [a for a in open_ if all(f'{n}="{v}"' in filters for n, v in a["labels"].items() if n == "job")]
        return [alert | {"status": self.status, "fingerprint": "f"} for alert in shown]


class _Handler(BaseHTTPRequestHandler):
    server: FakeAlertmanager

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/metrics":
            self._send(200, self.server.metrics(), "text/plain; version=0.0.4")
        elif url.path == "/api/v2/status":
            self._send(200, json.dumps({"cluster": {"status": "disabled"}, "config": {"original": self.server.config}}))
        elif url.path == "/api/v2/alerts":
            self._send(200, json.dumps(self.server.alerts(parse_qs(url.query)["filter"])))
        else:
            self._send(404, "404 page not found\n", "text/plain")

    def do_POST(self) -> None:
        alerts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.refusal:
            self._send(*self.server.refusal)
            return
        if self.path != "/api/v2/alerts" or not all(alert["labels"] for alert in alerts):
            self._send(400, '"at least one label pair required"')
            return
        self.server.posted += alerts
        for alert in alerts:
            if "endsAt" not in alert:
                self.server.deliver(alert)
        self._send(200, "")

    def _send(self, status: int, text: str, kind: str = "application/json") -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def alertmanager() -> Iterator[FakeAlertmanager]:
    """Run a fake Alertmanager that takes alerts and tells nobody."""
    server = FakeAlertmanager()
    yield server
    server.shutdown()
    server.server_close()
