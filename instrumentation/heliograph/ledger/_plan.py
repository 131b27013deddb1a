"""What is to be sent: rates, a time, and the numbers, ids and timestamps that follow from them.

Everything about a record follows from the plan, the run's id, the moment of its start, the sender and the record's
number. So nothing has to be kept of single records, neither while they are sent nor when they are looked for.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final, Literal

from heliograph.errors import HeliographError

__all__ = ["SERVICE", "SIGNALS", "Course", "Plan", "Signal", "new_run_id"]

Signal = Literal["spans", "logs", "points"]
SIGNALS: Final[tuple[Signal, ...]] = ("spans", "logs", "points")

SERVICE: Final = "heliograph-ledger"
"""`service.name` of every record: what a store is asked for, and what an operator sees."""

_SECOND: Final = 1_000_000_000
_LARGEST_BATCH: Final = 5_000
_LONGEST_WAIT: Final = 0.5  # seconds that a record of a slow stream waits for its batch to fill
_MOST_SENDERS: Final = 0xFFFF  # two bytes of a trace id
_MOST_PER_SECOND: Final = 1_000_000
_RUN_BYTES: Final = 8


@dataclass(frozen=True)
class Plan:
    """Rates are records per second of all senders together; times are seconds."""

    spans: float = 200.0
    logs: float = 200.0
    points: float = 1000.0
    duration: float = 60.0
    shift: float = 0.0
    """Added to every timestamp: -14400 sends what a backlog of four hours would look like."""
    senders: int = 2
    """Each is an instance of the service with connections of its own, and sends its share."""
    series: int = 1000
    """At most so many series of points, of all senders together."""
    batch: int = 500
    """At most so many records in one request."""
    spans_per_trace: int = 100
    padding: int = 120
    """Bytes of text in every span and log beside its number."""
    patience: float = 300.0
    """A record is given up when it is so old and was tried at least once."""
    settle: float = 120.0
    """How long the stores may take, after the last record was sent, to show all that was acknowledged."""

    def __post_init__(self) -> None:
        rates = {"spans": self.spans, "logs": self.logs, "points": self.points}
        wrong = [f"{name}: {rate:g}/s" for name, rate in rates.items() if not 0 <= rate <= _MOST_PER_SECOND]
        if not any(rates.values()):
            wrong.append("nothing is to be sent")
        if not self.duration > 0:
            wrong.append(f"a duration of {self.duration:g} s")
        if not 1 <= self.senders <= _MOST_SENDERS:
            wrong.append(f"{self.senders} senders")
        if not 1 <= self.batch <= _LARGEST_BATCH:
            wrong.append(f"batches of {self.batch}")
        if min(self.series, self.spans_per_trace) < 1 or min(self.padding, self.patience, self.settle) < 0:
            wrong.append("a number below its least value")
        if wrong:
            raise HeliographError("This cannot be sent.", why="; ".join(wrong), exit_code=2)

    def rate(self, signal: Signal) -> float:
        """Return the records per second of a signal, of all senders together."""
        return {"spans": self.spans, "logs": self.logs, "points": self.points}[signal]

    def courses(self, run: str, started: float) -> list[Course]:
        """Return what each sender sends of each signal, for a run that starts at a Unix time."""
        return [
            self._course(run, started, signal, sender)
            for sender in range(self.senders)
            for signal in SIGNALS
            if self.rate(signal)
        ]

    def _course(self, run: str, started: float, signal: Signal, sender: int) -> Course:
        rate = self.rate(signal) / self.senders
        if signal == "points":
            group = max(1, min(self.series // self.senders, int(rate)))
        else:
            group = self.spans_per_trace if signal == "spans" else 1
        return Course(
            signal=signal,
            run=run,
            sender=sender,
            count=max(1, round(rate * self.duration)),
            batch=max(1, min(self.batch, int(rate * _LONGEST_WAIT))),
            group=group,
            step=round(_SECOND / rate),
            started=round(started * _SECOND),
            shift=round(self.shift * _SECOND),
        )


@dataclass(frozen=True)
class Course:
    """What one sender sends of one signal: records 0 to `count - 1`, one every `step` nanoseconds."""

    signal: Signal
    run: str
    sender: int
    count: int
    batch: int
    group: int
    """Spans of one trace; series of points; 1 for logs."""
    step: int
    started: int
    """Unix nanoseconds, by the clock on the wall."""
    shift: int
    """Nanoseconds."""

    @property
    def instance(self) -> str:
        """`service.instance.id` of its records."""
        return f"{self.run}-{self.sender}"

    def due(self, number: int) -> float:
        """Return the Unix time at which an application would have made this record."""
        return (self.started + number * self.step) / _SECOND

    def time(self, number: int) -> int:
        """Return the timestamp of a record in Unix nanoseconds.

        All series of points are read at the same moment, in whole milliseconds, as Prometheus keeps them.
        """
        if self.signal != "points":
            return self.started + self.shift + number * self.step
        moment = self.started + self.shift + number // self.group * self.group * self.step
        return moment // 1_000_000 * 1_000_000

    def trace_id(self, number: int) -> bytes:
        """Return the id of the trace in which the span of this number is."""
        trace = number // self.group
        return bytes.fromhex(self.run) + self.sender.to_bytes(2, "big") + trace.to_bytes(6, "big")

    def span_id(self, number: int) -> bytes:
        """Return the id of the span of this number; never all zeros."""
        return self.sender.to_bytes(2, "big") + (number + 1).to_bytes(6, "big")

    def name(self, number: int) -> str:
        """Say which record this is, as an operator would look for it."""
        if self.signal == "spans":
            return f"trace {self.trace_id(number).hex()} span {self.span_id(number).hex()}"
        if self.signal == "logs":
            return f"log 'run={self.run} sequence={number:010d}' of instance {self.instance}"
        return f"point {number} of instance {self.instance}, series {number % self.group}"


def new_run_id() -> str:
    """Return 16 hexadecimal digits. The first is a letter: nothing may take the id for a card's number."""
    digits = secrets.token_hex(_RUN_BYTES)
    return secrets.choice("abcdef") + digits[1:]
