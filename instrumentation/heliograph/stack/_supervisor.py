"""The process that keeps the servers of one stack running: `python -m heliograph.stack._supervisor STATE_DIR`.

It starts what `plan.json` lists, restarts what dies (after 0.5 s, 1 s, … 30 s), keeps the logs bounded, writes
`state.json` at every change, obeys `control.json` on SIGHUP (servers to keep stopped) and ends cleanly on SIGTERM: the
intake first, then the stores. If it is killed itself, the kernel takes its children along (`_process.spawn`).

One thread and no polling: it sleeps until a child ends, a signal comes, or the next pause is over.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from heliograph.stack._plan import (
    CONTROL,
    LOCK,
    PLAN,
    STATE,
    Plan,
    ServerState,
    SupervisorState,
    read_plan,
    write_state,
)
from heliograph.stack._process import identify, spawn
from heliograph.stack._queue_files import set_aside_unreadable
from heliograph.stack._sync_writes import VARIABLE, set_sync_writes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

__all__ = ["Supervisor", "main"]

_FIRST_PAUSE = 0.5  # seconds before the first restart; doubled at each further death …
_LONGEST_PAUSE = 30.0  # … up to this
_LONGEST_PAUSE_KILLED = 1.0  # … and up to this for one that did not end by itself: senders wait for 30 s, and then drop
_STEADY_AFTER = 60.0  # seconds of running after which earlier deaths are forgiven
_LOG_CHECK_EVERY = 10.0  # seconds
_LOG_BYTES = 10 * 1024 * 1024  # a log is cut at this size; one older piece is kept


class Supervisor:
    """Runs a plan until it is told to stop."""

    def __init__(self, state_dir: Path, plan: Plan, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._dir = state_dir
        self._clock = clock
        self._plan = {server.name: server for server in plan.servers}
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._due: dict[str, float] = {}  # when to start it next, on the clock
        self._pauses: dict[str, float] = {}
        self._started: dict[str, float] = {}
        self._stopping = False
        me = identify(os.getpid())
        assert me is not None  # noqa: S101 - we run
        self._state = SupervisorState(me, {name: ServerState() for name in self._plan})

    def run(self) -> None:
        """Start everything, then watch; returns after a clean stop."""
        wakeup, poke = os.pipe()
        os.set_blocking(poke, False)
        os.set_blocking(wakeup, False)
        signal.set_wakeup_fd(poke, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGHUP, lambda *_: None)  # the wake-up is enough: control.json is read at each turn
        signal.signal(signal.SIGCHLD, lambda *_: None)
        with selectors.DefaultSelector() as selector:
            selector.register(wakeup, selectors.EVENT_READ)
            for name in self._plan:
                if not self._stopping:
                    self._start(name)
            next_log_check = self._clock() + _LOG_CHECK_EVERY
            while not self._stopping:
                self._reap()
                self._obey()
                self._start_due()
                now = self._clock()
                if now >= next_log_check:
                    self._bound_logs()
                    next_log_check = now + _LOG_CHECK_EVERY
                soonest = min([next_log_check, *self._due.values()])
                if selector.select(max(0.0, soonest - self._clock())):
                    with contextlib.suppress(BlockingIOError):
                        os.read(wakeup, 4096)
        self._stop_all()

    def _on_stop(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._stopping = True

    # --- one server ---------------------------------------------------------------------------------------------

    def _start(self, name: str) -> None:
        server = self._plan[name]
        state = self._state.servers[name]
        self._due.pop(name, None)
        if queues := server.env.get("HELIOGRAPH_QUEUE_DIR"):
            self._log(name, set_aside_unreadable(Path(queues)))
        if wanted := server.env.get(VARIABLE):
            self._log(name, set_sync_writes(Path(server.cwd), on=wanted == "true"))
        try:
            child = spawn(server.argv, env={**os.environ, **server.env}, cwd=Path(server.cwd), log=Path(server.log))
        except OSError as error:
            self._log(name, [f"heliograph: cannot start {server.argv[0]}: {error}"])
            self._died(name, f"cannot be started: {error}")
            return
        self._children[name] = child
        self._started[name] = self._clock()
        state.phase, state.started_at = "running", time.time()
        state.identity = identify(child.pid)
        self._publish()

    def _log(self, name: str, lines: Sequence[str]) -> None:
        """Add lines to the log of a server."""
        with Path(self._plan[name].log).open("a", encoding="utf-8") as log:
            log.writelines(f"{line}\n" for line in lines)

    def _reap(self) -> None:
        for name, child in list(self._children.items()):
            code = child.poll()
            if code is None:
                continue
            del self._children[name]
            self._died(name, _describe_exit(code), killed=code == -signal.SIGKILL)

    def _died(self, name: str, how: str, *, killed: bool = False) -> None:
        state = self._state.servers[name]
        started = self._started.pop(name, None)  # None: it could not even be started
        if started is not None and self._clock() - started >= _STEADY_AFTER:
            self._pauses.pop(name, None)
        pause = self._pauses.get(name, _FIRST_PAUSE)
        if killed:
            pause = min(pause, _LONGEST_PAUSE_KILLED)
        self._pauses[name] = min(pause * 2, _LONGEST_PAUSE)
        self._due[name] = self._clock() + pause
        state.phase, state.identity, state.last_exit = "waiting", None, how
        state.restarts += 1
        _say(f"{name} ended ({how}); starts again in {pause:g} s")
        self._publish()

    def _start_due(self) -> None:
        for name, when in list(self._due.items()):
            if when <= self._clock():
                self._start(name)

    # --- requests -----------------------------------------------------------------------------------------------

    def _obey(self) -> None:
        """Stop and start single servers as `control.json` asks: `{"stopped": [names]}`."""
        try:
            wanted = json.loads((self._dir / CONTROL).read_text(encoding="utf-8"))
            stopped = {str(name) for name in wanted["stopped"]} & self._plan.keys()
        except (OSError, ValueError, KeyError, TypeError):
            stopped = set()
        for name, state in self._state.servers.items():
            if name in stopped and state.phase != "stopped":
                self._due.pop(name, None)
                self._end([name])
                state.phase, state.identity = "stopped", None
                self._publish()
            elif name not in stopped and state.phase == "stopped":
                self._pauses.pop(name, None)
                # `heliograph reload --restart` may have changed how it is started.
                newest = read_plan(self._dir / PLAN)
                self._plan |= {
                    server.name: server for server in (newest.servers if newest else ()) if server.name == name
                }
                self._start(name)

    def _stop_all(self) -> None:
        self._state.stopping = True
        self._due.clear()
        self._publish()
        ranked = sorted(self._plan.values(), key=lambda server: server.stop_rank)
        for _, group in groupby(ranked, key=lambda server: server.stop_rank):
            names = [server.name for server in group]
            self._end(names)
            for name in names:
                self._state.servers[name].phase = "stopped"
                self._state.servers[name].identity = None
            self._publish()

    def _end(self, names: list[str]) -> None:
        """Stop these children together, each within its own time, then kill."""
        ending = {name: self._children.pop(name) for name in names if name in self._children}
        for child in ending.values():
            child.terminate()
        begun = self._clock()
        for name, child in ending.items():
            left = self._plan[name].stop_seconds - (self._clock() - begun)
            try:
                code = child.wait(max(0.0, left))
            except subprocess.TimeoutExpired:
                _say(f"{name} did not end within {self._plan[name].stop_seconds:g} s: killed")
                child.kill()
                code = child.wait()
            self._state.servers[name].last_exit = _describe_exit(code)

    # --- bookkeeping --------------------------------------------------------------------------------------------

    def _publish(self) -> None:
        try:
            write_state(self._dir / STATE, self._state)
        except OSError as error:  # disk full: watching matters more than telling
            _say(f"cannot write {STATE}: {error}")

    def _bound_logs(self) -> None:
        for server in self._plan.values():
            with contextlib.suppress(OSError):
                _bound_log(Path(server.log))


def _bound_log(log: Path) -> None:
    """Keep one older piece and empty the log.

    Copied and truncated rather than renamed, since the server keeps its file open (in append mode, so it goes on at the
    new end). A line written between the two steps may be lost; a pipe through this process could block the server.
    """
    if log.stat().st_size > _LOG_BYTES:
        shutil.copyfile(log, log.with_name(log.name + ".1"))
        os.truncate(log, 0)


def _describe_exit(code: int) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"killed by {signal.Signals(-code).name}"
    return f"exit status {code}"


def _say(text: str) -> None:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    sys.stderr.write(f"{stamp} {text}\n")
    sys.stderr.flush()


def main(argv: list[str]) -> int:
    """Run the supervisor of one state folder; exit status 3 when another one already does, 2 without a plan."""
    state_dir = Path(argv[0])
    lock = (state_dir / LOCK).open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _say("another supervisor already runs this stack")
        return 3
    plan = read_plan(state_dir / PLAN)
    if plan is None:
        _say(f"no readable {PLAN} in {state_dir}")
        return 2
    Supervisor(state_dir, plan).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
