"""LangSmith's `@traceable` in the application's own traces, with or without a key.

LangSmith can emit OpenTelemetry spans, but by itself it needs variables to be set; code within a run is given a
context of a trace that does not exist (its id is derived from the run's), and each run's span a random id that
no child knows. Here:

- its variables have defaults: traced, through OpenTelemetry, and only so as long as there is no key. They are
  answered when LangSmith asks, not set in the environment, which child processes would inherit. A variable that
  the user has set wins;
- a run's span has the id its children are told, in the trace it was called in.

Nothing is imported unless the application imports langsmith. Written against langsmith 0.14.
"""

from __future__ import annotations

import logging
import os
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

import wrapt
from opentelemetry import trace
from opentelemetry.sdk.trace.id_generator import IdGenerator

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from heliograph.telemetry._runtime import Runtime

__all__ = ["activate"]

_log = logging.getLogger("heliograph.integrations")
_NAMESPACES: Final = ("LANGSMITH", "LANGCHAIN")

_run_id: ContextVar[tuple[int, int] | None] = ContextVar("heliograph-langsmith-run", default=None)
"""(trace id, span id) for the span that is being made on this thread."""


def activate(runtime: Runtime) -> None:
    """Prepare langsmith when it is imported; leave it alone if the user switched its tracing off."""
    if _user_set("TRACING_V2", "TRACING") and (_user_value("TRACING_V2", "TRACING") or "").lower() != "true":
        return
    if runtime.tracers is None:
        return
    wrapt.register_post_import_hook(_answer_for_environment, "langsmith.utils")
    wrapt.register_post_import_hook(_keep_trace, "langsmith.run_helpers")
    wrapt.register_post_import_hook(_keep_ids, "langsmith._internal.otel._otel_exporter")


def has_key() -> bool:
    """Whether LangSmith's service may be talked to."""
    return _user_set("API_KEY") or _user_set("OAUTH_ACCESS_TOKEN")


def defaults() -> dict[str, str]:
    """Say what LangSmith is told where the user says nothing, by variable without namespace."""
    said = {"TRACING": "true"}
    if not _user_set("TRACING_MODE", "OTEL_ENABLED", "OTEL_ONLY"):
        said["TRACING_MODE"] = "hybrid" if has_key() else "otel"
    return said


def _user_value(*names: str) -> str | None:
    for name in names:
        for namespace in _NAMESPACES:
            value = os.environ.get(f"{namespace}_{name}", "").strip()
            if value:
                return value
    return None


def _user_set(*names: str) -> bool:
    return _user_value(*names) is not None


def _answer_for_environment(module: Any) -> None:  # noqa: ANN401
    """Give `get_env_var` defaults. It is cached: what was asked before, by an earlier import, is forgotten."""

    def answer(wrapped: Callable[..., Any], _: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
        value = wrapped(*args, **kwargs)
        name = args[0] if args else kwargs.get("name")
        if _user_set(str(name)):
            return value
        return defaults().get(str(name), value)

    try:
        module.get_env_var.cache_clear()
        wrapt.wrap_function_wrapper(module, "get_env_var", answer)
    except Exception:  # noqa: BLE001 - must not reach the application
        _log.warning("langsmith could not be prepared: set LANGSMITH_TRACING and LANGSMITH_TRACING_MODE", exc_info=True)


def _keep_trace(module: Any) -> None:  # noqa: ANN401
    """Have code within a run continue the trace that the run was called in."""

    def within(wrapped: Callable[..., Any], _: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
        around = trace.get_current_span().get_span_context()
        manager = wrapped(*args, **kwargs)
        if manager is None or not around.is_valid:
            return manager
        try:
            run = args[0] if args else kwargs["run_tree"]
            return trace.use_span(
                trace.NonRecordingSpan(
                    trace.SpanContext(
                        around.trace_id,
                        _span_id(run.id),
                        is_remote=False,
                        trace_flags=around.trace_flags,
                        trace_state=around.trace_state,
                    )
                )
            )
        except Exception:  # noqa: BLE001 - must not reach the application
            _log.debug("a langsmith run keeps its own trace", exc_info=True)
            return manager

    _wrap(module, "_maybe_create_otel_context", within)


def _keep_ids(module: Any) -> None:  # noqa: ANN401
    """Give each run's span the id its children are told."""

    def with_id(
        wrapped: Callable[..., Any],
        instance: Any,  # noqa: ANN401
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:  # noqa: ANN401
        token = None
        try:
            tracer = getattr(instance, "_tracer", None)
            if tracer is not None and not isinstance(tracer.id_generator, _RunIds):
                tracer.id_generator = _RunIds(tracer.id_generator)
            operation = args[0] if args else kwargs["op"]
            token = _run_id.set((operation.trace_id.int, _span_id(operation.id)))
        except Exception:  # noqa: BLE001 - must not reach the application
            _log.debug("a langsmith span has an id of its own", exc_info=True)
        try:
            return wrapped(*args, **kwargs)
        finally:
            if token is not None:
                _run_id.reset(token)

    _wrap(module, "OTELExporter._create_span_for_run", with_id)


def _span_id(run_id: UUID) -> int:
    """Take the random half of a run's UUID; its other half is mostly the time, equal for runs of one moment."""
    return run_id.int & 0xFFFF_FFFF_FFFF_FFFF


def _wrap(module: Any, name: str, wrapper: Callable[..., Any]) -> None:  # noqa: ANN401
    try:
        wrapt.wrap_function_wrapper(module, name, wrapper)
    except Exception:  # another version: spans may sit in a trace of their own, but nothing breaks  # noqa: BLE001 - must not reach the application
        _log.warning("langsmith's %s has changed: its spans may be in other traces", name, exc_info=True)


class _RunIds(IdGenerator):
    """Ids of the run at hand; of the generator within elsewhere."""

    def __init__(self, within: IdGenerator) -> None:
        self._within = within

    def generate_span_id(self) -> int:
        """Take the run's id."""
        run = _run_id.get()
        return run[1] if run is not None else self._within.generate_span_id()

    def generate_trace_id(self) -> int:
        """Take the trace id that LangSmith derives from the root run."""
        run = _run_id.get()
        return run[0] if run is not None else self._within.generate_trace_id()

    def is_trace_id_random(self) -> bool:
        """Answer as the generator within."""
        return _run_id.get() is None and self._within.is_trace_id_random()
