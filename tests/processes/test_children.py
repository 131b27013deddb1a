"""Child processes: each an instance of its own, counting from zero, losing nothing however it ends."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import World

POOLS = [
    ("executor", "fork"),
    ("executor", "spawn"),
    ("executor", "forkserver"),
    ("pool", "fork"),
]


@pytest.mark.parametrize(("kind", "method"), POOLS, ids=["-".join(each) for each in POOLS])
def test_workers_of_a_pool_serve_each_query_in_turn(world: World, kind: str, method: str) -> None:
    world.run("python", "pools.py", kind, method)
    world.assert_exact(calls=2 * 32 + 1)
    assert world.sink.orphans() == []
    spans = world.sink.spans()
    for name in ("first", "second"):
        (root,) = [span for span in spans if span.name == f"query {name}"]
        within = [span for span in spans if span.trace == root.trace and span.name.startswith("chat")]
        assert len(within) == 32
        assert {span.attributes["user.id"] for span in within} == {name}
        assert world.sink.metric("llm_requests", chain=name) == 32
    (stray,) = [event for event in world.sink.events("llm.call") if "user_id" not in event]
    assert "chain" not in stray
    assert {span.service for span in spans} == {"app"}


@pytest.mark.parametrize("spooled", [False, True], ids=["memory", "spool"])
def test_children_of_every_kind_and_end(world: World, tmp_path: Path, spooled: bool) -> None:
    world.run("python", "forks.py", **({"HELIOGRAPH_SPOOL": str(tmp_path / "spool")} if spooled else {}))
    if spooled:
        assert not [path for path in (tmp_path / "spool").rglob("*") if path.is_file()]
    # Two of the parent; one each of five forks, of a grandchild and of three children of multiprocessing.
    world.assert_exact(calls=2 + 6 + 3)
    by_instance = Counter(instance for (instance, _), _ in world.sink.totals("llm_requests").items())
    assert len(by_instance) == 1 + 6 + 3
    spans = [span for span in world.sink.spans() if span.name.startswith("chat")]
    assert len(spans) == 11
    assert len({span.trace for span in spans}) == 1
    assert {span.attributes["user.id"] for span in spans} == {"u"}
    assert world.sink.orphans() == []
    assert world.sink.metric("llm_requests", chain="fork") == 11
    # Children that unwind the `with` blocks they were forked in do not end them a second time.
    assert world.sink.metric("query_requests") == 1
    assert len(world.sink.events("query.finished")) == len(world.sink.events("chain.finished")) == 1
