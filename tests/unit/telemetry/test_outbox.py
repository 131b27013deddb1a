"""The queue in front of delivery: what it keeps, what it drops, and that it keeps nobody waiting."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.trace import SpanContext, TraceFlags

from heliograph.telemetry._drops import Drops
from heliograph.telemetry._outbox import BATCH_BYTES, Bounds, Outbox
from heliograph.telemetry._outboxes import LimitWatch, LogOutbox, SpanOutbox
from heliograph.telemetry._weights import weight_of_log, weight_of_span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass
class Box:
    """An outbox of numbers, each as heavy as it says, whose delivery can be held up."""

    outbox: Outbox[int]
    batches: list[list[int]]
    dropped: Counter[str]
    gate: threading.Event = field(default_factory=threading.Event)

    def items(self) -> list[int]:
        return [item for batch in list(self.batches) for item in batch]


@pytest.fixture
def make() -> Iterator[Callable[..., Box]]:
    boxes: list[Box] = []

    def build(items: int = 100, size: int = 10**9, batch: int = 10, delay: float = 60.0, *, held: bool = False) -> Box:
        batches: list[list[int]] = []
        dropped: Counter[str] = Counter()
        gate = threading.Event()
        if not held:
            gate.set()

        def deliver(batch: list[int]) -> None:
            batches.append(batch)
            gate.wait()

        def drop(reason: str, count: int) -> None:
            dropped[reason] += count

        boxes.append(
            Box(Outbox("t", deliver, lambda item: item, drop, Bounds(items, size, batch, delay)), batches, dropped)
        )
        boxes[-1].gate = gate
        return boxes[-1]

    yield build
    for box in boxes:
        box.gate.set()
        box.outbox.close(1)


def wait(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_a_full_batch_goes_at_once_and_a_part_of_one_after_the_delay(make: Callable[..., Box]) -> None:
    box = make(batch=3, delay=0.2)
    for item in (1, 2, 3, 4):
        box.outbox.put(item)
    wait(lambda: [1, 2, 3] in box.batches or len(box.items()) == 4)
    wait(lambda: box.items() == [1, 2, 3, 4])
    assert not box.dropped


def test_the_oldest_make_room_and_are_counted(make: Callable[..., Box]) -> None:
    box = make(items=10, batch=1, held=True)
    box.outbox.put(0)
    wait(lambda: box.batches == [[0]])  # under way, and the collector hangs
    for item in range(1, 26):
        box.outbox.put(item)
    assert box.dropped == {"queue_full": 15}
    box.gate.set()
    assert box.outbox.flush(5)
    assert box.items() == [0, *range(16, 26)]


def test_memory_is_bounded_in_bytes_whatever_the_number_of_items(make: Callable[..., Box]) -> None:
    box = make(items=8192, size=10_000, batch=8192, held=True)
    for _ in range(50):
        box.outbox.put(1000)
    wait(lambda: box.outbox._size <= 10_000)
    assert len(box.items()) + len(box.outbox._waiting) + box.dropped["queue_full"] == 50
    assert len(box.outbox._waiting) <= 10


def test_an_item_larger_than_the_queue_is_dropped_and_nothing_else(make: Callable[..., Box]) -> None:
    box = make(size=1000)
    box.outbox.put(10)
    box.outbox.put(1001)
    box.outbox.put(20)
    assert box.outbox.flush(5)
    assert box.items() == [10, 20]
    assert box.dropped == {"too_large": 1}


def test_a_heavy_item_travels_alone(make: Callable[..., Box]) -> None:
    box = make(delay=0.1)
    for item in (5, BATCH_BYTES + 1, 7, 8):
        box.outbox.put(item)
    assert box.outbox.flush(5)
    assert [BATCH_BYTES + 1] in box.batches
    assert box.items() == [5, BATCH_BYTES + 1, 7, 8]


def test_a_flush_waits_for_what_was_there_and_for_no_longer_than_it_may(make: Callable[..., Box]) -> None:
    box = make(held=True)
    box.outbox.put(1)
    started = time.monotonic()
    assert not box.outbox.flush(0.1)
    assert time.monotonic() - started < 2
    box.gate.set()
    assert box.outbox.flush(5)
    assert make().outbox.flush(5), "nothing there"


def test_the_end_delivers_what_waits(make: Callable[..., Box]) -> None:
    box = make(batch=2)
    for item in range(1, 8):
        box.outbox.put(item)
    box.outbox.close(5)
    assert box.items() == [1, 2, 3, 4, 5, 6, 7]
    box.outbox.put(9)
    assert box.dropped == {"process_end": 1}, "after the end nobody delivers"


def test_the_end_does_not_wait_for_a_collector_that_hangs_and_counts_what_it_leaves(make: Callable[..., Box]) -> None:
    box = make(batch=2, held=True)
    for item in range(1, 8):
        box.outbox.put(item)
    wait(lambda: box.batches)
    started = time.monotonic()
    box.outbox.close(0.2)
    assert time.monotonic() - started < 2
    assert box.dropped == {"process_end": 7}, "the batch under way among them: nobody will hear its answer"


def test_a_delivery_that_fails_ends_nothing(make: Callable[..., Box]) -> None:
    box = make(delay=0.05)

    def fail(batch: list[int]) -> None:
        box.batches.append(batch)
        raise ValueError

    box.outbox._deliver = fail
    box.outbox.put(1)
    wait(lambda: box.batches == [[1]])
    box.outbox.put(2)
    wait(lambda: box.batches == [[1], [2]])


def test_a_signals_handler_may_log_in_the_middle_of_a_put(make: Callable[..., Box]) -> None:
    box = make()
    with box.outbox._lock:  # as if this thread had been interrupted within
        box.outbox.put(1)
    assert box.outbox.flush(5)


def test_a_child_delivers_nothing_of_its_parents(make: Callable[..., Box]) -> None:
    box = make(held=True)
    for item in range(1, 5):
        box.outbox.put(item)
    box.outbox.after_fork()
    box.gate.set()
    box.outbox.put(9)
    assert box.outbox.flush(5)
    assert box.batches[-1] == [9]
    assert not box.dropped


def test_many_threads_lose_nothing(make: Callable[..., Box]) -> None:
    box = make(items=10_000, batch=64, delay=0.01)

    def work() -> None:
        for _ in range(1000):
            box.outbox.put(1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert box.outbox.flush(10)
    assert len(box.items()) == 8000
    assert not box.dropped


SPAN = SpanContext(1, 2, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
MEGABYTE = "x" * 1_000_000


@pytest.mark.parametrize(
    ("attributes", "least", "most"),
    [
        ({}, 1_000, 3_000),
        ({f"k{n}": n for n in range(50)}, 5_000, 15_000),
        ({"text": MEGABYTE}, 1_000_000, 1_010_000),
        ({"text": "\U0001f4a5" * 250_000}, 1_000_000, 1_010_000),
        ({"texts": (MEGABYTE, MEGABYTE)}, 2_000_000, 2_010_000),
    ],
    ids=["bare", "many", "large", "four-bytes-each", "sequence"],
)
def test_a_span_weighs_what_it_holds(attributes: dict[str, object], least: int, most: int) -> None:
    span = ReadableSpan("s", SPAN, attributes=attributes)  # type: ignore[arg-type]
    assert least <= weight_of_span(span) <= most


@pytest.mark.parametrize(
    ("body", "least"),
    [("short", 0), (MEGABYTE, 1_000_000), ({"messages": [{"content": MEGABYTE}]}, 1_000_000), (None, 0)],
    ids=["short", "large", "nested", "none"],
)
def test_a_log_record_weighs_what_it_holds(body: object, least: int) -> None:
    record = ReadableLogRecord(LogRecord(body=body, attributes={}), Resource.get_empty())  # type: ignore[call-overload]
    assert least <= weight_of_log(record) <= least + 10_000


def test_a_list_that_holds_itself_is_weighed() -> None:
    body: list[object] = []
    body.append(body)
    assert weight_of_log(ReadableLogRecord(LogRecord(body=body), Resource.get_empty())) > 0  # type: ignore[arg-type]


def test_only_sampled_spans_are_sent_and_lost_parts_are_counted() -> None:
    drops = Drops()
    sent: list[ReadableSpan] = []
    spans = SpanOutbox(sent.extend, Bounds(10, 10**6, 10, 60), drops)
    provider = TracerProvider(span_limits=SpanLimits(max_span_attributes=2), shutdown_on_exit=False)
    provider.add_span_processor(LimitWatch(drops))
    provider.add_span_processor(spans)
    tracer = provider.get_tracer("t")
    tracer.start_span("whole", attributes={"a": 1}).end()
    tracer.start_span("cut", attributes={"a": 1, "b": 2, "c": 3}).end()
    spans.on_end(ReadableSpan("unsampled", SpanContext(1, 3, is_remote=False)))
    assert spans.force_flush()
    spans.outbox.close(1)
    assert [span.name for span in sent] == ["whole", "cut"]
    assert drops.counts() == {("traces", "limits"): 1}


def test_what_is_lost_is_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    drops = Drops()
    drops.say()
    assert capsys.readouterr().err == ""
    drops.add("traces", "queue_full", 12)
    drops.add("logs", "refused", 3)
    drops.add("logs", "refused", 0)
    drops.say()
    assert capsys.readouterr().err == (
        "heliograph: telemetry of this process is missing: 3 logs (refused), 12 spans (queue_full)\n"
    )
    drops.after_fork()
    drops.say()
    assert capsys.readouterr().err == ""


def test_a_log_records_context_is_not_kept() -> None:
    sent: list[ReadableLogRecord] = []
    logs = LogOutbox(sent.extend, Bounds(10, 10**6, 10, 60), Drops())
    from opentelemetry.context import Context
    from opentelemetry.sdk._logs import ReadWriteLogRecord

    record = ReadWriteLogRecord(LogRecord(body="said", context=Context({"large": "thing"})), Resource.get_empty())
    logs.on_emit(record)
    assert logs.force_flush()
    logs.outbox.close(1)
    (got,) = sent
    assert got.log_record.body == "said"
    assert got.log_record.context == Context()
    assert record.log_record.context == Context({"large": "thing"})
