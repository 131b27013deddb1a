"""What is to be broken while a run goes on: `collector:kill@20s`, `loki:stop@10s..60s`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, cast, get_args

from heliograph.config._types import seconds
from heliograph.errors import HeliographError
from heliograph.ledger._moments import Moment

if TYPE_CHECKING:
    from heliograph.stack import Stack

__all__ = ["Break"]

_Server = Literal["alertmanager", "collector", "jaeger", "loki", "meter", "prometheus"]
_How = Literal["kill", "stop"]
_GRAMMAR: Final = re.compile(r"(?P<server>[a-z]+):(?P<how>[a-z]+)@(?P<at>[0-9a-z]+)(\.\.(?P<until>[0-9a-z]+))?")
_READY_SECONDS: Final = 120.0


@dataclass(frozen=True)
class Break:
    """A server of the native stack that is killed or stopped at a second of the run, until another.

    Without `until` the supervisor starts it again at once; with it, the server stays down till then.
    """

    server: _Server
    how: _How
    at: float
    until: float | None = None

    @classmethod
    def parse(cls, text: str) -> Break:
        """Read `SERVER:kill@20s`, `SERVER:kill@20s..60s` or `SERVER:stop@20s..60s`; raises HeliographError."""
        try:
            return cls(*_read(text))
        except ValueError as error:
            hint = "for example collector:kill@20s, or loki:stop@10s..60s"
            raise HeliographError(f"Not understood: --break {text}", why=str(error), hint=hint, exit_code=2) from None

    def moments(self, stack: Stack) -> list[Moment]:
        """Return what to do with this stack, and when."""
        if self.until is None:
            return [Moment(self.at, f"{self.server} killed", lambda: stack.kill(self.server))]
        done = "killed" if self.how == "kill" else "stopped"
        return [
            Moment(self.at, f"{self.server} {done}", lambda: self._down(stack)),
            Moment(
                self.until,
                f"{self.server} started again",
                lambda: stack.start_one(self.server, timeout=_READY_SECONDS),
                heals=True,
            ),
        ]

    def _down(self, stack: Stack) -> None:
        if self.how == "kill":
            stack.kill(self.server)
        stack.stop_one(self.server)


def _read(text: str) -> tuple[_Server, _How, float, float | None]:
    match = _GRAMMAR.fullmatch(text)
    if match is None:
        raise ValueError("it is not written as SERVER:HOW@TIME or SERVER:HOW@TIME..TIME")
    server, how = match["server"], match["how"]
    at, until = seconds(match["at"]), seconds(match["until"]) if match["until"] else None
    for word, known in ((server, get_args(_Server)), (how, get_args(_How))):
        if word not in known:
            raise ValueError(f"{word!r} is none of {', '.join(known)}")
    if until is None and how == "stop":
        raise ValueError("a server that is stopped needs a time at which it is started again")
    if until is not None and until <= at:
        raise ValueError("it ends before it begins")
    return cast("_Server", server), cast("_How", how), at, until
