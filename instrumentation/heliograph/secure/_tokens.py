"""Tokens of writers: whoever may send telemetry, and for which tenant.

A token reads `hgw.<writer>.<tenant>.<secret>`. The collector compares the whole of it with its list, so that writer and
tenant within it are as good as the secret is: they are read from there and written on all that the writer sends
(collector/exposed.yaml). An empty tenant is a writer that serves many, and says itself whose a call was.
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from heliograph.errors import HeliographError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heliograph.secure._folder import Folder

__all__ = ["PREFIX", "Token", "Tokens", "for_collector"]

PREFIX: Final = "hgw"
_FILE: Final = "tokens.json"
_BYTES: Final = 32
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}\Z")


@dataclass(frozen=True)
class Token:
    """One token; times are ISO 8601 in UTC."""

    id: str
    """To name it without showing it."""
    writer: str
    tenant: str
    secret: str
    created: str
    expires: str = ""
    """"" for one that is good until it is rotated or revoked."""

    @property
    def text(self) -> str:
        """What a writer sends behind `Bearer `."""
        return f"{PREFIX}.{self.writer}.{self.tenant}.{self.secret}"

    def expired(self, now: datetime) -> bool:
        """Whether its time is over."""
        return bool(self.expires) and datetime.fromisoformat(self.expires) <= now

    def shown(self) -> dict[str, str]:
        """Return what may be shown of it."""
        return {name: value for name, value in asdict(self).items() if name != "secret"}

    def __repr__(self) -> str:
        return f"Token({self.id}, writer={self.writer!r}, tenant={self.tenant!r})"


class Tokens:
    """The tokens of one folder. Every change prunes what has expired, and is on disk when a method returns."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def accepted(self) -> list[Token]:
        """Return the tokens that are accepted, the newest of a writer last."""
        now = datetime.now(UTC)
        return [token for token in self._read() if not token.expired(now)]

    def create(self, writer: str, tenant: str = "") -> Token:
        """Return a new token; raises HeliographError when the writer has one, or a name has other characters."""
        for what, name in (("writer", writer), ("tenant", tenant)):
            if (name or what == "writer") and not _NAME.match(name):
                raise HeliographError(
                    f"{name!r} cannot be the name of a {what}.",
                    why="letters, digits, - and _ only, at most 63",
                    exit_code=2,
                )
        if any(token.writer == writer for token in self.accepted()):
            raise HeliographError(f"{writer} has a token.", hint=f"heliograph tokens rotate {writer}", exit_code=2)
        return self._add(writer, tenant)

    def rotate(self, writer: str, overlap: timedelta) -> Token:
        """Return a new token beside the writer's old ones, which are accepted for `overlap` more."""
        known = self._of(writer)
        now = datetime.now(UTC)
        ends = (now + overlap).isoformat(timespec="seconds")
        kept = [
            replace(token, expires=min(filter(None, (token.expires, ends))))
            if token.writer == writer and overlap > timedelta(0)
            else token
            for token in self.accepted()
            if token.writer != writer or overlap > timedelta(0)
        ]
        return self._add(writer, known[-1].tenant, kept)

    def revoke(self, name: str) -> list[Token]:
        """Take the tokens of a writer, or the one with this id, from the list; return them."""
        gone = [token for token in self.accepted() if name in {token.writer, token.id}]
        if not gone:
            raise HeliographError(f"No token is called {name!r}.", hint="heliograph tokens list", exit_code=2)
        self._write(token for token in self.accepted() if token not in gone)
        return gone

    def prune(self) -> list[Token]:
        """Take from the list what has expired; return it."""
        now = datetime.now(UTC)
        everything = self._read()
        gone = [token for token in everything if token.expired(now)]
        if gone:
            self._write(token for token in everything if token not in gone)
        return gone

    def _of(self, writer: str) -> list[Token]:
        known = [token for token in self.accepted() if token.writer == writer]
        if not known:
            raise HeliographError(f"{writer!r} has no token.", hint="heliograph tokens create " + writer, exit_code=2)
        return known

    def _add(self, writer: str, tenant: str, others: Iterable[Token] | None = None) -> Token:
        created = datetime.now(UTC).isoformat(timespec="seconds")
        token = Token(secrets.token_hex(4), writer, tenant, secrets.token_urlsafe(_BYTES), created)
        self._write([*(self.accepted() if others is None else others), token])
        return token

    def _read(self) -> list[Token]:
        try:
            return [Token(**one) for one in json.loads(self._folder.read(_FILE))]
        except FileNotFoundError:
            return []
        except (ValueError, TypeError):
            raise HeliographError(f"{self._folder.path / _FILE} is not readable.", exit_code=2) from None

    def _write(self, tokens: Iterable[Token]) -> None:
        kept = list(tokens)
        self._folder.write(_FILE, json.dumps([asdict(token) for token in kept], indent=1) + "\n")
        self._folder.write("servers/collector/otlp_tokens", for_collector(kept))


def for_collector(tokens: Iterable[Token]) -> str:
    """Return the list as the collector's bearertokenauth reads it: a token a line, a comment behind it.

    The last line is a token that nobody has: with an empty file the collector does not start, and where the file
    becomes empty it would go on accepting the old ones.
    """
    lines = [f"{token.text} {token.id}" for token in tokens]
    return "\n".join([*lines, f"nobody.{secrets.token_urlsafe(_BYTES)} nobody"]) + "\n"
