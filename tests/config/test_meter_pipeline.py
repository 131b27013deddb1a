"""What the real collector hands to the meter: spans about models in any dialect, and none of their texts."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import subprocess
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests._ports import free_ports

from heliograph.stack._build import binary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXT = "what nobody else may read"
CROWDED = "more attributes than fit, and its tokens last"

# name of the span -> its attributes; True: it goes to the meter
SPANS: dict[str, tuple[dict[str, Any], bool]] = {
    "otel": ({"gen_ai.operation.name": "chat", "gen_ai.input.messages": TEXT, "user.id": "ada"}, True),
    "otel, old": ({"gen_ai.system": "openai", "gen_ai.prompt": TEXT, "gen_ai.prompt.name": "greeting"}, True),
    "openllmetry": (
        {
            "traceloop.span.kind": "workflow",
            "traceloop.entity.input": TEXT,
            "gen_ai.prompt.0.content": TEXT,
            "gen_ai.completion.0.content": TEXT,
            "gen_ai.completion.0.finish_reason": "stop",
            "llm.request.type": "chat",
        },
        True,
    ),
    "openinference": (
        {
            "openinference.span.kind": "LLM",
            "input.value": TEXT,
            "llm.input_messages.0.message.content": TEXT,
            "llm.token_count.prompt": 5,
        },
        True,
    ),
    "langsmith": ({"langsmith.span.kind": "llm"}, True),
    "langfuse": ({"langfuse.observation.type": "generation", "langfuse.observation.output": TEXT}, True),
    "logfire": (
        {
            "logfire.span_type": "span",
            "gen_ai.operation.name": "chat",
            "gen_ai.usage.raw": '{"prompt_tokens": 3}',
            "request_data": TEXT,
            "response_data": TEXT,
            "all_messages_events": TEXT,
        },
        True,
    ),
    "huge": ({"gen_ai.operation.name": "chat", **{f"key{n}": "x" * 5_000 for n in range(200)}}, True),
    CROWDED: ({**{f"key{n}": "x" * 900 for n in range(800)}, "gen_ai.usage.input_tokens": 7}, True),
    "vercel": ({"ai.operationId": "ai.generateText.doGenerate", "ai.prompt.messages": TEXT, "ai.usage.x": 1}, True),
    "metered at home": ({"gen_ai.operation.name": "chat", "heliograph.metered": True}, True),
    "http": ({"http.request.method": "POST", "url.full": "https://api.example/llm.v1?q=gen_ai.chat"}, False),
    "database": ({"db.query.text": 'select "gen_ai.x" from t', "mail.ai.x": 1, "session.id": "s"}, False),
    "nothing": ({}, False),
}


@pytest.fixture(scope="module")
def received(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Any]]:
    """Run the collector on its own file, send it all spans, and collect what a stand-in for the meter gets."""
    bodies: list[bytes] = []

    class Meter(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            bodies.append(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    meter = ThreadingHTTPServer(("127.0.0.1", 0), Meter)
    ports = free_ports(5)
    thread = threading.Thread(target=meter.serve_forever, args=(0.05,))
    thread.start()
    folder = tmp_path_factory.mktemp("collector")
    with (folder / "log").open("wb") as log:
        collector = subprocess.Popen(
            [str(binary("collector")), f"--config={root}/collector/otelcol.yaml"],
            env={
                "HELIOGRAPH_OTLP_GRPC_PORT": str(ports[0]),
                "HELIOGRAPH_OTLP_HTTP_PORT": str(ports[1]),
                "HELIOGRAPH_COLLECTOR_HEALTH_PORT": str(ports[2]),
                "HELIOGRAPH_COLLECTOR_METRICS_PORT": str(ports[3]),
                "HELIOGRAPH_JAEGER_OTLP": f"127.0.0.1:{ports[4]}",  # nobody listens there
                "HELIOGRAPH_QUEUE_DIR": str(folder / "queue"),
                "HELIOGRAPH_FOREIGN_LOGS": str(folder),
                "HELIOGRAPH_METER_URL": f"http://127.0.0.1:{meter.server_port}",
            },
            stdout=log,
            stderr=log,
        )
        try:
            _wait_until_healthy(collector, f"http://127.0.0.1:{ports[2]}/", log=folder / "log")
            _send(f"http://127.0.0.1:{ports[1]}/v1/traces")
            spans: list[Any] = []
            deadline = time.monotonic() + 10
            while len(spans) < sum(wanted for _, wanted in SPANS.values()) and time.monotonic() < deadline:
                time.sleep(0.05)
                spans = [span for body in bodies for span in _spans(body)]
            time.sleep(0.5)  # for spans that should not come
            yield [span for body in bodies for span in _spans(body)]
        finally:
            collector.terminate()
            collector.wait(20)
            meter.shutdown()
            thread.join()
            meter.server_close()


def _send(url: str) -> None:
    def value(given: Any) -> dict[str, Any]:
        kind = {bool: "boolValue", int: "intValue"}.get(type(given), "stringValue")
        return {kind: given}

    spans = [
        {
            "traceId": f"{number:032x}",
            "spanId": f"{number:016x}",
            "name": name,
            "startTimeUnixNano": "1",
            "endTimeUnixNano": "2",
            "attributes": [{"key": key, "value": value(given)} for key, given in attributes.items()],
            "events": [
                {
                    "name": "gen_ai.content.prompt",
                    "attributes": [{"key": "gen_ai.prompt", "value": {"stringValue": TEXT}}],
                },
                {"name": "exception", "attributes": [{"key": "exception.type", "value": {"stringValue": "APIError"}}]},
            ],
        }
        for number, (name, (attributes, _)) in enumerate(SPANS.items(), start=1)
    ]
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=20).close()


def _wait_until_healthy(collector: subprocess.Popen[bytes], url: str, *, log: Path, seconds: float = 60.0) -> None:
    """Wait for the health page: before it, a connection may be refused, or taken and dropped."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert collector.poll() is None, log.read_text(errors="replace")
        with contextlib.suppress(OSError, http.client.HTTPException):  # HTTPError, while it says no, is an OSError
            urllib.request.urlopen(url, timeout=5).close()
            return
        time.sleep(0.1)
    raise AssertionError(f"the collector is not healthy after {seconds:g} s:\n{log.read_text(errors='replace')}")


def _spans(body: bytes) -> list[Any]:
    request = ExportTraceServiceRequest.FromString(body)
    return [span for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans]


def test_spans_of_every_dialect_go_to_the_meter_and_no_others(received: list[Any]) -> None:
    assert sorted(span.name for span in received) == sorted(name for name, (_, wanted) in SPANS.items() if wanted)


def test_no_text_goes_along_and_nothing_else_is_missing(received: list[Any]) -> None:
    for span in (span for span in received if span.name != CROWDED):
        sent = {key for key, given in SPANS[span.name][0].items() if given != TEXT}
        assert {pair.key for pair in span.attributes} == sent
        assert [event.name for event in span.events] == ["exception"]
    assert TEXT.encode() not in b"".join(span.SerializeToString() for span in received)


def test_a_span_is_cut_so_that_it_fits_into_a_batch(received: list[Any]) -> None:
    (huge,) = (span for span in received if span.name == "huge")
    lengths = {pair.key: len(pair.value.string_value) for pair in huge.attributes}
    assert lengths == {"gen_ai.operation.name": 4, **{f"key{n}": 1_000 for n in range(200)}}


def test_where_attributes_must_go_the_tokens_stay(received: list[Any]) -> None:
    """Whoever traces a call says at its end what it cost: behind all else."""
    (crowded,) = (span for span in received if span.name == CROWDED)
    said = {pair.key: pair.value.int_value for pair in crowded.attributes}
    assert len(said) == 512
    assert said["gen_ai.usage.input_tokens"] == 7
