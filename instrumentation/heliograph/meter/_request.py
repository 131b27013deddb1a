"""From the body of an HTTP request to spans: encodings, formats, limits, and what is wrong with a request."""

from __future__ import annotations

import base64
import json
import zlib
from http import HTTPStatus
from typing import Any, Final

from google.protobuf.message import DecodeError

from heliograph.meter._schema import TraceRequest

__all__ = ["JSON", "PROTOBUF", "RefusedError", "parse", "uncompressed"]

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"
_GZIP: Final = 31  # zlib's window size, with a gzip header
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
    if encoding != "gzip":
        raise RefusedError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported", f"content encoding {encoding!r}: send gzip, or none"
        )
    unpacker = zlib.decompressobj(_GZIP)
    try:
        content = unpacker.decompress(body, limit + 1)
    except zlib.error as error:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "malformed", f"the body is no gzip: {error}") from None
    if len(content) > limit:
        raise too_large(limit)
    if not unpacker.eof:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "malformed", "the body's gzip is cut short")
    return content


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
    try:
        return TraceRequest.FromString(content)
    except DecodeError:
        raise _malformed("the body is no OTLP trace request in protobuf") from None


def _from_json(content: bytes) -> bytes:
    """Translate OTLP's JSON to protobuf. It differs from protobuf's own JSON: ids are hexadecimal, not base64."""
    from google.protobuf import json_format
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    try:
        said = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _malformed(f"the body is no JSON: {error}") from None
    if not isinstance(said, dict):
        raise _malformed('the body is no OTLP trace request: expected an object with "resourceSpans"')
    try:
        for span in _spans(said):
            _translate_ids(span)
        message = json_format.ParseDict(said, ExportTraceServiceRequest(), ignore_unknown_fields=True)
        translated: bytes = message.SerializeToString()
    except (json_format.ParseError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise _malformed(f"the body is no OTLP trace request in JSON: {error}") from None
    return translated


def _spans(request: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        span
        for resource in request.get("resourceSpans") or ()
        for scope in resource.get("scopeSpans") or ()
        for span in scope.get("spans") or ()
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


def _malformed(reason: str) -> RefusedError:
    return RefusedError(HTTPStatus.BAD_REQUEST, "malformed", reason)
