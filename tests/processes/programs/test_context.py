"""Context on its way into threads, and ends that lose nothing of what was recorded there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.telemetry._receiver import Receiver

    Run = Callable[..., tuple[int, str, str]]

THREADS = """
    import heliograph, threading, gc, weakref, sys
    from concurrent.futures import ThreadPoolExecutor
    from heliograph.genai import current_query
    heliograph.configure("threads", endpoint=sys.argv[1])

    class Subclass(threading.Thread):
        def run(self):
            print("subclass", current_query() is not None)

    pool = ThreadPoolExecutor(1)
    with heliograph.query("q") as q:
        for thread in (Subclass(), threading.Timer(0, lambda: print("timer", current_query() is q))):
            thread.start(); thread.join()
        print("pool", pool.submit(current_query).result() is q)
        kept = threading.Thread(target=lambda: None, daemon=True)
        kept.start(); kept.join()
        print("run restored", "run" not in vars(kept))
        failed = pool.submit(lambda: 1 / 0)
        print(type(failed.exception()).__name__)
    print("pool afterwards", pool.submit(current_query).result())
    print("none outside", "run" not in vars(threading.Thread(target=print)))
"""


def test_threads_follow_once_and_forget(run: Run, receiver: Receiver) -> None:
    status, out, err = run(THREADS, receiver.url)
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "subclass True",
        "timer True",
        "pool True",
        "run restored True",
        "ZeroDivisionError",
        "pool afterwards None",
        "none outside True",
    ]


OFFICIAL = """
    import concurrent.futures, sys, wrapt
    wrapt.wrap_function_wrapper(concurrent.futures, "ThreadPoolExecutor.submit", lambda w, i, a, k: w(*a, **k))
    pool = vars(concurrent.futures.ThreadPoolExecutor)
    before = pool["submit"]
    import heliograph
    heliograph.configure("official", endpoint=sys.argv[1])
    print(pool["submit"] is before)
"""


def test_an_instrumentation_of_threads_that_is_there_is_not_doubled(run: Run, receiver: Receiver) -> None:
    assert run(OFFICIAL, receiver.url)[:2] == (0, "True\n")


ENDS: dict[str, tuple[str, int]] = {
    # uvicorn's way: its own handler while it serves, then what was there before, then the signal again.
    "a server that restores SIGTERM": (
        """
        previous = signal.signal(signal.SIGTERM, lambda *_: None)
        heliograph.configure("end", endpoint=sys.argv[1])
        count()
        signal.signal(signal.SIGTERM, previous)
        signal.raise_signal(signal.SIGTERM)
        """,
        -15,
    ),
    "shut down before SIGTERM": (
        """
        heliograph.configure("end", endpoint=sys.argv[1])
        count()
        heliograph.shutdown()
        signal.raise_signal(signal.SIGTERM)
        """,
        -15,
    ),
    "SIGTERM during the exit": (
        """
        heliograph.configure("end", endpoint=sys.argv[1])
        count()
        from heliograph.telemetry import _runtime
        def interrupted(timeout):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.1)
        _runtime._flush_langsmith = interrupted
        """,
        0,
    ),
    "os._exit in a child": (
        """
        heliograph.configure("end", endpoint=sys.argv[1], metric_interval=60)
        assert os._exit.__module__ == "posix"
        if os.fork() == 0:
            count()
            os._exit(0)
        os.wait()
        """,
        0,
    ),
}


@pytest.mark.parametrize(("body", "status"), ENDS.values(), ids=ENDS)
def test_ends_that_lose_nothing(run: Run, receiver: Receiver, body: str, status: int) -> None:
    head = """
        import heliograph, os, signal, sys, time
        from opentelemetry import trace
        def count():
            with trace.get_tracer("t").start_as_current_span(
                "chat", attributes={"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o-mini"}
            ):
                pass
        """
    ended: Any = run(head + body, receiver.url)
    assert ended[0] == status, ended
    assert receiver.total("llm_requests") == 1
    assert len([span for span in receiver.spans if span.name == "chat"]) == 1
