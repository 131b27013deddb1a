"""Servers that are small Python scripts: they serve, die, hang or ignore signals as a test wants."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from tests._ports import free_port

from heliograph.stack._launch import halt, launch
from heliograph.stack._observe import running_supervisor
from heliograph.stack._plan import STATE, Plan, PlannedServer, read_state
from heliograph.stack._process import Identity, identify
from heliograph.stack._workspace import Workspace

from ._fake_go import Fake, fake_go

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# Answers every connection with 200; behaviour comes as `name=value` arguments.
FAKE_SERVER = """
import os, signal, socket, sys, time

options = dict(argument.split("=", 1) for argument in sys.argv[1:])
name, diary = options["name"], options["diary"]

def note(what):
    with open(diary, "a") as file:
        file.write(f"{what} {name}\\n")

def on_term(*_):
    note("stop")
    if "stubborn" not in options:
        sys.exit(0)

signal.signal(signal.SIGTERM, on_term)
note("start")
print(f"{name} says hello", flush=True)
if "tells" in options:
    print(sorted(os.environ.items()), flush=True)
if "dies" in options:
    print(f"{name} finds no bread", flush=True)
    sys.exit(int(options["dies"]))
time.sleep(float(options.get("slow", 0)))
with socket.socket() as listener:
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int(options["port"])))
    listener.listen()
    while True:
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.0 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")
"""


@dataclass
class Fakes:
    """Makes planned servers, and starts and watches them in a state folder of the test's own."""

    root: Path
    workspace: Workspace = field(init=False)
    diary: Path = field(init=False)

    def __post_init__(self) -> None:
        self.workspace = Workspace(self.root / "state")
        self.workspace.prepare()
        self.diary = self.root / "diary"
        self.diary.touch()
        (self.root / "server.py").write_text(FAKE_SERVER)

    def server(self, name: str, *, stop_rank: int = 1, stop_seconds: float = 2.0, **options: object) -> PlannedServer:
        port = free_port()
        arguments = [
            f"{key}={value}" for key, value in {"name": name, "port": port, "diary": self.diary, **options}.items()
        ]
        return PlannedServer(
            name=name,
            argv=(sys.executable, "-S", "-E", str(self.root / "server.py"), *arguments),
            env={},
            cwd=str(self.root),
            log=str(self.workspace.log(name)),
            ready_url=f"http://127.0.0.1:{port}/",
            url=f"http://localhost:{port}",
            stop_seconds=stop_seconds,
            stop_rank=stop_rank,
        )

    def launch(self, *servers: PlannedServer, timeout: float = 10.0) -> list[str]:
        """Start the servers and return the lines of progress."""
        told: list[str] = []
        launch(self.workspace, Plan(servers=servers), timeout=timeout, progress=told.append)
        return told

    def entries(self, what: str) -> list[str]:
        """Return the names of the servers that noted `what` (start, stop), in order."""
        lines = [line.split() for line in self.diary.read_text().splitlines()]
        return [name for word, name in lines if word == what]

    def identity(self, name: str) -> Identity:
        state = read_state(self.workspace.root / STATE)
        assert state is not None
        found = state.servers[name].identity
        assert found is not None
        return found

    def supervisor(self) -> Identity:
        state = running_supervisor(self.workspace)
        assert state is not None
        return state.identity

    def processes(self) -> list[Identity]:
        """Return supervisor and servers that the state file names and that run."""
        state = read_state(self.workspace.root / STATE)
        named = [] if state is None else [state.identity, *(server.identity for server in state.servers.values())]
        return [identity for identity in named if identity is not None and identify(identity.pid) == identity]


@pytest.fixture
def fakes(tmp_path: Path) -> Iterator[Fakes]:
    made = Fakes(tmp_path)
    yield made
    halt(made.workspace, timeout=5.0)


@pytest.fixture
def soon() -> Callable[..., None]:
    return eventually


def eventually(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait until `condition()` is true; fail when it is not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Have every build use a `go` of ours."""
    return fake_go(tmp_path, monkeypatch)
