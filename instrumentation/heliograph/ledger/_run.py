"""Send, break, read back, reconcile."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from heliograph.ledger._file import Head, Record, Writer, read
from heliograph.ledger._moments import Moments
from heliograph.ledger._plan import SIGNALS, new_run_id
from heliograph.ledger._probe import Prober
from heliograph.ledger._reach import check
from heliograph.ledger._reconcile import reconcile
from heliograph.ledger._result import Result
from heliograph.ledger._sender import Sender
from heliograph.ledger._snapshot import Snapshot
from heliograph.ledger._verify import Verification, reader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from heliograph.ledger._client import Delivery
    from heliograph.ledger._moments import Moment
    from heliograph.ledger._plan import Course, Plan, Signal
    from heliograph.ledger._targets import Targets

__all__ = ["again", "run"]

_LEAD: Final = 0.2  # seconds to start all threads in
_TELL: Final = 1.0
_LAST_LOOKS: Final = 10.0  # seconds that probes are waited for when everything else is there


def run(
    plan: Plan,
    targets: Targets,
    ledger: Path,
    *,
    moments: Sequence[Moment] = (),
    progress: Callable[[Snapshot], None] | None = None,
    stop: threading.Event | None = None,
) -> Result:
    """Carry out `plan`, write the file `ledger` meanwhile, then read everything back and reconcile.

    Blocks for the plan's duration, the time records wait for the collector, and up to `plan.settle` more. `moments`
    are done on a thread of their own; one that fails is in `Result.happened`. `progress` is called about once a second
    by the calling thread. When `stop` is set no more is sent; what was is still read back. Raises HeliographError:
    exit_code 3 when the collector or a store cannot be reached (for the stores: by the end of `plan.settle`).
    """
    check(targets)
    head = Head(new_run_id(), time.time() + _LEAD, plan, targets)
    writer = Writer(ledger, head)
    probers = {
        signal: Prober(reader(signal, targets), _noting(writer, signal)) for signal in SIGNALS if plan.rate(signal)
    }
    try:
        for prober in probers.values():
            prober.start()
        _send(head, _Notes(writer, probers), moments, progress, stop or threading.Event())
        record = read(ledger)
        verification = Verification(record, targets, progress)
        verification.carry_out(plan.settle)
        patience = time.monotonic() + (_LAST_LOOKS if verification.missing() == 0 else 0.0)
        while any(prober.waiting for prober in probers.values()) and time.monotonic() < patience:
            time.sleep(_TELL / 10)
    finally:
        for prober in probers.values():
            prober.finish()
        writer.close()
    return _result(read(ledger), verification)


def again(
    ledger: Path,
    targets: Targets | None = None,
    *,
    settle: float | None = None,
    progress: Callable[[Snapshot], None] | None = None,
) -> Result:
    """Read back once more what a ledger says was sent; `targets` and `settle` default to those of the run."""
    record = read(ledger)
    verification = Verification(record, targets or record.head.targets, progress)
    verification.carry_out(record.head.plan.settle if settle is None else settle)
    return _result(record, verification)


class _Notes:
    """Hears of each request: writes it down, and offers its last record as a probe."""

    def __init__(self, writer: Writer, probers: dict[Signal, Prober]) -> None:
        self.writer = writer
        self._probers = probers

    def request(self, course: Course, first: int, count: int, delivery: Delivery) -> None:
        """Take note."""
        self.writer.request(course, first, count, delivery)
        if delivery.outcome == "acknowledged" and not delivery.rejected:
            self._probers[course.signal].offer(course, first + count - 1, delivery.first)


def _noting(writer: Writer, signal: Signal) -> Callable[[float], None]:
    return lambda after: writer.visible(signal, after)


def _send(
    head: Head,
    notes: _Notes,
    moments: Sequence[Moment],
    progress: Callable[[Snapshot], None] | None,
    stop: threading.Event,
) -> None:
    courses = head.plan.courses(head.run, head.started)
    senders = [Sender(course, head.plan, head.targets, notes, stop) for course in courses]
    happening = Moments(moments, head.started, notes.writer.happened)
    cpu = time.process_time()
    for sender in senders:
        sender.start()
    happening.start()
    try:
        while any(sender.running for sender in senders):
            if progress is not None:
                progress(_snapshot(senders, time.time() - head.started))
            _wait(senders, _TELL)
        if progress is not None:
            progress(_snapshot(senders, time.time() - head.started))
        if stop.is_set():
            happening.abort()
        happening.finish()
    except BaseException:
        stop.set()
        happening.abort()
        for sender in senders:
            sender.join()
        raise
    notes.writer.ended(time.process_time() - cpu)
    for sender in senders:
        if sender.failure is not None:
            raise sender.failure


def _wait(senders: Sequence[Sender], seconds: float) -> None:
    """Wait so long, or until all are done."""
    deadline = time.monotonic() + seconds
    for sender in senders:
        sender.join(max(0.0, deadline - time.monotonic()))


def _snapshot(senders: Sequence[Sender], seconds: float) -> Snapshot:
    sent: dict[Signal, int] = {}
    acknowledged: dict[Signal, int] = {}
    refused: dict[Signal, int] = {}
    for sender in senders:
        signal = sender.course.signal
        sent[signal] = sent.get(signal, 0) + sender.sent
        acknowledged[signal] = acknowledged.get(signal, 0) + sender.acknowledged
        refused[signal] = refused.get(signal, 0) + sender.refused
    return Snapshot("send", seconds, sent, acknowledged, refused, behind=max(sender.behind for sender in senders))


def _result(record: Record, verification: Verification) -> Result:
    head = record.head
    return Result(
        run=head.run,
        plan=head.plan,
        started=head.started,
        seconds=max(0.0, record.last - head.started),
        settled=verification.settled,
        cpu=record.cpu,
        signals={s: reconcile(s, shelves, record) for s, shelves in verification.shelves.items()},
        happened=tuple(record.happened),
    )
