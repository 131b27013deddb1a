"""The power goes while everything is busy: what was acknowledged is there when it is back.

The disk of the whole stack is an ext4 of its own, which ends as it would without power: what only the kernel's memory
held is gone.
"""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest
from tests.stack._meter_load import Load, Stores, until
from tests.stack._otlp import Sender

from heliograph.ledger import Moment
from heliograph.stack import Stack
from heliograph.stack._observe import running_supervisor
from heliograph.stack._process import is_alive, send_signal
from heliograph.stack._stores import Loki, Prometheus

from ._disk import small_disk
from ._faults import STORES, away
from ._judge import assert_nothing_lost
from ._scale import SCALE, port_offset

if TYPE_CHECKING:
    from pathlib import Path

    from ._disk import Disk
    from .conftest import Books

MEBIBYTES = 1536
CUTS = (9.0, 40.0, 70.0) if SCALE.long else (9.0,)
"""Seconds of the run. The kernel writes by itself what has waited for 30 s."""
AFTER = 15.0
METERED = 12.0
"""Seconds of calls; the meter sends its numbers every 5."""
PATIENCE = 120.0
AWAY = {"all stores there": (), "all stores away": STORES}


@pytest.mark.parametrize("case", AWAY)
def test_what_was_acknowledged_outlives_a_power_cut(tmp_path: Path, books: Books, case: str) -> None:
    """With the stores there it is in their logs; with the stores away in the queue."""
    stack, gone = Stack(port_offset(), tmp_path / "state"), AWAY[case]
    with small_disk(stack.workspace.root / "data", tmp_path / "disk.img", MEBIBYTES) as disk:
        try:
            stack.up(timeout=180)
            absent = [Moment(3, f"{', '.join(gone)} killed", lambda: away(stack, gone))] if gone else []
            cuts = [Moment(cut, "a power cut", lambda: power_cut(stack, disk), heals=True) for cut in CUTS]
            assert_nothing_lost(books(stack, CUTS[-1] + AFTER, [*absent, *cuts]))
        finally:
            stack.down()


def test_the_meter_counts_what_was_acknowledged_and_nothing_twice(tmp_path: Path) -> None:
    """Cut just after the last acknowledgement: spans are in the collector's queue, in the meter's file, or sent."""
    overlay = tmp_path / "short.yaml"
    overlay.write_text("meter: {wait: 2s}\n", encoding="utf-8")
    stack = Stack(port_offset(), tmp_path / "state", [overlay])
    with small_disk(stack.workspace.root / "data", tmp_path / "disk.img", MEBIBYTES) as disk:
        try:
            stack.up(timeout=180)
            load = Load(Sender(stack.urls["otlp"]))
            thread = threading.Thread(target=load.run)
            thread.start()
            time.sleep(METERED)
            load.stop.set()
            thread.join()
            power_cut(stack, disk)
            stores = Stores(Prometheus(stack.urls["prometheus"]), Loki(stack.urls["loki"]))
            until(lambda: stores.counted()["calls"] >= len(load.log.calls), PATIENCE)
            until(lambda: len(stores.told()) >= len(load.log.calls), PATIENCE)
            time.sleep(6)  # one more export: nothing may be counted twice
            assert load.log.calls
            assert stores.counted() == load.log.totals
            assert sorted(one["response_id"] for one in stores.told()) == sorted(load.log.calls)
        finally:
            stack.down()


def power_cut(stack: Stack, disk: Disk) -> None:
    """End the disk, then every process, and start the stack anew."""
    state = running_supervisor(stack.workspace)
    assert state is not None
    everyone = [state.identity, *(server.identity for server in state.servers.values() if server.identity)]
    disk.power_off()
    for identity in everyone:
        send_signal(identity, signal.SIGKILL)
    disk.power_on()
    assert not [identity for identity in everyone if is_alive(identity)]
    stack.up(timeout=180)
