"""Users of the APIs, each with a password of its own, so that one can be changed without the others.

Basic authentication knows no roles: whoever may ask a server may also write to it. What separates them is which servers
a user is known at.
"""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING, Final

from heliograph.errors import HeliographError

if TYPE_CHECKING:
    from heliograph.secure._folder import Folder

__all__ = [
    "ADMIN",
    "METRICS",
    "NAMES",
    "USERS",
    "create_missing",
    "header_value",
    "htpasswd",
    "password",
    "rotate",
    "users_of",
]

USERS: Final[dict[str, tuple[str, ...]]] = {
    "operator": ("prometheus", "alertmanager", "jaeger"),
    "collector": ("prometheus",),
    "prometheus": ("prometheus", "alertmanager"),
    "alertmanager": ("alertmanager",),
    "loki": ("alertmanager",),
    "canary": ("prometheus", "jaeger"),
    "grafana": ("prometheus", "alertmanager", "jaeger"),
}
"""user → the servers that know it: people and the command line, and each server that asks another."""
ADMIN: Final = "grafana_admin"
"""Grafana's administrator; Grafana reads it at its first start only."""
METRICS: Final = "grafana_metrics"
"""Prometheus, where it reads Grafana's own metrics."""
NAMES: Final = (*USERS, ADMIN, METRICS)
_BYTES: Final = 32
_ROUNDS: Final = 10
"""bcrypt's cost. The passwords are 256 random bits: a slow hash would protect nothing more."""


def create_missing(folder: Folder) -> list[str]:
    """Make the passwords that are not there; return whose."""
    made = [name for name in NAMES if not (folder.path / f"passwords/{name}").is_file()]
    for name in made:
        rotate(folder, name)
    return made


def rotate(folder: Folder, name: str) -> None:
    """Replace a password; raises HeliographError for a user that there is not."""
    if name not in NAMES:
        raise HeliographError(f"There is no user {name!r}.", hint="one of: " + ", ".join(NAMES), exit_code=2)
    folder.write(f"passwords/{name}", secrets.token_urlsafe(_BYTES) + "\n")


def password(folder: Folder, name: str) -> str:
    """Return a password."""
    return folder.read(f"passwords/{name}")


def users_of(server: str) -> list[str]:
    """Return who may ask this server."""
    return [user for user, servers in USERS.items() if server in servers]


def htpasswd(folder: Folder, server: str) -> dict[str, str]:
    """Return user → bcrypt hash for a server."""
    import bcrypt

    return {
        user: bcrypt.hashpw(password(folder, user).encode(), bcrypt.gensalt(_ROUNDS)).decode()
        for user in users_of(server)
    }


def header_value(folder: Folder, user: str) -> str:
    """Return what stands behind `Basic ` in a request's header (RFC 7617)."""
    return base64.b64encode(f"{user}:{password(folder, user)}".encode()).decode()
