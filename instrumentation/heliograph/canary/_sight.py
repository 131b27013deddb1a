"""Looking for a call in the three stores: which of them answers with it, after how long, and if not, why not."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from heliograph.canary._call import SERVICE
from heliograph.genai import vocabulary as v
from heliograph.stack._stores import Jaeger, Loki, Prometheus, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from heliograph.canary._call import Call

    Look = Callable[[Call], str]
    """Ask a store once for a call: "" when it is there, else why it is not."""

__all__ = ["SIGNALS", "STORE_OF", "Sighting", "Signal", "follow", "looks"]

Signal = Literal["traces", "metrics", "logs"]
SIGNALS: Final[tuple[Signal, ...]] = ("traces", "metrics", "logs")
STORE_OF: Final[dict[Signal, str]] = {"traces": "Jaeger", "metrics": "Prometheus", "logs": "Loki"}

_TURN: Final = 1.0  # seconds between two questions
_ASKING: Final = 5.0  # seconds that a store may take for an answer
_BEFORE: Final = 60.0  # seconds before the call that are asked for as well: clocks differ


@dataclass(frozen=True)
class Sighting:
    """What became of one signal of a call."""

    signal: Signal
    seconds: float | None
    """From the call until the store answered with it, to within a second; None: not in time."""
    why: str = ""
    """What the store said last, where it was not seen."""


def looks(prometheus: str, loki: str, jaeger: str) -> dict[Signal, Look]:
    """Return how each signal is looked for, in the stores at these base URLs. All are found by the trace id."""
    metrics = Prometheus(prometheus, timeout=_ASKING)
    logs = Loki(loki, timeout=_ASKING)
    traces = Jaeger(jaeger, timeout=_ASKING)
    counter = f'{v.prometheus_name(v.CANARY_CALLS)}{{job="{SERVICE}"}}'

    def trace(call: Call) -> str:
        return "" if traces.trace(call.trace_id) else "it answers, and does not know the trace"

    def metric(call: Call) -> str:
        found = metrics.exemplars(counter, seconds=_since(call))
        if any(one["labels"].get("trace_id") == call.trace_id for one in found):
            return ""
        grown = metrics.number(f"max(timestamp({counter}))")
        if grown is not None and grown >= call.made:
            return "the counter arrived, and no exemplar links it to the trace"
        return "it answers, and has no newer value of the counter"

    def line(call: Call) -> str:
        query = f'{{service_name="{SERVICE}"}} | trace_id="{call.trace_id}"'
        return "" if logs.lines(query, seconds=_since(call), limit=1) else "it answers, and does not have the line"

    return {"traces": trace, "metrics": metric, "logs": line}


def _since(call: Call) -> float:
    return time.time() - call.made + _BEFORE


def follow(
    call: Call,
    looks: Mapping[Signal, Look],
    *,
    within: float,
    seen: Callable[[Sighting], None] | None = None,
    stop: threading.Event | None = None,
) -> list[Sighting]:
    """Look for the call until every store has it or `within` seconds are over; return a sighting for each signal.

    Each store is asked by a thread of its own: one that hangs makes no other look slow. `seen` is told of each sighting
    at once; `stop` ends the looking early.
    """
    stop = stop or threading.Event()
    found: dict[Signal, Sighting] = {}

    def watch(signal: Signal, look: Look) -> None:
        found[signal] = _watch(signal, look, call, within, stop)
        if seen is not None:
            seen(found[signal])

    threads = [
        threading.Thread(target=watch, args=item, name=f"canary-{item[0]}", daemon=True) for item in looks.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [found[signal] for signal in looks]


def _watch(signal: Signal, look: Look, call: Call, within: float, stop: threading.Event) -> Sighting:
    deadline = time.monotonic() + within
    while True:
        try:
            why = look(call)
        except StoreError as error:
            why = f"{error.what} ({error.why})" if error.why else error.what
        except Exception as error:  # noqa: BLE001 - a proxy's page instead of an answer, say: as good as none
            why = f"{type(error).__name__}: {error}"
        if not why:
            return Sighting(signal, max(0.0, time.time() - call.made))
        left = deadline - time.monotonic()
        if left <= 0 or stop.wait(min(_TURN, left)):
            return Sighting(signal, None, why)
