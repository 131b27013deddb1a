"""What the meter keeps of one span: who reported it, where it stands, the call it tells of. No prompts, no answers."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opentelemetry.trace import SpanContext, TraceFlags

from heliograph.genai import _text
from heliograph.genai import vocabulary as v
from heliograph.genai._mark import within_call
from heliograph.genai._read import is_call, read_call, read_tool
from heliograph.genai._read._values import first

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heliograph.genai._call import Call
    from heliograph.genai._tool import ToolRun
    from heliograph.meter._wire import WireSpan

__all__ = ["Application", "Layer", "Sighting", "SpanKey", "State", "application_of", "sight"]

SpanKey = tuple[int, int]
"""(trace id, span id)."""
Layer = tuple[tuple[str, str], str]
"""Service (namespace and name) and instrumentation scope."""

NO_NAME: Final = "unknown_service"
_LONGEST_NAME: Final = 200
_TEXTS: Final = (
    "operation",
    "provider",
    "model",
    "requested_model",
    "error_type",
    "service_tier",
    "finish_reason",
    "response_id",
    "prompt_name",
    "prompt_version",
    "scope",
)
"""Fields of `Call` that are text, but for its status."""


class Application(NamedTuple):
    """Who made the call: what its resource said of itself. "" stands for what it did not say."""

    name: str
    namespace: str = ""
    environment: str = ""
    version: str = ""

    @property
    def service(self) -> tuple[str, str]:
        """What tells one service from another: two versions or environments are layers of one."""
        return self.namespace, self.name


class State(Enum):
    """What became of a span."""

    WAITING = "waiting"
    """A call whose turn has not come."""
    COUNTED = "counted"
    REPEATED = "repeated"
    """A call that another span tells of, which was counted; or one within a call that its application counted."""
    COVERED = "covered"
    """A call that holds calls of its own service: those count."""
    HOME = "home"
    """A call that the application itself counted."""
    NO_CALL = "no call"
    """An agent, a tool, a chain: it connects calls, and may name the user."""


@dataclass(slots=True, eq=False)
class Sighting:
    """One span. Times are nanoseconds since the epoch, `due` is in seconds of the meter's own clock."""

    key: SpanKey
    parent: SpanKey | None
    application: Application
    scope: str
    started: int
    ended: int
    call: Call | None
    ids: tuple[str | None, ...] | None
    """Own ids, in the order of `ID_SPECS`; None where the span has none."""
    state: State
    due: float = 0.0
    late: bool = False
    tool: ToolRun | None = None
    """The run of a tool that it tells of, where it is one."""
    at_home: bool = False
    """Whether the application counts such spans itself."""
    told_by: tuple[object, ...] = ()
    """Layers of which a span was found to tell of this very call: each tells of it once."""
    number: int = 0
    """Its place in the order of arrival, from 1; it is written down under it."""
    order: int = 0
    """Its place in the order of decisions, from 1; 0 where none was made."""

    @property
    def where(self) -> SpanContext:
        """The span's context."""
        return SpanContext(*self.key, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))

    @property
    def waits(self) -> bool:
        """Whether something is to be decided yet."""
        return self.state is State.WAITING or (self.tool is not None and self.order == 0)

    @property
    def layer(self) -> Layer:
        """Service and instrumentation scope: one layer reports a call once."""
        return self.application.service, self.scope


ID_SPECS: Final = (v.USER_ID, v.SESSION_ID, v.TENANT, v.QUERY_TYPE, v.CHAIN, v.PROMPT_NAME, v.PROMPT_VERSION)


def application_of(resource: Mapping[str, Any]) -> Application:
    """Read the application from its resource; other attributes would make series without end, and are left out."""

    def said(*names: str) -> str:
        for name in names:
            if value := resource.get(name):
                return sys.intern(str(value)[:_LONGEST_NAME])
        return ""

    return Application(
        name=said("service.name") or NO_NAME,
        namespace=said("service.namespace"),
        environment=said("deployment.environment.name", "deployment.environment"),
        version=said("service.version"),
    )


def sight(span: WireSpan, application: Application) -> Sighting:
    """Read one span."""
    attributes = span.attributes
    call = _bounded(read_call(span)) if is_call(span) else None
    at_home = attributes.get(v.METERED.name) is True
    if call is None:
        state = State.NO_CALL
    elif at_home:
        state = State.HOME
    elif within_call(span.context.trace_state):
        state = State.REPEATED
    else:
        state = State.WAITING
    context, parent = span.context, span.parent
    ids = tuple(_text.short(first(attributes, spec)) for spec in ID_SPECS)
    return Sighting(
        key=(context.trace_id, context.span_id),
        parent=(parent.trace_id, parent.span_id) if parent is not None else None,
        application=application,
        scope=sys.intern(span.instrumentation_scope.name[:_LONGEST_NAME]),
        started=span.start_time,
        ended=span.end_time,
        call=call,
        ids=ids if any(ids) else None,
        state=state,
        tool=_bounded_run(read_tool(span)) if call is None else None,
        at_home=at_home,
    )


def _bounded_run(run: ToolRun | None) -> ToolRun | None:
    """Cut texts that are longer than any name, and keep one copy of those that repeat."""
    if run is None:
        return None
    return replace(
        run,
        tool=sys.intern(run.tool[:_LONGEST_NAME]),
        error_type=run.error_type and sys.intern(run.error_type[:_LONGEST_NAME]),
        call_id=_text.short(run.call_id),
        scope=sys.intern(run.scope[:_LONGEST_NAME]),
    )


def _bounded(call: Call) -> Call:
    """Cut texts that are longer than any name: thousands of calls are kept, and what is in them becomes labels."""
    texts = {name: getattr(call, name) for name in _TEXTS}
    long: dict[str, Any] = {
        name: _text.short(text) for name, text in texts.items() if text is not None and len(text) > _LONGEST_NAME
    }
    if "response_id" in long and long["response_id"] != texts["response_id"]:
        # Ids that a gateway makes of its own route and the provider's id are long, and differ at their ends only.
        long["response_id"] = hashlib.sha256(texts["response_id"].encode("utf-8", "replace")).hexdigest()
    return replace(call, **long) if long else call
