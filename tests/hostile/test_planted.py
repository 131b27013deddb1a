"""Secrets that an application lets slip are nowhere in the clear: not in the stores, nor in any file or process."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psutil
import pytest

from heliograph.demo._story import free_offset
from heliograph.stack import Stack
from heliograph.testing import LLMServer

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.stack

# Where it slips out -> what. Each is unique, so that a failure says which.
PLANTED: Final = {
    "key in a prompt": "sk-proj-Pl4nt3dInPrompt000000000001",
    "key of the client": "sk-proj-Pl4nt3dOfClient000000000002",
    "key in an exception": "sk-ant-api03-Pl4nt3dInException03",
    "key in a traceback": "sk-proj-Pl4nt3dInTraceback00000004",
    "key in a query": "AIzaSyPl4nt3dInQuery0123456789abcdefghi",
    "key in an extra": "pl4nt3d-extra-0006",
    "key as a tenant": "sk-proj-Pl4nt3dAsTenant000000000007",
    "key as a chain": "sk-proj-Pl4nt3dAsChain0000000000008",
    "key as a model": "sk-proj-Pl4nt3dAsModel0000000000009",
    "token in a stream": "ghp_Pl4nt3dInStream0123456789ABCDEFGH10",
    "token in an event": "pl4nt3d-event-0011",
    "token in a log": "pl4nt3d0log0012",
    "bearer in an extra": "pl4nt3d0bearer0013abcdef",
    "password": "pl4nt3d-hunter-0014",
    "password in an address": "pl4nt3d-userinfo-0015",
    "password in json": "pl4nt3d-json-0016",
    "header": "pl4nt3d-header-0017",
    "card": "4111 1111 1111 1111",
    "mail": "pl4nt3d.0019@private.example",
    "mail in an exception": "pl4nt3d.0020@private.example",
}
IN_A_FILE: Final = "sk-proj-Pl4nt3dInForeignLog0000021"
IN_A_REQUEST: Final = "sk-proj-Pl4nt3dInRequest000000022"
ALL: Final = {**PLANTED, "key in another program's log": IN_A_FILE, "key in a request to the servers": IN_A_REQUEST}
SEEN: Final = ("seen-in-the-prompt", "seen-in-a-log", "seen-in-a-file")


def ask(url: str, **parameters: str) -> str:
    query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
    with urllib.request.urlopen(url + query, timeout=20) as answer:
        content: bytes = answer.read()
    return content.decode("utf-8", "replace")


def knock(url: str) -> None:
    """Send a key where none belongs: in the address, in headers and in a body that is refused."""
    headers = {"Authorization": f"Bearer {IN_A_REQUEST}", "Content-Type": "application/json", "X-Api-Key": IN_A_REQUEST}
    body = json.dumps({"password": IN_A_REQUEST}).encode()
    for path in ("/v1/traces", "/alerts", "/api/v1/otlp/v1/metrics", "/nothing"):
        request = urllib.request.Request(f"{url}{path}?api_key={IN_A_REQUEST}", body, headers)
        try:
            urllib.request.urlopen(request, timeout=10).close()
        except OSError:
            continue


class Left:
    """What a run left: answers of the stores by name, and everything that can be read on disk and of processes."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.answers = _answers(stack)
        self.files = {str(path.relative_to(folder)): path.read_bytes() for path in _files(folder)}
        self.processes = _processes(folder)


def _answers(stack: Stack) -> dict[str, str]:
    urls = stack.urls
    span = {"start": str(int(time.time() - 3600)), "end": str(int(time.time() + 60)), "limit": "5000"}
    matching = {"match[]": '{__name__=~".+"}'}
    return {
        "jaeger": ask(f"{urls['jaeger']}/api/traces", service="leaky", limit="200", lookback="1h"),
        "loki": ask(f"{urls['loki']}/loki/api/v1/query_range", query='{service_name=~".+"}', **span),
        "series": ask(f"{urls['prometheus']}/api/v1/series", **matching),
        "exemplars": ask(
            f"{urls['prometheus']}/api/v1/query_exemplars",
            query='{__name__=~"llm.+"}',
            start=span["start"],
            end=span["end"],
        ),
        "alerts": ask(f"{urls['alertmanager']}/api/v2/alerts"),
        "inbox": ask(f"{urls['inbox']}/api/messages"),
    }


def _files(folder: Path) -> Iterator[Path]:
    yield from (path for path in folder.rglob("*") if path.is_file() and "foreign-logs" not in path.parts)


def _processes(folder: Path) -> bytes:
    """Read the command lines and environments of what the stack runs."""
    said = b""
    for process in psutil.process_iter(["pid", "cmdline"]):
        if str(folder) in " ".join(process.info["cmdline"] or ()):
            for name in ("cmdline", "environ"):
                try:
                    said += Path(f"/proc/{process.pid}/{name}").read_bytes()
                except OSError:
                    continue
    return said


def _until(what: Any, seconds: float, why: str) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if what():
                return
        except (OSError, urllib.error.URLError):
            pass
        assert time.monotonic() < deadline, why
        time.sleep(0.5)


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Left]:
    folder = tmp_path_factory.mktemp("planted") / "state"
    stack = Stack(free_offset(), folder)
    try:
        stack.up()
        with LLMServer(first_token=0, per_token=0, api_key="none") as server:
            environment = {
                **os.environ,
                "OPENAI_BASE_URL": server.base_url,
                "OPENAI_API_KEY": "none",
                "OTEL_EXPORTER_OTLP_ENDPOINT": stack.urls["otlp"],
            }
            application = Path(__file__).parent / "applications/leaky.py"
            command = [sys.executable, str(application), json.dumps(PLANTED)]
            subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)
        for name in ("otlp", "prometheus", "loki", "alertmanager", "inbox", "jaeger"):
            knock(stack.urls[name])
        foreign = folder / "foreign-logs"
        foreign.mkdir(exist_ok=True)
        (foreign / "other.log").write_text(f"seen-in-a-file: using {IN_A_FILE} for the day\n")
        loki = f"{stack.urls['loki']}/loki/api/v1/query_range"

        def arrived() -> bool:
            logs = ask(loki, query='{service_name=~".+"}', limit="1000")
            traces = ask(f"{stack.urls['jaeger']}/api/traces", service="leaky", limit="200")
            return "seen-in-a-log" in logs and "seen-in-a-file" in logs and "seen-in-the-prompt" in traces

        _until(arrived, 150, "the telemetry does not arrive")
        yield Left(stack, folder)
    finally:
        stack.down()


def test_what_is_harmless_arrived(left: Left) -> None:
    assert all(any(word in answer for answer in left.answers.values()) for word in SEEN)
    assert re.search(r'"user[._]id","type":"string","value":"u-1"', left.answers["jaeger"].replace(" ", ""))
    assert "leaky" in left.answers["series"]
    assert left.processes
    assert any("loki" in name for name in left.files)


@pytest.mark.parametrize("what", ALL)
def test_a_secret_is_nowhere_in_the_clear(left: Left, what: str) -> None:
    secret = ALL[what]
    assert [name for name, answer in left.answers.items() if secret in answer] == []
    assert [name for name, content in left.files.items() if secret.encode() in content] == []
    assert secret.encode() not in left.processes
