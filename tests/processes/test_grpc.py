"""OTLP over gRPC, to a real gRPC server, and to none."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .conftest import World


@pytest.fixture
def grpc_address(world: World) -> Iterator[str]:
    """Listen for gRPC, and keep what comes in the world's sink."""
    server = grpc.server(ThreadPoolExecutor(4))

    def service(base: Any, path: str, answer: Any) -> Any:
        def export(_: object, request: Any, context: object) -> Any:
            del context
            world.sink.keep(path, request.SerializeToString())
            return answer()

        return type(f"Keeping{base.__name__}", (base,), {"Export": export})()

    # Generated code, without types.
    traces: Any = trace_service_pb2_grpc
    numbers: Any = metrics_service_pb2_grpc
    logs: Any = logs_service_pb2_grpc
    traces.add_TraceServiceServicer_to_server(
        service(traces.TraceServiceServicer, "/v1/traces", trace_service_pb2.ExportTraceServiceResponse), server
    )
    numbers.add_MetricsServiceServicer_to_server(
        service(numbers.MetricsServiceServicer, "/v1/metrics", metrics_service_pb2.ExportMetricsServiceResponse), server
    )
    logs.add_LogsServiceServicer_to_server(
        service(logs.LogsServiceServicer, "/v1/logs", logs_service_pb2.ExportLogsServiceResponse), server
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"http://127.0.0.1:{port}"
    server.stop(None)


@pytest.mark.parametrize("spooled", [False, True], ids=["memory", "spool"])
@pytest.mark.parametrize("command", ["many_threads.py", "pools.py pool fork"])
def test_everything_arrives_over_grpc(
    world: World, tmp_path: Path, grpc_address: str, command: str, spooled: bool
) -> None:
    world.run(
        "python",
        *command.split(),
        OTEL_EXPORTER_OTLP_PROTOCOL="grpc",
        OTEL_EXPORTER_OTLP_ENDPOINT=grpc_address,
        **({"HELIOGRAPH_SPOOL": str(tmp_path / "spool")} if spooled else {}),
    )
    world.assert_exact(calls=170 if "threads" in command else 65)
    assert world.sink.orphans() == []


def test_a_grpc_collector_that_is_not_there_is_said_once_and_holds_nothing_up(world: World) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{probe.getsockname()[1]}"
    started = time.monotonic()
    said = world.run("python", "generators.py", OTEL_EXPORTER_OTLP_PROTOCOL="grpc", OTEL_EXPORTER_OTLP_ENDPOINT=closed)
    assert said.count("telemetry cannot be delivered") == 1
    assert "UNAVAILABLE" in said
    (_, end) = said.splitlines()
    assert "is missing" in end
    assert "(process_end)" in end
    assert time.monotonic() - started < 20
