"""The steps of one build: fetch the module, lay our files over it, compile, try the result."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

from heliograph.stack._go import clean_environment
from heliograph.stack._go_run import Counter, run

if TYPE_CHECKING:
    from heliograph.stack._go import Toolchain
    from heliograph.stack._versions import Recipe

__all__ = ["GoFailedError", "Report", "State", "make"]

State = Literal["waiting", "downloading", "compiling", "done", "cached", "failed"]
Report = Callable[[State, str], None]
"""Takes the state and a hint for people."""


class GoFailedError(Exception):
    """A step failed; the reason is in the log."""


def make(recipe: Recipe, work: Path, toolchain: Toolchain, log: IO[str], report: Report) -> None:
    """Leave the finished binaries of `recipe` in `work/out`; raise `GoFailedError` when a step fails."""
    temporary = work / "tmp"
    temporary.mkdir()
    # Go's own scratch space, gigabytes while linking: beside the result, so it is removed with it.
    environment = clean_environment(toolchain) | {"GOTMPDIR": str(temporary)}
    step = _Step(environment, log, report)
    log.write(f"{recipe.name} {recipe.version}, {recipe.module}, with Go {toolchain.version} from {toolchain.source}\n")
    report("downloading", "looking up modules")
    source = _source(recipe, work, toolchain, step) if recipe.copy else recipe.folder
    out = work / "out"
    out.mkdir()
    for name, package in recipe.binaries.items():
        flags = ["-v", "-trimpath", "-buildvcs=false", "-ldflags", recipe.ldflags()]
        if recipe.tags:
            flags += ["-tags", ",".join(recipe.tags)]
        step([toolchain.path, "build", *flags, "-o", out / name, package], source)
        _probe(recipe, out / name, log)
        _sync(out / name)
    _sync(out)


class _Step:
    """Run go commands of one build, one after the other, with one running count for the progress."""

    def __init__(self, environment: dict[str, str], log: IO[str], report: Report) -> None:
        self._environment = environment
        self._log = log
        self._report = report
        self._counter = Counter()

    def note(self, text: str) -> None:
        self._log.write(text)
        self._log.flush()

    def __call__(self, command: list[str | Path], folder: Path, stdout: IO[bytes] | None = None) -> None:
        code = run(
            command,
            folder=folder,
            environment=self._environment,
            log=self._log,
            stdout=stdout,
            on_line=self._counter.read,
            tick=lambda: self._report(self._counter.state, self._counter.hint),
        )
        self._log.flush()
        if code != 0:
            raise GoFailedError(f"`go {command[1]}` ended with {code}")


def _source(recipe: Recipe, work: Path, toolchain: Toolchain, step: _Step) -> Path:
    """Return a writable copy of the recipe's module, checked against our go.sum, with our overlay in it."""
    pinned = work / "pin"
    pinned.mkdir()
    for name in ("go.mod", "go.sum"):
        shutil.copyfile(recipe.folder / name, pinned / name)
    answer = work / "module.json"
    try:
        with answer.open("wb") as stdout:
            step([toolchain.path, "mod", "download", "-json", recipe.module.partition("@")[0]], pinned, stdout)
    except GoFailedError:  # with -json the reason is on standard output
        step.note(answer.read_text("utf-8", errors="replace"))
        raise
    source = work / "src"
    _copy_tree(Path(json.loads(answer.read_text("utf-8"))["Dir"]), source)
    for name, ours in recipe.overlay:
        there = source / name
        there.parent.mkdir(parents=True, exist_ok=True)
        content = (recipe.folder / ours).read_bytes()
        there.write_bytes(gzip.compress(content, mtime=0) if there.suffix == ".gz" else content)
    return source


def _copy_tree(origin: Path, target: Path) -> None:
    """Copy files over `target`, leaving permissions behind: the module cache is read-only, folders too."""
    for folder, _, names in os.walk(origin):
        there = target / Path(folder).relative_to(origin)
        there.mkdir(parents=True, exist_ok=True)
        for name in names:
            shutil.copyfile(Path(folder) / name, there / name)


def _probe(recipe: Recipe, path: Path, log: IO[str]) -> None:
    """Start the binary once: it must run here and report the version that is pinned."""
    if not recipe.probe:
        return
    command = [str(path), *recipe.probe]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=60, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        log.write(f"{path.name} does not start: {error}\n")
        raise GoFailedError(f"{path.name} does not start") from None
    if answer.returncode != 0 or recipe.version not in answer.stdout + answer.stderr:
        log.write(f"{path.name} {' '.join(recipe.probe)} ended with {answer.returncode} and said:\n")
        log.write(f"{answer.stdout}{answer.stderr}\n")
        raise GoFailedError(f"{path.name} does not report version {recipe.version}")


def _sync(path: Path) -> None:
    """Bring a file or folder to the disk: a cache that survives a power cut must not hold half a binary."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
