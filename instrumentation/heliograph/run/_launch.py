"""The program as a child process: its environment, the signals that are passed on to it, and how it ended."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING, Final

from heliograph.errors import HeliographError
from heliograph.run._command import NOT_EXECUTABLE, NOT_FOUND

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType

__all__ = ["environment_for", "run"]

SITE: Final = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_site")  # noqa: PTH100, PTH118, PTH120
"""The folder with our `sitecustomize`."""

_PASSED_ON: Final = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
)
_FROM_KEYBOARD: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGHUP", "SIGQUIT") if hasattr(signal, name)
)


def environment_for(environment: Mapping[str, str], socket_path: str) -> dict[str, str]:
    """Give the program's environment: everything as it is, and our folder first on PYTHONPATH.

    An empty entry of PYTHONPATH would mean the current folder, so none is made.
    """
    known = [each for each in (environment.get("PYTHONPATH") or "").split(os.pathsep) if each != SITE]
    path = os.pathsep.join([SITE, *known]) if any(known) else SITE
    return {**environment, "PYTHONPATH": path, "HELIOGRAPH_RUN_SOCKET": socket_path}


def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command to its end with our own input and output; its exit status, 128 + n where signal n ended it.

    A signal that we get is passed on, unless the terminal sent it: then the program got its own. Raises
    HeliographError where the command cannot be started.
    """
    child: subprocess.Popen[bytes] | None = None
    early: list[int] = []

    def pass_on(number: int, frame: FrameType | None) -> None:
        del frame
        if number in _FROM_KEYBOARD and _in_foreground():
            return
        if child is None:
            early.append(number)
        elif child.returncode is None:
            child.send_signal(number)

    before = {}
    for number in _PASSED_ON:
        # What is ignored (nohup ignores SIGHUP) stays so, for us and for the program.
        if signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, pass_on)
    try:
        child = _start(command, environment)
        for number in early:
            child.send_signal(number)
        status = child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 128 - status if status < 0 else status


def _start(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(command, env=environment)
    except FileNotFoundError as error:
        # The file is there, or it would have been said before: then it is the interpreter of its first line.
        raise HeliographError(f"{command[0]} cannot be run", why=str(error), exit_code=NOT_FOUND) from None
    except OSError as error:
        raise HeliographError(f"{command[0]} cannot be run", why=str(error), exit_code=NOT_EXECUTABLE) from None


def _in_foreground() -> bool:
    """Whether a terminal's keys reach us, and with us the program, which is in our process group."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
