"""The client against a collector that answers in every way OTLP/HTTP knows."""

from __future__ import annotations

import socket
import threading
import time
from email.utils import formatdate
from typing import TYPE_CHECKING

import pytest

from heliograph.errors import HeliographError
from heliograph.ledger import Plan
from heliograph.ledger._client import Client, Delivery
from heliograph.ledger._client import _retry_after as retry_after
from heliograph.ledger._http import Connection
from heliograph.ledger._records import Requests

from ._double import Double, Reply

if TYPE_CHECKING:
    from pathlib import Path

COURSE = Plan(senders=1).courses("abcdef0123456789", 1_795_269_384.0)[1]
BODY = Requests(COURSE, 0).request(0, 5)


def _deliver(url: str, *, patience: float = 10.0, stop: threading.Event | None = None) -> Delivery:
    connection = Connection.to_collector(url, timeout=1.0)
    try:
        return Client("logs", connection, stop or threading.Event()).deliver(BODY, patience)
    finally:
        connection.close()


def test_accepted(double: Double) -> None:
    delivery = _deliver(double.url)
    assert (delivery.outcome, delivery.rejected, delivery.reason, dict(delivery.retries)) == ("acknowledged", 0, "", {})
    assert len(double.lines) == 5


def test_accepted_in_part(double: Double) -> None:
    double.answer = lambda *_: Reply(rejected=2, message="too long")
    delivery = _deliver(double.url)
    assert (delivery.outcome, delivery.rejected, delivery.reason) == ("acknowledged", 2, "too long")


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_may_pass_is_sent_again(double: Double, status: int) -> None:
    double.answer = lambda _, n: Reply() if n else Reply(status, store=False, message="later")
    delivery = _deliver(double.url)
    assert delivery.outcome == "acknowledged"
    assert dict(delivery.retries) == {f"HTTP {status} later": 1}
    assert delivery.done - delivery.first > 0.3, "not at once"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 500, 501])
def test_what_will_not_pass_is_sent_once(double: Double, status: int) -> None:
    double.answer = lambda *_: Reply(status, message="so it is")
    delivery = _deliver(double.url)
    assert (delivery.outcome, delivery.reason) == ("refused", f"HTTP {status} so it is")
    assert len(double.requests["/v1/logs"]) == 1


def test_it_waits_as_long_as_it_is_told(double: Double) -> None:
    double.answer = lambda _, n: Reply() if n else Reply(429, headers={"Retry-After": "1"})
    _deliver(double.url)
    first, second = double.requests["/v1/logs"]
    assert 1.0 <= second - first < 10


def test_a_connection_that_breaks_is_made_again(double: Double) -> None:
    double.answer = lambda _, n: Reply() if n else Reply(hang_up=True)
    delivery = _deliver(double.url)
    assert delivery.outcome == "acknowledged"
    assert dict(delivery.retries) == {"the connection broke": 1}
    assert len(double.lines) == 10, "the collector had it twice: only the answer was lost"


def test_it_gives_up_after_its_patience_but_tries_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        began = time.monotonic()
        delivery = _deliver(url, patience=1.5)
        assert (delivery.outcome, delivery.reason) == ("given up", "nobody listens")
        assert time.monotonic() - began < 10
        assert delivery.retries["nobody listens"] >= 1
        assert _deliver(url, patience=-5.0).outcome == "given up"


def test_it_stops_waiting_when_told_to(double: Double) -> None:
    double.answer = lambda *_: Reply(503, headers={"Retry-After": "30"})
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    began = time.monotonic()
    assert _deliver(double.url, patience=60, stop=stop).outcome == "given up"
    assert time.monotonic() - began < 15


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("2", 2.0), ("0", 0.0), ("-3", 0.0), ("9999", 60.0), ("soon", None), ("nan", None), ("inf", None), ("", None)],
)
def test_retry_after(text: str, seconds: float | None) -> None:
    assert retry_after(text) == seconds


def test_retry_after_as_a_date() -> None:
    assert retry_after(formatdate(time.time() + 10, usegmt=True)) == pytest.approx(10, abs=1.5)


def test_an_application_s_headers_are_sent(double: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer%20abc, x-team=a")
    assert Connection.to_collector(double.url, timeout=1)._headers == {"Authorization": "Bearer abc", "x-team": "a"}


def test_name_and_password_of_an_address_sign_in() -> None:
    assert Connection("http://me:p%40ss@h:1", timeout=1)._headers == {"Authorization": "Basic bWU6cEBzcw=="}


@pytest.mark.parametrize("url", ["localhost:4318", "ftp://h:1", "http://", "http://h:port", "http://h:99999", ""])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(HeliographError, match="no address") as error:
        Connection(url, timeout=1)
    assert error.value.exit_code == 2


@pytest.mark.parametrize("name", ["OTEL_EXPORTER_OTLP_CERTIFICATE", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"])
@pytest.mark.parametrize("text", [None, "no certificate"])
def test_a_certificate_that_cannot_be_used(
    name: str, text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "own.pem"
    if text:
        file.write_text(text)
    monkeypatch.setenv(name, str(file))
    with pytest.raises(HeliographError, match="cannot be used") as error:
        Connection("https://h:1", timeout=1)
    assert error.value.exit_code == 2
