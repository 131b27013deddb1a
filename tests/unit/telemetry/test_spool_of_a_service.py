"""The spool as a whole: records of spans, their courier, the replay, and a disk that takes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from heliograph.telemetry._drops import Drops
from heliograph.telemetry._outbox import Bounds
from heliograph.telemetry._spool._spool import Spool

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from opentelemetry.sdk.trace import ReadableSpan


from ._spooled import MEGABYTE, Carrier, names_in, spans


@pytest.fixture
def spool(tmp_path: Path) -> Callable[..., tuple[Spool, dict[str, list[Carrier]], Drops]]:
    def make(folder: Path = tmp_path) -> tuple[Spool, dict[str, list[Carrier]], Drops]:
        made: dict[str, list[Carrier]] = {"traces": [], "logs": [], "metrics": []}
        drops = Drops()

        def courier(signal: str) -> Any:
            made[signal].append(Carrier())
            return made[signal][-1]

        bounds = Bounds(100, MEGABYTE, 512, 0.05)
        return Spool(folder, "a/service", size=MEGABYTE, courier=courier, drops=drops, bounds=bounds), made, drops

    return make


def test_a_service_has_a_folder_of_its_own(spool: Callable[..., tuple[Spool, Any, Drops]], tmp_path: Path) -> None:
    kept, _, _ = spool()
    assert kept.home.folder == tmp_path / "a_service"


def test_what_a_disk_does_not_take_is_sent_from_memory_and_said_once(
    spool: Callable[..., tuple[Spool, Any, Drops]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    kept, _, _ = spool(tmp_path / "file")
    beside: list[ReadableSpan] = []
    write = kept.writer("traces", beside.extend)
    write(spans("a"))
    write(spans("b"))
    assert [span.name for span in beside] == ["a", "b"]
    assert len(caplog.records) == 1


def test_an_item_that_cannot_be_encoded_does_not_take_its_neighbours_along(
    spool: Callable[..., tuple[Spool, Any, Drops]],
) -> None:
    kept, made, drops = spool()
    kept.writer("traces", lambda _: None)(spans("a", "\ud800", "b", "c"))
    kept.start()
    assert kept.flush(5)
    assert [name for payload in made["traces"][0].sent for name in names_in(payload)] == ["a", "b", "c"]
    assert drops.counts() == {("traces", "unencodable"): 1}
    kept.close(0)
    kept.leave()
    assert list(kept.home.folder.iterdir()) == []


def test_what_is_left_at_the_end_waits_for_the_next(
    spool: Callable[..., tuple[Spool, Any, Drops]], caplog: pytest.LogCaptureFixture
) -> None:
    first, made, drops = spool()
    made["traces"][0].up = False
    first.start()
    first.writer("traces", lambda _: None)(spans("late"))
    first.close(0)
    first.leave()
    assert not drops.counts(), "it is not lost"
    assert "1 spans" in caplog.records[-1].getMessage()
    second, made, _ = spool()
    second._replay.round()
    assert [name for payload in made["traces"][1].sent for name in names_in(payload)] == ["late"]
    assert list(second.home.folder.iterdir()) == []
