"""Spans and log records through the gate. The originals are not touched: other processors see them, too."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Link, Status

from heliograph.genai._plain import attributes_of
from heliograph.genai._text import sayable
from heliograph.genai.vocabulary import _content as names
from heliograph.guard._content import UNREADABLE
from heliograph.guard._gate import LONGEST_BODY, NOT_CAPTURED, Gate, failed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opentelemetry.sdk._logs import ReadableLogRecord

__all__ = ["clean_log", "clean_span"]


def clean_span(gate: Gate, span: ReadableSpan, added: Mapping[str, Any], status: Status | None) -> ReadableSpan:
    """Give the span that may leave, with `added` attributes and, where one is given, another status."""
    given = attributes_of(span)
    try:
        attributes = gate.attributes(given, "spans")
        events = _events(gate, span.events) if span.events else None
        links = _links(gate, span.links) if span.links else None
        shown = _status(gate, status or span.status)
        name = gate.title(span.name)
    except Exception as error:  # noqa: BLE001 - must not reach the application; what failed is not said
        failed(error)
        attributes = {key: value for key, value in given.items() if isinstance(value, (bool, int, float))}
        events, links, name = [], [], UNREADABLE
        shown = Status((status or span.status).status_code)
    untouched = attributes is None and events is None and links is None
    if untouched and not added and shown is span.status and name == span.name:
        return span
    return ReadableSpan(
        name=name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes={**(given if attributes is None else attributes), **added},
        events=span.events if events is None else events,
        links=span.links if links is None else links,
        kind=span.kind,
        status=shown,
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def clean_log(gate: Gate, record: ReadableLogRecord) -> ReadableLogRecord:
    """Give the record that may leave: of an instrumentor's message the rest, of any other all but credentials."""
    given = record.log_record
    attributes: Mapping[str, Any] = given.attributes or {}
    try:
        said = given.event_name or attributes.get("event.name") or attributes.get("event_name")
        if isinstance(said, str) and names.is_content_event(said):
            body, cleaned = gate.body(given.body, "logs"), gate.message(attributes, "logs")
        else:
            body, cleaned = gate.plain(given.body, LONGEST_BODY), gate.attributes(attributes, "logs")
        unchanged = body == given.body and cleaned is None
    except Exception as error:  # noqa: BLE001 - must not reach the application; what failed is not said
        failed(error)
        body, cleaned, unchanged = UNREADABLE, {}, False
    if unchanged:
        return record
    changed = copy.copy(given)
    changed.body = body
    if cleaned is not None:
        changed.attributes = cleaned
    return replace(record, log_record=changed)


def _events(gate: Gate, events: Sequence[Event]) -> list[Event] | None:
    made: list[Event] = []
    for event in events:
        clean = gate.message if names.is_content_event(event.name) else gate.attributes
        attributes, name = clean(event.attributes or {}, "spans"), sayable(event.name)
        unchanged = attributes is None and name is event.name
        kept = event.attributes if attributes is None else attributes
        made.append(event if unchanged else Event(name, kept, event.timestamp))
    return None if all(new is old for new, old in zip(made, events, strict=True)) else made


def _links(gate: Gate, links: Sequence[Link]) -> list[Link] | None:
    made: list[Link] = []
    for link in links:
        attributes = gate.attributes(link.attributes, "spans") if link.attributes else None
        made.append(link if attributes is None else Link(link.context, attributes))
    return None if all(new is old for new, old in zip(made, links, strict=True)) else made


def _status(gate: Gate, status: Status) -> Status:
    text = status.description
    if not text:
        return status
    clean = NOT_CAPTURED if gate.conceals(text) else sayable(gate.failure.string(text))
    return status if clean == text else Status(status.status_code, clean)
