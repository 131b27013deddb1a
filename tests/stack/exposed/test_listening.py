"""Who may reach what: every port of every process, tried from outside and from the machine itself."""

from __future__ import annotations

import json
import secrets
import ssl
import sys
import time
from dataclasses import asdict
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

from heliograph.secure._folder import Folder

from ._ask import lines, operator, url_of
from ._target import EXPOSED, FRONT, Target, grpc_export, listening, read_json, status_of

if TYPE_CHECKING:
    from heliograph.stack import Stack

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="all of 127.0.0.0/8 is this machine on Linux only")

# Answers anyone on this machine, and keeps nothing of what is sent. Grafana leads to its login.
READ_ONLY = {"canary", "collector_health", "collector_metrics", "grafana", "jaeger_health", "jaeger_metrics"}
# A mailbox is there to be written to. It is on loopback whatever is exposed (docs/security.md).
MAILBOX = {"inbox_smtp", "inbox_http"}


def test_a_plain_stack_listens_on_loopback_only(bare_stack: Stack) -> None:
    found = list(listening(Target(bare_stack, Folder(Path()), "").pids()))
    assert {port for _, _, port in found} >= {bare_stack.ports.otlp_http, bare_stack.ports.loki_grpc}
    assert [one for one in found if not ip_address(one[1]).is_loopback] == []
    assert {address for _, address, _ in found} <= {"127.0.0.1", "::1"}


def test_only_what_asks_who_is_there_leaves_loopback(target: Target) -> None:
    names = {port: name for name, port in asdict(target.stack.ports).items()}
    found = {(address, names.get(port, str(port))) for _, address, port in listening(target.pids())}
    assert {name for address, name in found if address == FRONT} == EXPOSED
    assert {address for address, name in found if name not in EXPOSED} == {"127.0.0.1"}


WRITES = {
    "/v1/logs": {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": "MARK"}}]}]}]},
    "/v1/traces": {"resourceSpans": []},
    "/api/v1/otlp/v1/metrics": {"resourceMetrics": []},
    "/otlp/v1/logs": {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": "MARK"}}]}]}]},
    "/loki/api/v1/push": {"streams": [{"stream": {"service_name": "MARK"}, "values": [["0", "MARK"]]}]},
    "/api/v2/alerts": [{"labels": {"alertname": "MARK"}}],
    "/api/v2/silences": {"matchers": [{"name": "a", "value": "MARK", "isRegex": False}], "createdBy": "x"},
    "/-/reload": {},
    "/-/quit": {},
    "/api/archive/0123456789abcdef": {},
    "/ingester/shutdown": {},
    "/flush": {},
}


def test_nobody_without_a_name_writes_to_anything_that_listens(target: Target) -> None:
    marker = "anonymous-" + secrets.token_hex(4)
    names = {port: name for name, port in asdict(target.stack.ports).items()}
    anyone = ssl.create_default_context()
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
    accepted = set()
    ports = {(address, port) for _, address, port in listening(target.pids())}
    assert len(ports) >= 16
    for address, port in sorted(ports):
        if names.get(port) == "inbox_smtp":
            continue
        for scheme in ("http", "https"):
            for path, body in WRITES.items():
                text = json.dumps(body).replace("MARK", marker).encode()
                try:
                    status = status_of(
                        f"{scheme}://{address}:{port}{path}", text, {"Content-Type": "application/json"}, anyone
                    )
                except (OSError, ValueError):
                    continue  # no answer at all: TLS ended it
                if status < 400:
                    accepted.add(names.get(port, str(port)))
    assert accepted <= READ_ONLY | MAILBOX
    time.sleep(3)
    for query in (f'{{service_name=~".+"}} |= "{marker}"', f'{{service_name="{marker}"}}'):
        assert lines(target, query) == []
    alerts = read_json(url_of(target, "alertmanager") + "/api/v2/alerts", *operator(target))
    assert marker not in json.dumps(alerts)
    assert all(server.ready and server.restarts == 0 for server in target.stack.status())


def test_who_writes_over_grpc_without_a_certificate_is_cut_off(target: Target) -> None:
    for name in ("jaeger_otlp", "jaeger_grpc", "loki_grpc"):
        for channel in (
            grpc.insecure_channel(f"127.0.0.1:{getattr(target.stack.ports, name)}"),
            grpc.secure_channel(
                f"127.0.0.1:{getattr(target.stack.ports, name)}",
                grpc.ssl_channel_credentials((target.secrets.path / "ca.crt").read_bytes()),
            ),
        ):
            assert grpc_export(channel, None) == "UNAVAILABLE", name
