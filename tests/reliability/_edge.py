"""The way in and the stores behind it, and requests as a sender of anything might write them."""

from __future__ import annotations

import json
import secrets
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from heliograph.stack._stores import Jaeger, Loki, Prometheus, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from heliograph.stack import Stack

__all__ = [
    "HOUR",
    "LARGEST",
    "SOON",
    "Edge",
    "attributes",
    "delta",
    "gauge",
    "log",
    "logs",
    "metrics",
    "resource",
    "service",
    "soon",
    "span",
    "spans",
    "stamp",
]

HOUR = 3600.0
SOON = 40.0
"""Seconds in which a neighbour must be in its store, on a busy machine."""
LARGEST = 16 * 1024 * 1024
"""Bytes of a request after decompression: collector/otelcol.yaml."""


def stamp(age: float = 0.0) -> str:
    return str(int((time.time() - age) * 1e9))


def attributes(**values: str) -> list[dict[str, Any]]:
    return [{"key": key.replace("__", "."), "value": {"stringValue": value}} for key, value in values.items()]


def resource(service: str) -> dict[str, Any]:
    return {"attributes": attributes(service__name=service)}


def gauge(name: str, value: float | str, age: float = 0.0, **labels: str) -> dict[str, Any]:
    point = {"timeUnixNano": stamp(age), "asDouble": value, "attributes": attributes(**labels)}
    return {"name": name, "gauge": {"dataPoints": [point]}}


def delta(name: str) -> dict[str, Any]:
    point = {"timeUnixNano": stamp(), "startTimeUnixNano": stamp(10), "asDouble": 1.0}
    return {"name": name, "sum": {"dataPoints": [point], "aggregationTemporality": 1, "isMonotonic": True}}


def metrics(service: str, *each: dict[str, Any]) -> dict[str, Any]:
    return {"resourceMetrics": [{"resource": resource(service), "scopeMetrics": [{"metrics": list(each)}]}]}


def log(body: str, age: float = 0.0, **fields: str) -> dict[str, Any]:
    return {"timeUnixNano": stamp(age), "body": {"stringValue": body}, "attributes": attributes(**fields)}


def logs(service: str, *each: dict[str, Any]) -> dict[str, Any]:
    return {"resourceLogs": [{"resource": resource(service), "scopeLogs": [{"logRecords": list(each)}]}]}


def span(trace: str, name: str, **fields: str) -> dict[str, Any]:
    times = {"startTimeUnixNano": stamp(0.001), "endTimeUnixNano": stamp()}
    return {"traceId": trace, "spanId": secrets.token_hex(8), "name": name, "attributes": attributes(**fields), **times}


def spans(service: str, *each: dict[str, Any]) -> dict[str, Any]:
    return {"resourceSpans": [{"resource": resource(service), "scopeSpans": [{"spans": list(each)}]}]}


@dataclass(frozen=True)
class Edge:
    """The way in, and the stores behind it."""

    stack: Stack

    def post(self, path: str, body: bytes | dict[str, Any], **headers: str) -> int:
        """Return the status of the answer; 0 when the connection was cut."""
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        sent = {"Content-Type": "application/json", **{key.replace("_", "-"): value for key, value in headers.items()}}
        request = urllib.request.Request(self.stack.urls["otlp"] + path, data, sent)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except (urllib.error.URLError, ConnectionError):
            return 0

    def number(self, expression: str) -> float:
        """Return what Prometheus answers, 0 for nothing."""
        return Prometheus(self.stack.urls["prometheus"]).number(expression) or 0.0

    def values(self, service: str, name: str) -> int:
        """Return how many series of this name a service has."""
        return len(Prometheus(self.stack.urls["prometheus"]).query(f'{name}{{job="{service}"}}'))

    def lines(self, service: str) -> list[str]:
        """Return the log lines of a service, of the last nine days."""
        found = Loki(self.stack.urls["loki"]).lines(f'{{service_name="{service}"}}', seconds=9 * 24 * HOUR)
        return [line.text for line in found]

    def names(self, trace: str) -> list[str]:
        """Return the names of the spans of a trace."""
        try:
            return [found.name for found in Jaeger(self.stack.urls["jaeger"]).trace(trace)]
        except StoreError:
            return []


def soon(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + SOON
    while not (held := holds()) and time.monotonic() < end:
        time.sleep(0.5)
    return held


def service() -> str:
    return "bad-" + secrets.token_hex(4)
