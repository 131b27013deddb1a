"""Spans that Jaeger cannot store as they are: they are cut, and no other waits behind them.

Badger answers what it cannot take with "try again". The collector does so, for ever and in order: before they were cut,
one prompt of 65 KB in an attribute held up all traces of everybody.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.stack._stores import Jaeger

from ._edge import Edge, attributes, service, soon, span, spans, stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from heliograph.stack import Stack

HUGE = "x" * 1_000_000
WIDE = "ж" * 400_000  # two bytes each: a cut within one would be no UTF-8, which gRPC refuses


def text(value: str) -> dict[str, Any]:
    return {"stringValue": value}


def array(*values: dict[str, Any]) -> dict[str, Any]:
    return {"arrayValue": {"values": list(values)}}


def with_attribute(value: dict[str, Any], key: str = "blob") -> Callable[[str], dict[str, Any]]:
    return lambda trace: span(trace, "huge") | {"attributes": [{"key": key, "value": value}]}


def event(name: str, **values: str) -> dict[str, Any]:
    return {"timeUnixNano": stamp(), "name": name, "attributes": attributes(**values)}


def with_events(*events: dict[str, Any]) -> Callable[[str], dict[str, Any]]:
    return lambda trace: span(trace, "huge") | {"events": list(events)}


def named(name: str) -> Callable[[str], dict[str, Any]]:
    return lambda trace: span(trace, name)


# What is huge → the span. Each must be there afterwards, cut.
CUT: dict[str, Callable[[str], dict[str, Any]]] = {
    "a text": with_attribute(text(HUGE)),
    "a text just too long for a key": with_attribute(text("x" * 66_000)),
    "a text of wide characters": with_attribute(text(WIDE)),
    "a list": with_attribute(array(*[text("x" * 100)] * 5_000)),
    "a list of one": with_attribute(array(text(HUGE))),
    "lists within a map": with_attribute({"kvlistValue": {"values": [{"key": "inner", "value": array(text(HUGE))}]}}),
    "bytes": with_attribute({"bytesValue": "QUJD" * 100_000}),
    "the name of an attribute": with_attribute(text("small"), key=HUGE),
    "ten thousand attributes": lambda trace: span(trace, "huge", **{f"key{n}": "x" * 50 for n in range(10_000)}),
    "texts of 12 MB together": lambda trace: span(trace, "huge", **{f"key{n}": "x" * 50_000 for n in range(240)}),
    "an event's text": with_events(event("one", blob=HUGE)),
    "an event's name": with_events(event(HUGE)),
    "hundreds of events": with_events(*[event("chunk", blob="x" * 20_000)] * 500),
    # Nothing of these is too long by itself; together they are more than a batch.
    "forty texts of 50 KB": lambda trace: span(trace, "huge", **{f"key{n}": "x" * 50_000 for n in range(40)}),
    "ten thousand small attributes with long names": lambda trace: span(
        trace, "huge", **{f"key{n}".ljust(400, "k"): "x" * 500 for n in range(10_000)}
    ),
    "sixteen events of 95 KB": with_events(*[event("one", **{f"key{n}": "x" * 5_900 for n in range(16)})] * 16),
    "a hundred events of 30 KB": with_events(*[event("one", **{f"key{n}": "x" * 1_900 for n in range(16)})] * 100),
    "a thousand events of 10 KB": with_events(
        *[event("n" * 900, **{f"key{n}".ljust(400, "k"): "x" * 190 for n in range(16)})] * 1_000
    ),
    "the message of an error": lambda trace: span(trace, "huge") | {"status": {"code": 2, "message": HUGE}},
    "the state of the trace": lambda trace: span(trace, "huge") | {"traceState": "a=" + HUGE},
}


@pytest.fixture(scope="module")
def edge(stack: Stack) -> Edge:
    return Edge(stack)


def arrives(edge: Edge, name: str) -> bool:
    """Whether a span that somebody else sends now is stored."""
    trace = secrets.token_hex(16)
    assert edge.post("/v1/traces", spans(service(), span(trace, name))) == 200
    return soon(lambda: edge.names(trace) == [name])


@pytest.mark.parametrize("what", CUT)
def test_a_span_that_is_too_large_in_one_part_is_cut_and_holds_up_nobody(edge: Edge, what: str) -> None:
    trace = secrets.token_hex(16)
    assert edge.post("/v1/traces", spans(service(), CUT[what](trace), span(trace, "beside"))) == 200
    assert arrives(edge, "behind")
    assert soon(lambda: sorted(edge.names(trace)) == ["beside", "huge"])


def test_the_name_of_a_span_is_cut(edge: Edge) -> None:
    trace = secrets.token_hex(16)
    assert edge.post("/v1/traces", spans(service(), named(WIDE)(trace))) == 200
    assert arrives(edge, "behind")
    assert soon(lambda: edge.names(trace) == ["ж" * 250])


def test_what_a_resource_says_is_cut(edge: Edge) -> None:
    trace, name = secrets.token_hex(16), service()
    body = spans(name, span(trace, "huge"))
    body["resourceSpans"][0]["resource"] = {"attributes": attributes(service__name=name + WIDE, host__name=HUGE)}
    body["resourceSpans"][0]["scopeSpans"][0]["scope"] = {"name": HUGE, "version": HUGE}
    assert edge.post("/v1/traces", body) == 200
    assert arrives(edge, "behind")
    assert soon(lambda: edge.names(trace) == ["huge"])


def test_a_span_of_more_events_than_can_be_cut_is_left_out(edge: Edge) -> None:
    trace = secrets.token_hex(16)
    burst = with_events(*[event("chunk", text="x")] * 20_000)(trace)
    assert edge.post("/v1/traces", spans(service(), burst, span(trace, "beside"))) == 200
    assert arrives(edge, "behind")
    assert soon(lambda: edge.names(trace) == ["beside"])


def test_the_first_events_of_many_keep_their_words(edge: Edge) -> None:
    trace = secrets.token_hex(16)
    many = with_events(*[event("chunk", said="x" * 1_900, more="y" * 1_900)] * 100)(trace)
    assert (
        edge.post("/v1/traces", spans(service(), *[many | {"spanId": secrets.token_hex(8)} for _ in range(3)])) == 200
    )
    assert soon(lambda: edge.names(trace) == ["huge"] * 3)
    for found in Jaeger(edge.stack.urls["jaeger"]).trace(trace):
        assert len(found.events) == 100
        assert all(one["said"] == "x" * 1_900 for one in found.events)
        assert "heliograph.said" not in found.attributes


def test_a_long_conversation_keeps_its_tokens(edge: Edge) -> None:
    """Roles and texts of 400 messages are attributes each, as OpenInference has them, and the tokens come last."""
    messages = {f"llm__input_messages__{n}__message__{part}": "x" for n in range(400) for part in ("role", "content")}
    counts = {"llm__token_count__prompt": "70000", "llm__token_count__completion": "12"}
    trace = secrets.token_hex(16)
    assert edge.post("/v1/traces", spans(service(), span(trace, "chat", **messages, **counts))) == 200
    assert soon(lambda: edge.names(trace) == ["chat"])
    (found,) = Jaeger(edge.stack.urls["jaeger"]).trace(trace)
    assert found.attributes["llm.token_count.prompt"] == "70000"
    assert found.attributes["llm.token_count.completion"] == "12"


def test_what_is_not_too_large_is_stored_as_it_is(edge: Edge) -> None:
    trace, said = secrets.token_hex(16), "x" * 30_000
    whole = span(trace, "whole", prompt=said) | {"events": [event("one", said=said)]}
    assert edge.post("/v1/traces", spans(service(), whole)) == 200
    assert soon(lambda: edge.names(trace) == ["whole"])
    (found,) = Jaeger(edge.stack.urls["jaeger"]).trace(trace)
    assert found.attributes["prompt"] == said
    assert found.events[0]["said"] == said
