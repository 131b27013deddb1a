"""OTLP as JSON, by hand: also what no SDK would send."""

from __future__ import annotations

import json
import secrets
import time
import urllib.error
import urllib.request
from typing import Any

__all__ = ["Sender"]

Value = str | int | float


class Sender:
    """Sends single records to a collector and says with what status it answered."""

    def __init__(self, url: str) -> None:
        self.url = url

    def post(self, path: str, body: bytes) -> int:
        """Return the HTTP status of the answer."""
        request = urllib.request.Request(self.url + path, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def log(self, service: str, body: str, age: float = 0, environment: str = "prod", /, **fields: Value) -> int:
        """Send one log record, `age` seconds old."""
        record = {"timeUnixNano": _nanoseconds(age), "body": {"stringValue": body}, "attributes": _attributes(fields)}
        scope = {"scopeLogs": [{"logRecords": [record]}]}
        return self._send("/v1/logs", "resourceLogs", service, environment, scope)

    def call(self, service: str, *, environment: str = "prod", **fields: Value) -> int:
        """Send the event of one call of a model."""
        return self.log(service, "llm.call", 0, environment, event_name="llm.call", **fields)

    def span(self, service: str, **fields: Value) -> int:
        """Send one span."""
        span = {
            "traceId": secrets.token_hex(16),
            "spanId": secrets.token_hex(8),
            "name": "work",
            "startTimeUnixNano": _nanoseconds(0.001),
            "endTimeUnixNano": _nanoseconds(0),
            "attributes": _attributes(fields),
        }
        return self._send("/v1/traces", "resourceSpans", service, "prod", {"scopeSpans": [{"spans": [span]}]})

    def gauge(self, service: str, name: str, value: float, *, age: float = 0) -> int:
        """Send one reading, `age` seconds old."""
        metric = {"name": name, "gauge": {"dataPoints": [{"timeUnixNano": _nanoseconds(age), "asDouble": value}]}}
        return self._send("/v1/metrics", "resourceMetrics", service, "prod", {"scopeMetrics": [{"metrics": [metric]}]})

    def _send(self, path: str, kind: str, service: str, environment: str, scopes: dict[str, Any]) -> int:
        resource = {"attributes": _attributes({"service.name": service, "deployment.environment.name": environment})}
        return self.post(path, json.dumps({kind: [{"resource": resource, **scopes}]}).encode())


def _nanoseconds(age: float) -> str:
    return str(int((time.time() - age) * 1e9))


def _attributes(fields: dict[str, Value]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in fields.items()]


def _value(value: Value) -> dict[str, Any]:
    match value:
        case float():
            return {"doubleValue": value}
        case int():
            return {"intValue": str(value)}
        case _:
            return {"stringValue": value}
