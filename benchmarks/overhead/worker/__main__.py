"""`python -m benchmarks.overhead.worker MODULE:FUNCTION ENDPOINT`: a turn of calls for each JSON line on stdin.

A line `{"kind": "chat", "calls": 20, "bare_first": [true, false]}` asks for two pairs of batches of 20 calls, one batch
bare and one with the contender's telemetry, and is answered by seconds a call:

    {"pairs": [{"bare": {"wall": ..., "thread": ...}, "with": {...}}, ...], "background": ..., "flush": ...}

`wall` is the caller's clock, `thread` the CPU time of its thread, `background` that of all other threads, and of the
flush, for each call of the contender's; `flush` is what a flush takes that has nothing to send. `benchmarks.overhead`
says what is counted when. The first line of the answers names the versions, and what of the client was patched.
"""

from __future__ import annotations

import gc
import importlib
import itertools
import json
import os
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final, TextIO

from benchmarks.overhead.worker import _model
from benchmarks.overhead.worker._patches import Patches, snapshot
from benchmarks.overhead.worker._ready import Ready, of_client

if TYPE_CHECKING:
    from collections.abc import Callable

_LOADING: Final = 10  # calls before anything is set up or measured
_WARM: Final = 3  # calls after a switch, in which the interpreter specialises its code again
_STILL: Final = 0.0005  # seconds of CPU in _PAUSE, below which nothing works in the background
_PAUSE: Final = 0.02
_PATIENCE: Final = 5.0  # seconds for the background to come to rest

_numbers = itertools.count()


def main() -> None:
    """Set the contender up and measure until stdin ends."""
    contender, endpoint = sys.argv[1:]
    answers = _own_stdout()
    bare = of_client(_model.client(), lambda: None)
    for _ in range(_LOADING):  # everything that is loaded late is loaded before the snapshot
        bare.chat(next(_numbers))
        bare.stream(next(_numbers))
    before = snapshot()
    module, _, function = contender.partition(":")
    ready: Ready = getattr(importlib.import_module(f"benchmarks.overhead.worker.{module}"), function)(endpoint)
    patches = Patches(before)
    _say(answers, {"versions": _versions(*ready.packages, "openai"), "patched": str(patches)})
    for line in sys.stdin:
        asked = json.loads(line)
        _say(answers, _turn(bare, ready, patches, **asked))


def _turn(
    bare: Ready, ready: Ready, patches: Patches, kind: str, calls: int, *, bare_first: list[bool]
) -> dict[str, Any]:
    """Measure pairs of batches, and then what the contender's calls cost besides."""
    if not bare_first:
        patches.remove()
        _batch(getattr(bare, kind), calls)
        patches.restore()
        _flush(ready.flush)
        return {}
    pairs = []
    _flush(ready.flush)
    gc.collect()
    process, thread = time.process_time(), time.thread_time()
    for first in bare_first:
        pair = {}
        for name in ("bare", "with") if first else ("with", "bare"):
            if name == "with":
                pair[name] = _batch(getattr(ready, kind), calls)
                continue
            patches.remove()
            pair[name] = _batch(getattr(bare, kind), calls)
            patches.restore()
        pairs.append(pair)
    others = (time.process_time() - process) - (time.thread_time() - thread)
    sending = _flush(ready.flush)
    idle = _flush(ready.flush)  # paid once an interval, whatever the number of calls
    made = len(bare_first) * (calls + _WARM)
    return {"pairs": pairs, "background": (others + sending - idle) / made, "flush": idle}


def _batch(call: Callable[[int], None], calls: int) -> dict[str, float]:
    """Make the calls; return what one took, in seconds of the clock and of this thread."""
    _come_to_rest()
    for _ in range(_WARM):
        call(next(_numbers))
    gc.collect(1)  # what the batches before left behind; a full one takes longer than a batch
    numbers = list(itertools.islice(_numbers, calls))
    thread, wall = time.thread_time(), time.perf_counter()
    for number in numbers:
        call(number)
    return {"wall": (time.perf_counter() - wall) / calls, "thread": (time.thread_time() - thread) / calls}


def _flush(flush: Callable[[], object]) -> float:
    """Have everything sent and wait until no thread works any more; return the CPU seconds of the process."""
    began = time.process_time()
    flush()
    _come_to_rest()
    return time.process_time() - began


def _come_to_rest() -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        before = time.process_time()
        time.sleep(_PAUSE)
        if time.process_time() - before < _STILL:
            return


def _versions(*packages: str) -> dict[str, str]:
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # taken from this tree, as heliograph is
            found[package] = str(importlib.import_module(package).__version__)
    return found


def _own_stdout() -> TextIO:
    """Keep stdout for the answers: what packages print there goes to stderr."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _say(answers: TextIO, what: dict[str, Any]) -> None:
    print(json.dumps(what), file=answers, flush=True)


if __name__ == "__main__":
    main()
