"""What comes over the wire: both formats, bad input of every kind, each refused for itself alone."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.trace import StatusCode

from heliograph.genai._read import failure_of
from heliograph.meter._request import JSON, PROTOBUF, RefusedError, parse, uncompressed
from heliograph.meter._schema import AnyValue, TraceRequest
from heliograph.meter._wire import Attributes, Scope, WireSpan

if TYPE_CHECKING:
    from collections.abc import Callable

Bench = Any  # tests/unit/meter/conftest.py


def protobuf(content: bytes) -> Any:
    """Turn an OTLP/JSON request into the official protobuf message."""
    return ExportTraceServiceRequest.FromString(parse(content, JSON).SerializeToString())


@pytest.mark.parametrize(
    ("content", "kind", "status", "words"),
    [
        (b"\xff\xff\xff", PROTOBUF, 400, "no OTLP trace request in protobuf"),
        (b"{", JSON, 400, "no JSON"),
        (b"[]", JSON, 400, "resourceSpans"),
        (b'{"resourceSpans": 5}', JSON, 400, "no OTLP trace request in JSON"),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": ["x"]}]}]}', JSON, 400, "no OTLP trace request in JSON"),
        (b'{"resourceSpans": [{"resource": {"attributes": 1}}]}', JSON, 400, "no OTLP trace request in JSON"),
        (b"[" * 100_000, JSON, 400, "no JSON"),
        (b"x=1", "application/x-www-form-urlencoded", 415, "content type"),
    ],
)
def test_what_is_no_request_is_refused_with_a_reason(content: bytes, kind: str, status: int, words: str) -> None:
    with pytest.raises(RefusedError, match=words) as refused:
        parse(content, kind)
    assert refused.value.status == status


def test_an_empty_request_is_one() -> None:
    assert len(parse(b"", PROTOBUF).resource_spans) == 0
    assert len(parse(b"{}", JSON).resource_spans) == 0


@pytest.mark.parametrize(
    ("body", "encoding", "status", "words"),
    [
        (gzip.compress(b"\0" * 1_000_000), "gzip", 413, "at most 1000 bytes"),
        (b"no gzip", "gzip", 400, "no gzip"),
        (gzip.compress(b"whole")[:-6], "gzip", 400, "cut short"),
        (b"", "br", 415, "'br'"),
    ],
    ids=["a bomb", "not gzip", "cut short", "another encoding"],  # gzip's own bytes have the time in them
)
def test_encodings_are_undone_within_limits(body: bytes, encoding: str, status: int, words: str) -> None:
    with pytest.raises(RefusedError, match=words) as refused:
        uncompressed(body, encoding, 1000)
    assert refused.value.status == status


def test_a_gzip_bomb_takes_no_memory() -> None:
    bomb = gzip.compress(b"\0" * 20_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(RefusedError):
            uncompressed(bomb, "gzip", 100_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000


def test_gzip_within_the_limit_is_read() -> None:
    assert uncompressed(gzip.compress(b"x" * 1000), "gzip", 1000) == b"x" * 1000


def test_json_and_protobuf_say_the_same(body: Callable[..., bytes]) -> None:
    message = protobuf(body({"name": "one", "answer": "chatcmpl-1"}))
    span = message.resource_spans[0].scope_spans[0].spans[0]
    assert (len(span.trace_id), len(span.span_id)) == (16, 8)
    assert span.name == "one"
    assert {pair.key: pair.value.int_value for pair in span.attributes}["gen_ai.usage.input_tokens"] == 1000


@pytest.mark.parametrize(
    "spoil",
    [
        {"traceId": ""},
        {"traceId": "00" * 16},
        {"traceId": "xyz"},
        {"spanId": "12"},
        {"spanId": "00" * 8},
        {"spanId": 7},
    ],
    ids=str,
)
def test_a_span_without_a_valid_id_is_left_out_alone(bench: Bench, describe: Any, spoil: dict[str, Any]) -> None:
    bad, good = describe("bad"), describe("good")
    bad["scopeSpans"][0]["spans"][0].update(spoil)
    rejected, why = bench.service.take(parse(json.dumps({"resourceSpans": [bad, good]}).encode(), JSON))
    assert rejected == 1
    assert "id" in why
    bench.move_to(11.0)
    assert bench.metrics()["shop"]["llm_requests"] == 1
    assert bench.service.tally.rejected == 1


def test_a_string_that_is_no_utf8_spoils_nothing_but_itself(bench: Bench, body: Callable[..., bytes]) -> None:
    """The collector passes such strings on; the generated classes would refuse the whole request."""
    content = protobuf(body({"name": "one", "user__id": "MARK"}, {"name": "two"})).SerializeToString()
    content = content.replace(b"MARK", b"\xff\xfe\xfd\xfc")
    with pytest.raises(Exception, match="Error parsing"):
        ExportTraceServiceRequest.FromString(content)
    assert bench.service.take(parse(content, PROTOBUF)) == (0, "")
    bench.move_to(11.0)
    assert bench.metrics()["shop"]["llm_requests"] == 2
    assert bench.events()[0]["user_id"] == "\ufffd" * 4


def test_a_value_nested_without_end_spoils_nothing_but_itself(bench: Bench, body: Callable[..., bytes]) -> None:
    nested = AnyValue(string_value=b"deep").SerializeToString()
    for _ in range(200):
        for tag in (b"\x0a", b"\x2a"):  # ArrayValue.values, AnyValue.array_value
            nested = tag + _varint(len(nested)) + nested
    request = parse(body({"name": "one"}, {"name": "two"}), JSON)
    pair = request.resource_spans[0].scope_spans[0].spans[0].attributes.add()
    pair.key, pair.value = b"user.id", nested
    assert bench.service.take(parse(request.SerializeToString(), PROTOBUF)) == (0, "")
    bench.move_to(11.0)
    assert bench.metrics()["shop"]["llm_requests"] == 2


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def test_attributes_are_a_mapping_with_the_last_value_of_each_name() -> None:
    pairs = TraceRequest().resource_spans.add().resource.attributes
    for key, value in (
        (b"a", AnyValue(int_value=1)),
        (b"a", AnyValue(int_value=2)),
        (b"list", AnyValue(array_value={"values": [AnyValue(string_value=b"x"), AnyValue(bool_value=True)]})),
        (b"none", AnyValue()),
    ):
        pairs.add(key=key, value=value.SerializeToString())
    read = Attributes(pairs)
    assert dict(read) == {"a": 2, "list": ("x", True), "none": None}
    assert (read.get("none", "default"), read.get("gone", "default"), "gone" in read, len(read)) == (
        "default",
        "default",
        False,
        3,
    )
    with pytest.raises(KeyError):
        read["gone"]


def test_a_span_of_the_wire_is_read_as_the_sdks_are(describe: Any) -> None:
    described = describe("one", lib="langsmith", parent="up")
    described["scopeSpans"][0]["spans"][0] |= {
        "status": {"code": 1},
        "events": [
            {
                "name": "exception",
                "timeUnixNano": "5",
                "attributes": [{"key": "exception.message", "value": {"stringValue": "BadRequestError('no')"}}],
            }
        ],
    }
    message = parse(json.dumps({"resourceSpans": [described]}).encode(), JSON)
    span = message.resource_spans[0].scope_spans[0].spans[0]
    read: Any = WireSpan(span, Scope("langsmith", ""), Attributes(()))
    assert read.status.status_code is StatusCode.OK
    assert read.parent.trace_id == read.context.trace_id
    assert read.events[0].attributes["exception.message"] == "BadRequestError('no')"
    assert failure_of(read) == "BadRequestError"
