"""The ledger on the real servers: nothing is lost, a collector is killed, and what is dropped on purpose is missed.

The last part is what makes the first ones worth something: between the senders and the collector stands a proxy that
acknowledges one chosen request of each signal and never passes it on.
"""

from __future__ import annotations

import http.client
import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from heliograph.ledger import Break, Plan, Result, Targets, again, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from heliograph.ledger._plan import Signal
    from heliograph.stack import Stack

PLAN = Plan(spans=200, logs=200, points=1000, duration=6, settle=90)
SIGNALS: dict[str, Signal] = {"/v1/traces": "spans", "/v1/logs": "logs", "/v1/metrics": "points"}


def _whole(result: Result, plan: Plan = PLAN) -> None:
    for name, accounts in result.signals.items():
        expected = round(plan.rate(name) * plan.duration)
        assert (accounts.planned, accounts.sent, accounts.acknowledged) == (expected,) * 3, name
        assert (accounts.stored, accounts.missing, accounts.gaps) == (expected, 0, ()), name
        assert (accounts.duplicate, accounts.astray, accounts.unacknowledged_stored) == (0, 0, 0), name
        assert accounts.visible is not None, name
    assert set(result.signals) == set(SIGNALS.values())


def test_every_record_is_read_back(bare_stack: Stack, tmp_path: Path) -> None:
    result = run(PLAN, Targets.at(bare_stack.offset), tmp_path / "ledger.jsonl")
    _whole(result)
    assert again(tmp_path / "ledger.jsonl").signals == result.signals


def test_a_backlog_of_four_hours_is_read_back(bare_stack: Stack, tmp_path: Path) -> None:
    plan = Plan(spans=40, logs=40, points=100, duration=4, shift=-4 * 3600, settle=90)
    _whole(run(plan, Targets.at(bare_stack.offset), tmp_path / "ledger.jsonl"), plan)


def test_the_collector_is_killed_in_the_middle(bare_stack: Stack, tmp_path: Path) -> None:
    plan = replace(PLAN, duration=12)
    moments = Break.parse("collector:kill@4s").moments(bare_stack)
    result = run(plan, Targets.at(bare_stack.offset), tmp_path / "ledger.jsonl", moments=moments)
    assert len(result.happened) == 1
    assert "failed" not in result.happened[0]
    assert any(accounts.retries for accounts in result.signals.values()), "nobody noticed that it was away"
    _whole(result, plan)


def test_requests_that_are_dropped_on_purpose_are_missing(bare_stack: Stack, tmp_path: Path) -> None:
    plan = replace(PLAN, duration=4, settle=10)
    targets = Targets.at(bare_stack.offset)
    with _dropping(targets.collector, 3) as proxy:
        result = run(plan, replace(targets, collector=proxy), tmp_path / "ledger.jsonl")
    assert not result.ok
    for course in plan.courses(result.run, result.started)[: len(SIGNALS)]:
        accounts = result.signals[course.signal]
        assert accounts.acknowledged == accounts.planned, course.signal
        assert accounts.missing == course.batch, f"{course.signal}: exactly what was dropped"
        assert accounts.stored == accounts.planned - course.batch, course.signal
        (gap,) = accounts.gaps
        assert (gap.first % course.batch, gap.last) == (0, gap.first + course.batch - 1), course.signal
        assert result.run in gap.name


@contextmanager
def _dropping(collector: str, which: int) -> Iterator[str]:
    """Pass requests on to `collector`, but acknowledge and forget the `which`-th of each signal."""
    lock, seen = threading.Lock(), dict.fromkeys(SIGNALS, 0)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                seen[self.path] += bool(body)  # an empty one asks whether the collector is there
                forget = seen[self.path] == which
            if forget:
                status, answer = 200, b""
            else:
                onward = http.client.HTTPConnection(collector.removeprefix("http://"), timeout=20)
                onward.request("POST", self.path, body, {"Content-Type": self.headers["Content-Type"]})
                reply = onward.getresponse()
                status, answer = reply.status, reply.read()
                onward.close()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
