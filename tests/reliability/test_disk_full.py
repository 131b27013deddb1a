"""The disk of one server is full for a while: what is lost is counted, somebody is told, and all goes on by itself."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from heliograph.errors import HeliographError
from heliograph.ledger import Moment
from heliograph.ops._inbox_client import InboxClient
from heliograph.stack import Stack
from heliograph.stack._stores import Prometheus, StoreError

from ._disk import small_disk
from ._judge import assert_nothing_lost
from ._scale import SCALE, port_offset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from .conftest import Books

TOLD_WITHIN = 120.0
"""Seconds from the full disk until a notification about it has arrived."""
SIGNALS = {"spans": "traces", "logs": "logs", "points": "metrics"}
"""The ledger's word → the collector's."""
ABOUT_IT = {"StoreCannotWrite", "TelemetryLost", "ServiceDown"}
FULL = 150.0 if SCALE.long else 40.0


@dataclass(frozen=True)
class Case:
    """One server whose disk is full."""

    lossless: bool
    """Whether nothing may be missing. Otherwise what is missing must be counted somewhere."""
    crashes: bool = False
    """Whether today's server dies of it, and its supervisor brings it back."""


# collector: a record that was accepted can be lost where its queue cannot note that it was taken out
# (exporterhelper 0.152, persistent_queue.go, getNextItem). prometheus: it answers 200 and has nothing (trap 1).
CASES = {
    "loki": Case(lossless=True),
    "jaeger": Case(lossless=True, crashes=True),
    "prometheus": Case(lossless=False),
    "collector": Case(lossless=False),
}


@pytest.mark.parametrize("name", CASES if SCALE.long else ["loki", "prometheus"])
def test_a_full_disk_is_told_and_outlived(tmp_path: Path, books: Books, tell: Callable[[str], None], name: str) -> None:
    stack = Stack(port_offset(), tmp_path / "state")
    with small_disk(stack.workspace.data(name), tmp_path / "disk.img") as disk:
        try:
            stack.up(timeout=180)
            # What Prometheus has never stored it cannot miss: a stack that was just started is not blind.
            assert eventually(stack, 'up{job="prometheus"}')
            told: list[Told] = []
            moments = [
                Moment(5, f"disk of {name} full", disk.fill),
                Moment(5.5, "watching for an alert", lambda: told.append(watch(stack, FULL - 2))),
                Moment(5 + FULL, "room again", disk.free, heals=True),
            ]
            result = books(stack, 5 + FULL + 15, moments, settle=120 if CASES[name].lossless else 45)
            tell(f"after a full disk of {name}: {told}")
            restarts = {server.name: server.restarts for server in stack.status()}
            assert restarts[name] == 0 or CASES[name].crashes, "it died"
            assert {server for server, count in restarts.items() if count} <= {name}
            if CASES[name].lossless:
                assert_nothing_lost(result)
            elif name == "prometheus":
                assert result.signals["spans"].missing == result.signals["logs"].missing == 0
                if result.signals["points"].missing:
                    assert eventually(stack, "increase(prometheus_tsdb_wal_writes_failed_total[10m]) > 0")
                    assert eventually(stack, 'ALERTS{alertname="TelemetryLost", reason="write_ahead_log"}')
            elif name == "collector":
                for signal, accounts in result.signals.items():
                    if accounts.missing:
                        kind = SIGNALS[signal]
                        query = f'ALERTS{{alertname="TelemetryLost", reason="vanished", signal="{kind}"}}'
                        assert eventually(stack, query, 480), accounts.missing
            if SCALE.long:
                assert told[0].notified < TOLD_WITHIN, told
        finally:
            stack.down()


@dataclass
class Told:
    """When somebody was told, in seconds from the full disk."""

    firing: float = float("inf")
    """The first rule about it fires."""
    by: str = "none"
    notified: float = float("inf")
    """The first notification about it has arrived."""
    of: str = "none"


def watch(stack: Stack, patience: float) -> Told:
    """Watch the rules and the inbox until a notification about the disk has arrived, or for `patience` seconds.

    Asked of the rules, not of the stored series: a Prometheus whose disk is full stores nothing.
    """
    begun, told = time.monotonic(), Told()
    inbox = InboxClient(stack.urls["inbox"])
    while told.of == "none" and time.monotonic() - begun < patience:
        with contextlib.suppress(HeliographError):
            firing = [alert for alert in Prometheus(stack.urls["prometheus"]).alerts() if alert["state"] == "firing"]
            if told.by == "none" and (names := _about_it(alert["labels"] for alert in firing)):
                told.firing, told.by = time.monotonic() - begun, names
        with contextlib.suppress(HeliographError):
            messages = [message for message in inbox.messages() if message["status"] == "firing"]
            if names := _about_it(alert for message in messages for alert in message["alerts"]):
                told.notified, told.of = time.monotonic() - begun, names
        time.sleep(1)
    return told


def _about_it(alerts: Iterable[Mapping[str, str]]) -> str:
    words = [(labels["alertname"], labels.get("reason", "")) for labels in alerts]
    return ", ".join(sorted({" ".join(filter(None, pair)) for pair in words if pair[0] in ABOUT_IT}))


def eventually(stack: Stack, query: str, patience: float = 60.0) -> bool:
    """Return whether the query has an answer within `patience` seconds."""
    return _until(lambda: bool(Prometheus(stack.urls["prometheus"]).query(query)), patience)


def _until(holds: Callable[[], bool], patience: float) -> bool:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            if holds():
                return True
        except StoreError:
            pass
        time.sleep(1)
    return False
