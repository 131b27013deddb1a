"""Spans as few words, sent as OTLP/JSON; what was counted, as few numbers."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.genai._prices import Prices
from heliograph.meter._request import JSON, parse
from heliograph.meter._service import MeterService, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PRICES = Prices()
START = 1_760_000_000_000_000_000
"""When second 0 of every case is, in nanoseconds since the epoch."""


def hexadecimal(name: str, digits: int) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:digits]


def value(given: Any) -> dict[str, Any]:
    if isinstance(given, bool):
        return {"boolValue": given}
    if isinstance(given, int):
        return {"intValue": str(given)}
    if isinstance(given, float):
        return {"doubleValue": given if given == given else "NaN"}  # noqa: PLR0124 - only NaN differs from itself
    return {"stringValue": given}


def attributes(given: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": value(said)} for key, said in given.items()]


def span(
    name: str,
    *,
    app: str = "shop",
    trace: str = "trace",
    parent: str | None = None,
    lib: str = "openai",
    at: tuple[float, float] = (0.0, 1.0),
    op: str | None = "chat",
    model: str = "gpt-4o",
    usage: tuple[Any, Any] | None = (1000, 200),
    answer: str | None = None,
    error: str | None = None,
    home: bool = False,
    state: str = "",
    **more: Any,
) -> dict[str, Any]:
    """Describe one span as OTLP/JSON, within its resource: a chat of 1 000 + 200 tokens unless told otherwise.

    `name` and `trace` become ids; `at` is its start and end in seconds; further attributes come by keyword, with
    `__` for a dot.
    """
    said: dict[str, Any] = {"gen_ai.provider.name": "openai", "gen_ai.request.model": model}
    if op is not None:
        said["gen_ai.operation.name"] = op
    if usage is not None:
        said |= {"gen_ai.usage.input_tokens": usage[0], "gen_ai.usage.output_tokens": usage[1]}
    if answer is not None:
        said["gen_ai.response.id"] = answer
    if error is not None:
        said["error.type"] = error
    if home:
        said["heliograph.metered"] = True
    said |= {key.replace("__", "."): given for key, given in more.items()}
    one = {
        "traceId": hexadecimal(trace, 32),
        "spanId": hexadecimal(name, 16),
        "parentSpanId": hexadecimal(parent, 16) if parent else "",
        "traceState": state,
        "name": name,
        "startTimeUnixNano": str(START + round(at[0] * 1e9)),
        "endTimeUnixNano": str(START + round(at[1] * 1e9)),
        "attributes": attributes(said),
        "status": {"code": 2} if error else {},
    }
    resource = {"attributes": attributes({"service.name": app, "process.pid": 4711})}
    return {"resource": resource, "scopeSpans": [{"scope": {"name": lib}, "spans": [one]}]}


def request(*spans: dict[str, Any]) -> bytes:
    return json.dumps({"resourceSpans": [span(**one) for one in spans]}).encode()


@dataclass
class Bench:
    """A meter without threads, whose clock the test moves."""

    now: float = 0.0
    changes: dict[str, Any] = field(default_factory=dict)
    service: MeterService = field(init=False)

    def __post_init__(self) -> None:
        settings = Settings(**{"export": "http://127.0.0.1:9", **self.changes})
        self.service = MeterService(settings, prices=PRICES, clock=lambda: self.now)

    def send(self, *spans: dict[str, Any]) -> tuple[int, str]:
        """Send spans, each given as the arguments of `span`."""
        return self.service.take(parse(request(*spans), JSON))

    def move_to(self, now: float) -> None:
        """Let the clock run in steps of a second, deciding what is due at each."""
        while self.now < now:
            self.now = min(self.now + 1.0, now)
            self.service.decide_due()

    def metrics(self) -> dict[str, dict[str, float]]:
        """Give per application the sum of each metric over its series (the count, for histograms)."""
        self.service.journal.commit()
        found: dict[str, dict[str, float]] = {}
        for counters in self.service.applications.all():
            sums: dict[str, float] = defaultdict(float)
            data = counters.reader.get_metrics_data()
            for metric in _metrics(data):
                for point in metric.data.data_points:
                    labels = dict(point.attributes or {})
                    total = point.count if hasattr(point, "bucket_counts") else point.value
                    name = metric.name
                    if name == "llm_tokens":
                        name = f"{name} {labels['type']}"
                    if name == "llm_requests":
                        sums[f"{name} {labels['status']}"] += total
                    sums[name] += total
            found[counters.application.name] = dict(sums)
        return found

    def events(self) -> list[dict[str, Any]]:
        """Give the attributes of the events that wait for delivery, each with its service and time."""
        self.service.journal.commit()
        return [
            {
                **(record.log_record.attributes or {}),
                "service": record.resource.attributes["service.name"],
                "at": record.log_record.timestamp,
            }
            for record in self.service.events.first(1_000_000)
        ]


def _metrics(data: Any) -> Iterator[Any]:
    if data is not None:
        for resource in data.resource_metrics:
            for scope in resource.scope_metrics:
                yield from scope.metrics


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def bench_with() -> Callable[..., Bench]:
    """Give what makes a bench with other settings: `bench_with(changes={...})`."""
    return Bench


@pytest.fixture
def describe() -> Callable[..., dict[str, Any]]:
    """Give what makes one span OTLP/JSON, for tests that spoil it."""
    return span


@pytest.fixture
def body() -> Callable[..., bytes]:
    """Give what makes spans the body of an OTLP/JSON request."""
    return request
