"""Multi-worker servers as their users start them: each worker counts for itself, and its last requests too."""

from __future__ import annotations

import signal
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from tests._ports import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import World


@dataclass(frozen=True)
class Server:
    """A command line ({port} is filled in), calls per request, and the requests it gets."""

    command: str
    calls: int
    requests: int = 12

    def __str__(self) -> str:
        return self.command.replace(" --bind 127.0.0.1:{port}", "").replace(" --port {port}", "").replace(" ", "_")


BIND = "--bind 127.0.0.1:{port}"
SERVERS = [
    Server(f"gunicorn wsgi:app {BIND} --workers 2", calls=2),
    Server(f"gunicorn wsgi:app {BIND} --workers 2 --threads 4 --preload", calls=2),
    # gunicorn loses a SIGTERM that meets a worker just forked, and waits for it as long as it may.
    Server(f"gunicorn wsgi:app {BIND} --workers 2 --preload --max-requests 5 --graceful-timeout 5", calls=2),
    Server(f"gunicorn asgi:app {BIND} --workers 2 -k uvicorn.workers.UvicornWorker --preload", calls=4),
    Server("uvicorn asgi:app --port {port}", calls=4),
    Server("uvicorn asgi:app --port {port} --workers 2 --limit-max-requests 4", calls=4),
]


def _get(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return bool(answer.read())
    except OSError:
        return False


def _serve(world: World, server: Server, **environment: str) -> None:
    """Have a server do its work, and stop it."""
    port = free_port()
    process = world.start(*server.command.format(port=port).split(), **environment)
    home = f"http://127.0.0.1:{port}"
    world.wait_for(lambda: _get(f"{home}/"), "the server")

    def ask(number: int) -> None:
        # A worker that has just reached its limit refuses; a client would try again.
        world.wait_for(lambda: _get(f"{home}/ask?user=u{number}"), "an answer")

    with ThreadPoolExecutor(4) as clients:
        list(clients.map(ask, range(server.requests)))
    # At once, while the last spans, metrics and background tasks are still waiting.
    world.stop(process, signal.SIGTERM)


def test_workers_with_a_spool_leave_nothing_in_it(world: World, tmp_path: Path) -> None:
    server = SERVERS[1]
    spool = tmp_path / "spool"
    _serve(world, server, HELIOGRAPH_SPOOL=str(spool))
    world.assert_exact(calls=server.requests * server.calls)
    assert not [path for path in spool.rglob("*") if path.is_file()]


@pytest.mark.parametrize("server", SERVERS, ids=str)
def test_every_call_of_every_worker_is_counted_once(world: World, server: Server) -> None:
    _serve(world, server)
    world.assert_exact(calls=server.requests * server.calls)
    assert world.sink.orphans() == []
    calls = [span for span in world.sink.spans() if span.name.startswith("chat")]
    assert len(calls) == server.requests * server.calls
    traces: dict[str, set[str]] = {}
    for span in calls:
        traces.setdefault(span.attributes["user.id"], set()).add(span.trace)
    assert len(traces) == server.requests
    assert all(len(each) == 1 for each in traces.values())
    assert world.sink.metric("llm_requests", chain="web") == server.requests * server.calls
    assert world.sink.metric("query_requests") == server.requests
