"""`python -m tests.undone`: undo the settings that the promises rest on, one by one, and see a test fail for each.

In a copy of this tree, so nothing here is touched. Each test is run untouched first: one that fails anyway shows
nothing. With real servers, for most: half an hour in all, one stack at a time.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.undone._cases import PAGE, ROOT, SEEN, cases, seen, with_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.undone._cases import Case

_PATIENCE: Final = 900.0
"""Seconds for one test."""
_LONGEST: Final = 160
"""Characters of what a test said that are kept."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.undone", description=__doc__)
    parser.add_argument("only", nargs="*", help="names of cases, or parts of them  [default: all]")
    parser.add_argument("--list", action="store_true", help="say what there is, and stop")
    parser.add_argument("--no-first", action="store_true", help="trust that the tests pass on the untouched tree")
    parser.add_argument("--record", action="store_true", help="note what was seen in seen.json and docs/reliability.md")
    options = parser.parse_args(argv)
    chosen = [case for case in cases() if not options.only or any(word in case.name for word in options.only)]
    if options.list:
        for case in chosen:
            print(f"{case.name:28} {case.promise:20} {case.setting}")
        return 0
    failures: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="heliograph-undone-") as folder:
        tree = _copy(Path(folder) / "tree")
        sound: dict[str, bool] = {}
        for case in chosen:
            if not options.no_first and case.test not in sound:
                sound[case.test] = _fails(tree, case.test) is None
            said = _fails_undone(tree, case) if sound.get(case.test, True) else None
            verdict = "fails as it should" if said is not None else "PASSES ALL THE SAME"
            if not sound.get(case.test, True):
                verdict = "FAILS UNTOUCHED"
            print(f"{case.name:28} {verdict:20} {said or ''}", flush=True)
            if said is not None:
                failures[case.name] = said
            if options.record:
                _record(case, said)
    return 0 if len(failures) == len(chosen) else 1


def _copy(tree: Path) -> Path:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in listed.rstrip("\0").split("\0"):
        if (ROOT / name).exists():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name, follow_symlinks=False)
    return tree


def _fails_undone(tree: Path, case: Case) -> str | None:
    file = tree / case.file
    kept = file.read_bytes()
    try:
        case.undo(tree)
        return _fails(tree, case.test)
    finally:
        file.write_bytes(kept)


def _fails(tree: Path, test: str) -> str | None:
    """Run one test; what it said when it failed, None when it passed. Raises RuntimeError when it was not run."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--tb=short", test]
    environment = {**os.environ, "PYTHONPATH": str(tree / "instrumentation"), "PYTHONDONTWRITEBYTECODE": "1"}
    process = subprocess.Popen(
        command,
        cwd=tree,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=_PATIENCE)
    except (subprocess.TimeoutExpired, KeyboardInterrupt) as error:
        # So that its fixtures take down what they have started.
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=120)
        if isinstance(error, KeyboardInterrupt):
            raise
    if process.returncode == 0 and " skipped" not in output.splitlines()[-1]:
        return None
    if process.returncode != 1:
        raise RuntimeError(f"{test} was not run:\n{output[-2000:]}")
    said = re.findall(r"^E +(.*\S)", output, re.MULTILINE) or ["?"]
    return " ".join(said[0].split())[:_LONGEST]


def _record(case: Case, said: str | None) -> None:
    known = seen()
    known.pop(case.name, None)
    if said is not None:
        known[case.name] = {"on": datetime.now(UTC).date().isoformat(), "said": said}
    order = {one.name: place for place, one in enumerate(cases())}
    kept = dict(sorted(((name, what) for name, what in known.items() if name in order), key=lambda it: order[it[0]]))
    SEEN.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
