"""The part of OTLP that the meter reads, as messages of its own.

The generated classes refuse a whole request for one string that is no UTF-8, or one value that is nested too deeply;
the collector passes both on, together with the spans of other applications. Protocol Buffers write a string, a
message and bytes the same way, so here strings are bytes, and an attribute's value stays bytes until it is asked
for: one bad value spoils nothing but itself, and prompts are never parsed.

Field numbers: https://github.com/open-telemetry/opentelemetry-proto (trace, common and resource, v1).
"""

from __future__ import annotations

from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

__all__ = ["AnyValue", "TraceRequest"]

_PACKAGE: Final = "heliograph.meter"
_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS: Final = {
    "bytes": _Field.TYPE_BYTES,
    "bool": _Field.TYPE_BOOL,
    "int64": _Field.TYPE_INT64,
    "double": _Field.TYPE_DOUBLE,
    "fixed64": _Field.TYPE_FIXED64,
    "fixed32": _Field.TYPE_FIXED32,
    "enum": _Field.TYPE_INT32,
}

# message -> field -> (number, type); `*` marks repeated ones, `?` a member of the message's only oneof.
_MESSAGES: Final[dict[str, dict[str, tuple[int, str]]]] = {
    "TraceRequest": {"resource_spans": (1, "*ResourceSpans")},
    "ResourceSpans": {"resource": (1, "Resource"), "scope_spans": (2, "*ScopeSpans")},
    "Resource": {"attributes": (1, "*KeyValue")},
    "ScopeSpans": {"scope": (1, "Scope"), "spans": (2, "*Span")},
    "Scope": {"name": (1, "bytes"), "version": (2, "bytes")},
    "Span": {
        "trace_id": (1, "bytes"),
        "span_id": (2, "bytes"),
        "trace_state": (3, "bytes"),
        "parent_span_id": (4, "bytes"),
        "name": (5, "bytes"),
        "start_time_unix_nano": (7, "fixed64"),
        "end_time_unix_nano": (8, "fixed64"),
        "attributes": (9, "*KeyValue"),
        "events": (11, "*Event"),
        "status": (15, "Status"),
    },
    "Event": {"time_unix_nano": (1, "fixed64"), "name": (2, "bytes"), "attributes": (3, "*KeyValue")},
    "Status": {"message": (2, "bytes"), "code": (3, "enum")},
    "KeyValue": {"key": (1, "bytes"), "value": (2, "bytes")},
    "AnyValue": {
        "string_value": (1, "?bytes"),
        "bool_value": (2, "?bool"),
        "int_value": (3, "?int64"),
        "double_value": (4, "?double"),
        "array_value": (5, "?ArrayValue"),
    },
    "ArrayValue": {"values": (1, "*AnyValue")},
}


def _describe() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name=f"{_PACKAGE}/otlp.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            made = message.field.add(name=field, number=number)
            made.label = _Field.LABEL_REPEATED if kind.startswith("*") else _Field.LABEL_OPTIONAL
            if kind.startswith("?"):
                if not message.oneof_decl:
                    message.oneof_decl.add(name="value")
                made.oneof_index = 0
            bare = kind.lstrip("*?")
            if bare in _SCALARS:
                made.type = _SCALARS[bare]
            else:
                made.type = _Field.TYPE_MESSAGE
                made.type_name = f".{_PACKAGE}.{bare}"
    return file


_pool = descriptor_pool.DescriptorPool()
_pool.Add(_describe())


def _class(name: str) -> Any:  # noqa: ANN401 - made at run time
    return message_factory.GetMessageClass(_pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))


TraceRequest: Final = _class("TraceRequest")
"""ExportTraceServiceRequest."""
AnyValue: Final = _class("AnyValue")
"""An attribute's value: parse `KeyValue.value` with it."""
