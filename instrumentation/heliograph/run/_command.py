"""From what was typed behind `heliograph run` to a command that can be started."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING, Final

from heliograph.errors import HeliographError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["NOT_EXECUTABLE", "NOT_FOUND", "command"]

# What a shell says of a command that it cannot start (POSIX 2.8.2, Exit Status for Commands).
NOT_EXECUTABLE: Final = 126
NOT_FOUND: Final = 127


def command(given: Sequence[str], *, module: str | None, environment: Mapping[str, str]) -> list[str]:
    """Give the command to start; `module` is that of `-m`, run by this Python, and so is a script without its own.

    Raises HeliographError with the status that a shell ends with: 127 for what is not there, 126 for what cannot be
    run, such as a folder.
    """
    if module is not None:
        return [sys.executable, "-m", module, *given]
    first = given[0]
    found = shutil.which(first, path=environment.get("PATH"))
    if found is not None:
        return list(given)
    if os.path.isdir(first):  # noqa: PTH112 - `pathlib` takes longer to import
        packaged = os.path.exists(os.path.join(first, "__main__.py"))  # noqa: PTH110, PTH118
        raise HeliographError(
            f"{first} is a directory",
            hint=f"heliograph run -- python {first}" if packaged else "name a program or a script",
            exit_code=NOT_EXECUTABLE,
        )
    if os.path.isfile(first):  # noqa: PTH113
        if first.endswith(".py"):
            return [sys.executable, *given]
        raise HeliographError(
            f"{first} cannot be run",
            why="it is not executable",
            hint=f"heliograph run -- python {first}, if it is a Python script",
            exit_code=NOT_EXECUTABLE,
        )
    raise HeliographError(
        f"{first}: not found",
        why="no such file, nor a command on PATH",
        hint="heliograph run -- python app.py; heliograph run -m MODULE",
        exit_code=NOT_FOUND,
    )
