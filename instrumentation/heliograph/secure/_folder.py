"""Where secrets lie, and how they are written: one folder for the operator, below it one for each server.

| path | what | who needs it |
|---|---|---|
| `ca.crt`, `ca.key` | our own authority; signs what the servers show each other | the operator only |
| `front.crt`, `front.key` | what applications see: signed by ours, or yours | the collector has a copy |
| `front-ca.crt` | what they need to believe it | applications |
| `api.crt`, `api.key`, `api-ca.crt` | what those see who ask Prometheus, Alertmanager, Jaeger, Grafana | these |
| `tokens.json` | the tokens of writers | the operator only |
| `passwords/<user>` | one for each user of an API | the operator only |
| `servers/<name>/` | exactly what that server may know | that server (mounted as a whole, so that a renewal arrives) |
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from heliograph.errors import HeliographError
from heliograph.stack._paths import config_root, state_root

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ENVIRONMENT", "Folder", "default_folder"]

ENVIRONMENT: Final = "HELIOGRAPH_SECRETS"
"""Names the folder; the compose overlay reads the same variable."""
_PRIVATE: Final = 0o600
_READABLE: Final = 0o644
"""For containers, whose users are others than you; the folder around is still yours alone."""


def default_folder() -> Path:
    """Return `$HELIOGRAPH_SECRETS`, else `secrets/exposed` of the checkout, else `secrets` in the user's state."""
    if named := os.environ.get(ENVIRONMENT):
        return Path(named).expanduser().absolute()
    root = config_root()
    return root / "secrets/exposed" if (root / "pyproject.toml").is_file() else state_root() / "secrets"


@dataclass(frozen=True)
class Folder:
    """One set of secrets."""

    path: Path

    @property
    def exists(self) -> bool:
        """Whether `heliograph secrets init` has been here."""
        return (self.path / "passwords").is_dir()

    @property
    def for_docker(self) -> bool:
        """Whether the servers' copies can be read by the users of containers."""
        return (self.path / "docker").exists()

    def server(self, name: str) -> Path:
        """Return the folder of what this server may know; `operator` is the command line's."""
        return self.path / "servers" / name

    def required(self) -> Folder:
        """Return itself; raises HeliographError when nothing has been made yet."""
        if not self.exists:
            raise HeliographError(
                f"There are no secrets in {self.path}.",
                hint="heliograph secrets init --name observe.example.com",
                exit_code=2,
            )
        return self

    def read(self, name: str) -> str:
        """Return the text of a file, without the newline at its end."""
        return (self.path / name).read_text(encoding="utf-8").rstrip("\n")

    def write(self, name: str, content: str | bytes) -> None:
        """Replace a file in one step, readable by you alone (0600); raises HeliographError.

        A copy for a container is readable for its user, too, within a folder that only you can enter.
        """
        target = self.path / name
        copy = name.startswith("servers/") and not name.startswith("servers/operator/")
        data = content if isinstance(content, bytes) else content.encode()
        try:
            self._make(target.parent)
            half = target.with_name(f".{target.name}.{os.getpid()}")
            half.unlink(missing_ok=True)
            # Private from its first byte: a chmod afterwards would leave a moment in between.
            descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            half.chmod(_READABLE if copy and self.for_docker else _PRIVATE)
            half.replace(target)
        except OSError as error:
            raise HeliographError(f"{target} cannot be written.", why=error.strerror or str(error)) from None

    def files(self) -> Iterator[Path]:
        """List every file, for checks."""
        return (path for path in sorted(self.path.rglob("*")) if path.is_file())

    def _make(self, folder: Path) -> None:
        """Make a folder and those above it up to the top one; nobody else may enter that."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.chmod(0o700)
        folder.mkdir(parents=True, exist_ok=True)
        for made in (folder, *folder.parents):
            if made == self.path:
                break
            made.chmod(0o755 if self.for_docker and "servers" in made.relative_to(self.path).parts else 0o700)
