"""The collector's copy to LangSmith: each LLM trace once, and no trouble there is trouble for anybody else.

The real collector with the shipped files; stand-ins for Jaeger (OTLP over gRPC) and for LangSmith (OTLP over HTTP).
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from ruamel.yaml import YAML

from heliograph.genai import vocabulary as v
from heliograph.stack import Stack
from heliograph.stack._build import binary
from heliograph.stack._servers import SERVERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from heliograph.stack._plan import PlannedServer

ROOT = Path(__file__).parents[2]
KEY = "lsv2_pt_0123456789abcdef0123456789abcdef"
LLM = {"gen_ai.operation.name": "chat"}
SENT = {v.LANGSMITH_SENT.name: True}


class Jaeger(trace_service_pb2_grpc.TraceServiceServicer):
    """Counts the spans it is given."""

    def __init__(self) -> None:
        self.spans: Counter[str] = Counter()
        self._server = grpc.server(ThreadPoolExecutor(4))
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(self, self._server)  # type: ignore[no-untyped-call]
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def Export(self, request: ExportTraceServiceRequest, context: Any) -> ExportTraceServiceResponse:  # noqa: N802
        del context
        self.spans.update(names_of(request))
        return ExportTraceServiceResponse()

    def close(self) -> None:
        self._server.stop(0)


class Smith:
    """LangSmith's OTLP endpoint; `status` is what it answers, `delay` how long it takes, in seconds."""

    def __init__(self) -> None:
        self.status, self.delay = 200, 0.0
        self._released = threading.Event()
        self.spans: Counter[str] = Counter()
        self.heads: set[tuple[str, str, str]] = set()
        self.bodies: list[bytes] = []
        smith = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                smith._released.wait(smith.delay)
                if smith.status == 200:
                    smith.heads.add((self.path, self.headers["x-api-key"], self.headers["Langsmith-Project"]))
                    if self.headers.get("Content-Encoding") == "gzip":
                        body = gzip.decompress(body)
                    smith.bodies.append(body)
                    smith.spans.update(names_of(ExportTraceServiceRequest.FromString(body)))
                with contextlib.suppress(OSError):
                    self.send_response(smith.status)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Be quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def release(self) -> None:
        """Answer whatever still waits."""
        self.status, self.delay = 200, 0.0
        self._released.set()

    def close(self) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()


def names_of(request: ExportTraceServiceRequest) -> list[str]:
    return [span.name for rs in request.resource_spans for ss in rs.scope_spans for span in ss.spans]


@dataclass
class Collector:
    pid: int
    port: int
    metrics: int
    jaeger: Jaeger
    smith: Smith
    log: Path
    key: Path
    answers: list[int] = field(default_factory=list)

    def send(self, *traces: list[tuple[str, dict[str, Any]]], filler: int = 0) -> None:
        """Send one request with these traces: spans as (name, attributes), the first of each is the root."""
        request = ExportTraceServiceRequest()
        scope = request.resource_spans.add().scope_spans.add()
        now = time.time_ns()
        for spans in traces:
            trace_id, root = os.urandom(16), os.urandom(8)
            for index, (name, attributes) in enumerate(spans):
                span = scope.spans.add(
                    name=name,
                    trace_id=trace_id,
                    span_id=os.urandom(8) if index else root,
                    parent_span_id=root if index else b"",
                    start_time_unix_nano=now,
                    end_time_unix_nano=now + 1_000_000,
                )
                for key, value in {
                    **attributes,
                    **({"filler": os.urandom(filler // 2).hex()} if filler else {}),
                }.items():
                    said = span.attributes.add(key=key).value
                    if isinstance(value, bool):
                        said.bool_value = value
                    else:
                        said.string_value = str(value)
        call = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/v1/traces",
            data=request.SerializeToString(),
            headers={"Content-Type": "application/x-protobuf"},
        )
        try:
            with urllib.request.urlopen(call, timeout=20) as answer:
                self.answers.append(answer.status)
        except urllib.error.HTTPError as error:
            self.answers.append(error.code)

    def metric(self, name: str) -> float:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name) and "langsmith" in line)


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def wait(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not condition():
        time.sleep(0.05)
    return condition()


@contextlib.contextmanager
def running(
    folder: Path, overlay: Path | None = None, *, plan: Callable[[Smith], PlannedServer] | None = None
) -> Iterator[Collector]:
    """Run the collector with its file and the overlay; a small queue, so that it fills soon.

    Or run it as a `plan` has it, which is given the stand-in: the overlay's variables are then the plan's own.
    """
    jaeger, smith = Jaeger(), Smith()
    http, rpc, health, metrics = free_ports(4)
    (folder / "key").write_text(KEY + "\n")
    argv = [str(binary("collector")), "--config", str(ROOT / "collector/otelcol.yaml"), "--config", str(overlay)]
    env = {
        "HELIOGRAPH_LANGSMITH_URL": smith.url,
        "HELIOGRAPH_LANGSMITH_PROJECT": "assistant",
        "HELIOGRAPH_LANGSMITH_API_KEY_FILE": str(folder / "key"),
        "HELIOGRAPH_LANGSMITH_QUEUE_BYTES": "200000",
    }
    if plan is not None:
        planned = plan(smith)
        argv, env = list(planned.argv), planned.env
    env = {
        **env,
        "HELIOGRAPH_OTLP_HTTP_PORT": str(http),
        "HELIOGRAPH_OTLP_GRPC_PORT": str(rpc),
        "HELIOGRAPH_COLLECTOR_HEALTH_PORT": str(health),
        "HELIOGRAPH_COLLECTOR_METRICS_PORT": str(metrics),
        "HELIOGRAPH_JAEGER_OTLP": f"127.0.0.1:{jaeger.port}",
        "HELIOGRAPH_QUEUE_DIR": str(folder / "queue"),
        "HELIOGRAPH_FOREIGN_LOGS": str(folder),
        "HELIOGRAPH_LANGSMITH_WAIT": "1s",
    }
    log = folder / "collector.out"
    with log.open("w") as out:
        process = subprocess.Popen(argv, env=env, stdout=out, stderr=subprocess.STDOUT)

        def ready() -> bool:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{health}/", timeout=1) as page:
                return bool(page.status == 200)
            return False

        try:
            assert wait(ready, 30), log.read_text()
            yield Collector(process.pid, http, metrics, jaeger, smith, log, folder / "key")
        finally:
            smith.release()
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            jaeger.close()
            smith.close()


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Collector]:
    with running(tmp_path, ROOT / "collector/langsmith.yaml") as made:
        yield made


def test_llm_traces_are_copied_whole_and_once(collector: Collector) -> None:
    collector.send(
        [("request", {}), ("query answer", {}), ("chat", LLM)],
        [("health check", {}), ("select 1", {"db.system": "sqlite"})],
        [("sent by the application", SENT), ("its call", {**LLM, **SENT})],
        [("around it", {}), ("marked below", {**LLM, **SENT})],
    )
    collector.send([("run", {"langsmith.span.kind": "chain"})], [(f"with {KEY}", {**LLM, "note": f"key {KEY}"})])
    assert collector.answers == [200, 200]
    expected = {"request", "query answer", "chat", "run", "with [SECRET REDACTED]"}
    assert wait(lambda: collector.smith.spans.keys() >= expected)
    assert wait(lambda: collector.jaeger.spans.total() == 11)
    time.sleep(1.5)  # anything that should not be there would come now
    assert collector.smith.spans == dict.fromkeys(expected, 1)
    assert set(collector.jaeger.spans.values()) == {1}
    assert collector.smith.heads == {("/otel/v1/traces", KEY, "assistant")}
    assert KEY not in collector.log.read_text()
    assert [body for body in collector.smith.bodies if KEY.encode() in body] == []

    collector.key.write_text("another\n")  # a key is replaced without a restart

    def arrives() -> bool:
        collector.send([("later", LLM)])
        return any(key == "another" for _, key, _ in collector.smith.heads)

    assert wait(arrives)


# A project's name is text: neither YAML nor a variable of the collector's.
@pytest.mark.parametrize("project", ["assistant", "${env:HOME} #1: $5 {a}"])
def test_heliograph_yaml_switches_the_copy_on(tmp_path: Path, project: str) -> None:
    folder = tmp_path / "of ${USER}"
    folder.mkdir()

    def plan(smith: Smith) -> PlannedServer:
        overlay = folder / "my.yaml"
        langsmith = {"enabled": True, "api_key_file": "key", "project": project, "url": smith.url}
        overlay.write_text(json.dumps({"destinations": {"langsmith": langsmith}}))
        stack = Stack(state=tmp_path / "state", overlays=[overlay])
        stack.workspace.prepare()
        settings = stack._settings()
        rows = [row for row in SERVERS if row.name == "collector"]
        stack.workspace.write(settings, stack.ports, ["collector"])
        (planned,) = stack._plan(rows, {"collector": str(binary("collector"))}, settings).servers
        return planned

    with running(folder, plan=plan) as collector:
        collector.send([("request", {}), ("chat", LLM)], [("health check", {})])
        assert wait(lambda: collector.smith.spans.total() == 2)
        assert wait(lambda: collector.jaeger.spans.total() == 3)
        assert collector.smith.spans == {"request": 1, "chat": 1}
        assert collector.smith.heads == {("/otel/v1/traces", KEY, project)}
        seen = [Path(f"/proc/{collector.pid}/{name}") for name in ("cmdline", "environ")]
        written = [path for path in (tmp_path / "state").rglob("*") if path.is_file()]
        assert written
        for path in [*(path for path in seen if path.exists()), *written, collector.log]:
            assert KEY.encode() not in path.read_bytes(), path


TROUBLE: dict[str, dict[str, Any]] = {
    "unavailable": {"status": 503},
    "wrong key": {"status": 401},
    "hangs": {"delay": 30.0},
}


@pytest.mark.parametrize("name", TROUBLE)
def test_trouble_at_langsmith_refuses_and_repeats_nothing(collector: Collector, name: str) -> None:
    for attribute, value in TROUBLE[name].items():
        setattr(collector.smith, attribute, value)
    started = time.monotonic()
    rounds = 60
    for number in range(rounds):  # 60 requests of 50 kB in 3 s: fifteen times the queue
        collector.send([(f"call {number}", LLM)], filler=50_000)
        time.sleep(0.05)
    assert collector.answers == [200] * rounds
    assert time.monotonic() - started < rounds * 0.05 + 5
    assert wait(lambda: collector.jaeger.spans.total() >= rounds)
    if name != "wrong key":  # a wrong key is given up on at once: nothing ever waits
        assert wait(lambda: collector.metric("otelcol_exporter_enqueue_failed_spans") > 0)
    else:
        assert wait(lambda: collector.metric("otelcol_exporter_send_failed_spans") > 0)
    assert collector.jaeger.spans == {f"call {number}": 1 for number in range(rounds)}


def load(name: str) -> Any:
    return YAML(typ="safe", pure=True).load(ROOT / name)


def test_the_overlay_keeps_the_extensions_of_the_main_file() -> None:
    """The collector replaces lists when it merges files."""
    main, overlay = load("collector/otelcol.yaml"), load("collector/langsmith.yaml")
    own = list(overlay["extensions"])
    assert overlay["service"]["extensions"] == [*main["service"]["extensions"], *own]
    assert overlay["service"]["pipelines"].keys().isdisjoint(main["service"]["pipelines"])
    assert overlay["exporters"].keys().isdisjoint(main["exporters"])
    pipeline = overlay["service"]["pipelines"]["traces/langsmith"]
    # Whatever keeps credentials from the stores keeps them from LangSmith, by whatever kind of processor. Jaeger's
    # limits are its own.
    kept = [name for name in main["service"]["pipelines"]["traces"]["processors"] if not name.endswith("/fits_jaeger")]
    assert pipeline["processors"] == [*kept, "tail_sampling/langsmith"]


def test_the_optional_destination_gives_up_and_never_waits() -> None:
    exporter = load("collector/langsmith.yaml")["exporters"]["otlp_http/langsmith"]
    assert exporter["retry_on_failure"]["max_elapsed_time"] == "30s"
    queue = exporter["sending_queue"]
    assert queue["block_on_overflow"] is False
    assert "storage" not in queue


def test_the_key_is_read_by_default_where_docker_compose_puts_it() -> None:
    (secret,) = load("docker-compose.langsmith.yml")["services"]["collector"]["secrets"]
    overlay = (ROOT / "collector/langsmith.yaml").read_text()
    assert f"HELIOGRAPH_LANGSMITH_API_KEY_FILE:-/run/secrets/{secret}" in overlay


def test_a_missing_key_file_stops_the_start_and_is_named(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            binary("collector"),
            f"--config={ROOT}/collector/otelcol.yaml",
            f"--config={ROOT}/collector/langsmith.yaml",
        ],
        env={
            "HELIOGRAPH_LANGSMITH_API_KEY_FILE": str(tmp_path / "no-such-key"),
            "HELIOGRAPH_QUEUE_DIR": str(tmp_path / "queue"),
            **{
                f"HELIOGRAPH_{name}_PORT": str(port)
                for name, port in zip(
                    ("OTLP_HTTP", "OTLP_GRPC", "COLLECTOR_HEALTH", "COLLECTOR_METRICS"), free_ports(4), strict=True
                )
            },
        },
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode != 0
    assert "no-such-key" in done.stderr


def test_what_isolates_is_the_sampler(tmp_path: Path) -> None:
    """The same overlay without it: a full queue answers 503, as design.md warns."""
    yaml = YAML(typ="safe", pure=True)
    overlay = yaml.load(ROOT / "collector/langsmith.yaml")
    overlay["service"]["pipelines"]["traces/langsmith"]["processors"].remove("tail_sampling/langsmith")
    naive = tmp_path / "naive.yaml"
    with naive.open("w") as file:
        yaml.dump(overlay, file)
    with running(tmp_path, naive) as collector:
        collector.smith.delay = 30.0
        for number in range(40):
            collector.send([(f"call {number}", LLM)], filler=50_000)
            if collector.answers[-1] != 200:
                break
        assert collector.answers[-1] == 503
