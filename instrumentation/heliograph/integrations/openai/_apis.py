"""The parts of the API whose calls are metered: from a request's body to the attributes its span starts with.

Names: https://opentelemetry.io/docs/specs/semconv/gen-ai/openai/. The sampler and the processor read operation,
provider and model when the span starts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from heliograph.genai.vocabulary import METERED

if TYPE_CHECKING:
    from opentelemetry.util.types import AttributeValue

    from heliograph.integrations.openai._endpoint import Endpoint

__all__ = ["APIS", "Api", "starting_attributes"]

Kind = Literal["chat", "text", "responses", "embeddings"]
Convert = Literal["number", "integer", "text", "texts"]


@dataclass(frozen=True, slots=True)
class Api:
    """One path of the API."""

    kind: Kind
    operation: str
    parameters: tuple[tuple[str, str, Convert], ...]
    """(name in the body, attribute, type) of what is put on the span."""
    api_type: str | None = None
    """`openai.api.type`."""
    usage_on_request: bool = False
    """Whether its streams report usage only when `stream_options` ask for it."""


_SAMPLING: Final[tuple[tuple[str, str, Convert], ...]] = (
    ("temperature", "gen_ai.request.temperature", "number"),
    ("top_p", "gen_ai.request.top_p", "number"),
    ("service_tier", "openai.request.service_tier", "text"),
)
_COMPLETION: Final[tuple[tuple[str, str, Convert], ...]] = (
    *_SAMPLING,
    ("max_tokens", "gen_ai.request.max_tokens", "integer"),
    ("frequency_penalty", "gen_ai.request.frequency_penalty", "number"),
    ("presence_penalty", "gen_ai.request.presence_penalty", "number"),
    ("seed", "gen_ai.request.seed", "integer"),
    ("stop", "gen_ai.request.stop_sequences", "texts"),
)
_CHAT: Final = Api(
    "chat",
    "chat",
    (*_COMPLETION, ("max_completion_tokens", "gen_ai.request.max_tokens", "integer")),
    api_type="chat_completions",
    usage_on_request=True,
)
_RESPONSES: Final = Api(
    "responses",
    "chat",
    (*_SAMPLING, ("max_output_tokens", "gen_ai.request.max_tokens", "integer")),
    api_type="responses",
)
_EMBEDDINGS: Final = Api(
    "embeddings",
    "embeddings",
    (
        ("dimensions", "gen_ai.embeddings.dimension.count", "integer"),
        ("encoding_format", "gen_ai.request.encoding_formats", "texts"),
    ),
)
_TEXT: Final = Api("text", "text_completion", _COMPLETION, usage_on_request=True)

_LARGEST: Final = 2**53
"""Larger numbers, infinite ones and NaN mean nothing as a parameter, and the wire has 64 bits for an integer."""

APIS: Final[Mapping[str, Api]] = {
    "/chat/completions": _CHAT,
    "/completions": _TEXT,
    "/embeddings": _EMBEDDINGS,
    "/responses": _RESPONSES,
    "/responses?beta=true": _RESPONSES,
}
"""By the path that the client's resources post to, before Azure's deployment is put into it."""


def starting_attributes(
    api: Api, body: Mapping[str, Any], endpoint: Endpoint, model: str | None, *, stream: bool
) -> dict[str, AttributeValue]:
    """Give the attributes of a span that starts: who is asked, for what, and with which parameters."""
    said: dict[str, AttributeValue] = {
        "gen_ai.operation.name": api.operation,
        "gen_ai.provider.name": endpoint.provider,
        METERED.name: True,  # here, it costs no second write when the processor meets the span
        "server.address": endpoint.address,
        "server.port": endpoint.port,
    }
    if model is not None:
        said["gen_ai.request.model"] = model
    if api.api_type is not None:
        said["openai.api.type"] = api.api_type
    if stream:
        said["gen_ai.request.stream"] = True
    for name, attribute, kind in api.parameters:
        if name in body:
            value = _converted(body[name], kind)
            if value is not None:
                said[attribute] = value
    choices = body.get("n")
    if isinstance(choices, int) and choices != 1 and abs(choices) <= _LARGEST and api.kind in {"chat", "text"}:
        said["gen_ai.request.choice.count"] = choices
    output = _output_type(api, body)
    if output is not None:
        said["gen_ai.output.type"] = output
    return said


def _converted(value: object, kind: Convert) -> AttributeValue | None:
    """Give the value if it has the attribute's type, else None: what the caller passes is not checked by anyone yet."""
    if kind == "texts":
        if isinstance(value, str):
            return [value]
        return [each for each in value if isinstance(each, str)] or None if isinstance(value, (list, tuple)) else None
    if kind == "text":
        return value if isinstance(value, str) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -_LARGEST <= value <= _LARGEST:
        return None
    return int(value) if kind == "integer" else float(value)


def _output_type(api: Api, body: Mapping[str, Any]) -> str | None:
    wanted = body.get("response_format") if api.kind == "chat" else None
    if api.kind == "responses" and isinstance(body.get("text"), Mapping):
        wanted = body["text"].get("format")
    if not isinstance(wanted, Mapping):
        return None
    return {"text": "text", "json_object": "json", "json_schema": "json"}.get(str(wanted.get("type")))
