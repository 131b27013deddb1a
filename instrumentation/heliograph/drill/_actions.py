"""What a drill can do to the running world. Each action really breaks something, and heals it again.

None of them writes a metric or an alert: whatever is seen is what the stack sees for itself.
"""

from __future__ import annotations

import contextlib
import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from heliograph.config._section import Section
from heliograph.demo._application import Application
from heliograph.stack._process import send_signal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from heliograph.drill._receivers import Receivers
    from heliograph.stack import Stack
    from heliograph.testing import LLMServer

__all__ = ["Action", "Traffic", "World"]

_INDEX = "index"  # a folder of the drill's; the application keeps `index.sqlite` there

ServerName = Literal["alertmanager", "canary", "collector", "inbox", "jaeger", "loki", "meter", "prometheus"]


class Traffic(Section):
    """How the research assistant is started: its options, and those of its command `batch`, without their dashes."""

    options: dict[str, str | int | float] = Field(default_factory=dict)
    batch: dict[str, str | int | float] = Field(default_factory=dict)

    def over(self, other: Traffic) -> Traffic:
        """Return `other` with what is stated here instead."""
        return Traffic(options={**other.options, **self.options}, batch={**other.batch, **self.batch})

    def arguments(self) -> list[str]:
        """Return them as the command line takes them."""
        return [*_flags(self.options), "batch", *_flags(self.batch), "--json"]


def _flags(options: Mapping[str, str | int | float]) -> list[str]:
    return [word for name, value in options.items() for word in (f"--{name}", str(value))]


@dataclass
class World:
    """What a drill breaks."""

    stack: Stack
    llm: LLMServer
    application: Application
    receivers: Receivers
    folder: Path
    traffic: Traffic
    """How the application runs while nothing is wrong."""
    beside: list[Application] = field(default_factory=list)
    """Further processes that run for a fault."""

    @property
    def index(self) -> Path:
        """The file in which the application finds passages."""
        return self.folder / _INDEX / "index.sqlite"

    def deploy(self, change: Traffic | None = None, *, version: str = "1.0.0") -> None:
        """Replace the application, as a deploy does: a clean end, then a start. No change: by the healthy one."""
        traffic = (change or Traffic()).over(self.traffic)
        traffic.options.setdefault(_INDEX, str(self.index.parent))
        self.application.stop()
        self.application.launch(*traffic.arguments(), version=version)

    def close(self) -> None:
        """End every process of the application."""
        for application in [self.application, *self.beside]:
            application.send_signal(signal.SIGCONT)
            application.stop()


class Provider(Section):
    """Let the LLM provider fail (`heliograph.testing`)."""

    action: Literal["provider"]
    kind: Literal["401", "429", "500", "cut", "filter", "garbage", "loop", "slow"]
    rate: float = Field(default=1.0, gt=0, le=1)
    delay: float = 3.0
    """Seconds that a slow answer takes longer."""
    model: str | None = None
    endpoint: Literal["chat.completions", "embeddings"] | None = None

    def inject(self, world: World) -> None:
        """Switch the fault on."""
        world.llm.fault(self.kind, rate=self.rate, delay=self.delay, model=self.model, endpoint=self.endpoint)

    def heal(self, world: World) -> None:
        """Switch every fault of the provider off."""
        world.llm.fault("none")


class Quota(Section):
    """Let others of the same organization use most of the provider's rate limit."""

    action: Literal["quota"]
    taken: float = Field(gt=0, lt=1)

    def inject(self, world: World) -> None:
        """Take it."""
        world.llm.limit(taken=self.taken)

    def heal(self, world: World) -> None:
        """Give it back."""
        world.llm.limit(taken=0.0)


class Rename(Section):
    """Let the provider answer requests for a model with another one."""

    action: Literal["rename"]
    model: str
    to: str

    def inject(self, world: World) -> None:
        """Point the name elsewhere."""
        world.llm.rename(self.model, self.to)

    def heal(self, world: World) -> None:
        """Point it back."""
        world.llm.rename(self.model, None)


class Signal(Section):
    """Kill the application (SIGKILL), or let it hang (SIGSTOP)."""

    action: Literal["signal"]
    signal: Literal["SIGKILL", "SIGSTOP"]

    def inject(self, world: World) -> None:
        """Send the signal."""
        world.application.send_signal(signal.Signals[self.signal])

    def heal(self, world: World) -> None:
        """Let it go on, or start it again."""
        world.application.send_signal(signal.SIGCONT)
        if self.signal == "SIGKILL":
            world.deploy()


class Deploy(Traffic):
    """Replace the application by one that was started otherwise; what is not stated stays."""

    action: Literal["deploy"]
    version: str = "1.1.0"

    def inject(self, world: World) -> None:
        """Roll it out."""
        world.deploy(self, version=self.version)

    def heal(self, world: World) -> None:
        """Roll it back."""
        world.deploy()


class Beside(Traffic):
    """Run one more process of the application next to the healthy one."""

    action: Literal["beside"]

    def inject(self, world: World) -> None:
        """Start it."""
        one = world.application
        another = Application(one.otlp_url, one.llm_url, world.folder / "beside.log")
        world.beside.append(another)
        another.launch(*self.over(world.traffic).arguments())

    def heal(self, world: World) -> None:
        """End it."""
        while world.beside:
            world.beside.pop().stop()


class Vanish(Section):
    """Take away the index in which the application finds its passages."""

    action: Literal["vanish"]

    def inject(self, world: World) -> None:
        """Move the file."""
        world.index.rename(world.index.with_suffix(".gone"))

    def heal(self, world: World) -> None:
        """Move it back."""
        with contextlib.suppress(FileNotFoundError):
            world.index.with_suffix(".gone").rename(world.index)


class Server(Section):
    """Stop a server of the stack, or kill it, and keep it down."""

    action: Literal["server"]
    server: ServerName
    how: Literal["kill", "stop"] = "kill"

    def inject(self, world: World) -> None:
        """Take it down; the supervisor is told not to bring it back."""
        if self.how == "kill":
            world.stack.kill(self.server)
        world.stack.stop_one(self.server)

    def heal(self, world: World) -> None:
        """Bring it back and wait until it is ready."""
        world.stack.start_one(self.server, timeout=60)


class Channel(Section):
    """Let a receiver refuse what Alertmanager sends."""

    action: Literal["channel"]
    receiver: Literal["slack-critical", "slack-warning", "sms-critical"]
    status: int = Field(default=403, ge=400, le=599)

    def inject(self, world: World) -> None:
        """Refuse."""
        world.receivers.refuse(self.receiver, self.status)

    def heal(self, world: World) -> None:
        """Accept again."""
        world.receivers.accept(self.receiver)


class Reload(Section):
    """Write a file of a server's configuration anew and let the server read it (SIGHUP)."""

    action: Literal["reload"]
    server: Literal["prometheus", "alertmanager"]
    file: str
    """Below the rendered configuration; it need not exist."""
    text: str

    def inject(self, world: World) -> None:
        """Keep the old text aside, write the new one, reload."""
        path = world.stack.workspace.config / self.file
        kept = self._kept(path)
        if path.exists() and not kept.exists():
            kept.write_bytes(path.read_bytes())
        path.write_text(self.text)
        self._reload(world)

    def heal(self, world: World) -> None:
        """Put the old text back (or take the new file away) and reload."""
        path = world.stack.workspace.config / self.file
        kept = self._kept(path)
        if kept.exists():
            kept.replace(path)
        else:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
        self._reload(world)

    def _reload(self, world: World) -> None:
        send_signal(world.stack.identity(self.server), signal.SIGHUP)

    @staticmethod
    def _kept(path: Path) -> Path:
        return path.with_name(path.name + ".before-drill")


Action = Annotated[
    Provider | Quota | Rename | Signal | Deploy | Beside | Vanish | Server | Channel | Reload,
    Field(discriminator="action"),
]
