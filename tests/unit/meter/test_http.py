"""Over real sockets: a request in, metrics and events out, and the end of the process."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from heliograph.config import load_for_meter
from heliograph.errors import HeliographError
from heliograph.meter._cli import _prices, _settings
from heliograph.meter._http import HttpServer
from heliograph.meter._request import JSON, PROTOBUF, RefusedError, parse
from heliograph.meter._service import MeterService, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Receiver:
    """Stands for the collector's OTLP receiver: keeps what it takes, refuses while `answers` says so."""

    def __init__(self) -> None:
        self.answers = 200
        self.counters: dict[tuple[str, str], float] = defaultdict(float)
        """(service, metric) -> its newest total over all series and instances."""
        self.events: list[tuple[str, dict[str, Any]]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                if receiver.answers == 200:
                    receiver._keep(self.path, body)
                self.send_response(receiver.answers)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _keep(self, path: str, body: bytes) -> None:
        if path == "/v1/logs":
            for resource in ExportLogsServiceRequest.FromString(body).resource_logs:
                name = _attributes(resource.resource.attributes)["service.name"]
                for scope in resource.scope_logs:
                    self.events += [(name, _attributes(record.attributes)) for record in scope.log_records]
            return
        for found in ExportMetricsServiceRequest.FromString(body).resource_metrics:
            name = _attributes(found.resource.attributes)["service.name"]
            for of_scope in found.scope_metrics:
                for metric in of_scope.metrics:
                    points = metric.sum.data_points or metric.gauge.data_points
                    self.counters[name, metric.name] = sum(p.as_int or p.as_double for p in points)


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def eventually(condition: Callable[[], object], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


@pytest.fixture
def meter(receiver: Receiver) -> Iterator[tuple[MeterService, HttpServer]]:
    service = MeterService(Settings(export=receiver.url, wait=0.05, interval=0.1))
    server = HttpServer(service, ("127.0.0.1", 0), max_bytes=100_000)
    service.start()
    server.start()
    yield service, server
    server.close()
    service.close(2.0)


Meter = tuple[MeterService, HttpServer]


def ask(
    server: HttpServer, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(*server.address, timeout=5)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def test_spans_come_in_and_metrics_and_events_go_out(
    meter: Meter, receiver: Receiver, body: Callable[..., bytes]
) -> None:
    content = gzip.compress(parse(body({"name": "one"}, {"name": "two"}), JSON).SerializeToString())
    status, _, answer = ask(meter[1], "POST", "/v1/traces", content, Content_Type=PROTOBUF, Content_Encoding="gzip")
    assert (status, answer) == (200, b"")
    eventually(lambda: receiver.counters["shop", "llm_requests"] == 2 and len(receiver.events) == 2)
    eventually(lambda: receiver.counters["heliograph-meter", "heliograph_meter_counted_calls"] == 2)
    assert receiver.counters["shop", "llm_tokens"] == 2 * 1200
    assert receiver.counters["heliograph-meter", "heliograph_heartbeat"] > 1_700_000_000
    assert "heliograph_heartbeat" not in {name for service, name in receiver.counters if service == "shop"}
    service, event = receiver.events[0]
    assert (service, event["event_name"], event["metered_by"]) == ("shop", "llm.call", "meter")


def test_one_connection_serves_many_requests_also_chunked_ones(
    meter: Meter, receiver: Receiver, body: Callable[..., bytes]
) -> None:
    connection = http.client.HTTPConnection(*meter[1].address, timeout=5)
    for name in ("one", "two"):
        content = body({"name": name})
        connection.request(
            "POST",
            "/v1/traces",
            iter([content[:100], content[100:]]),
            {"Content-Type": JSON, "Transfer-Encoding": "chunked"},
            encode_chunked=True,
        )
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"{}")
    connection.close()
    eventually(lambda: receiver.counters["shop", "llm_requests"] == 2)


@pytest.mark.parametrize(
    ("content", "headers", "status", "label"),
    [
        (b"{", {"Content_Type": JSON}, 400, "malformed"),
        (b"\xff\xff", {"Content_Type": PROTOBUF}, 400, "malformed"),
        (b"x" * 100_001, {"Content_Type": PROTOBUF}, 413, "too_large"),
        (gzip.compress(b"\0" * 200_000), {"Content_Type": PROTOBUF, "Content_Encoding": "gzip"}, 413, "too_large"),
        (b"<xml/>", {"Content_Type": "text/xml"}, 415, "unsupported"),
    ],
)
def test_bad_requests_are_refused_with_a_reason_and_counted(
    meter: Meter, content: bytes, headers: dict[str, str], status: int, label: str
) -> None:
    service, server = meter
    answered, _, text = ask(server, "POST", "/v1/traces", content, **headers)
    assert answered == status
    assert text
    if headers["Content_Type"] == JSON:
        assert json.loads(text)["message"]
    assert service.tally.refused[label] == 1
    assert sum(service.tally.refused.values()) == 1
    assert ask(server, "GET", "/healthz")[0] == 200


def test_spans_left_out_are_told(meter: Meter, describe: Any) -> None:
    bad = describe("bad")
    bad["scopeSpans"][0]["spans"][0]["traceId"] = "12"
    content = json.dumps({"resourceSpans": [bad]}).encode()
    status, _, answer = ask(meter[1], "POST", "/v1/traces", content, Content_Type=JSON)
    assert status == 200
    assert json.loads(answer)["partialSuccess"]["rejectedSpans"] == "1"


def test_while_the_collector_refuses_events_the_sender_is_told_to_come_again(
    receiver: Receiver, body: Callable[..., bytes]
) -> None:
    receiver.answers = 503
    service = MeterService(Settings(export=receiver.url, wait=0.0, interval=60.0, undelivered=1))
    server = HttpServer(service, ("127.0.0.1", 0))
    service.start()
    server.start()
    try:
        assert ask(server, "POST", "/v1/traces", body({"name": "one"}), Content_Type=JSON)[0] == 200
        eventually(lambda: service.events.full)
        status, headers, answer = ask(server, "POST", "/v1/traces", body({"name": "two"}), Content_Type=JSON)
        assert status == 503
        assert int(headers["Retry-After"]) > 0
        assert b"wait to be taken" in answer
        eventually(lambda: service.delivery.health.down)
        receiver.answers = 200
        service.delivery._logs.nudge()
        eventually(lambda: len(receiver.events) == 1)
        eventually(lambda: not service.events.full)  # the answer is on its way
        assert ask(server, "POST", "/v1/traces", body({"name": "two"}), Content_Type=JSON)[0] == 200
        eventually(lambda: len(receiver.events) == 2)
    finally:
        server.close()
        service.close(2.0)
    assert receiver.counters["heliograph-meter", "heliograph_meter_refused_requests"] == 1
    assert service.tally.lost == 0


def test_a_defect_is_answered_so_that_the_request_does_not_come_again(
    meter: Meter, body: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """OTLP: 500 is not sent again; without an answer, the collector would send it for as long as it runs."""

    def broken(_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(meter[0], "take", broken)
    status, _, answer = ask(meter[1], "POST", "/v1/traces", body({"name": "one"}), Content_Type=JSON)
    assert status == 500
    assert json.loads(answer)["message"] == "a defect of the meter"
    assert "a defect" in caplog.text


def test_refusals_do_not_fill_the_log(meter: Meter, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(5):
        assert ask(meter[1], "POST", "/v1/traces", b"{", Content_Type=JSON)[0] == 400
    assert ask(meter[1], "POST", "/v1/traces", b"<", Content_Type="text/xml")[0] == 415
    assert [record.getMessage().split(":")[0] for record in caplog.records] == ["refused a request"] * 2
    assert meter[0].tally.refused["malformed"] == 5


def test_a_connection_goes_on_after_a_refusal(meter: Meter, body: Callable[..., bytes]) -> None:
    connection = http.client.HTTPConnection(*meter[1].address, timeout=5)
    for content, status in ((b"{", 400), (body({"name": "one"}), 200)):
        connection.request("POST", "/v1/traces", content, {"Content-Type": JSON})
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("Connection")) == (status, None)
        answer.read()
    connection.close()


def test_nothing_is_acknowledged_that_comes_after_the_end(receiver: Receiver, body: Callable[..., bytes]) -> None:
    """The collector keeps its connection open: spans on it were answered with 200, and never decided."""
    service = MeterService(Settings(export=receiver.url, wait=60.0, interval=60.0))
    server = HttpServer(service, ("127.0.0.1", 0))
    service.start()
    server.start()
    connection = http.client.HTTPConnection(*server.address, timeout=5)
    acknowledged = 0

    def post(name: str) -> bool:
        connection.request("POST", "/v1/traces", body({"name": name, "trace": name}), {"Content-Type": JSON})
        answer = connection.getresponse()
        answer.read()
        return answer.status == 200

    acknowledged += post("before")
    server.close()
    with contextlib.suppress(OSError, http.client.HTTPException):
        connection.auto_open = 0
        acknowledged += post("after")
    service.close(2.0)
    with pytest.raises(RefusedError) as refused:
        service.take(parse(body({"name": "late"}), JSON))
    assert refused.value.status == 503
    assert len(receiver.events) == acknowledged == 1


def test_a_port_that_is_taken_is_said_plainly(meter: Meter) -> None:
    with pytest.raises(HeliographError, match="cannot listen") as caught:
        HttpServer(meter[0], meter[1].address)
    assert "--listen" in caught.value.hint


@pytest.mark.parametrize("by", ["option", "variable"])
def test_prices_of_ones_own_are_read_and_mistakes_end_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    file = tmp_path / "prices.json"
    file.write_text('{"models": {"gpt-4o": {"inputs": 1}}}')
    if by == "variable":
        monkeypatch.setenv("HELIOGRAPH_PRICES", str(file))
    with pytest.raises(HeliographError, match="problem") as caught:
        _prices(str(file) if by == "option" else None, load_for_meter())
    assert caught.value.exit_code == 2
    file.write_text('{"models": {"gpt-4o": {"input": 1, "output": 2}}}')
    assert list(_prices(str(file) if by == "option" else None, load_for_meter()).own.overrides.exact) == ["gpt-4o"]


def test_the_numbers_are_those_of_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HELIOGRAPH_PRICES", raising=False)
    assert _settings(load_for_meter(), "http://c") == Settings("http://c"), "two homes of the defaults"
    file = tmp_path / "my.yaml"
    file.write_text(
        "meter: {wait: 1m30s, waiting: 40_000, remember: 50_000, applications: 7, idle: 1h}\n"
        "intervals: {metric_export: 2s}\n"
        "prices: {models: {owl: {input: 1, output: 2}}}\n"
    )
    part = load_for_meter([file])
    assert _settings(part, "http://c") == Settings(
        "http://c", wait=90.0, waiting=40_000, remembered=50_000, applications=7, idle=3600.0, interval=2.0
    )
    assert list(_prices(None, part).own.overrides.exact) == ["owl"]


def test_an_end_decides_and_sends_what_waits(receiver: Receiver, body: Callable[..., bytes], tmp_path: Path) -> None:
    config = tmp_path / "my.yaml"
    config.write_text("meter: {wait: 1h}\nintervals: {metric_export: 1h}\n")
    arguments = ["meter", "--listen", "127.0.0.1:0", "--export", receiver.url, "--config", str(config)]
    process = subprocess.Popen(
        [sys.executable, "-m", "heliograph", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        # A variable that is meant for applications must not silence the meter.
        env={**os.environ, "PYTHONUNBUFFERED": "1", "OTEL_SDK_DISABLED": "true"},
    )
    assert process.stdout is not None
    try:
        said = process.stdout.readline()
        host, port = said.split("http://", 1)[1].split("/", 1)[0].split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=5)
        connection.request("POST", "/v1/traces", body({"name": "one"}), {"Content-Type": JSON})
        assert connection.getresponse().status == 200
        connection.close()
        assert receiver.events == []
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=10)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "1 calls counted, 0 events lost" in rest
    assert [service for service, _ in receiver.events] == ["shop"]
    assert receiver.counters["shop", "llm_requests"] == 1
    assert receiver.counters["heliograph-meter", "heliograph_clean_exit"] > 1_700_000_000
