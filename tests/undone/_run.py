"""A copy of this tree in which settings are undone, and what tests say of it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.undone._cases import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.undone._cases import Case

__all__ = ["Said", "Tree"]

_PATIENCE: Final = 1200.0
"""Seconds for one run of pytest."""
_LONGEST: Final = 160
"""Characters of a test's words that are kept."""
_OUTCOME: Final = re.compile(r"^(PASSED|FAILED|ERROR|SKIPPED) (tests/\S+?::.+?)(?: - (.*))?$", re.MULTILINE)


class Said(NamedTuple):
    """What became of one test: `passed`, `failed`, or `not run` (skipped, or its stack did not come up)."""

    outcome: str
    words: str = ""


class Tree:
    """The files that git knows, and those that it does not ignore."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        for name in listed.rstrip("\0").split("\0"):
            if (ROOT / name).exists():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)

    @contextlib.contextmanager
    def without(self, cases: Sequence[Case]) -> Iterator[None]:
        """Undo these settings for a while."""
        kept = {case.file: (self.folder / case.file).read_bytes() for case in cases}
        try:
            for case in cases:
                case.undo(self.folder)
            yield
        finally:
            for name, content in kept.items():
                (self.folder / name).write_bytes(content)

    def run(self, tests: Sequence[str]) -> dict[str, Said]:
        """Run tests, in one session of pytest; what became of each."""
        output = self._pytest(tests)
        found = _OUTCOME.findall(output)
        return {test: _of(test, found) for test in tests}

    def _pytest(self, tests: Sequence[str]) -> str:
        command = [sys.executable, "-m", "pytest", "-q", "-rA", "--show-capture=no", "-p", "no:cacheprovider", *tests]
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            # As wide as it takes: pytest cuts its summary to the terminal.
            env={
                **os.environ,
                "PYTHONPATH": str(self.folder / "instrumentation"),
                "PYTHONDONTWRITEBYTECODE": "1",
                "COLUMNS": "1000",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            return process.communicate(timeout=_PATIENCE)[0]
        except (subprocess.TimeoutExpired, KeyboardInterrupt) as error:
            # So that fixtures take down what they have started.
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT)
            output = process.communicate(timeout=120)[0]
            if isinstance(error, KeyboardInterrupt):
                raise
            return output


def _of(test: str, found: Sequence[tuple[str, str, str]]) -> Said:
    """Read the outcome of a test, or of all its parameters: failed, when one of them did."""
    ours = {outcome: words for outcome, name, words in found if name == test or name.startswith(f"{test}[")}
    if "FAILED" in ours:
        words = ours["FAILED"].removeprefix("AssertionError:")
        return Said("failed", " ".join(words.split())[:_LONGEST] or "(no words)")
    return Said("passed" if ours.keys() == {"PASSED"} else "not run", "".join(ours.values())[:_LONGEST])
