"""What a foreign client plants reaches neither the collector's disk queue nor what it sends on.

The exporters' addresses are dead, so everything stays in the queue's files, which are read byte by byte.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from tests._ports import free_ports

from heliograph.stack._build import binary
from heliograph.stack._paths import config_root

if TYPE_CHECKING:
    from _pytest.tmpdir import TempPathFactory

SEEN = "CANARY-SEEN-1f3a"  # what must arrive, so that an empty queue proves nothing

# where it is planted -> what (each is unique, so that a failure says which)
PLANTED = {
    "openai key in an attribute": "sk-proj-A1b2C3d4E5f6G7h8I9j0K1l2",
    "anthropic key in JSON in JSON": r"sk-ant-api03-Zz9Yy8Xx7Ww6Vv5Uu4Tt3",
    "langsmith key in a list": "lsv2_pt_0123456789abcdef0123456789abcdef_0a1b2c3d4e",
    "aws key in a map": "AKIAIOSFODNN7EXAMPLE",
    "github token in an event": "ghp_0123456789abcdefghijABCDEFGHIJ456789",
    "slack token in a resource": "xoxb-2444333222111-abcdefGHIJKL",
    "bearer in a status": "Bearer 0a1b2c3d4e5f6a7b8c9d",
    "password in the URL of a name": "hunter2pass",
    "jwt in a log body": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "private key in a log body": "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
    "password in a nested log body": "correct-horse-7",
    "token by the name of an attribute": "plain-words-only",
    "header": "session=abcdef",
    "card": "4111 1111 1111 1111",
    "card as a number": "5500005555555559",
    "social security number": "078-05-1120",
    "google key in a query": "AIzaSyA-0123456789abcdefghijklmnopqrstu",
}


def _text(value: str) -> dict[str, Any]:
    return {"stringValue": value}


def _pair(key: str, value: dict[str, Any] | str) -> dict[str, Any]:
    return {"key": key, "value": _text(value) if isinstance(value, str) else value}


def _map(**values: dict[str, Any] | str) -> dict[str, Any]:
    return {"kvlistValue": {"values": [_pair(key, value) for key, value in values.items()]}}


def _spans() -> dict[str, Any]:
    p = PLANTED
    nested = json.dumps({"arguments": json.dumps({"text": f"key:\n{p['anthropic key in JSON in JSON']}"})})
    now = time.time_ns()
    return {
        "resourceSpans": [
            {
                "resource": {
                    "attributes": [
                        _pair("service.name", "foreign"),
                        _pair("process.command_line", f"run --slack {p['slack token in a resource']}"),
                    ]
                },
                "scopeSpans": [
                    {
                        "spans": [
                            {
                                "traceId": "0af7651916cd43dd8448eb211c80319c",
                                "spanId": "b7ad6b7169203331",
                                "name": f"GET http://user:{p['password in the URL of a name']}@host/x",
                                "kind": 3,
                                "startTimeUnixNano": str(now - 10**9),
                                "endTimeUnixNano": str(now),
                                "status": {"code": 2, "message": f"401 for {p['bearer in a status']}"},
                                "attributes": [
                                    _pair("seen", SEEN),
                                    _pair("note", f"the key is {p['openai key in an attribute']}, use it"),
                                    _pair("gen_ai.output.messages", nested),
                                    _pair(
                                        "http.request.header.cookie", {"arrayValue": {"values": [_text(p["header"])]}}
                                    ),
                                    _pair("app.access_token", p["token by the name of an attribute"]),
                                    _pair("url.full", f"https://g.example/v1?key={p['google key in a query']}&x=1"),
                                    _pair("list", {"arrayValue": {"values": [_text(p["langsmith key in a list"])]}}),
                                    _pair("map", _map(id=p["aws key in a map"])),
                                    _pair("paid with", p["card"]),
                                    _pair("number", {"intValue": p["card as a number"]}),
                                    _pair("ssn", f"SSN {p['social security number']}"),
                                    _pair("task.id", "task-550e8400-e29b-41d4-a716-446655440000"),
                                ],
                                "events": [
                                    {
                                        "timeUnixNano": str(now),
                                        "name": "exception",
                                        "attributes": [
                                            _pair("exception.message", f"bad {p['github token in an event']}")
                                        ],
                                    }
                                ],
                            }
                        ]
                    }
                ],
            }
        ]
    }


def _logs() -> dict[str, Any]:
    p = PLANTED
    key = f"-----BEGIN PRIVATE KEY-----\n{p['private key in a log body']}\n-----END PRIVATE KEY-----"
    bodies = (
        _text(f"{SEEN} token {p['jwt in a log body']} end"),
        _text(f"loaded {key}"),
        _map(user="u-1", login=_map(password=p["password in a nested log body"])),
    )
    now = str(time.time_ns())
    return {
        "resourceLogs": [
            {
                "resource": {"attributes": [_pair("service.name", "foreign")]},
                "scopeLogs": [{"logRecords": [{"timeUnixNano": now, "body": body} for body in bodies]}],
            }
        ]
    }


OVERLAY = """
exporters:
  file/out:
    path: {out}
service:
  pipelines:
    traces:
      exporters: [otlp_grpc/jaeger, file/out]
    logs:
      exporters: [otlp_http/loki, file/out]
"""


def _post(url: str, payload: dict[str, Any]) -> None:
    request = urllib.request.Request(url, json.dumps(payload).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert answer.status == 200


def _until(what: Any, seconds: float, why: str) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, why
        time.sleep(0.1)


@pytest.fixture(scope="module")
def left(tmp_path_factory: TempPathFactory) -> tuple[bytes, bytes]:
    """Run the collector: what it left in its queue's files, and what it has sent on."""
    folder = tmp_path_factory.mktemp("collector")
    queue, out = folder / "queue", folder / "out.json"
    (folder / "overlay.yaml").write_text(OVERLAY.format(out=out))
    http, grpc, health, own, dead = free_ports(5)
    environment = {
        **os.environ,
        "HELIOGRAPH_QUEUE_DIR": str(queue),
        "HELIOGRAPH_OTLP_HTTP_PORT": str(http),
        "HELIOGRAPH_OTLP_GRPC_PORT": str(grpc),
        "HELIOGRAPH_COLLECTOR_HEALTH_PORT": str(health),
        "HELIOGRAPH_COLLECTOR_METRICS_PORT": str(own),
        "HELIOGRAPH_FOREIGN_LOGS": str(folder),
        "HELIOGRAPH_LOKI_URL": f"http://127.0.0.1:{dead}",
        "HELIOGRAPH_PROMETHEUS_URL": f"http://127.0.0.1:{dead}",
        "HELIOGRAPH_JAEGER_OTLP": f"127.0.0.1:{dead}",
    }
    configs = [f"--config={config_root()}/collector/otelcol.yaml", f"--config={folder}/overlay.yaml"]
    with (folder / "stderr").open("wb") as log:
        process = subprocess.Popen([str(binary("collector")), *configs], env=environment, stdout=log, stderr=log)
    try:

        def healthy() -> bool:
            assert process.poll() is None, (folder / "stderr").read_text()
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{health}", timeout=1) as answer:
                    return bool(answer.status == 200)
            except OSError:
                return False

        _until(healthy, 10, "the collector does not start")
        _post(f"http://127.0.0.1:{http}/v1/traces", _spans())
        _post(f"http://127.0.0.1:{http}/v1/logs", _logs())
        _until(lambda: out.exists() and out.read_bytes().count(SEEN.encode()) == 2, 5, "nothing was sent on")
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return b"".join(path.read_bytes() for path in sorted(queue.iterdir()) if path.is_file()), out.read_bytes()


def test_what_is_harmless_is_in_the_queue_and_goes_on(left: tuple[bytes, bytes]) -> None:
    for where in left:
        assert where.count(SEEN.encode()) >= 2
        assert b"task-550e8400-e29b-41d4-a716-446655440000" in where, "an id that looks a little like a key"


@pytest.mark.parametrize("what", PLANTED)
def test_what_is_planted_is_nowhere(left: tuple[bytes, bytes], what: str) -> None:
    queue, out = left
    assert PLANTED[what].encode() not in queue, "in the disk queue"
    assert PLANTED[what].encode() not in out, "sent on"
