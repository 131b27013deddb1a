"""Frameworks and generators that move work between tasks, threads and processes by themselves."""

from __future__ import annotations

import signal
import time
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import World


def calls_by_user(world: World) -> dict[str | None, int]:
    """Count calls by user, each user's in one trace."""
    calls = [span for span in world.sink.spans() if span.name.startswith("chat")]
    traces = {(span.attributes.get("user.id"), span.trace) for span in calls}
    users = {user for user, _ in traces}
    assert len(traces) == len(users), traces
    return dict(Counter(span.attributes.get("user.id") for span in calls))


def test_langgraph(world: World) -> None:
    world.run("python", "graph.py")
    world.assert_exact(calls=5 * (1 + 4 * 2 + 1) + 2)
    assert world.sink.orphans() == []
    assert calls_by_user(world) == {f"u{number}": 10 for number in range(5)} | {"u5": 2}
    by_chain = {chain: world.sink.metric("llm_requests", chain=chain) for chain in ("plan", "search", "write")}
    assert by_chain == {"plan": 5, "search": 40, "write": 7}


def test_celery(world: World, tmp_path: Path) -> None:
    queue = tmp_path / "queue"
    queue.mkdir()
    environment = {
        "QUEUE": str(queue),
        "C_FORCE_ROOT": "1",
        # Nothing is pushed before the end.
        "OTEL_METRIC_EXPORT_INTERVAL": "60000",
    }
    world.run("python", "tasks.py", **environment)
    workers = world.start("celery", "--app", "tasks", "worker", "--loglevel", "WARNING", **environment)
    world.wait_for(lambda: sum(each["requests"] for each in world.server.totals().values()) == 16, "all tasks")
    time.sleep(0.3)  # the last answer is on its way to the worker
    world.stop(workers, signal.SIGTERM)
    world.assert_exact(calls=16)
    assert world.sink.orphans() == []
    assert calls_by_user(world) == {f"u{number}": 2 for number in range(8)}
    assert world.sink.metric("query_requests", status="success") == 8
    assert len(world.sink.instances()) <= 2


def test_generators(world: World) -> None:
    said = world.run("python", "generators.py")
    world.assert_exact(calls=3 + 3 + 3 + 2 + 1 + 1)
    assert world.sink.orphans() == []
    users = Counter(event.get("user_id") for event in world.sink.events("llm.call"))
    assert users == {"decorated": 6, "async": 3, "a": 1, "b": 1, "inside-async": 1, None: 1}
    status = Counter(event["status"] for event in world.sink.events("query.finished"))
    assert status == {"success": 3, "cancelled": 3}
    assert said == ""
