"""The steps of the demo, in the order in which a person sees them."""

from __future__ import annotations

import shutil
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heliograph.demo._alerts import AlertStory, Watch
from heliograph.demo._application import SERVICE, Application, run_once
from heliograph.demo._summary import Summary, read_costs
from heliograph.errors import HeliographError
from heliograph.ops._inbox_client import InboxClient
from heliograph.stack import Stack
from heliograph.stack._paths import config_root, state_root
from heliograph.stack._ports import Ports
from heliograph.stack._stores import Jaeger, Loki, Prometheus
from heliograph.testing import LLMServer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from heliograph.demo._progress import Progress, Step

__all__ = ["OVERLAY", "Demo", "free_offset"]

OVERLAY = Path("examples", "research_assistant", "heliograph.demo.yaml")
"""Shorter windows than the defaults, so that a visitor need not wait five minutes for an alert."""

_ALERT = "HighLLMErrorRate"
_RATE = 2.0  # questions per second
_HEALTHY_QUESTIONS = 20
_MODELS = "gpt-4o-mini,gpt-4.1-mini"
_USERS = 5
_POLL_SECONDS = 0.5


def free_offset(first: int = 0) -> int:
    """Return the first of `first`, `first` + 100, + 200, ... at which every port of the stack is free."""
    for offset in range(first, first + 5000, 100):
        if all(_free(port) for port in vars(Ports.at(offset)).values()):
            return offset
    raise HeliographError(
        "no free set of ports was found", hint="stop another stack: heliograph status, heliograph down"
    )


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@dataclass
class Demo:
    """One run of the demo on a stack of its own."""

    offset: int
    progress: Progress
    overlays: Sequence[Path] = ()
    timeout: float = 120.0
    """Seconds that the alert, and then its end, may take."""

    def __post_init__(self) -> None:
        self.state = state_root() / f"demo-{self.offset}"
        overlays = [config_root() / OVERLAY, *self.overlays]
        self.stack = Stack(offset=self.offset, state=self.state, overlays=overlays)
        self.usage_log = self.state / "llm-usage.jsonl"
        self.prometheus = Prometheus(f"http://127.0.0.1:{self.stack.ports.prometheus}")
        self.loki = Loki(f"http://127.0.0.1:{self.stack.ports.loki}")
        self.jaeger = Jaeger(f"http://127.0.0.1:{self.stack.ports.jaeger}")
        self.inbox = InboxClient(f"http://127.0.0.1:{self.stack.ports.inbox_http}")

    def run(self) -> Summary:
        """Take every step; the first that fails raises, and `progress.current` names it."""
        if self.state.exists():
            self.stack.down()
            shutil.rmtree(self.state)
        self.state.mkdir(parents=True)
        with self.progress.step("Start the stack") as step:
            self.stack.up(progress=step.update)
            step.result = f"{len(self.stack.status())} servers, ports + {self.offset}"
        with LLMServer(usage_log=self.usage_log, cache_minimum=128) as llm:
            otlp_url = f"http://127.0.0.1:{self.stack.ports.otlp_http}"
            application = Application(otlp_url, llm.base_url, self.state / "application.log")
            try:
                return self._tell(llm, application, otlp_url)
            finally:
                application.stop()

    def _tell(self, llm: LLMServer, application: Application, otlp_url: str) -> Summary:
        with self.progress.step("Two one-shot scripts, one call each"):
            run_once(otlp_url=otlp_url, llm_url=llm.base_url)
            run_once(otlp_url=otlp_url, llm_url=llm.base_url)
        with self.progress.step("Questions to the research assistant") as step:
            application.start(rate=_RATE, models=_MODELS, users=_USERS)
            self._wait(step, application, lambda: application.answered >= _HEALTHY_QUESTIONS)
            step.result = f"{application.answered} answered"
        with self.progress.step("No alert while all is well"):
            if firing := [a["labels"]["alertname"] for a in self._alerts() if a["state"] == "firing"]:
                raise HeliographError(f"alerts fire although nothing is wrong: {', '.join(sorted(set(firing)))}")
        watch = Watch(fault=time.time())
        alert = watch.story(_ALERT, "critical", SERVICE)
        llm.fault("500", rate=0.5)
        with self.progress.step(f"The provider fails half of its calls (HTTP 500): wait for {_ALERT}") as step:
            self._follow(step, application, watch, lambda: alert.firing)
            step.result = f"firing {_after(alert, alert.firing)}"
        with self.progress.step("Wait for its notification in the mailbox and at the webhook") as step:
            self._follow(step, application, watch, lambda: alert.mailed and alert.posted)
            step.result = f"mail {_after(alert, alert.mailed)}, webhook {_after(alert, alert.posted)}"
        llm.fault("none")
        with self.progress.step("The provider is well again: wait for 'resolved'") as step:
            # A warning that its critical silenced all the time was never sent, and its end is not either.
            # Others look back further (an error budget: an hour), and end when nobody watches any more.
            told = [story for story in watch.stories if story.name == _ALERT and story.mailed]
            self._follow(step, application, watch, lambda: all(story.resolved for story in told))
        with self.progress.step("Stop the application; it sends what it holds"):
            application.stop()
        with self.progress.step("Compare the three bills") as step:
            self._settle(step)
        return Summary.read(
            self.prometheus,
            self.loki,
            self.jaeger,
            usage_log=self.usage_log,
            answered=application.answered,
            failed=application.failed,
            alerts=watch.stories,
            links=self.links(),
        )

    def _alerts(self) -> list[dict[str, Any]]:
        """Return the alerts of Prometheus without those for information: a watchdog fires because all is well."""
        return [alert for alert in self.prometheus.alerts() if alert["labels"].get("severity") != "info"]

    def links(self) -> dict[str, str]:
        """Return where to look on."""
        return {name: url for name, url in self.stack.urls.items() if not name.startswith("otlp")}

    def _follow(self, step: Step, application: Application, watch: Watch, done: Callable[[], object]) -> None:
        def look() -> bool:
            watch.look(self._alerts(), time.time())
            watch.read(self.inbox.messages())
            return bool(done())

        self._wait(step, application, look)

    def _wait(self, step: Step, application: Application, done: Callable[[], bool]) -> None:
        while not done():
            application.check()
            if step.seconds > self.timeout:
                raise HeliographError(
                    f"nothing came of it within {self.timeout:.0f} s",
                    hint=f"the servers' logs are in {self.stack.log_path('prometheus').parent}",
                )
            step.update(f"{application.answered} answered, {application.failed} failed")
            time.sleep(_POLL_SECONDS)

    def _settle(self, step: Step) -> None:
        """Wait until what was sent last is stored: the bills are compared once they agree, or at the latest then."""
        costs = read_costs(self.prometheus, self.loki, self.usage_log)
        while not costs.agree and step.seconds < 30:  # noqa: PLR2004 - seconds, far beyond any queue's delay
            step.update("the last records are on their way")
            time.sleep(_POLL_SECONDS)
            costs = read_costs(self.prometheus, self.loki, self.usage_log)
        step.result = f"difference {costs.difference:.1e} USD"


def _after(alert: AlertStory, when: float | None) -> str:
    return "" if when is None else f"{when - alert.fault:.0f} s after the fault"
