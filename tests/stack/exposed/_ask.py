"""Questions to an exposed stack, by somebody who may ask them."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import time
from typing import TYPE_CHECKING, Any, TypeVar

from heliograph.secure._access import context_of, open_url
from heliograph.secure._passwords import header_value

from ._target import EXPOSED, FRONT, Target

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")

__all__ = [
    "READ",
    "alerts",
    "basic",
    "call",
    "complaint",
    "handshake",
    "lines",
    "logs",
    "operator",
    "read",
    "samples",
    "soon",
    "traces",
    "url_of",
]

READ = {
    "prometheus": ["/api/v1/query?query=up", "/metrics", "/-/ready", "/"],
    "alertmanager": ["/api/v2/alerts", "/metrics", "/-/ready", "/"],
    "jaeger": ["/api/services", "/api/v3/services", "/search", "/"],
}


def soon(ask: Callable[[], Value], seconds: float = 20) -> Value:
    """Ask until the answer is true; return it."""
    deadline = time.monotonic() + seconds
    while True:
        if answer := ask():
            return answer
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.25)


def url_of(target: Target, server: str) -> str:
    host = FRONT if server in EXPOSED else "127.0.0.1"
    return f"https://{host}:{getattr(target.stack.ports, server)}"


def operator(target: Target) -> tuple[dict[str, str], ssl.SSLContext]:
    header = {"Authorization": f"Basic {header_value(target.secrets, 'operator')}"}
    return header, context_of(target.secrets.server("operator"))


def basic(user: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()


def read(target: Target, server: str, path: str) -> Any:
    with open_url(url_of(target, server) + path, timeout=10, secrets=target.secrets.path) as answer:
        return json.load(answer)


def lines(target: Target, query: str) -> list[dict[str, Any]]:
    from urllib.parse import quote

    found: list[dict[str, Any]] = read(target, "loki", f"/loki/api/v1/query_range?query={quote(query)}")["data"][
        "result"
    ]
    return found


def logs(target: Target, service: str, text: str = "") -> list[dict[str, Any]]:
    return lines(target, f'{{service_name="{service}"}} |= "{text}"')


def traces(target: Target, service: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read(target, "jaeger", f"/api/traces?service={service}&lookback=1h")["data"]
    return found


def samples(target: Target, query: str) -> list[dict[str, Any]]:
    from urllib.parse import quote

    found: list[dict[str, Any]] = read(target, "prometheus", f"/api/v1/query?query={quote(query)}")["data"]["result"]
    return found


def alerts(target: Target) -> set[str]:
    return {one["labels"]["alertname"] for one in read(target, "alertmanager", "/api/v2/alerts")}


def call(tenant: str) -> dict[str, str | int | float]:
    """Give the attributes of a call as OpenLLMetry reports it."""
    return {
        "heliograph.tenant": tenant,
        "traceloop.association.properties.tenant_id": tenant,
        "gen_ai.operation.name": "chat",
        "gen_ai.system": "openai",
        "gen_ai.request.model": "gpt-4.1-mini",
        "gen_ai.response.model": "gpt-4.1-mini-2025-04-14",
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 5,
    }


def complaint(target: Target) -> str:
    """Return what a client that believes our authority says about the collector's certificate; "" for nothing."""
    try:
        with socket.create_connection((FRONT, target.stack.ports.otlp_http), 5) as plain:
            target.trusting().wrap_socket(plain, server_hostname=FRONT).close()
    except ssl.SSLCertVerificationError as error:
        return str(error)
    return ""


def handshake(context: ssl.SSLContext, address: tuple[str, int]) -> bool:
    """Say whether the server goes on after the handshake: with TLS 1.3 it is only then that it looks at the client."""
    try:
        with (
            socket.create_connection(address, 5) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
        ):
            connection.settimeout(1.0)
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            connection.recv(1)  # a server that refuses sends an alert, which is an SSLError here
    except TimeoutError:
        return True  # it waits for more
    except OSError:
        return False
    return True
