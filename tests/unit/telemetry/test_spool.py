"""The spool on disk: what a killed process has finished is sent once, by another, and nothing else happens to it."""

from __future__ import annotations

import fcntl
import os
import stat
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.telemetry._drops import Drops
from heliograph.telemetry._spool._backlog import Backlog
from heliograph.telemetry._spool._home import Home, private
from heliograph.telemetry._spool._records import HEADER, pack
from heliograph.telemetry._spool._replay import Replay, shed_orphans
from heliograph.telemetry._spool._sending import total

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from heliograph.telemetry._spool._sending import Kept

from ._spooled import MEGABYTE, Carrier


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "service", 100 * MEGABYTE)


def backlog(home: Home) -> tuple[Backlog, Counter[str]]:
    lost: Counter[str] = Counter()

    def drop(reason: str, count: int) -> None:
        lost[reason] += count

    return Backlog("traces", home, drop), lost


def files(home: Home, kind: str = "seg") -> list[str]:
    return sorted(path.name for path in home.folder.glob(f"*.{kind}"))


def killed(home: Home, *payloads: bytes) -> Home:
    """Leave what a process leaves that is killed: its files, and a lock that the kernel has released."""
    dead = Home(home.folder, home.size)
    waiting, _ = backlog(dead)
    for payload in payloads:
        waiting.append(payload, 1)
    assert dead._lock is not None
    fcntl.flock(dead._lock, fcntl.LOCK_UN)
    return dead


def replay(home: Home, drops: Drops | None = None) -> tuple[Replay, dict[str, Any]]:
    carriers: dict[str, Any] = {signal: Carrier() for signal in ("traces", "logs", "metrics")}
    return Replay(home, carriers, drops or Drops()), carriers


# -- What this process writes, sends and settles ----------------------------------------------------------------------


def test_records_come_in_order_and_leave_nothing_when_settled(home: Home) -> None:
    waiting, lost = backlog(home)
    for number in range(5):
        waiting.append(b"%d" % number, 2)
    assert waiting.waiting() == 10
    first = waiting.take(items=4, size=MEGABYTE)
    assert [record.read() for record in first] == [b"0", b"1"]
    rest = waiting.take(items=100, size=MEGABYTE)
    assert [record.read() for record in rest] == [b"2", b"3", b"4"]
    assert waiting.take(items=100, size=MEGABYTE) == []
    waiting.settle(rest)
    waiting.settle(first)
    assert waiting.waiting() == 0
    (segment,) = home.folder.glob("*.seg")
    assert segment.stat().st_size == 0, "a file of nothing but settled records is emptied, and used again"
    waiting.append(b"next", 1)
    assert [record.read() for record in waiting.take(9, 9)] == [b"next"]
    waiting.leave()
    home.leave()
    assert not lost
    assert len(files(home)) == 1, "what was not settled stays"


def test_a_batch_is_bounded_in_bytes_but_a_large_record_goes_alone(home: Home) -> None:
    waiting, _ = backlog(home)
    for size in (400, 400, 400, 5000, 10):
        waiting.append(b"x" * size, 1)
    sizes = []
    while records := waiting.take(items=100, size=1000):
        sizes.append([record.length for record in records])
    assert sizes == [[400, 400], [400], [5000], [10]]


def test_what_the_collector_may_have_failed_on_is_tried_after_all_else(home: Home) -> None:
    waiting, _ = backlog(home)
    waiting.append(b"poison", 1)
    waiting.append(b"good", 1)
    poison = waiting.take(items=1, size=MEGABYTE)
    waiting.postpone(poison)
    assert [record.read() for record in waiting.take(1, MEGABYTE)] == [b"good"]
    assert [record.read() for record in waiting.take(1, MEGABYTE)] == [b"poison"]


def test_the_folder_is_bounded_the_oldest_go_and_are_counted(tmp_path: Path) -> None:
    home = Home(tmp_path / "s", 1_600_000)
    waiting, lost = backlog(home)
    for _ in range(100):
        waiting.append(b"x" * 100_000, 7)
    assert home.used() <= 1_600_000 + 200_000, "no more than one segment beyond"
    kept = 0
    while records := waiting.take(1, 1):
        kept += total(records)
    assert kept + lost["spool_full"] == 700
    assert lost["spool_full"] > 500


def test_what_is_under_way_is_not_deleted(tmp_path: Path) -> None:
    home = Home(tmp_path / "s", 1_600_000)
    waiting, _ = backlog(home)
    waiting.append(b"under way", 1)
    taken = waiting.take(1, 1)
    for _ in range(40):
        waiting.append(b"x" * 100_000, 1)
    assert taken[0].read() == b"under way"
    waiting.settle(taken)


def test_what_nobody_owns_goes_before_what_this_process_has(home: Home) -> None:
    killed(home, b"left")
    lost: Counter[str] = Counter()

    def drop(signal: str, count: int) -> None:
        lost[signal] += count

    assert shed_orphans(home, drop)
    assert lost == {"traces": 1}
    assert not shed_orphans(home, drop)
    assert files(home, "*") == []


def test_files_are_this_users_alone(home: Home) -> None:
    waiting, _ = backlog(home)
    waiting.append(b"secret", 1)
    assert stat.S_IMODE(home.folder.stat().st_mode) == 0o700
    modes = {stat.S_IMODE(path.stat().st_mode) for path in home.folder.iterdir()}
    assert modes == {0o600}


def test_a_link_in_the_place_of_a_file_is_not_followed(home: Home, tmp_path: Path) -> None:
    home.folder.mkdir()
    target = tmp_path / "precious"
    target.write_text("precious")
    (home.folder / "1-00000000.metrics").symlink_to(target)
    with pytest.raises(OSError, match="symbolic links"):
        private(home.folder / "1-00000000.metrics")
    (home.folder / "1-00000000.lock").symlink_to(target)
    assert list(home.orphans()) == []


# -- What others have left --------------------------------------------------------------------------------------------


def test_what_a_killed_process_has_left_is_sent_once_and_deleted(home: Home) -> None:
    killed(home, b"one", b"two")
    sender, carriers = replay(home)
    sender.round()
    sender.round()
    assert carriers["traces"].sent == [b"one", b"two"]
    assert list(home.folder.iterdir()) == []


def test_what_was_acknowledged_is_not_sent_again(home: Home) -> None:
    dead = Home(home.folder, home.size)
    waiting, _ = backlog(dead)
    for payload in (b"one", b"two", b"three"):
        waiting.append(payload, 1)
    waiting.settle(waiting.take(2, MEGABYTE))
    assert dead._lock is not None
    os.close(dead._lock)
    sender, carriers = replay(home)
    sender.round()
    assert carriers["traces"].sent == [b"three"]


def test_the_files_of_the_living_are_theirs(home: Home) -> None:
    living = Home(home.folder, home.size)
    waiting, _ = backlog(living)
    waiting.append(b"mine", 1)
    sender, carriers = replay(home)
    sender.round()
    assert carriers["traces"].sent == []
    assert len(files(home)) == 1


def test_a_replay_that_fails_half_way_goes_on_where_it_was(home: Home) -> None:
    killed(home, *(b"x%d" % number for number in range(1200)))
    sender, carriers = replay(home)
    carrier = carriers["traces"]
    inner, calls = carrier.send, 0

    def once(batch: Sequence[Kept], size: int) -> bool:
        nonlocal calls
        calls += 1
        carrier.up = calls != 2
        return bool(inner(batch, size))

    carrier.send = once
    sender.round()
    assert len(carrier.sent) == 512
    sender.round()
    assert carrier.sent == [b"x%d" % number for number in range(1200)]
    assert list(home.folder.iterdir()) == []


def test_a_damaged_record_is_counted_and_the_others_are_sent(home: Home) -> None:
    killed(home, b"one", b"two", b"three")
    (segment,) = home.folder.glob("*.seg")
    data = bytearray(segment.read_bytes())
    data[HEADER.size] ^= 0xFF
    segment.write_bytes(data[:-2])
    drops = Drops()
    sender, carriers = replay(home, drops)
    sender.round()
    assert carriers["traces"].sent == [b"two"]
    assert drops.counts() == {("traces", "corrupt"): 2}


def test_an_orphan_has_one_heir(home: Home) -> None:
    killed(home, *(b"%d" % number for number in range(300)))
    heirs = [replay(home) for _ in range(6)]
    start = threading.Barrier(6)

    def work(sender: Replay) -> None:
        start.wait()
        sender.round()

    threads = [threading.Thread(target=work, args=(sender,)) for sender, _ in heirs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sent = Counter(payload for _, carriers in heirs for payload in carriers["traces"].sent)
    assert sent == {b"%d" % number: 1 for number in range(300)}


def test_the_metrics_state_of_a_killed_process_is_sent(home: Home) -> None:
    dead = killed(home, b"span")
    dead.path("metrics").write_bytes(pack("metrics", b"state", 40))
    sender, carriers = replay(home)
    sender.round()
    assert carriers["metrics"].sent == [b"state"]
    assert list(home.folder.iterdir()) == []


# -- Forks ------------------------------------------------------------------------------------------------------------


def test_a_child_writes_files_of_its_own_and_holds_no_lock_of_its_parents(home: Home) -> None:
    waiting, _ = backlog(home)
    waiting.append(b"parent's", 1)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - in the child
        waiting.after_fork()
        home.after_fork()
        waiting.append(b"child's", 1)
        os.write(writing, b"ready")
        threading.Event().wait(20)
        os._exit(0)
    try:
        assert os.read(reading, 5) == b"ready"
        assert len(files(home)) == len(files(home, "lock")) == 2
        assert home._lock is not None
        os.close(home._lock)  # as the kernel does for a process that is killed
        sender, carriers = replay(Home(home.folder, home.size))
        sender.round()
        assert carriers["traces"].sent == [b"parent's"], "although the child lives; and the child's is its own"
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
        os.close(reading)
        os.close(writing)
    sender.round()
    assert carriers["traces"].sent == [b"parent's", b"child's"]
