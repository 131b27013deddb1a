"""Build the real servers from their Go modules into the user cache, once.

A finished build is a folder `<cache>/servers/<name>-<version>-<key>/`, where the key is a hash of everything that went
into it. It is made elsewhere and renamed there as the last step, so a folder of that name is always complete.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from heliograph.errors import HeliographError
from heliograph.stack._compile import GoFailedError, Report, State, make
from heliograph.stack._go import find_go, parse_version
from heliograph.stack._go_run import explain
from heliograph.stack._paths import cache_root
from heliograph.stack._versions import recipe_of, recipes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from heliograph.stack._go import Toolchain
    from heliograph.stack._versions import Recipe

__all__ = ["SERVERS", "TOOLS", "BuildError", "BuildEvent", "NotBuiltError", "binary", "build", "host_platform", "prune"]

SERVERS: tuple[str, ...] = ("collector", "prometheus", "alertmanager", "loki", "jaeger")
"""What the stack needs; `promtool` and `amtool` come with their servers."""

TOOLS: tuple[str, ...] = ("jsonnetfmt", "telemetrygen", "loki-canary", "docker-compose", "write-blocks")
"""What only tests and maintainers need."""

_LAST_LINES = 12


class NotBuiltError(HeliographError):
    """A binary was asked for that is not in the cache."""


class BuildError(HeliographError):
    """A build failed; `why` ends with the last lines of its log."""


@dataclass(frozen=True)
class BuildEvent:
    """One step of `build`, or a sign of life: at least twice a second while go works."""

    name: str
    index: int
    """Which of the builds this is, from 1."""
    total: int
    state: State
    elapsed: float
    """Seconds since this build began."""
    hint: str = ""


Progress = Callable[[BuildEvent], None]


def binary(name: str) -> Path:
    """Return the path of a finished binary, such as `promtool`; raise `NotBuiltError` when there is none."""
    recipe = recipe_of(name)
    found = _target(recipe) / name
    if not found.is_file():
        raise NotBuiltError(
            f"{name} {recipe.version} has not been built on this machine.",
            why=f"{found} does not exist",
            hint=f"heliograph build {recipe.name}",
        )
    return found


def build(names: Iterable[str] | None = None, *, progress: Progress | None = None) -> dict[str, Path]:
    """Build what is missing of `names` (default: all `SERVERS`) and return the path of each of their binaries.

    Names are those of builds or of their binaries. `progress` hears of each step in the thread that calls. Raises
    `ToolchainError` when there is no Go, `BuildError` when go fails; what was finished before stays in the cache.
    """
    asked = [recipe_of(name) for name in (SERVERS if names is None else names)]
    wanted = list({recipe.name: recipe for recipe in asked}.values())
    paths: dict[str, Path] = {}
    toolchain: Toolchain | None = None
    for index, recipe in enumerate(wanted, start=1):
        report = _reporter(progress, recipe.name, index, len(wanted))
        target = _target(recipe)
        if _finished(recipe, target):
            report("cached", str(target))
        else:
            if toolchain is None:
                toolchain = find_go(_newest_go(r for r in wanted if not _finished(r, _target(r))))
            try:
                _build_one(recipe, target, toolchain, report)
            except HeliographError as error:
                report("failed", error.what)
                raise
        paths |= {name: target / name for name in recipe.binaries}
    return paths


def _reporter(progress: Progress | None, name: str, index: int, total: int) -> Report:
    started = time.monotonic()

    def report(state: State, hint: str) -> None:
        if progress is not None:
            progress(BuildEvent(name, index, total, state, time.monotonic() - started, hint))

    return report


def prune() -> list[Path]:
    """Remove the builds that the pinned versions no longer lead to; return their folders.

    Do not call it while a stack of another version runs: its servers could not be started again.
    """
    wanted = {_target(recipe) for recipe in recipes().values()}
    old = [folder for folder in _servers_folder().glob("[!.]*/") if folder not in wanted]
    for folder in old:
        shutil.rmtree(folder)
    return old


def host_platform() -> str:
    """Return this machine as Go spells it, such as `linux/amd64`."""
    machine = platform.machine().lower()
    return f"{sys.platform}/{ {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(machine, machine) }"


def _servers_folder() -> Path:
    return cache_root() / "servers"


def _target(recipe: Recipe) -> Path:
    return _servers_folder() / f"{recipe.name}-{recipe.version}-{recipe.key(host_platform())}"


def _finished(recipe: Recipe, target: Path) -> bool:
    return all((target / name).is_file() for name in recipe.binaries)


def _newest_go(needed: Iterable[Recipe]) -> str:
    return max((recipe.required_go for recipe in needed), key=parse_version)


def _build_one(recipe: Recipe, target: Path, toolchain: Toolchain, report: Report) -> None:
    servers = _servers_folder()
    try:
        servers.mkdir(parents=True, exist_ok=True)
        with _locked(servers / f".{recipe.name}.lock", report):
            if _finished(recipe, target):  # by the process that held the lock
                report("cached", str(target))
                return
            for stale in servers.glob(f".{recipe.name}.tmp-*"):  # nobody else holds the lock, so nobody uses it
                shutil.rmtree(stale, ignore_errors=True)
            work = Path(tempfile.mkdtemp(prefix=f".{recipe.name}.tmp-", dir=servers))
            try:
                _make(recipe, work, servers / f"{recipe.name}.log", toolchain, report)
                shutil.rmtree(target, ignore_errors=True)  # only ever there when someone removed a file from it
                (work / "out").rename(target)
            finally:
                shutil.rmtree(work, ignore_errors=True)
    except OSError as error:
        why, hint = explain((error.strerror or str(error)).lower())
        raise BuildError(
            f"{recipe.name} {recipe.version} could not be built.",
            why=f"{why if 'disk' in why else error}: {_space(servers)}",
            hint=hint if "disk" in why else f"check the permissions of {servers}, or set HELIOGRAPH_CACHE",
        ) from error
    report("done", str(target))


def _make(recipe: Recipe, work: Path, log_path: Path, toolchain: Toolchain, report: Report) -> None:
    with log_path.open("w", encoding="utf-8") as log:
        try:
            make(recipe, work, toolchain, log, report)
        except GoFailedError as failure:
            log.flush()
            text = log_path.read_text("utf-8", errors="replace")
            why, hint = explain(text)
            if "disk" in why:
                why = f"{why}: {_space(log_path.parent)}"
            quoted = "\n".join(f"    {line}" for line in _last_lines(text))
            raise BuildError(
                f"{recipe.name} {recipe.version} could not be built: {failure}.",
                why=f"{why}\n  the end of {log_path}:\n{quoted}",
                hint=hint,
            ) from None


def _last_lines(log: str) -> list[str]:
    """Return the last lines that say something: not the bare package paths of `go build -v`."""
    telling = [line for line in log.splitlines() if " " in line.strip() and not line.startswith("go: downloading ")]
    return telling[-_LAST_LINES:]


def _space(folder: Path) -> str:
    with contextlib.suppress(OSError):
        return f"{shutil.disk_usage(folder).free / 1e9:.1f} GB are free at {folder}"
    return f"at {folder}"


@contextlib.contextmanager
def _locked(path: Path, report: Report) -> Iterator[None]:
    """Hold the lock of one build; while another process has it, say so and wait."""
    with path.open("a+", encoding="utf-8") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                holder = path.read_text("utf-8").strip()
                report("waiting", f"another heliograph builds it (process {holder or 'unknown'})")
                time.sleep(0.5)
        lock.seek(0)
        lock.truncate()
        lock.write(str(os.getpid()))
        lock.flush()
        yield
