"""A well-behaved OTLP/HTTP client (https://opentelemetry.io/docs/specs/otlp/#otlphttp).

Repeats 429, 502, 503 and 504 and whatever broke the connection, waits as long as Retry-After says or exponentially
longer each time, and takes every other status for a refusal.
"""

from __future__ import annotations

import http.client
import math
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final, Literal

from google.protobuf.message import DecodeError
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from heliograph.ledger._records import PATHS

if TYPE_CHECKING:
    import threading

    from heliograph.ledger._http import Answer, Connection
    from heliograph.ledger._plan import Signal

__all__ = ["Client", "Delivery", "Outcome"]

Outcome = Literal["acknowledged", "refused", "given up"]

PROTOBUF: Final = "application/x-protobuf"
_REPEATED: Final = {429, 502, 503, 504}
_ACCEPTED: Final = range(200, 300)
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 5.0
_LONGEST_RETRY_AFTER: Final = 60.0
_LONGEST_REASON: Final = 160


@dataclass
class Delivery:
    """What became of one request. Times are Unix times."""

    outcome: Outcome
    first: float
    """When it was sent for the first time."""
    done: float
    """When its fate was known."""
    reason: str = ""
    rejected: int = 0
    """Records that an accepted request says were rejected (partial success)."""
    retries: Counter[str] = field(default_factory=Counter)
    """Why it had to be sent again -> how often."""


class Client:
    """Delivers requests of one signal over one connection."""

    def __init__(self, signal: Signal, connection: Connection, stop: threading.Event) -> None:
        self._signal: Signal = signal
        self._connection = connection
        self._stop = stop

    def deliver(self, body: bytes, patience: float) -> Delivery:
        """Send it until it is accepted or refused, for `patience` seconds but at least once, or until `stop`."""
        first = time.time()
        deadline = time.monotonic() + patience
        retries: Counter[str] = Counter()
        while True:
            answer, failure = self._attempt(body)
            now = time.time()
            if answer is not None and answer.status in _ACCEPTED:
                rejected, reason = _rejected(self._signal, answer.body)
                return Delivery("acknowledged", first, now, reason, rejected, retries)
            reason = failure if answer is None else _reason(answer)
            if answer is not None and answer.status not in _REPEATED:
                return Delivery("refused", first, now, reason, 0, retries)
            pause = _pause(answer, retries.total())
            if time.monotonic() + pause > deadline or self._stop.wait(pause):
                return Delivery("given up", first, now, reason, 0, retries)
            retries[reason] += 1

    def _attempt(self, body: bytes) -> tuple[Answer | None, str]:
        try:
            return self._connection.ask("POST", PATHS[self._signal], body, PROTOBUF), ""
        except TimeoutError:
            return None, "no answer in time"
        except ConnectionRefusedError:
            return None, "nobody listens"
        except (ConnectionError, http.client.HTTPException):
            return None, "the connection broke"
        except OSError as error:
            return None, str(error)[:_LONGEST_REASON]


def _pause(answer: Answer | None, attempt: int) -> float:
    if answer is not None and answer.retry_after:
        stated = _retry_after(answer.retry_after)
        if stated is not None:
            return stated
    return min(_FIRST_PAUSE * 2.0 ** min(attempt, 16), _LONGEST_PAUSE) * random.uniform(0.8, 1.2)  # noqa: S311


def _retry_after(text: str) -> float | None:
    """Return the seconds of a Retry-After (RFC 9110, 10.2.3), at most a minute; None where it is not to be read."""
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - time.time()
        except ValueError:
            return None
    return min(max(0.0, seconds), _LONGEST_RETRY_AFTER) if math.isfinite(seconds) else None


def _rejected(signal: Signal, body: bytes) -> tuple[int, str]:
    """Return how many records of an accepted request were rejected, and why."""
    try:
        match signal:
            case "spans":
                spans = ExportTraceServiceResponse.FromString(body).partial_success
                return spans.rejected_spans, spans.error_message
            case "logs":
                logs = ExportLogsServiceResponse.FromString(body).partial_success
                return logs.rejected_log_records, logs.error_message
            case "points":
                points = ExportMetricsServiceResponse.FromString(body).partial_success
                return points.rejected_data_points, points.error_message
    except DecodeError:
        return 0, ""


def _reason(answer: Answer) -> str:
    """Return the status and what the server says about it."""
    said = ""
    if answer.kind.startswith(PROTOBUF):
        try:
            said = Status.FromString(answer.body).message
        except DecodeError:
            said = ""
    else:
        said = answer.body.decode("utf-8", "replace")
    return f"HTTP {answer.status} {' '.join(said.split())[:_LONGEST_REASON]}".rstrip()
