"""The arithmetic of the table of overheads, and what may be said from it."""

from __future__ import annotations

import types

import pytest
from benchmarks.overhead._contenders import CONTENDERS
from benchmarks.overhead._figures import KINDS, Added, added, quartiles, ratio
from benchmarks.overhead._page import PAGE, replaced
from benchmarks.overhead._table import Row, table, targets
from benchmarks.overhead.worker._patches import Patches, snapshot


def turn(*pairs: tuple[float, float], background: float = 0.0, flush: float = 0.0) -> dict[str, object]:
    """Make a turn of pairs (bare, with), in microseconds; the thread works half of the wall."""
    said = [
        {
            "bare": {"wall": bare / 1e6, "thread": bare / 2e6},
            "with": {"wall": instrumented / 1e6, "thread": instrumented / 2e6},
        }
        for bare, instrumented in pairs
    ]
    return {"pairs": said, "background": background / 1e6, "flush": flush / 1e6}


def figure(wall: float, cpu: float = 0.0) -> Added:
    return Added(wall=wall, spread=(wall - 1, wall + 1), thread=0, cpu=cpu, bare=500, flush=0)


def row(chat: float, stream: float) -> Row:
    return Row("title", {"package": "1.2"}, {"chat": figure(chat, 2 * chat), "stream": figure(stream, 2 * stream)})


def test_a_batch_is_compared_with_the_bare_one_of_its_pair() -> None:
    # The machine gets slower by half from pair to pair; what is added stays, and is found.
    assert added([turn((500, 600), (750, 850), (1125, 1225))]).wall == pytest.approx(100)


def test_one_batch_in_which_the_machine_did_something_else_does_not_count() -> None:
    assert added([turn((500, 9000), (500, 600), (500, 600))]).wall == pytest.approx(100)


def test_nor_does_one_round_and_the_middle_half_is_between_the_others() -> None:
    rounds = [turn((500, 500 + more)) for more in (100, 110, 120, 130, 9000)]
    said = added(rounds)
    assert said.wall == pytest.approx(120)
    assert said.spread == pytest.approx((110, 130))


def test_cpu_is_the_callers_and_that_of_all_other_threads() -> None:
    said = added([turn((500, 600), background=70, flush=3000)])
    assert said.thread == pytest.approx(50)
    assert said.cpu == pytest.approx(50 + 70)
    assert (said.bare, said.flush) == pytest.approx((500, 3000))


def test_of_one_round_there_is_no_spread() -> None:
    assert quartiles([3.0]) == (3.0, 3.0, 3.0)


@pytest.mark.parametrize("yardstick", [None, 0.0, -4.0])
def test_there_is_no_ratio_to_nothing(yardstick: float | None) -> None:
    assert ratio(5.0, yardstick) is None


def test_ratios_are_to_the_span_by_hand() -> None:
    lines = table({"by-hand": row(70, 60), "heliograph": row(105, 90)}).splitlines()
    assert (
        lines[-1]
        == "| title | 105 (104 to 106) | 210 | 1.50 / 1.50 | 90 (89 to 91) | 180 | 1.50 / 1.50 | package 1.2 |"
    )


def test_without_it_there_are_none() -> None:
    assert "| - / - |" in table({"heliograph": row(105, 90)})


def test_who_was_not_measured_stays_in_the_table_with_the_reason() -> None:
    said = table({"by-hand": row(70, 60), "openlit": Row("OpenLIT", {}, {}, "cannot be installed: no such version")})
    assert said.splitlines()[-1].startswith("| OpenLIT | not measured: cannot be installed: no such version |")


@pytest.mark.parametrize(
    ("ours", "hold"),
    [((119, 365), [True, True]), ((120, 365), [False, True]), ((119, 366), [True, False])],
    ids=["both", "chat is 1.71 times by hand", "streaming is a microsecond more than Langfuse"],
)
def test_targets(ours: tuple[float, float], hold: list[bool]) -> None:
    rows = {"by-hand": row(70, 60), "heliograph": row(*ours), "langfuse": row(173, 365)}
    assert [holds for holds, _ in targets(rows)] == hold


@pytest.mark.parametrize("missing", ["by-hand", "heliograph", "langfuse"])
def test_nothing_is_said_of_a_target_whose_peer_was_not_measured(missing: str) -> None:
    rows = {"by-hand": row(70, 60), "heliograph": row(500, 500), "langfuse": row(173, 365)}
    rows[missing] = Row("away", {}, {}, "cannot be installed")
    assert len(targets(rows)) == {"heliograph": 0}.get(missing, 1)


def test_a_yardstick_that_is_lost_in_the_noise_is_no_success() -> None:
    assert [holds for holds, _ in targets({"by-hand": row(-3, 60), "heliograph": row(5, 5)})] == [False]


def test_the_page_has_room_for_the_table() -> None:
    page = replaced(PAGE.read_text(encoding="utf-8"), "| new |")
    assert page.count("| new |") == 1
    assert replaced(page, "| new |") == page


def test_a_page_without_markers_is_left_alone() -> None:
    with pytest.raises(ValueError, match="lacks the line"):
        replaced("# Overhead\n", "| new |")


def test_every_contender_has_a_peer_and_a_function_that_sets_it_up() -> None:
    import peers

    assert {each.peer for each in CONTENDERS.values()} <= set(peers.PEERS)
    assert set(KINDS) == {"chat", "stream"}


def test_patches_are_taken_out_and_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    class Base:
        def request(self) -> str:
            return "bare"

    class Client(Base):
        def send(self) -> str:
            return "bare"

    module = types.ModuleType("openai.pretended")
    for owner in (Base, Client):
        owner.__module__ = module.__name__
        setattr(module, owner.__name__, owner)
    monkeypatch.setitem(__import__("sys").modules, module.__name__, module)
    before = snapshot()
    setattr(Client, "send", lambda _: "patched")  # noqa: B010 - as instrumentors do it
    setattr(Client, "request", lambda _: "patched")  # noqa: B010 - where there was an inherited one
    patches = Patches(before)
    patches.remove()
    assert (Client().send(), Client().request()) == ("bare", "bare")
    patches.restore()
    assert (Client().send(), Client().request()) == ("patched", "patched")
    assert str(patches) == "Client.send, Client.request"
