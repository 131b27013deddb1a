"""The disk of one server is full for a while: what is lost is counted, somebody is told, and all goes on by itself."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from heliograph.ledger import Moment
from heliograph.stack import Stack
from heliograph.stack._stores import Prometheus, StoreError

from ._disk import small_disk
from ._judge import assert_nothing_lost
from ._scale import SCALE, port_offset

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Books

TOLD_WITHIN = 120.0
"""Seconds from the full disk until an alert fires."""
ABOUT_IT = {"StoreCannotWrite", "TelemetryLost", "ServiceDown"}
FULL = 100.0 if SCALE.long else 40.0


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
            told: list[tuple[float, str]] = []
            moments = [
                Moment(5, f"disk of {name} full", disk.fill),
                Moment(5.5, "watching for an alert", lambda: told.append(alerted(stack, FULL - 2))),
                Moment(5 + FULL, "room again", disk.free, heals=True),
            ]
            result = books(stack, 5 + FULL + 15, moments, settle=120 if CASES[name].lossless else 45)
            tell(f"alert after a full disk of {name}: {told}")
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
            if SCALE.long:
                assert told[0][0] < TOLD_WITHIN, told
        finally:
            stack.down()


def alerted(stack: Stack, patience: float) -> tuple[float, str]:
    """Return after how many seconds which alert about it fires; infinity when none does within `patience`.

    Asked of the rules, not of the stored series: a Prometheus whose disk is full stores nothing.
    """
    begun = time.monotonic()
    while time.monotonic() - begun < patience:
        try:
            firing = Prometheus(stack.urls["prometheus"]).alerts()
            for labels in (alert["labels"] for alert in firing if alert["state"] == "firing"):
                if labels["alertname"] in ABOUT_IT:
                    return time.monotonic() - begun, f"{labels['alertname']} {labels.get('reason', '')}".rstrip()
        except StoreError:
            pass
        time.sleep(1)
    return float("inf"), "none"


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
