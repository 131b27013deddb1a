"""Ask, before anything is sent, whether the collector and the three stores are there."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING, Final

from heliograph.errors import HeliographError
from heliograph.ledger._client import PROTOBUF
from heliograph.ledger._http import Connection
from heliograph.ledger._reader import UNREACHABLE

if TYPE_CHECKING:
    from heliograph.ledger._targets import Targets

__all__ = ["check"]

_TIMEOUT: Final = 10.0
_OK: Final = 200


def check(targets: Targets) -> None:
    """Raise HeliographError (exit code 3) that names what does not answer, or not with 200."""
    collector = Connection.to_collector(targets.collector, timeout=_TIMEOUT)
    asked = {
        f"collector, {targets.without_passwords().collector}": (collector, "POST", "/v1/traces"),
        f"Jaeger, {targets.without_passwords().jaeger}": (_store(targets.jaeger), "GET", "/api/services"),
        f"Loki, {targets.without_passwords().loki}": (_store(targets.loki), "GET", "/loki/api/v1/labels"),
        f"Prometheus, {targets.without_passwords().prometheus}": (
            _store(targets.prometheus),
            "GET",
            "/api/v1/query?query=1",
        ),
    }
    troubles = []
    for name, (connection, method, path) in asked.items():
        trouble = _trouble(connection, method, path)
        connection.close()
        if trouble:
            troubles.append(f"{name}: {trouble}")
    if troubles:
        raise HeliographError(
            "The stack is not there, or not whole.",
            why="; ".join(troubles),
            hint="heliograph status; another stack: --port-offset, or --collector, --jaeger, --loki and --prometheus",
            exit_code=UNREACHABLE,
        )


def _store(url: str) -> Connection:
    return Connection(url, timeout=_TIMEOUT)


def _trouble(connection: Connection, method: str, path: str) -> str:
    try:
        answer = connection.ask(method, path, b"" if method == "POST" else None, PROTOBUF if method == "POST" else "")
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__
    return "" if answer.status == _OK else f"HTTP {answer.status}"
