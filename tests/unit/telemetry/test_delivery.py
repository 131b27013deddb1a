"""Couriers and what is said about them."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from heliograph.telemetry._courier import Courier
from heliograph.telemetry._exporters import PATIENCE
from heliograph.telemetry._health import DeliveryHealth, quieten_sdk
from heliograph.telemetry._partial import rejected
from heliograph.telemetry._session import OneAttemptSession, UndeliveredError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._receiver import Receiver


class _Result:
    def __init__(self, name: str) -> None:
        self.name = name


class _Exporter:
    """Plays outcomes: None for a success, an UndeliveredError otherwise; the last one for ever."""

    def __init__(self, session: OneAttemptSession, outcomes: list[UndeliveredError | None]) -> None:
        self._session = session
        self._outcomes = outcomes
        self.batches: list[Sequence[int]] = []

    def export(self, batch: Sequence[int], /) -> _Result:
        self.batches.append(batch)
        outcome = self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]
        self._session.failure = outcome
        return _Result("SUCCESS" if outcome is None else "FAILURE")

    def shutdown(self) -> None:
        """Nothing to do."""


AWAY_LONG = UndeliveredError("Connection refused", retryable=True)
AWAY = UndeliveredError("Connection refused", retryable=True, retry_after=0.01)
REFUSED = UndeliveredError("HTTP 400 Bad Request", retryable=False)


def courier(
    *outcomes: UndeliveredError | None, patience: float = 5.0, health: DeliveryHealth | None = None
) -> tuple[Courier[Any], list[_Exporter], DeliveryHealth]:
    made: list[_Exporter] = []
    state = health or DeliveryHealth("http://collector:4318")

    def make(session: OneAttemptSession) -> _Exporter:
        made.append(_Exporter(session, list(outcomes)))
        return made[-1]

    return Courier("traces", make, state, patience=patience), made, state


def _send_on_a_thread(sender: Courier[Any]) -> threading.Event:
    done = threading.Event()

    def act() -> None:
        sender.send([1], 1)
        done.set()

    threading.Thread(target=act, daemon=True).start()
    return done


def test_a_batch_is_offered_until_it_is_accepted(caplog: pytest.LogCaptureFixture) -> None:
    sender, made, health = courier(AWAY, AWAY, None)
    assert sender.send([1, 2], 2)
    assert made[0].batches == [[1, 2]] * 3
    assert not health.down
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "lost meanwhile: nothing" in caplog.records[1].getMessage()


def test_what_is_refused_for_good_is_given_up_at_once() -> None:
    sender, made, health = courier(REFUSED)
    assert not sender.send([1], 1)
    assert len(made[0].batches) == 1
    assert health.down


def test_patience_ends(caplog: pytest.LogCaptureFixture) -> None:
    sender, _, health = courier(AWAY, patience=0.05)
    assert not sender.send([1, 2, 3], 3)
    health.delivered("traces")
    assert "3 spans" in caplog.records[-1].getMessage()


def test_an_outage_is_one_warning_over_all_signals(caplog: pytest.LogCaptureFixture) -> None:
    health = DeliveryHealth("http://collector:4318")
    for _ in range(3):
        for signal in ("traces", "metrics", "logs"):
            health.failed(signal, "Connection refused")
    assert len(caplog.records) == 1
    health.delivered("traces")
    assert len(caplog.records) == 1
    for signal in ("metrics", "logs"):
        health.delivered(signal)
    assert len(caplog.records) == 2
    health.delivered("traces")
    assert len(caplog.records) == 2
    health.failed("traces", "again")
    assert len(caplog.records) == 3


def test_the_end_of_the_process_ends_waiting() -> None:
    away = UndeliveredError("Connection refused", retryable=True, retry_after=60)
    sender, made, _ = courier(away, patience=600)
    done = _send_on_a_thread(sender)
    time.sleep(0.1)
    sender.close(time.monotonic() + 0.2)
    assert done.wait(2)
    assert len(made[0].batches) == 2, "one more attempt, at the end"


def test_after_the_deadline_nothing_is_tried() -> None:
    sender, made, _ = courier(None)
    sender.close(time.monotonic() - 1)
    assert not sender.send([1], 1)
    assert made == []


def test_an_exporter_that_throws_reaches_nobody() -> None:
    def make(_: OneAttemptSession) -> Any:
        raise ValueError("no such option")

    sender: Courier[Any] = Courier("traces", make, DeliveryHealth("x"), patience=1)
    assert not sender.send([1], 1)


def test_the_sdk_is_quiet_only_while_we_deliver(caplog: pytest.LogCaptureFixture) -> None:
    health = DeliveryHealth("x")
    undo = quieten_sdk(health)
    sdk = logging.getLogger("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    try:

        class Noisy(_Exporter):
            def export(self, batch: Sequence[int], /) -> _Result:
                sdk.error("Failed to export")
                return super().export(batch)

        sender: Courier[Any] = Courier("traces", lambda s: Noisy(s, [None]), health, patience=1)
        assert sender.send([1], 1)
        assert caplog.records == []
        sdk.error("of an exporter of the application's own")
        assert len(caplog.records) == 1
    finally:
        undo()


class _Picky:
    """An exporter that fails on some items, the way `failure` says (None: they cannot be encoded)."""

    def __init__(self, session: OneAttemptSession, bad: set[int], failure: UndeliveredError | None) -> None:
        self._session, self._bad, self._failure = session, bad, failure
        self.accepted: list[int] = []

    def export(self, batch: Sequence[int], /) -> _Result:
        self._session.asked = self._failure is not None
        if self._bad & set(batch):
            self._session.failure = self._failure
            return _Result("FAILURE")
        self.accepted += batch
        return _Result("SUCCESS")

    def shutdown(self) -> None:
        """Nothing to do."""


BAD = UndeliveredError("HTTP 400 Bad Request", retryable=False, divisible=True)
LARGE = UndeliveredError("HTTP 413", retryable=False, divisible=True, counted_as="too_large")


@pytest.mark.parametrize(
    ("failure", "reason"),
    [(BAD, "refused"), (LARGE, "too_large"), (None, "unencodable")],
    ids=["refused", "too-large", "unencodable"],
)
def test_a_bad_item_does_not_take_its_neighbours_along(
    failure: UndeliveredError | None, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    health = DeliveryHealth("http://collector:4318")
    made: list[_Picky] = []

    def make(session: OneAttemptSession) -> _Picky:
        made.append(_Picky(session, {17, 401}, failure))
        return made[-1]

    sender: Courier[Any] = Courier("traces", make, health, patience=5)
    assert not sender.send(list(range(512)), 512)
    assert sorted(made[0].accepted) == [each for each in range(512) if each not in {17, 401}]
    assert health.drops.counts() == {("traces", reason): 2}
    assert not health.down, "the collector is there, and takes the rest"
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_batch_of_nothing_but_bad_items_is_not_divided_for_ever() -> None:
    health = DeliveryHealth("x")
    made: list[_Picky] = []

    def make(session: OneAttemptSession) -> _Picky:
        made.append(_Picky(session, set(range(512)), BAD))
        return made[-1]

    sender: Courier[Any] = Courier("logs", make, health, patience=5)
    calls = 0
    inner = _Picky.export

    def counting(self: _Picky, batch: Sequence[int], /) -> _Result:
        nonlocal calls
        calls += 1
        return inner(self, batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_Picky, "export", counting)
        assert not sender.send(list(range(512)), 512)
    assert calls < 80
    assert health.drops.counts() == {("logs", "refused"): 512}


def test_a_wrong_token_is_everybodys_trouble() -> None:
    sender, made, health = courier(REFUSED)
    assert not sender.send([1, 2, 3], 3)
    assert len(made[0].batches) == 1
    assert health.down
    assert health.drops.counts() == {("traces", "refused"): 3}


def test_what_a_collector_says_it_rejected_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    answer = ExportTraceServiceResponse()
    answer.partial_success.rejected_spans = 2
    answer.partial_success.error_message = "span too old"
    health = DeliveryHealth("http://collector:4318")

    class Partial(_Exporter):
        def export(self, batch: Sequence[int], /) -> _Result:
            self._session.answer = answer.SerializeToString()
            return super().export(batch)

    sender: Courier[Any] = Courier("traces", lambda session: Partial(session, [None]), health, patience=1)
    assert sender.send([1, 2, 3], 3)
    assert sender.send([1, 2, 3], 3)
    assert health.drops.counts() == {("traces", "refused"): 4}
    (warning,) = caplog.records
    assert "span too old" in warning.getMessage()


@pytest.mark.parametrize("answer", [b"", b"{}", b"<html>", b"\xff\xff"], ids=["none", "json", "page", "noise"])
def test_an_answer_of_somebody_elses_rejects_nothing(answer: bytes) -> None:
    assert rejected("traces", answer)[0] == 0


@pytest.mark.parametrize(
    ("patience", "ending", "reason"), [(0.01, False, "gave_up"), (60, True, "process_end")], ids=["patience", "end"]
)
@pytest.mark.parametrize("keeps", [False, True], ids=["memory", "kept"])
def test_what_is_given_up_is_counted_unless_somebody_has_it_still(
    patience: float, ending: bool, reason: str, keeps: bool
) -> None:
    health = DeliveryHealth("x")
    sender: Courier[Any] = Courier(
        "traces", lambda session: _Exporter(session, [AWAY]), health, patience=patience, keeps=keeps
    )
    if ending:
        sender.close(time.monotonic() + 1)
    assert not sender.send([1, 2], 2)
    assert health.drops.counts() == ({} if keeps else {("traces", reason): 2})


def test_an_outage_longer_than_five_minutes_is_sat_out(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("heliograph.telemetry._courier.time.monotonic", lambda: now[0])
    monkeypatch.setattr(threading.Event, "wait", lambda _, pause: now.__setitem__(0, now[0] + (pause or 0)))
    back = 1000.0 + 330

    class Away(_Exporter):
        def export(self, batch: Sequence[int], /) -> _Result:
            self._outcomes = [None if now[0] >= back else AWAY_LONG]
            return super().export(batch)

    health = DeliveryHealth("x")
    sender: Courier[Any] = Courier("traces", lambda session: Away(session, [None]), health, patience=PATIENCE)
    assert sender.send([1], 1)
    assert now[0] < back + 7, "found within one pause of its return"
    assert not health.drops.counts()


@pytest.mark.parametrize(
    ("status", "retryable"),
    [(200, None), (400, False), (401, False), (404, False), (413, False), (429, True), (503, True)],
)
def test_outcomes_of_a_request(receiver: Receiver, status: int, retryable: bool | None) -> None:
    receiver.status = status
    session = OneAttemptSession(lambda: None)
    if retryable is None:
        session.request(method="POST", url=f"{receiver.url}/v1/traces", data=b"", timeout=5)
        assert session.failure is None
    else:
        with pytest.raises(UndeliveredError) as caught:
            session.request(method="POST", url=f"{receiver.url}/v1/traces", data=b"x", timeout=5)
        assert caught.value.retryable is retryable
        assert str(status) in caught.value.reason
    session.close()


def test_a_refused_connection_is_said_in_two_words() -> None:
    session = OneAttemptSession(lambda: None)
    with pytest.raises(UndeliveredError) as caught:
        session.request(method="POST", url="http://127.0.0.1:9/v1/traces", timeout=5)
    assert caught.value.reason == "Connection refused"
    assert caught.value.retryable


def test_a_request_takes_no_longer_than_what_is_left(receiver: Receiver) -> None:
    receiver.delay = 2
    session = OneAttemptSession(lambda: 0.2)
    started = time.monotonic()
    with pytest.raises(UndeliveredError):
        session.request(method="POST", url=f"{receiver.url}/v1/traces", data=b"", timeout=10)
    assert time.monotonic() - started < 1.5


def test_requests_is_what_exporters_send_with() -> None:
    assert issubclass(OneAttemptSession, requests.Session)


def test_waiting_can_be_cut_short() -> None:
    away = UndeliveredError("Connection refused", retryable=True, retry_after=60)
    sender, made, _ = courier(away, None, patience=600)
    done = _send_on_a_thread(sender)
    time.sleep(0.1)
    sender.nudge()
    assert done.wait(2)
    assert len(made[0].batches) == 2


def test_a_forked_child_does_not_use_its_parents_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    sender, made, _ = courier(None)
    sender.send([1], 1)
    sender.send([2], 1)
    assert len(made) == 1
    monkeypatch.setattr("os.getpid", lambda: -42)
    sender.send([3], 1)
    assert [exporter.batches for exporter in made] == [[[1], [2]], [[3]]]
