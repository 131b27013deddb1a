"""What the program's calls came to. Fed with messages as they come; a few hundred numbers however long it runs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from heliograph.run._text import clean

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ModelTotal", "Process", "Slowest", "Tally"]

_MOST_NAMES: Final = 200
"""Models, errors, warnings: later ones are put together under OTHER."""
OTHER: Final = "other"


@dataclass(slots=True)
class ModelTotal:
    """Calls of one model. `cost` is in USD, of the calls whose cost is known."""

    calls: int = 0
    errors: int = 0
    cancelled: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost: float = 0.0
    priced_calls: int = 0
    """Calls whose cost is known."""
    unpriced_tokens: int = 0
    unpriced_calls: int = 0


@dataclass(frozen=True, slots=True)
class Slowest:
    """The call that took longest. `seconds` of latency; `where` names what was around it, outermost first."""

    seconds: float
    model: str
    where: tuple[str, ...]
    trace: str


@dataclass(slots=True)
class Process:
    """One process that told of its calls."""

    pid: int = 0
    name: str = ""
    calls: int = 0
    sends_to: str | None = None
    joined: bool = False
    dropped: int = 0
    left: bool = False
    """Whether it said goodbye."""
    under_way: set[str] = field(default_factory=set)
    """Calls that have begun and not ended, by their span."""


@dataclass(slots=True)
class Tally:
    """All that the summary says."""

    models: dict[str, ModelTotal] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)
    wasted: dict[str, float] = field(default_factory=dict)
    """USD by reason: error, cancelled, blocked."""
    slowest: Slowest | None = None
    queries: int = 0
    failed_queries: int = 0
    tools: int = 0
    failed_tools: int = 0
    retries: int = 0
    estimated: int = 0
    """Calls whose tokens are an estimate: their provider reported none."""
    without_usage: int = 0
    """Successful calls of which no tokens are known."""
    cost_unknown: int = 0
    """Failed or cancelled calls that may have cost something."""
    pythons: int = 0
    """Interpreters that started below the runner and have heliograph."""
    strangers: dict[str, str] = field(default_factory=dict)
    """Executables of interpreters without it, each with its version."""
    processes: dict[int, Process] = field(default_factory=dict)
    """Those that are connected, by connection."""
    told: int = 0
    """Processes that told of calls."""
    lost_under_way: int = 0
    """Calls that had begun in processes that ended without a goodbye."""
    killed: int = 0
    dropped: int = 0
    """Messages that processes dropped, since the runner was slower than they."""
    warnings: Counter[str] = field(default_factory=Counter)
    unseen: dict[str, str] = field(default_factory=dict)
    """Libraries in use without an instrumentor, each with the distribution to install."""
    sends_to: dict[str, str] = field(default_factory=dict)
    """Address to the name of a process that sends its telemetry there."""
    joined: int = 0
    """Processes with an OpenTelemetry provider of their own."""

    @property
    def calls(self) -> int:
        """All calls."""
        return sum(model.calls for model in self.models.values())

    @property
    def cost(self) -> float:
        """USD of all calls whose cost is known."""
        return sum(model.cost for model in self.models.values())

    def hear(self, message: dict[str, Any], connection: int) -> None:
        """Count what a message says; one of an unknown kind says nothing."""
        count = _KINDS.get(str(message.get("e")))
        if count is not None:
            count(self, message, self.processes.setdefault(connection, Process()))

    def ended(self, connection: int) -> None:
        """Note that a process has gone; without a goodbye, it was ended from outside or by `os._exit`."""
        process = self.processes.pop(connection, None)
        if process is not None and process.pid and not process.left:
            self.killed += 1
            self.lost_under_way += len(process.under_way)

    def _python(self, message: dict[str, Any], _: Process) -> None:
        if message["watched"]:
            self.pythons += 1
        elif len(self.strangers) < _MOST_NAMES:
            executable = bytes.fromhex(message["executable"]).decode("utf-8", "replace")
            self.strangers[clean(executable) or "python"] = clean(str(message["version"]))

    def _process(self, message: dict[str, Any], process: Process) -> None:
        process.pid = int(message["pid"])
        process.name = clean(str(message["name"]))
        process.sends_to = message.get("sends_to")
        process.joined = bool(message.get("joined"))
        self.joined += process.joined
        if process.sends_to and len(self.sends_to) < _MOST_NAMES:
            self.sends_to.setdefault(clean(str(process.sends_to)), process.name)

    def _call(self, message: dict[str, Any], process: Process) -> None:
        said = message["said"]
        process.under_way.discard(message["id"])
        self.told += not process.calls
        process.calls += 1
        model = clean(str(said["model"]))
        total = self.models.setdefault(
            model if model in self.models or len(self.models) < _MOST_NAMES else OTHER, ModelTotal()
        )
        status, cost = said["status"], said.get("llm_cost_usd")
        read, written = said.get("llm_input_tokens"), said.get("llm_output_tokens")
        total.calls += 1
        total.errors += status == "error"
        total.cancelled += status == "cancelled"
        total.input_tokens += read or 0
        total.output_tokens += written or 0
        total.cached_tokens += said.get("llm_cached_tokens") or 0
        total.cost += cost or 0.0
        total.priced_calls += cost is not None
        if said.get("unpriced"):
            total.unpriced_calls += 1
            total.unpriced_tokens += (read or 0) + (written or 0)
        if status == "error":
            self.errors[_bounded(self.errors, clean(str(said.get("error_type") or "_OTHER")))] += 1
        self.cost_unknown += cost is None and not said.get("unpriced")
        self.without_usage += status == "success" and read is None and written is None
        self.estimated += bool(said.get("usage_estimated"))
        if message.get("wasted") and cost:
            reason = str(message["wasted"])
            self.wasted[reason] = self.wasted.get(reason, 0.0) + cost
        seconds = float(said["llm_latency_seconds"])
        if self.slowest is None or seconds > self.slowest.seconds:
            where = tuple(clean(name) for _, name in message.get("path", ()))
            self.slowest = Slowest(seconds, model, where, clean(str(message.get("trace"))))

    def _query(self, message: dict[str, Any], _: Process) -> None:
        self.queries += 1
        self.failed_queries += message["said"]["status"] == "error"

    def _tool(self, message: dict[str, Any], _: Process) -> None:
        self.tools += 1
        self.failed_tools += message["said"]["status"] == "error"

    def _retry(self, _: dict[str, Any], __: Process) -> None:
        self.retries += 1

    def _began(self, message: dict[str, Any], process: Process) -> None:
        process.under_way.add(message["id"])

    def _over(self, message: dict[str, Any], process: Process) -> None:
        process.under_way.discard(message["id"])

    def _dropped(self, message: dict[str, Any], process: Process) -> None:
        self.dropped += int(message["total"]) - process.dropped
        process.dropped = int(message["total"])

    def _warning(self, message: dict[str, Any], _: Process) -> None:
        self.warnings[_bounded(self.warnings, clean(str(message["text"])))] += 1

    def _bye(self, message: dict[str, Any], process: Process) -> None:
        process.left = True
        self.unseen.update({clean(name): clean(distribution) for name, distribution in message["unseen"].items()})


_KINDS: Final[dict[str, Callable[[Tally, dict[str, Any], Process], None]]] = {
    "python": Tally._python,  # noqa: SLF001
    "process": Tally._process,  # noqa: SLF001
    "llm.call": Tally._call,  # noqa: SLF001
    "query.finished": Tally._query,  # noqa: SLF001
    "tool": Tally._tool,  # noqa: SLF001
    "retry": Tally._retry,  # noqa: SLF001
    "began": Tally._began,  # noqa: SLF001
    "ended": Tally._over,  # noqa: SLF001
    "dropped": Tally._dropped,  # noqa: SLF001
    "warning": Tally._warning,  # noqa: SLF001
    "bye": Tally._bye,  # noqa: SLF001
}


def _bounded(names: Counter[str], name: str) -> str:
    return name if name in names or len(names) < _MOST_NAMES else OTHER
