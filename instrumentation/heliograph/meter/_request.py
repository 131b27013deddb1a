"""From the body of an HTTP request to spans: encodings, formats, limits, and what is wrong with a request."""

from __future__ import annotations

import base64
import json
import zlib
from http import HTTPStatus
from typing import Any, Final

from google.protobuf.message import DecodeError

from heliograph.meter import _parts
from heliograph.meter._schema import TraceRequest

__all__ = ["JSON", "PROTOBUF", "RefusedError", "parse", "uncompressed"]

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"
_GZIP: Final = {"gzip", "x-gzip"}
# Content coding -> zlib's window size, which says what header to expect. `deflate` has zlib's header (RFC 9110, 8.4.1).
_WINDOWS: Final = {**dict.fromkeys(_GZIP, 31), "deflate": 15, "zlib": 15}
_MOST_MEMBERS: Final = 64  # of one gzip; each costs a copy of what is left
_IDS: Final = ("traceId", "spanId", "parentSpanId")


class RefusedError(Exception):
    """A request that is not taken. `label` names the reason in the meter's own metrics."""

    def __init__(self, status: HTTPStatus, label: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.label = label
        self.reason = reason


def uncompressed(body: bytes, encoding: str, limit: int) -> bytes:
    """Undo the content encoding; raises RefusedError past `limit` bytes, so that a gzip bomb ends early."""
    if encoding in {"", "identity"}:
        return body
    if encoding not in _WINDOWS:
        raise RefusedError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported", f"content encoding {encoding!r}: send gzip, or none"
        )
    content = b""
    for _ in range(_MOST_MEMBERS if encoding in _GZIP else 1):
        unpacker = zlib.decompressobj(_WINDOWS[encoding])
        try:
            content += unpacker.decompress(body, limit + 1 - len(content))
        except zlib.error as error:
            raise _malformed(f"the body is no {encoding}: {error}") from None
        if len(content) > limit:
            raise too_large(limit)
        if not unpacker.eof:
            raise _malformed(f"the body's {encoding} is cut short")
        body = unpacker.unused_data
        if not body:
            return content
    raise _malformed(f"something follows the body's {encoding}")


def too_large(limit: int) -> RefusedError:
    """Say that a request is larger than `limit` bytes."""
    return RefusedError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", f"at most {limit} bytes are taken, after decompression"
    )


def parse(content: bytes, kind: str) -> Any:  # noqa: ANN401 - a message class made at run time
    """Read an OTLP trace request of the content type `kind`; raises RefusedError when it is none."""
    if kind == JSON:
        content = _from_json(content)
    elif kind != PROTOBUF:
        raise RefusedError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported", f"content type {kind!r}: send {PROTOBUF} or {JSON}"
        )
    elif _parts.in_protobuf(content) > _parts.MOST_PARTS:
        raise _too_many()
    try:
        return TraceRequest.FromString(content)
    except DecodeError:
        raise _malformed("the body is no OTLP trace request in protobuf") from None


def _from_json(content: bytes) -> bytes:
    """Translate OTLP's JSON to protobuf. It differs from protobuf's own JSON: ids are hexadecimal, not base64."""
    if content.count(b"{") > _parts.MOST_OBJECTS:
        raise _too_many()
    try:
        said = _loaded(content)
    except (ValueError, RecursionError) as error:
        raise _malformed(f"the body is no JSON: {error}") from None
    if not isinstance(said, dict):
        raise _malformed('the body is no OTLP trace request: expected an object with "resourceSpans"')
    try:
        if _parts.in_json(said) > _parts.MOST_PARTS:
            raise _too_many()
        for spans in _spans(said):
            for span in spans:
                _translate_ids(span)
        return _translated(said)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise _malformed(f"the body is no OTLP trace request in JSON: {error}") from None


def _loaded(content: bytes) -> Any:  # noqa: ANN401 - any JSON
    text = content.decode(json.detect_encoding(content), "replace")
    said = json.loads(text)
    if "\\ud" in text or "\\uD" in text:
        # JavaScript cuts texts within a character, and JSON can say half of one; protobuf cannot.
        whole = json.dumps(said, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        said = json.loads(whole)
    return said


def _translated(said: dict[str, Any]) -> bytes:
    """Give the request in protobuf, with an empty span for each that cannot be read; raises ValueError."""
    from google.protobuf import json_format
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

    def translated(given: Any, message: Any) -> bytes:  # noqa: ANN401 - messages have no common class with stubs
        try:
            made: bytes = json_format.ParseDict(given, message, ignore_unknown_fields=True).SerializeToString()
        except (json_format.ParseError, TypeError, AttributeError) as error:
            raise ValueError(str(error)) from None
        return made

    try:
        return translated(said, ExportTraceServiceRequest())
    except ValueError:
        for spans in _spans(said):
            for index, span in enumerate(spans):
                try:
                    translated(span, Span())
                except ValueError:
                    spans[index] = {}
        return translated(said, ExportTraceServiceRequest())


def _spans(request: dict[str, Any]) -> list[list[dict[str, Any]]]:
    return [
        scope.get("spans") or []
        for resource in request.get("resourceSpans") or ()
        for scope in resource.get("scopeSpans") or ()
    ]


def _translate_ids(span: dict[str, Any]) -> None:
    for holder in (span, *(span.get("links") or ())):
        for name in _IDS:
            given = holder.get(name)
            if given is None:
                continue
            try:
                raw = bytes.fromhex(given)
            except (ValueError, TypeError):
                raw = b"\0"  # no valid id has one byte: this span is refused, the others of the request are not
            holder[name] = base64.b64encode(raw).decode()


def _too_many() -> RefusedError:
    return RefusedError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too_large",
        f"at most {_parts.MOST_PARTS} resources, scopes and spans are taken at once",
    )


def _malformed(reason: str) -> RefusedError:
    return RefusedError(HTTPStatus.BAD_REQUEST, "malformed", reason)
