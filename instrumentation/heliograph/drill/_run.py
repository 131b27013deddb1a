"""One drill: a stack of its own, a healthy application, then one fault after the other."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ruamel.yaml import YAML

from heliograph.config._server_files import QUEUE_VARIABLES
from heliograph.demo._alerts import Watch
from heliograph.demo._application import Application
from heliograph.drill._actions import Signal, World
from heliograph.drill._eyes import Eyes
from heliograph.drill._judge import CALM, Seen, Verdict, judge, judge_calm
from heliograph.drill._memory import note, recall
from heliograph.drill._receivers import Receivers
from heliograph.errors import HeliographError
from heliograph.stack import Stack
from heliograph.stack._paths import config_root, state_root
from heliograph.testing import LLMServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from heliograph.demo._progress import Progress, Step
    from heliograph.drill._faults import Drill, Fault

__all__ = ["OVERLAY", "DrillRun"]

OVERLAY = Path("examples", "research_assistant", "heliograph.drill.yaml")
"""Windows of seconds instead of minutes, so that a whole drill ends within an hour."""

_QUEUE_BYTES = 6_000_000
"""Of each store: small enough that an outage of minutes fills it."""
_BEATS_SECONDS = 35.0
"""The dead-man watch pages after so long a silence: three beats of heliograph.drill.yaml, and some slack."""
_TOKENS_PER_MINUTE = 20_000_000  # that the provider allows: only the fault about it comes near
_WARM_QUESTIONS = 30
_WARM_SECONDS = 120.0
_WORKING_QUESTIONS = 10  # answered, and the application is well again: the next fault is of a healthy one
_POLL_SECONDS = 1.0


@dataclass
class DrillRun:
    """A drill on a stack of its own; `verdicts` yields a row as soon as a fault is over."""

    offset: int
    progress: Progress
    drill: Drill
    faults: Sequence[Fault]
    overlays: Sequence[Path] = ()
    """Laid over heliograph.yaml before the drill's own: a team's thresholds."""
    state: Path = field(init=False)

    def __post_init__(self) -> None:
        self.state = state_root() / f"drill-{self.offset}"
        # Beside it: a new start makes the state folder anew.
        self._results = self.state.with_name(f"drill-{self.offset}.jsonl")
        # Last, so that it wins: where the channels lead is known once the receivers listen.
        self._channels = self.state / "drill" / "channels.yaml"
        self.stack = Stack(
            offset=self.offset,
            state=self.state,
            overlays=[*self.overlays, config_root() / OVERLAY, self._channels],
            environment={"collector": dict.fromkeys(QUEUE_VARIABLES.values(), str(_QUEUE_BYTES))},
        )

    def finished(self) -> list[Verdict]:
        """Return what an interrupted drill with this offset has judged already."""
        return recall(self._results)

    def verdicts(self, *, calm: bool = True, done: Sequence[Verdict] = ()) -> Iterator[Verdict]:
        """Start everything, then yield one verdict after the other, each of a fault that is not `done` yet.

        `calm`: first of a time without a fault.
        """
        if not done:
            self._results.unlink(missing_ok=True)
        judged = {verdict.name for verdict in done}
        for verdict in self._verdicts([f for f in self.faults if f.name not in judged], calm and CALM not in judged):
            note(self._results, verdict)
            yield verdict

    def _verdicts(self, faults: Sequence[Fault], calm: bool) -> Iterator[Verdict]:  # noqa: FBT001
        if self.state.exists():
            self.stack.down()
            shutil.rmtree(self.state)
        self._channels.parent.mkdir(parents=True)
        with (
            Receivers(beats=_BEATS_SECONDS) as receivers,
            LLMServer(cache_minimum=128, tokens_per_minute=_TOKENS_PER_MINUTE) as llm,
        ):
            YAML().dump({"channels": receivers.overlay(self._channels.parent)}, self._channels)
            with self.progress.step("Start the stack") as step:
                self.stack.up(progress=step.update)
                step.result = f"{len(self.stack.status())} servers, ports + {self.offset}"
            otlp_url = f"http://127.0.0.1:{self.stack.ports.otlp_http}"
            application = Application(otlp_url, llm.base_url, self.state / "application.log")
            world = World(self.stack, llm, application, receivers, self.state, self.drill.application)
            eyes = Eyes(self.stack.ports, receivers)
            try:
                self._warm_up(world, eyes)
                if calm:
                    yield self._calm(world, eyes)
                for number, fault in enumerate(faults, 1):
                    with self.progress.step(f"{number}/{len(faults)} {fault.name}: {fault.what.rstrip('.')}") as step:
                        verdict = self._one(fault, world, eyes, step)
                        step.result, step.failed = _outcome(verdict), not verdict.passed
                    yield verdict
            finally:
                world.close()

    def _warm_up(self, world: World, eyes: Eyes) -> None:
        with self.progress.step("Questions to the research assistant") as step:
            world.deploy()
            watch = Watch(time.time())
            while not (world.application.answered >= _WARM_QUESTIONS and eyes.look(watch)):
                world.application.check()
                if step.seconds > _WARM_SECONDS:
                    names = ", ".join(sorted({s.name for s in [*watch.stories, *watch.pending]})) or "nothing"
                    raise HeliographError(
                        f"the healthy application was not at ease within {_WARM_SECONDS:.0f} s",
                        why=f"{world.application.answered} questions answered; pending or firing: {names}",
                        hint="mend what is true of this machine (a full disk), and raise what healthy traffic crosses",
                    )
                step.update(f"{world.application.answered} answered")
                time.sleep(_POLL_SECONDS)
            step.result = f"{world.application.answered} answered"

    def _calm(self, world: World, eyes: Eyes) -> Verdict:
        with self.progress.step(f"Calm: nothing is broken for {self.drill.calm:.0f} s") as step:
            watch = Watch(time.time())
            while step.seconds < self.drill.calm:
                world.application.check()
                eyes.look(watch)
                step.update(_words(watch))
                time.sleep(_POLL_SECONDS)
            verdict = judge_calm(Seen(watch.fault, watch.stories, quiet=time.time()))
            step.result, step.failed = _outcome(verdict), not verdict.passed
            return verdict

    def _one(self, fault: Fault, world: World, eyes: Eyes, step: Step) -> Verdict:
        """Break it, watch, heal it, watch; judge."""
        watch = Watch(time.time())
        error, healed, quiet = "", None, None
        try:
            try:
                for action in fault.do:
                    action.inject(world)
                self._watch_it_break(fault, world, eyes, watch, step)
            except HeliographError as failure:
                error = str(failure)
            finally:
                for action in reversed(fault.do):
                    action.heal(world)
            healed = time.time()
            quiet = self._watch_it_heal(fault, world, eyes, watch, step)
        except HeliographError as failure:
            error = error or str(failure)
        if not world.application.running:
            world.deploy()
        return judge(fault, Seen(watch.fault, watch.stories, healed, quiet, error), self.drill)

    def _watch_it_break(self, fault: Fault, world: World, eyes: Eyes, watch: Watch, step: Step) -> None:
        mortal = any(isinstance(action, Signal) for action in fault.do)
        complete: float | None = None
        while time.time() < watch.fault + fault.within:
            eyes.look(watch)
            if not mortal:
                world.application.check()
            complete = complete or (time.time() if self._arrived(fault, watch) else None)
            if complete and time.time() >= complete + self.drill.linger:
                return
            step.update("broken; " + _words(watch))
            time.sleep(_POLL_SECONDS)

    def _watch_it_heal(self, fault: Fault, world: World, eyes: Eyes, watch: Watch, step: Step) -> float | None:
        begun, answered = time.time(), world.application.answered
        while time.time() < begun + fault.over_within:
            still = not eyes.look(watch)
            told = all(s.arrived.keys() <= s.over.keys() for s in watch.stories)
            works = world.application.answered >= answered + _WORKING_QUESTIONS
            if not still and told and works:
                return time.time()
            step.update("healed; " + _words(watch))
            time.sleep(_POLL_SECONDS)
        return None

    def _arrived(self, fault: Fault, watch: Watch) -> bool:
        return all(
            any(e.fits(s) and set(self._receivers(e.receivers, s.severity)) <= s.arrived.keys() for s in watch.stories)
            for e in fault.notify
        )

    def _receivers(self, stated: list[str] | None, severity: str) -> list[str]:
        return self.drill.receivers.get(severity, self.drill.receivers["warning"]) if stated is None else stated


def _words(watch: Watch) -> str:
    """Say in a few words what is going on."""
    firing = [f"{s.name} {s.severity} {'told' if s.told else 'fires'}" for s in watch.stories if s.ended is None]
    pending = [f"{s.name} {s.severity} pending" for s in watch.pending]
    return ", ".join([*firing, *pending]) or "nothing fires"


def _outcome(verdict: Verdict) -> str:
    if not verdict.passed:
        return "; ".join(map(str, verdict.findings))
    heard = ", ".join(f"{s.name} {s.severity}" for s in verdict.told)
    return heard or "nobody was told anything"
