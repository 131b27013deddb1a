"""An exposed stack to attack: its secrets, its processes, and clients with and without what they need."""

from __future__ import annotations

import json
import os
import socket
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc
import psutil
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub

from heliograph.secure._tokens import Tokens

from .._otlp import Sender  # noqa: TID252 - tests are no installed package

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heliograph.secure._folder import Folder
    from heliograph.stack import Stack

__all__ = ["EXPOSED", "FRONT", "GRAFANA", "Target", "TlsSender", "grpc_export", "listening", "read_json", "status_of"]

# Not 127.0.0.1, so that what is exposed can be told from what is not.
FRONT = "127.0.0.2"
GRAFANA = bool(os.environ.get("GRAFANA_HOME"))
EXPOSED = {"otlp_grpc", "otlp_http", "prometheus", "alertmanager", "jaeger"} | ({"grafana"} if GRAFANA else set())


@dataclass(frozen=True)
class Target:
    """The stack and what its operator knows."""

    stack: Stack
    secrets: Folder
    address: str
    """Where it is exposed."""

    @property
    def tokens(self) -> Tokens:
        return Tokens(self.secrets)

    @property
    def otlp(self) -> str:
        return f"https://{self.address}:{self.stack.ports.otlp_http}"

    def sender(self, token: str) -> TlsSender:
        return TlsSender(self.otlp, self.trusting(), f"Bearer {token}")

    def trusting(self) -> ssl.SSLContext:
        """Believe what an application is given to believe."""
        return ssl.create_default_context(cafile=self.secrets.path / "front-ca.crt")

    def grpc_status(self, authorization: str | None, *, name: str | None = None) -> str:
        """Send a log record over gRPC; return the status' name."""
        root = (self.secrets.path / "front-ca.crt").read_bytes()
        options = [("grpc.ssl_target_name_override", name)] if name else []
        channel = grpc.secure_channel(
            f"{self.address}:{self.stack.ports.otlp_grpc}", grpc.ssl_channel_credentials(root), options
        )
        return grpc_export(channel, authorization)

    def pids(self) -> list[int]:
        """List every process of the stack: supervisor, servers, and whatever they have started."""
        own = [server.pid for server in self.stack.status() if server.pid]
        parents = {psutil.Process(pid).parent() for pid in own}
        return sorted({*own, *(parent.pid for parent in parents if parent), *_children(own)})


def grpc_export(channel: grpc.Channel, authorization: str | None) -> str:
    metadata = (("authorization", authorization),) if authorization is not None else ()
    with channel:
        try:
            stub = LogsServiceStub(channel)  # type: ignore[no-untyped-call] # generated
            stub.Export(ExportLogsServiceRequest(), timeout=5, metadata=metadata)
        except grpc.RpcError as error:
            return str(error.code().name)
    return "OK"


class TlsSender(Sender):
    """Sends over TLS with an Authorization header, or without one."""

    def __init__(self, url: str, context: ssl.SSLContext, authorization: str | None) -> None:
        super().__init__(url)
        self.context = context
        self.authorization = authorization

    def post(self, path: str, body: bytes) -> int:
        headers = {"Content-Type": "application/json"}
        if self.authorization is not None:
            headers["Authorization"] = self.authorization
        return status_of(self.url + path, body, headers, self.context)


def status_of(
    url: str, body: bytes | None = None, headers: dict[str, str] | None = None, context: ssl.SSLContext | None = None
) -> int:
    """Return the HTTP status of the answer; raises OSError when there is none."""
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, body, headers or {}), timeout=10, context=context
        ) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def read_json(url: str, headers: dict[str, str], context: ssl.SSLContext) -> Any:
    with urllib.request.urlopen(urllib.request.Request(url, None, headers), timeout=10, context=context) as answer:
        return json.load(answer)


def listening(pids: list[int]) -> Iterator[tuple[str, str, int]]:
    """Yield (name of the process, address, port) of every socket that waits for others, TCP and UDP."""
    for pid in pids:
        process = psutil.Process(pid)
        for found in process.net_connections("inet"):
            waits = found.status == psutil.CONN_LISTEN or (found.type == socket.SOCK_DGRAM and not found.raddr)
            if waits:
                yield process.name(), found.laddr.ip, found.laddr.port


def _children(pids: list[int]) -> Iterator[int]:
    for pid in pids:
        for child in psutil.Process(pid).children(recursive=True):
            yield child.pid
