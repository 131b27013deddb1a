"""In the program: count it, and tell the runner what is counted. Imported once a call of a model is near."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk._logs import LogRecordProcessor
from opentelemetry.trace import format_span_id, format_trace_id

from heliograph.genai import vocabulary as v
from heliograph.genai._read import is_call, read_tool
from heliograph.genai._tool import ToolRuns
from heliograph.guard import ContentPolicy
from heliograph.run._collector import collector
from heliograph.run._places import Place, Places
from heliograph.run._send import SOCKET_VARIABLE, Sender
from heliograph.telemetry import _api

if TYPE_CHECKING:
    from opentelemetry.sdk._logs import ReadWriteLogRecord
    from opentelemetry.sdk.trace import ReadableSpan

    from heliograph.telemetry._runtime import Runtime
    from heliograph.telemetry._settings import Settings

__all__ = ["adapt", "attach", "configure"]

_EXIT_PATIENCE: Final = 1.0
"""Seconds that a process waits at its end for a runner that reads slowly."""
_TOLD: Final = {v.LLM_CALL.name, v.QUERY_FINISHED.name, v.CHAIN_FINISHED.name}
_MOST_BEGUN: Final = 4096


def configure() -> None:
    """Have the process counted, unless the program has seen to it."""
    if _api.running() is None:
        _api.configure()


def adapt(settings: Settings) -> Settings:
    """Keep everything in the process, unless the environment or the program named a collector."""
    if collector(os.environ) is not None or settings.endpoint is not None:
        return settings
    return replace(settings, exports=frozenset(), content=ContentPolicy())


def attach(runtime: Runtime) -> None:
    """Tell the runner of everything that the runtime counts from now on."""
    path = os.environ.get(SOCKET_VARIABLE)
    if path:
        _Teller(runtime, path).begin()


class _Teller(LogRecordProcessor):
    """Turns what the runtime makes of spans into messages. Nothing here raises.

    Events are emitted once for what is counted once: so they are what is told. All of it happens on the metering line,
    in the order in which it is counted, and not on the program's threads.
    """

    def __init__(self, runtime: Runtime, path: str) -> None:
        self._runtime = runtime
        self._sender = sender = Sender(path, self._hello)
        self._begun: dict[str, None] = {}
        self._tools = ToolRuns()
        self._warnings = _Warnings(sender)
        self._places = Places(
            lambda *opened: runtime.line.submit(self._opened, *opened),
            lambda span_id: runtime.line.submit(self._began, span_id),
        )

    def begin(self) -> None:
        """Tap the runtime."""
        runtime = self._runtime
        self._sender.greet()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._after_fork)
        logging.getLogger("heliograph").addHandler(self._warnings)
        runtime.loggers.add_log_record_processor(self)
        runtime.processor.taps.append(self._span)
        if runtime.tracers is not None:
            runtime.tracers.add_span_processor(self._places)
        instruments: Any = runtime.meter.instruments
        instruments.client_retries = _Heard(
            instruments.client_retries, lambda: runtime.line.submit(self._sender.send, {"e": "retry"})
        )
        close = runtime.close

        def close_and_say_so(timeout: float, *, clean: bool = True) -> None:
            close(timeout, clean=clean)
            with contextlib.suppress(Exception):
                self._say_goodbye()

        runtime.close = close_and_say_so  # type: ignore[method-assign]

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Tell of a call, a query or a chain."""
        try:
            record = log_record.log_record
            if record.event_name in _TOLD:
                own = record.span_id or 0
                said = {name: value for name, value in (record.attributes or {}).items() if name != "event_name"}
                self._begun.pop(format_span_id(own), None)
                event = str(record.event_name)
                wasted = _wasted(said) if event == v.LLM_CALL.name else None
                self._send(event, own, record.trace_id or 0, (record.timestamp or 0) / 1e9, said, wasted)
        except Exception:  # noqa: BLE001, S110 - must not reach the application
            pass

    def shutdown(self) -> None:
        """Nothing is held."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing is held."""
        del timeout_millis
        return True

    def _span(self, span: ReadableSpan) -> None:
        try:
            context = span.context
            if context is None:
                return
            if is_call(span):
                own = format_span_id(context.span_id)
                if own in self._begun:  # a repetition, which is not counted
                    del self._begun[own]
                    self._sender.send({"e": "ended", "id": own})
                return
            tool = read_tool(span)
            if tool is not None and not self._tools.is_repeat(tool):
                said = {
                    "tool": tool.tool,
                    "status": tool.status,
                    "error_type": tool.error_type,
                    "latency_seconds": max(tool.ended - tool.started, 0) / 1e9,
                }
                self._send("tool", context.span_id, context.trace_id, tool.ended / 1e9, said)
        except Exception:  # noqa: BLE001, S110 - must not reach the application
            pass

    def _send(  # noqa: PLR0917 - what a message is made of
        self, event: str, span_id: int, trace_id: int, at: float, said: dict[str, Any], wasted: str | None = None
    ) -> None:
        self._sender.send(
            {
                **({"wasted": wasted} if wasted is not None else {}),
                "e": event,
                "id": format_span_id(span_id),
                "trace": format_trace_id(trace_id),
                "at": at,
                "said": said,
                **self._places.of(span_id)._asdict(),
            }
        )

    def _opened(self, span_id: str, name: str, place: Place) -> None:
        self._sender.send({"e": "open", "id": span_id, "name": name, **place._asdict()})

    def _began(self, span_id: str) -> None:
        if len(self._begun) < _MOST_BEGUN:
            self._begun[span_id] = None
            self._sender.send({"e": "began", "id": span_id})

    def _hello(self) -> dict[str, Any]:
        settings = self._runtime.settings
        return {
            "e": "process",
            "pid": os.getpid(),
            "name": settings.service_name,
            "sends_to": settings.shown_endpoint if settings.exports else None,
            "joined": self._runtime.tracers is not None and not self._runtime._own_tracers,  # noqa: SLF001
        }

    def _say_goodbye(self) -> None:
        if self._sender.greeted:
            self._sender.send({"e": "bye", "unseen": _unseen()})
            self._sender.flush(_EXIT_PATIENCE)

    def _after_fork(self) -> None:
        with contextlib.suppress(Exception):
            self._sender.after_fork()
            self._begun.clear()


def _wasted(said: dict[str, Any]) -> str | None:
    """Say why a call's cost bought nothing, if it did not: the rule of `llm_wasted_cost`."""
    if said.get("status") != "success":
        return str(said.get("status"))
    return "blocked" if said.get("finish_reason") in v.BLOCKED_FINISH_REASONS else None


class _Heard:
    """An instrument with somebody who is told of every record."""

    def __init__(self, instrument: Any, told: Any) -> None:  # noqa: ANN401
        self._instrument = instrument
        self._told = told

    def add(self, amount: float, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Record, and tell."""
        self._instrument.add(amount, *args, **kwargs)
        self._told()


class _Warnings(logging.Handler):
    """What heliograph warns of, to the runner: its summary is read, and the program's own output stays as it is."""

    def __init__(self, sender: Sender) -> None:
        super().__init__(logging.WARNING)
        self._sender = sender

    def emit(self, record: logging.LogRecord) -> None:
        """Send the warning."""
        with contextlib.suppress(Exception):
            self._sender.send({"e": "warning", "text": record.getMessage()[:500]})


_CLIENTS: Final = frozenset({"anthropic", "cohere", "google_genai", "groq", "mistralai", "ollama", "vertexai"})
"""Libraries that speak to a provider themselves. Frameworks around them are counted by what they call."""


def _unseen() -> dict[str, str]:
    """Libraries in use for which no instrumentor is installed, each with the distribution to install."""
    from importlib.metadata import entry_points

    from heliograph.integrations import _instrumentors as known

    libraries = {name: known._LIBRARIES[name] for name in _CLIENTS}  # noqa: SLF001
    used = {name: library for name, library in libraries.items() if library.module in sys.modules}
    if not used:
        return {}
    seen = {choice.library for choice in known.choose(entry_points(group="opentelemetry_instrumentor"), None)}
    return {name: library.preferred[0] for name, library in used.items() if name not in seen}
