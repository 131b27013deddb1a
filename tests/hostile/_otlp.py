"""Requests of OTLP as no SDK would send them: by name, with what they are sent as."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from dataclasses import dataclass, field
from typing import Any, Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

__all__ = ["JSON", "PROTOBUF", "Request", "corpus", "good", "in_protobuf", "nested"]

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"
MEBIBYTE: Final = 1_048_576


@dataclass(frozen=True)
class Request:
    """One request to /v1/traces."""

    body: bytes
    kind: str = PROTOBUF
    headers: dict[str, str] = field(default_factory=dict)


def good(number: int, **attributes: str) -> dict[str, Any]:
    """Describe a call of 1 000 + 200 tokens as OTLP/JSON, in a resource of its own."""
    now = time.time_ns()
    said: list[dict[str, Any]] = [
        {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
        {"key": "gen_ai.provider.name", "value": {"stringValue": "openai"}},
        {"key": "gen_ai.request.model", "value": {"stringValue": "gpt-4o"}},
        {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "1000"}},
        {"key": "gen_ai.usage.output_tokens", "value": {"intValue": "200"}},
        *({"key": key, "value": {"stringValue": value}} for key, value in attributes.items()),
    ]
    span = {
        "traceId": f"{number + 1:032x}",
        "spanId": f"{number + 1:016x}",
        "name": f"neighbour-{number}",
        "startTimeUnixNano": str(now - 10**9),
        "endTimeUnixNano": str(now),
        "attributes": said,
    }
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    return {"resource": resource, "scopeSpans": [{"scope": {"name": "lib"}, "spans": [span]}]}


def in_protobuf(*described: dict[str, Any]) -> bytes:
    """Give a request in protobuf."""
    from heliograph.meter._request import parse

    message = parse(json.dumps({"resourceSpans": list(described)}).encode(), JSON).SerializeToString()
    whole: bytes = ExportTraceServiceRequest.FromString(message).SerializeToString()
    return whole


def nested(depth: int) -> bytes:
    """Give a value within a value, within a value."""
    value = b"\x0a\x01x"
    for _ in range(depth):
        for tag in (0x0A, 0x2A):  # ArrayValue.values, AnyValue.array_value
            value = field_of(tag, value)
    return value


def field_of(tag: int, content: bytes) -> bytes:
    """Give a field of protobuf with a length."""
    return bytes([tag]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def corpus() -> dict[str, Request]:
    """Give requests that nobody means well."""
    whole = in_protobuf(good(0))
    text = json.dumps({"resourceSpans": [good(0)]}).encode()
    squeezed = {"Content-Encoding": "gzip"}
    deep = b'{"resourceSpans":' + b"[" * 50_000
    spans = field_of(0x0A, field_of(0x12, b"\x12\x00" * 100_000))
    return {
        "nothing": Request(b""),
        "noise": Request(bytes(range(256)) * 40),
        "half a request": Request(whole[: len(whole) // 2]),
        "a length beyond all": Request(b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
        "a varint without end": Request(b"\xff" * 100),
        "a group that never ends": Request(b"\x0b" * 10_000),
        "a field of number 0": Request(b"\x02\x00"),
        "values nested without end": Request(field_of(0x0A, field_of(0x0A, field_of(0x0A, nested(2000))))),
        "no UTF-8": Request(whole.replace(b"neighbour", b"\xff\xfeighbou")),
        "a hundred thousand empty spans": Request(spans),
        "JSON in protobuf's clothes": Request(text),
        "protobuf in JSON's clothes": Request(whole, JSON),
        "JSON cut short": Request(text[:-20], JSON),
        "JSON nested without end": Request(deep, JSON),
        "JSON of another kind": Request(b'"x"', JSON),
        "a number of a million digits": Request(b'{"resourceSpans":' + b"9" * 1_000_000 + b"}", JSON),
        "NaN": Request(b'{"resourceSpans":[NaN]}', JSON),
        "half a character": Request(text.replace(b"neighbour", b"\\ud83d"), JSON),
        "twice the same key": Request(b'{"resourceSpans":[],"resourceSpans":5}', JSON),
        "ids that are none": Request(text.replace(b'"traceId": "0000', b'"traceId": "zzzz'), JSON),
        "times out of range": Request(text.replace(b'"endTimeUnixNano": "', b'"endTimeUnixNano": "99999'), JSON),
        "a mebibyte in one attribute": Request(
            json.dumps({"resourceSpans": [good(1, big="x" * MEBIBYTE)]}).encode(), JSON
        ),
        "a form": Request(b"a=b", "application/x-www-form-urlencoded"),
        "no content type": Request(whole, ""),
        "another encoding": Request(whole, headers={"Content-Encoding": "br"}),
        "no gzip": Request(whole, headers=squeezed),
        "gzip cut short": Request(gzip.compress(whole)[:-8], headers=squeezed),
        "a bomb of gzip": Request(gzip.compress(bytes(200 * MEBIBYTE)), headers=squeezed),
        "a bomb within a bomb": Request(gzip.compress(gzip.compress(bytes(200 * MEBIBYTE))), headers=squeezed),
        "a bomb of deflate": Request(zlib.compress(bytes(100 * MEBIBYTE)), headers={"Content-Encoding": "deflate"}),
    }
