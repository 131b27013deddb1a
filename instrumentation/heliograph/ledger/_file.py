"""The ledger: a file of JSON lines. First the run, then a line for each request whose fate is known.

Lines are appended as things happen, so that a run that was interrupted can be verified as far as it went. Rows of
requests hold stretches of numbers, never single records: a run of 10 million records has about 20 000 of them.
"""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, TextIO

from heliograph.errors import HeliographError
from heliograph.ledger._plan import Plan
from heliograph.ledger._targets import Targets

if TYPE_CHECKING:
    from pathlib import Path

    from heliograph.ledger._client import Delivery, Outcome
    from heliograph.ledger._plan import Course, Signal

__all__ = ["Head", "Record", "Row", "Writer", "read"]

_FORMAT: Final = 1
_LONGEST: Final = 50_000
"""Records of requests that are kept as one row: gaps are found by arithmetic on all bits of a row at once."""


@dataclass(frozen=True)
class Head:
    """What was to be done."""

    run: str
    started: float
    plan: Plan
    targets: Targets


@dataclass(frozen=True, slots=True)
class Row:
    """One request, or several in a row with the same fate: records `first` to `first + count - 1` of a sender."""

    signal: Signal
    sender: int
    first: int
    count: int
    outcome: Outcome
    rejected: int = 0
    reason: str = ""


@dataclass
class Record:
    """A ledger as it was read."""

    head: Head
    rows: list[Row] = field(default_factory=list)
    retries: dict[Signal, dict[str, int]] = field(default_factory=dict)
    behind: dict[Signal, float] = field(default_factory=dict)
    visible: dict[Signal, list[float]] = field(default_factory=dict)
    happened: list[str] = field(default_factory=list)
    last: float = 0.0
    """Unix time of the last answer."""
    cpu: float = 0.0

    def __post_init__(self) -> None:
        self._newest: dict[tuple[Signal, int], int] = {}

    def add(self, row: Row) -> None:
        """Add a row; one that goes on where the one before ended, with the same fate, makes that one longer."""
        place = self._newest.get((row.signal, row.sender))
        before = self.rows[place] if place is not None else None
        if place is not None and before is not None and _goes_on(before, row):
            self.rows[place] = replace(before, count=before.count + row.count)
            return
        self._newest[row.signal, row.sender] = len(self.rows)
        self.rows.append(row)

    def retried(self, signal: Signal, why: dict[str, int]) -> None:
        """Count requests that were sent again."""
        counts = self.retries.setdefault(signal, {})
        for reason, times in why.items():
            counts[reason] = counts.get(reason, 0) + times


class Writer:
    """Appends to a ledger; safe to use from several threads."""

    def __init__(self, path: Path, head: Head) -> None:
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: TextIO = path.open("x", encoding="utf-8")
        except FileExistsError:
            hint = f"choose another file, or verify it: heliograph verify-pipeline --again {path}"
            raise HeliographError(f"There is a ledger already: {path}", hint=hint, exit_code=2) from None
        except OSError as error:
            raise HeliographError(f"The ledger cannot be written: {path}", why=str(error), exit_code=2) from None
        public = replace(head, targets=head.targets.without_passwords())
        self._write({"kind": "run", "format": _FORMAT, **asdict(public)})

    def request(self, course: Course, first: int, count: int, delivery: Delivery) -> None:
        """Note the fate of a request."""
        row: dict[str, Any] = {
            "kind": "request",
            "signal": course.signal,
            "sender": course.sender,
            "first": first,
            "count": count,
            "outcome": delivery.outcome,
            "sent": round(delivery.first, 3),
            "done": round(delivery.done, 3),
            "late": round(max(0.0, delivery.first - course.due(first + count - 1)), 3),
        }
        if delivery.rejected:
            row["rejected"] = delivery.rejected
        if delivery.reason:
            row["reason"] = delivery.reason
        if delivery.retries:
            row["retries"] = dict(delivery.retries)
        self._write(row)

    def visible(self, signal: Signal, after: float) -> None:
        """Note that a probe was seen so many seconds after it was first sent."""
        self._write({"kind": "visible", "signal": signal, "after": round(after, 3)})

    def happened(self, what: str) -> None:
        """Note what was done to the stack."""
        self._write({"kind": "happened", "what": what})

    def ended(self, cpu: float) -> None:
        """Note that all was sent, and the CPU seconds that took."""
        self._write({"kind": "ended", "cpu": round(cpu, 3)})

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()

    def _write(self, row: dict[str, Any]) -> None:
        line = json.dumps(row, separators=(",", ":"), default=dict) + "\n"
        with self._lock:
            if not self._file.closed:  # a probe that saw something after the end
                self._file.write(line)
                self._file.flush()


def _goes_on(before: Row, row: Row) -> bool:
    return (
        before.first + before.count == row.first
        and (before.outcome, before.reason) == (row.outcome, row.reason)
        and not before.rejected
        and not row.rejected
        and before.count + row.count <= _LONGEST
    )


def read(path: Path) -> Record:
    """Return the ledger at `path`; a last line that was cut off is left out.

    Raises HeliographError where it is none.
    """
    try:
        with path.open(encoding="utf-8") as file:
            record = Record(_head(json.loads(file.readline())))
            for line in file:
                if line.endswith("\n"):
                    _add(record, json.loads(line))
    except OSError as error:
        raise HeliographError(f"The ledger cannot be read: {path}", why=str(error), exit_code=2) from None
    except (ValueError, KeyError, TypeError) as error:
        raise HeliographError(f"This is no ledger: {path}", why=repr(error), exit_code=2) from None
    return record


def _head(row: dict[str, Any]) -> Head:
    if row["kind"] != "run" or row["format"] != _FORMAT:
        raise ValueError("its first line describes no run")
    return Head(row["run"], row["started"], Plan(**row["plan"]), Targets(**row["targets"]))


def _add(record: Record, row: dict[str, Any]) -> None:
    match row["kind"]:
        case "request":
            record.add(
                Row(
                    row["signal"],
                    row["sender"],
                    row["first"],
                    row["count"],
                    row["outcome"],
                    row.get("rejected", 0),
                    row.get("reason", ""),
                )
            )
            record.last = max(record.last, row["done"])
            record.behind[row["signal"]] = max(record.behind.get(row["signal"], 0.0), row["late"])
            if "retries" in row:
                record.retried(row["signal"], row["retries"])
        case "visible":
            record.visible.setdefault(row["signal"], []).append(row["after"])
        case "happened":
            record.happened.append(row["what"])
        case "ended":
            record.cpu = row["cpu"]
        case _:
            raise ValueError(f"a row of an unknown kind: {row['kind']}")
