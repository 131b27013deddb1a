"""Text messages through Amazon SNS: the real Alertmanager signs with the credentials that heliograph.yaml names."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from heliograph.stack import Stack
from heliograph.stack._build import binary
from heliograph.stack._servers import SERVERS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from heliograph.stack._plan import PlannedServer

ACCESS, SECRET = (
    "AKIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
)  # the pair of AWS' own documentation
OVERLAY = """
channels:
  inbox: {enabled: false}
  sms: {enabled: true, numbers: ["+491701234567"], sns: {region: eu-central-1, credentials_file: aws}}
"""


class Sns:
    """Keeps who signed, and what was to be sent."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        sns = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                sns.asked.append((self.headers["Authorization"] or "", urllib.parse.parse_qs(body)))
                answer = b"<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>"
                self.send_response(200)
                self.send_header("Content-Type", "text/xml")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def sns() -> Iterator[Sns]:
    made = Sns()
    yield made
    made.close()


def planned(folder: Path, sns: Sns) -> PlannedServer:
    """Plan Alertmanager as `heliograph up` does; only its SNS is the stand-in."""
    (folder / "my.yaml").write_text(OVERLAY)
    (folder / "aws").write_text(f"[default]\naws_access_key_id = {ACCESS}\naws_secret_access_key = {SECRET}\n")
    stack = Stack(state=folder / "state", overlays=[folder / "my.yaml"])
    stack.workspace.prepare()
    settings = stack._settings()
    rows = [row for row in SERVERS if row.name == "alertmanager"]
    stack.workspace.write(settings, stack.ports, ["alertmanager"])
    file = stack.workspace.config / "alertmanager/generated/alertmanager.yaml"
    yaml = YAML(typ="safe")
    routing = yaml.load(file)
    routing["route"] |= {"group_wait": "0s"}
    for receiver in routing["receivers"]:
        for one in receiver.get("sns_configs", ()):
            one["api_url"] = sns.url
    yaml.dump(routing, file)
    (plan,) = stack._plan(rows, {"alertmanager": str(binary("alertmanager"))}, settings).servers
    return plan


@contextlib.contextmanager
def running(plan: PlannedServer, env: dict[str, str], log: Path) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    argv = [f"--web.listen-address={address}" if "listen-address=1" in text else text for text in plan.argv]
    with log.open("wb") as out:
        process = subprocess.Popen(argv, env=env, cwd=plan.cwd, stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://{address}/-/ready", timeout=5).close()
                break
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(20)


def alert(url: str) -> None:
    labels = {"alertname": "HighLLMErrorRate", "severity": "critical", "job": "assistant", "level": "P2"}
    body = json.dumps([{"labels": labels, "annotations": {"summary": "Calls to a model fail."}}]).encode()
    request = urllib.request.Request(f"{url}/api/v2/alerts", body, {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=5).close()


def test_a_text_message_is_signed_with_the_credentials_that_are_named(sns: Sns, tmp_path: Path) -> None:
    plan, log = planned(tmp_path, sns), tmp_path / "log"
    with running(plan, plan.env, log) as url:
        alert(url)
        deadline = time.monotonic() + 15
        while not sns.asked and time.monotonic() < deadline:
            time.sleep(0.05)
    assert sns.asked, log.read_text()
    signed, form = sns.asked[0]
    assert f"Credential={ACCESS}/" in signed
    assert "/eu-central-1/sns/" in signed
    assert form["PhoneNumber"] == ["+491701234567"]
    assert SECRET not in log.read_text()
    assert SECRET not in (tmp_path / "state/config/alertmanager/generated/alertmanager.yaml").read_text()


def test_it_is_the_variable_that_leads_there(sns: Sns, tmp_path: Path) -> None:
    plan, log = planned(tmp_path, sns), tmp_path / "log"
    # Nor may the machine's role, where it has one, stand in for the file.
    env = {**plan.env, "AWS_EC2_METADATA_DISABLED": "true", "HOME": str(tmp_path / "nobody")}
    del env["AWS_SHARED_CREDENTIALS_FILE"]
    with running(plan, env, log) as url:
        alert(url)
        deadline = time.monotonic() + 15
        while "sns" not in log.read_text() and time.monotonic() < deadline:
            time.sleep(0.05)
    assert not [signed for signed, _ in sns.asked if ACCESS in signed]
    assert "redential" in log.read_text()
