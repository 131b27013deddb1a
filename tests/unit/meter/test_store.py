"""The meter's file: broken, of another version, a copy, held by another, on a full disk."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from array import array
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.errors import HeliographError
from heliograph.genai import vocabulary as v
from heliograph.meter import _codec
from heliograph.meter._request import RefusedError
from heliograph.meter._resent import Resent
from heliograph.meter._store import FILE, SCHEMA, Store, StoreError

from ._world import World

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TWO = {"shop llm_requests success": 2}


def counted(world: World) -> dict[str, float]:
    return {name: value for name, value in world.totals().items() if "llm_requests" in name}


def prepared(folder: Path, *, delivered: bool = True) -> World:
    """Count one call, and end."""
    world = World(folder)
    world.send({"name": "one", "trace": "a"})
    world.turn(11.0)
    if delivered:
        world.service.journal.commit()
    _end(world)
    return world


def _end(world: World) -> None:
    store = world.service.journal._store
    assert store is not None
    store.close()


def _go_on(world: World) -> None:
    world.service = world._started()
    world.send({"name": "two", "trace": "b"})
    world.turn(11.0)


def _overwrite(path: Path) -> None:
    path.write_bytes(b"\0garbage" * 4096)


def _cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _spoil_a_page(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:12288] = b"\xff" * 8192
    path.write_bytes(content)


def _say(statement: str) -> Callable[[Path], None]:
    def run(path: Path) -> None:
        with sqlite3.connect(path) as db:
            db.execute(statement)
        db.close()

    return run


BROKEN: dict[str, tuple[Callable[[Path], None], str]] = {
    "overwritten": (_overwrite, "corrupt"),
    "cut short": (_cut_short, "corrupt"),
    "two pages spoilt": (_spoil_a_page, "corrupt"),
    "a table is gone": (_say("DROP TABLE series"), "corrupt"),
    "a span cannot be read": (_say("UPDATE spans SET body = '[1]'"), "corrupt"),
    "an event cannot be read": (_say("INSERT INTO events VALUES (99, '{')"), "corrupt"),
    "from a later version": (_say(f"PRAGMA user_version = {SCHEMA + 1}"), "version"),
    "another program's": (_say("PRAGMA user_version = 0"), "version"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_file_that_cannot_be_used_is_set_aside_and_said(
    tmp_path: Path, case: str, caplog: pytest.LogCaptureFixture
) -> None:
    spoil, reason = BROKEN[case]
    world = prepared(tmp_path)
    spoil(tmp_path / FILE)
    _go_on(world)
    assert counted(world) == TWO, "what was delivered stays, what comes is counted once, under a new instance"
    (aside,) = [path for path in tmp_path.iterdir() if reason in path.name and not path.name.endswith(("-wal", "-shm"))]
    assert aside.stat().st_size > 0
    assert str(tmp_path / FILE) in caplog.text
    assert aside.name in caplog.text
    assert "Counting begins anew" in caplog.text
    world.service._readers()
    said = _own(world, v.METER_SET_ASIDE.name)
    assert said == {"corrupt": int(reason == "corrupt"), "version": int(reason == "version")}
    _end(world)
    world.service = world._started()
    assert world.service.journal.set_aside == [], "the next start finds nothing wrong"


def _own(world: World, name: str) -> dict[str, float]:
    data = world.service._own.get_metrics_data()
    assert data is not None
    (metric,) = [m for m in data.resource_metrics[0].scope_metrics[0].metrics if m.name == name]
    return {str(point.attributes["reason"]): point.value for point in metric.data.data_points}  # type: ignore[index,union-attr]


def test_a_file_that_breaks_while_it_is_used_is_written_anew_from_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(tmp_path)
    world.send({"name": "one", "trace": "a"})
    world.turn(11.0)
    world.send({"name": "waits", "trace": "w"})
    store = world.service.journal._store
    assert store is not None
    assert store._db is not None
    store._db.execute("DROP TABLE spans")
    world.send({"name": "two", "trace": "b"})
    assert world.service.journal.failure is None
    assert store.set_aside == ["corrupt"]
    assert "was set aside" in caplog.text
    assert "nothing is lost" in caplog.text
    assert "Counting begins anew" not in caplog.text
    world.crash()
    world.send({"name": "one", "trace": "a"})
    world.turn(11.0)
    assert counted(world) == {"shop llm_requests success": 3}
    assert len({instance for instance, _, _ in world.points}) == 1, "nothing was lost: the series go on"


def test_a_full_disk_refuses_and_recovers_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    world = World(tmp_path)
    world.send({"name": "one", "trace": "a"})
    store = world.service.journal._store
    assert store is not None
    assert store._db is not None
    (pages,) = store._db.execute("PRAGMA page_count").fetchone()
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    spans = [{"name": f"call{number}", "trace": f"t{number}"} for number in range(40)]
    with pytest.raises(RefusedError) as refused:
        world._take(_request(*spans))
    assert (refused.value.status, refused.value.label) == (503, "storage")
    assert "nothing can be counted" in caplog.text
    world.turn(11.0)
    assert world.service.tally.counted == 0, "nothing is decided that cannot be written down"
    store._db.execute("PRAGMA max_page_count = 1000000")
    world.service.journal.commit()
    world.send(*spans)
    world.crash()
    world.turn(11.0)
    assert counted(world) == {"shop llm_requests success": 41}


def _request(*spans: dict[str, Any]) -> bytes:
    from .conftest import request

    return request(*spans)


def test_two_meters_in_one_folder_are_an_error_that_says_so(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(HeliographError, match="another meter is at work") as error:
        Store(tmp_path)
    assert "--data" in str(error.value)
    store.close()
    Store(tmp_path).close()


def test_a_folder_that_cannot_be_written_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HeliographError, match="cannot write its file"):
        Store(tmp_path / "file")


def test_a_copy_counts_under_new_instances(tmp_path: Path) -> None:
    """The original may be at work: two processes must not write one series."""
    world = prepared(tmp_path / "original")
    shutil.copytree(tmp_path / "original", tmp_path / "copy")
    world.folder = tmp_path / "copy"
    _go_on(world)
    assert len({instance for instance, _, _ in world.points}) == 2
    assert counted(world) == TWO
    world.crash()
    world.send({"name": "three", "trace": "c"})
    world.turn(11.0)
    assert len({instance for instance, _, _ in world.points}) == 2, "it is a copy once, then a file of its own"
    assert counted(world) == {"shop llm_requests success": 3}


def test_a_version_with_other_fields_reads_what_this_one_wrote(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.send({"name": "one", "trace": "a"})
    _end(world)
    with sqlite3.connect(tmp_path / FILE) as db:  # as if another version had a field more, in another order
        (said,) = db.execute("SELECT said FROM about WHERE name = 'fields'").fetchone()
        fields = json.loads(said)
        fields["call"] = ["novelty", *fields["call"]]
        db.execute("UPDATE about SET said = ? WHERE name = 'fields'", (json.dumps(fields),))
        (body,) = db.execute("SELECT body FROM spans").fetchone()
        parts = json.loads(body)
        parts[6] = ["new", *parts[6]]
        db.execute("UPDATE spans SET body = ?", (json.dumps(parts),))
    db.close()
    _go_on(world)
    assert counted(world) == TWO
    world.crash()
    assert world.service.journal.set_aside == []
    assert _codec.FIELDS["call"][0] != "novelty"


def test_a_copy_on_a_full_disk_is_written_anew_once_there_is_room(tmp_path: Path) -> None:
    prepared(tmp_path / "original")
    shutil.copytree(tmp_path / "original", tmp_path / "copy")
    with sqlite3.connect(tmp_path / "copy" / FILE) as db:
        db.execute("INSERT INTO series VALUES (999, 9, 'x', '{}', 1, '[1]')")
    db.close()
    written = Store.write

    def full(*_: object, **__: object) -> None:
        raise StoreError("no room")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "write", full)
        world = World(tmp_path / "copy")
        assert world.service.storage == "no room"
    assert Store.write is written
    world.crash()
    world.send({"name": "one", "trace": "a"})
    world.turn(11.0)
    assert world.service.storage == "durable"
    assert counted(world) == {}, "it is known from the original"
    store = world.service.journal._store
    assert store is not None
    assert not [row for row in store.load().series if row[0] == 999], "nothing of the original's counters is left"


def test_series_of_another_version_are_exported_and_left(tmp_path: Path) -> None:
    """Edges changed: what was counted into the old ones is delivered, what comes is counted under a new instance."""
    world = prepared(tmp_path)
    with sqlite3.connect(tmp_path / FILE) as db:
        rows = db.execute("SELECT number, state FROM series WHERE metric = 'llm_latency'").fetchall()
        for number, state in rows:
            said = json.loads(state)
            said[4], said[5] = said[4][:-1], said[5][:-1]
            db.execute("UPDATE series SET state = ? WHERE number = ?", (json.dumps(said), number))
    db.close()
    world.points.clear()
    _go_on(world)
    assert len({instance for instance, _, _ in world.points}) == 2
    assert counted(world) == TWO
    world.service.applications.remove_idle(world.now)
    assert len(world.service.applications.all()) == 1, "delivered, and gone"


def test_the_file_does_not_grow_with_what_was_counted(tmp_path: Path) -> None:
    world = World(tmp_path, settings={"remembered": 50, "waiting": 50, "resent_spans": 200})
    sizes = []
    for number in range(30):
        for call in range(20):
            world.send({"name": f"call{number}-{call}", "trace": f"t{number}-{call}"})
        world.turn(11.0)
        sizes.append((tmp_path / FILE).stat().st_size + (tmp_path / f"{FILE}-wal").stat().st_size)
    store = world.service.journal._store
    assert store is not None
    assert store._db is not None
    rows = {
        table: store._db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - names of our own
        for table in ("spans", "events", "resent")
    }
    assert rows["spans"] <= 50
    assert rows["events"] <= 20
    assert rows["resent"] * 20 <= 250 * 20
    assert counted(world) == {"shop llm_requests success": 600}


def test_ids_are_known_for_as_long_or_as_many_as_was_asked() -> None:
    many = Resent(capacity=1000, seconds=1e9)
    assert all(many.add(number, 0.0, number) for number in range(1, 10_001))
    assert not any(many.add(number, 0.0, 0) for number in range(9_001, 10_001))
    assert many.add(5_000, 0.0, 0)
    assert len(many) <= 1_251
    assert many.first_block > 8_000
    again = Resent(capacity=1000, seconds=1e9)
    for block, at, ids in many.blocks():
        again.restore(array("Q", ids), at, block)
    assert not any(again.add(number, 0.0, 0) for number in range(9_001, 10_001))
    assert again.first_block == many.first_block
    old = Resent(capacity=1000, seconds=100.0)
    assert all(old.add(number, float(number), number) for number in range(1, 1_001))
    assert not any(old.add(number, 1000.0, 0) for number in range(901, 1_001))
    assert old.first_block > 800


KILLED = """
import os, signal, sys
from pathlib import Path
from heliograph.meter._store import Store
from heliograph.meter._service import MeterService, Settings
from heliograph.meter._request import parse, JSON
service = MeterService(Settings(export="http://127.0.0.1:9"), store=Store(Path(sys.argv[1])))
service.journal.start()
for line in sys.stdin:
    service.take(parse(line.encode(), JSON))
    print("taken", flush=True)
"""


@pytest.mark.parametrize("acknowledged", [1, 8, 15])
def test_what_was_acknowledged_before_a_kill_is_in_the_file(tmp_path: Path, acknowledged: int) -> None:
    """The kill falls into the next request: its spans are in the file all together or not at all."""
    requests = [[{"name": f"call{n}-{i}", "trace": f"t{n}-{i}"} for i in range(5)] for n in range(20)]
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("".join(_request(*spans).decode() + "\n" for spans in requests))
        process.stdin.flush()
        for _ in range(acknowledged):
            assert process.stdout.readline() == "taken\n"
        process.kill()
    world = World(tmp_path)
    held = len(world.service.room)
    assert world.service.journal.set_aside == []
    assert held >= 5 * acknowledged
    assert held % 5 == 0
    for spans in requests:
        world.send(*spans)
    world.turn(11.0)
    assert counted(world) == {"shop llm_requests success": 100}


def test_a_second_meter_by_hand_ends_with_an_error_that_helps(tmp_path: Path) -> None:
    store = Store(tmp_path)
    ended = subprocess.run(
        [sys.executable, "-m", "heliograph", "meter", "--listen", "127.0.0.1:0"],
        env={**os.environ, "HELIOGRAPH_METER_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    store.close()
    assert ended.returncode == 1
    assert "another meter is at work" in ended.stderr
    assert "--data" in ended.stderr
    assert "Traceback" not in ended.stderr
