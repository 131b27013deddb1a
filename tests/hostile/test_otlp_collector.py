"""What reaches the real collector: it stays up and within its memory, and whatever comes beside and after arrives."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Final

import psutil
import pytest

from heliograph.stack._build import binary
from heliograph.stack._paths import config_root

from ._otlp import JSON, Request, corpus, good

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.stack

CORPUS: Final = corpus()
MOST_MEMORY: Final = 600 * 1024 * 1024
DEFECTS: Final = {
    # 0.152 quotes the bytes in its answer, which is no UTF-8 then and cannot be written. SDKs send neither a 400 nor a
    # 500 again.
    "protobuf in JSON's clothes",
}
OVERLAY: Final = """
exporters:
  file/out: {{path: {out}, flush_interval: 100ms}}
service:
  pipelines:
    traces:
      exporters: [file/out]
"""


class Collector:
    """A collector of the shipped configuration that writes the traces it takes to a file."""

    def __init__(self, folder: Path) -> None:
        held = [socket.socket() for _ in range(5)]
        for each in held:
            each.bind(("127.0.0.1", 0))
        http, grpc, self._health, own, dead = (each.getsockname()[1] for each in held)
        for each in held:
            each.close()
        self.url = f"http://127.0.0.1:{http}"
        self._port = http
        self._out = folder / "out.json"
        self.log = folder / "log"
        (folder / "overlay.yaml").write_text(OVERLAY.format(out=self._out))
        environment = {
            **os.environ,
            "HELIOGRAPH_QUEUE_DIR": str(folder / "queue"),
            "HELIOGRAPH_OTLP_HTTP_PORT": str(http),
            "HELIOGRAPH_OTLP_GRPC_PORT": str(grpc),
            "HELIOGRAPH_COLLECTOR_HEALTH_PORT": str(self._health),
            "HELIOGRAPH_COLLECTOR_METRICS_PORT": str(own),
            "HELIOGRAPH_FOREIGN_LOGS": str(folder),
            "HELIOGRAPH_LOKI_URL": f"http://127.0.0.1:{dead}",
            "HELIOGRAPH_PROMETHEUS_URL": f"http://127.0.0.1:{dead}",
            "HELIOGRAPH_JAEGER_OTLP": f"127.0.0.1:{dead}",
        }
        configs = [f"--config={config_root()}/collector/otelcol.yaml", f"--config={folder}/overlay.yaml"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([binary("collector"), *configs], env=environment, stdout=log, stderr=log)

    def wait(self) -> None:
        """Wait until it serves."""
        deadline = time.monotonic() + 60
        while True:
            assert self.process.poll() is None, self.log.read_text()
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self._health}", timeout=1).close()
            except OSError:
                assert time.monotonic() < deadline, self.log.read_text()
                time.sleep(0.1)
            else:
                return

    def post(self, request: Request) -> int:
        """Give the status of the answer; 0 where it cut the connection."""
        asked = urllib.request.Request(
            f"{self.url}/v1/traces", request.body, {"Content-Type": request.kind, **request.headers}
        )
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def say(self, raw: bytes) -> bytes:
        """Write bytes to its port; give the beginning of what it answers."""
        with socket.create_connection(("127.0.0.1", self._port), timeout=3) as connection:
            connection.sendall(raw)
            return connection.recv(4096)

    def has(self, name: str) -> bool:
        """Whether a span of this name was written within some seconds."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if self._out.exists() and name.encode() in self._out.read_bytes():
                return True
            time.sleep(0.1)
        return False

    @property
    def memory(self) -> int:
        """Bytes of memory it has."""
        return int(psutil.Process(self.process.pid).memory_info().rss)


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    running = Collector(tmp_path_factory.mktemp("collector"))
    try:
        running.wait()
        yield running
    finally:
        running.process.terminate()
        try:
            running.process.wait(10)
        except subprocess.TimeoutExpired:
            running.process.kill()
            running.process.wait()


def neighbour(number: int) -> Request:
    return Request(json.dumps({"resourceSpans": [good(number)]}).encode(), JSON)


@pytest.mark.parametrize("number", range(len(CORPUS)), ids=list(CORPUS))
def test_a_bad_request_takes_nothing_else_along(collector: Collector, number: int) -> None:
    name = list(CORPUS)[number]
    status = collector.post(CORPUS[name])
    assert status == 200 or 400 <= status < 500 or (status == 500 and name in DEFECTS), status
    assert collector.post(neighbour(1000 + number)) == 200
    assert collector.has(f"neighbour-{1000 + number}")
    assert collector.process.poll() is None
    assert collector.memory < MOST_MEMORY


SMUGGLED: Final = {
    "two lengths": b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 40\r\n\r\n{}  ",
    "a length and chunks": b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\nHost: x\r\n\r\n",
    "a negative length": b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "no host": b"POST /v1/traces HTTP/1.1\r\n\r\n",
    "a header without end": b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 2_000_000 + b"\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.mark.parametrize("name", SMUGGLED)
def test_odd_http_is_refused_and_the_next_one_served(collector: Collector, name: str) -> None:
    try:
        said = collector.say(SMUGGLED[name])
    except OSError:
        said = b""  # it cut the connection
    assert not said.startswith(b"HTTP/1.1 2") or name == "a length and chunks"
    number = 2000 + list(SMUGGLED).index(name)
    assert collector.post(neighbour(number)) == 200
    assert collector.has(f"neighbour-{number}")


def test_nothing_panicked(collector: Collector) -> None:
    assert "panic" not in collector.log.read_text(encoding="utf-8", errors="replace")
