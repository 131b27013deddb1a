"""What the meter keeps of a span, as JSON and back."""

from __future__ import annotations

import json
import sys
from dataclasses import fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from heliograph.genai._call import Call
from heliograph.genai._tool import ToolRun
from heliograph.meter._sighting import Application, Sighting, State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["FIELDS", "SpanRow", "SpanState", "span_from", "span_row", "span_state"]

SpanRow = tuple[int, str, int, bool, bool, str, str]
"""Number, state, place in the order of decisions, whether it waits, whether it is late, layers that told of it, the
span itself."""
SpanState = tuple[str, int, bool, str, int]
"""State, place in the order of decisions, whether it waits, layers that told of it, number."""

FIELDS: Final = {"call": [one.name for one in fields(Call)], "tool": [one.name for one in fields(ToolRun)]}
"""The order of values in what is written: another version of the package may have others, so the file says it too."""
_CALL: Final = attrgetter(*FIELDS["call"])
_TOOL: Final = attrgetter(*FIELDS["tool"])
_encode: Final = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def span_row(one: Sighting) -> SpanRow:
    """Give all of a span."""
    body = (
        one.key,
        one.parent,
        one.application,
        one.scope,
        one.started,
        one.ended,
        _CALL(one.call) if one.call is not None else None,
        one.ids,
        _TOOL(one.tool) if one.tool is not None else None,
        one.at_home,
    )
    return one.number, one.state.value, one.order, one.waits, one.late, _told(one), _encode(body)


def span_state(one: Sighting) -> SpanState:
    """Give what may change of a span."""
    return one.state.value, one.order, one.waits, _told(one), one.number


def span_from(row: Sequence[Any], known: Mapping[str, Sequence[str]]) -> Sighting:
    """Read a span; `known` has the `FIELDS` of whoever wrote it. Raises ValueError or TypeError for another's row."""
    number, state, order, _, late, told, body = row
    key, parent, application, scope, started, ended, call, ids, tool, at_home = json.loads(body)
    return Sighting(
        key=(key[0], key[1]),
        parent=(parent[0], parent[1]) if parent is not None else None,
        application=Application(*map(sys.intern, application)),
        scope=sys.intern(scope),
        started=started,
        ended=ended,
        call=Call(**_named(call, known["call"], FIELDS["call"])) if call is not None else None,
        ids=tuple(ids) if ids is not None else None,
        state=State(state),
        late=bool(late),
        tool=ToolRun(**_named(tool, known["tool"], FIELDS["tool"])) if tool is not None else None,
        at_home=at_home,
        told_by=tuple(((namespace, name), scope) for (namespace, name), scope in json.loads(told)) if told else (),
        number=number,
        order=order,
    )


def _told(one: Sighting) -> str:
    return _encode(one.told_by) if one.told_by else ""


def _named(values: Sequence[Any], names: Sequence[str], ours: Sequence[str]) -> dict[str, Any]:
    said = zip(names, values, strict=True)
    return {name: sys.intern(value) if isinstance(value, str) else value for name, value in said if name in ours}
