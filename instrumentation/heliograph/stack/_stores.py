"""Read back what the stores hold: Prometheus, Loki and Jaeger over their HTTP APIs.

The demo, the tests and the operator's tools ask through these three classes. Only the standard library is used, so that
the answer of a store reaches the caller unchanged.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
from dataclasses import dataclass, field
from typing import Any

from heliograph.errors import HeliographError
from heliograph.secure._access import open_url

__all__ = ["Jaeger", "LogLine", "Loki", "Prometheus", "Sample", "Span", "StoreError"]


class StoreError(HeliographError):
    """A store did not answer, or refused the question."""


@dataclass(frozen=True)
class Sample:
    """One series of an instant query."""

    labels: dict[str, str]
    value: float
    time: float
    """Unix time in seconds."""


@dataclass(frozen=True)
class LogLine:
    """One log record; `labels` holds the index labels and the structured metadata (OTLP attributes) together."""

    time: float
    """Unix time in seconds."""
    text: str
    labels: dict[str, str]


@dataclass(frozen=True)
class Span:
    """One span of a trace; `start` is Unix time and `duration` a length, both in seconds."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    service: str
    start: float
    duration: float
    attributes: dict[str, Any] = field(default_factory=dict)
    events: tuple[dict[str, Any], ...] = ()


def _get(base: str, path: str, params: dict[str, str], *, timeout: float, store: str) -> Any:  # noqa: ANN401 - JSON
    url = f"{base}{path}?{urllib.parse.urlencode(params)}" if params else f"{base}{path}"
    try:
        with open_url(url, timeout=timeout) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        detail = error.read(2000).decode(errors="replace").strip()
        raise StoreError(f"{store} refused a question ({error.code})", why=detail or url) from error
    except (urllib.error.URLError, TimeoutError, ConnectionError, json.JSONDecodeError) as error:
        hint = "heliograph status says which servers run"
        raise StoreError(f"{store} does not answer at {base}", why=str(error), hint=hint) from error


def _rules(data: dict[str, Any]) -> list[dict[str, Any]]:
    return [rule for group in data["groups"] or [] for rule in group["rules"] if rule["type"] == "alerting"]


@dataclass(frozen=True)
class Prometheus:
    """Prometheus' query API (https://prometheus.io/docs/prometheus/latest/querying/api/)."""

    url: str
    timeout: float = 10.0

    def query(self, expression: str, *, at: float | None = None) -> list[Sample]:
        """Return the vector that `expression` has now, or at the Unix time `at`."""
        params = {"query": expression} | ({} if at is None else {"time": f"{at:.3f}"})
        data = self._get("/api/v1/query", params)
        if data["resultType"] == "scalar":
            return [Sample({}, float(data["result"][1]), float(data["result"][0]))]
        return [Sample(s["metric"], float(s["value"][1]), float(s["value"][0])) for s in data["result"]]

    def points(self, expression: str, *, start: float, end: float, step: float = 5.0) -> list[Sample]:
        """Return every point that `expression` has between two Unix times, of all its series, `step` seconds apart."""
        params = {"query": expression, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:g}"}
        series = self._get("/api/v1/query_range", params)["result"]
        return [Sample(s["metric"], float(value), float(when)) for s in series for when, value in s["values"]]

    def number(self, expression: str) -> float | None:
        """Return the only value of `expression`, None where it has none.

        Raises StoreError when there are several: a caller that expects one number must not get any of many.
        """
        samples = self.query(expression)
        if len(samples) > 1:
            raise StoreError(f"{len(samples)} series where one was expected", why=expression)
        return samples[0].value if samples else None

    def alerts(self) -> list[dict[str, Any]]:
        """Return the pending and firing alerts."""
        found: list[dict[str, Any]] = self._get("/api/v1/alerts", {})["alerts"]
        return found

    def rules(self) -> list[dict[str, Any]]:
        """Return the alerting rules: each with `name`, `duration` (its `for`, in seconds), `labels` and `alerts`."""
        return _rules(self._get("/api/v1/rules", {"type": "alert"}))

    def exemplars(self, expression: str, *, seconds: float = 3600.0) -> list[dict[str, Any]]:
        """Return the exemplars of the last `seconds`: each with `labels`, `value`, `timestamp`, `series`."""
        now = time.time()
        params = {"query": expression, "start": f"{now - seconds:.3f}", "end": f"{now + 1:.3f}"}
        series = self._get("/api/v1/query_exemplars", params)
        return [e | {"series": s["seriesLabels"]} for s in series for e in s["exemplars"]]

    def _get(self, path: str, params: dict[str, str]) -> Any:  # noqa: ANN401 - JSON
        answer = _get(self.url, path, params, timeout=self.timeout, store="Prometheus")
        return answer["data"]


@dataclass(frozen=True)
class Loki:
    """Loki's query API (https://grafana.com/docs/loki/latest/reference/loki-http-api/)."""

    url: str
    timeout: float = 15.0

    def lines(self, query: str, *, seconds: float = 3600.0, limit: int = 1000) -> list[LogLine]:
        """Return the newest `limit` records of the last `seconds` that match `query`, oldest first."""
        now = time.time()
        params = {
            "query": query,
            "start": str(int((now - seconds) * 1e9)),
            "end": str(int((now + 1) * 1e9)),
            "limit": str(limit),
            "direction": "backward",
        }
        data = _get(self.url, "/loki/api/v1/query_range", params, timeout=self.timeout, store="Loki")["data"]
        found = [
            LogLine(int(value[0]) / 1e9, value[1], stream["stream"])
            for stream in data["result"]
            for value in stream["values"]
        ]
        return sorted(found, key=lambda line: line.time)

    def points(self, query: str, *, start: float, end: float, step: float) -> list[Sample]:
        """Return every point of a metric query between two Unix times, of all its series, `step` seconds apart."""
        params = {"query": query, "start": str(int(start * 1e9)), "end": str(int(end * 1e9)), "step": f"{step:g}"}
        data = _get(self.url, "/loki/api/v1/query_range", params, timeout=self.timeout, store="Loki")["data"]
        series = data["result"]
        return [Sample(s["metric"], float(value), float(when)) for s in series for when, value in s["values"]]

    def rules(self) -> list[dict[str, Any]]:
        """Return the alerting rules of the ruler, in the shape of Prometheus'."""
        path = "/prometheus/api/v1/rules"
        return _rules(_get(self.url, path, {"type": "alert"}, timeout=self.timeout, store="Loki")["data"])

    def query(self, query: str) -> list[Sample]:
        """Return the vector of a metric query now."""
        data = _get(self.url, "/loki/api/v1/query", {"query": query}, timeout=self.timeout, store="Loki")["data"]
        return [Sample(s["metric"], float(s["value"][1]), float(s["value"][0])) for s in data["result"]]


@dataclass(frozen=True)
class Jaeger:
    """Jaeger's query API, as its own page uses it."""

    url: str
    timeout: float = 10.0

    def trace(self, trace_id: str) -> list[Span]:
        """Return the spans of a trace by start time; an empty list where Jaeger does not know it (yet)."""
        try:
            data = _get(self.url, f"/api/traces/{trace_id}", {}, timeout=self.timeout, store="Jaeger")["data"]
        except StoreError as error:
            if isinstance(error.__cause__, urllib.error.HTTPError) and error.__cause__.code == 404:  # noqa: PLR2004
                return []
            raise
        return _spans(data)

    def search(self, service: str, *, operation: str = "", seconds: float = 3600.0, limit: int = 20) -> list[Span]:
        """Return the spans of up to `limit` traces of `service` in the last `seconds`."""
        now = time.time()
        params = {
            "service": service,
            "start": str(int((now - seconds) * 1e6)),
            "end": str(int((now + 1) * 1e6)),
            "limit": str(limit),
        } | ({"operation": operation} if operation else {})
        return _spans(_get(self.url, "/api/traces", params, timeout=self.timeout, store="Jaeger")["data"])


def _spans(traces: list[dict[str, Any]]) -> list[Span]:
    found = []
    for trace in traces:
        services = {key: process["serviceName"] for key, process in trace["processes"].items()}
        for span in trace["spans"]:
            parents = [r["spanID"] for r in span.get("references") or [] if r["refType"] == "CHILD_OF"]
            events = [{f["key"]: f["value"] for f in log["fields"]} for log in span.get("logs") or []]
            found.append(
                Span(
                    trace_id=span["traceID"],
                    span_id=span["spanID"],
                    parent_id=parents[0] if parents else "",
                    name=span["operationName"],
                    service=services.get(span["processID"], ""),
                    start=span["startTime"] / 1e6,
                    duration=span["duration"] / 1e6,
                    attributes={tag["key"]: tag["value"] for tag in span.get("tags") or []},
                    events=tuple(events),
                )
            )
    return sorted(found, key=lambda span: span.start)
