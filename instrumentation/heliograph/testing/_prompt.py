"""A request for text, read and checked: what both the chat and the responses endpoint make of their JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from heliograph.testing import _tokens
from heliograph.testing._errors import ApiError, invalid, missing, wrong_type
from heliograph.testing._models import Model, look_up

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Message", "Prompt", "Tool", "check_model", "content_text", "number", "text_parameter"]

_PER_MESSAGE = 3  # tokens around each message, and around the answer: OpenAI's cookbook, "How to count tokens"
_PER_IMAGE = 85  # tokens of an image in low detail


@dataclass(frozen=True, slots=True)
class Message:
    """One message: its role, its text, how many images it has, and the names of the tools that it calls."""

    role: str
    text: str
    images: int = 0
    calls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call; `parameters` is a JSON schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is asked of the model."""

    requested: str
    """The name that the client used."""
    model: Model
    messages: Sequence[Message]
    tools: Sequence[Tool] = ()
    tool_choice: str = "auto"
    """auto, none, required, or the name of a tool."""
    schema: Mapping[str, Any] | None = None
    """The JSON schema that the answer must follow; an empty one: any JSON object."""
    max_tokens: int | None = None
    stop: Sequence[str] = ()
    n: int = 1
    effort: str = "medium"
    stream: bool = False
    include_usage: bool = False
    tells_usage: bool = False

    def tokens(self) -> list[str]:
        """Return the tokens of tools and messages in the order in which a prompt cache sees them."""
        definitions = [[tool.name, tool.description, tool.parameters] for tool in self.tools]
        pieces = _tokens.split(json.dumps(definitions, ensure_ascii=False)) if definitions else []
        for message in self.messages:
            pieces += [f"<{message.role}>"] * _PER_MESSAGE
            pieces += _tokens.split(message.text)
            pieces += ["<image>"] * (_PER_IMAGE * message.images)
        pieces += ["<answer>"] * _PER_MESSAGE
        return pieces

    def check_length(self, tokens: int) -> None:
        """Raise ApiError 400 if the prompt is longer than the model's context window."""
        if tokens > self.model.context:
            message = (
                f"This model's maximum context length is {self.model.context} tokens. However, your messages resulted "
                f"in {tokens} tokens. Please reduce the length of the messages."
            )
            raise ApiError(400, message, param="messages", code="context_length_exceeded")


def check_model(body: Mapping[str, Any], served: frozenset[str] | None) -> tuple[str, Model]:
    """Return the requested name and its model; raises ApiError 404 if only others are `served`."""
    name = text_parameter(body, "model")
    if name is None:
        raise ApiError(400, "you must provide a model parameter")
    model = look_up(name)
    if served is not None and name not in served and model.name not in served:
        message = f"The model `{name}` does not exist or you do not have access to it."
        raise ApiError(404, message, code="model_not_found")
    return name, model


def text_parameter(body: Mapping[str, Any], name: str) -> str | None:
    """Return a string of the body, None where it is absent; raises ApiError 400 for another type."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise wrong_type(name, "a string", value)
    return value


def number(body: Mapping[str, Any], name: str, low: float, high: float, *, whole: bool = False) -> float | None:
    """Return a number from `low` to `high`, None where it is absent; raises ApiError 400 for anything else."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        raise wrong_type(name, "an integer" if whole else "a decimal", value)
    if value < low:
        raise invalid(name, f"Expected a value >= {low:g}, but got {value} instead.", code="integer_below_min_value")
    if value > high:
        raise invalid(name, f"Expected a value <= {high:g}, but got {value} instead.", code="integer_above_max_value")
    return float(value)


def content_text(content: object, param: str) -> tuple[str, int]:
    """Return text and number of images of a message's `content`: a string, or parts; raises ApiError 400."""
    if content is None:
        return "", 0
    if isinstance(content, str):
        return content, 0
    if not isinstance(content, list):
        raise wrong_type(param, "a string or an array of objects", content)
    texts, images = [], 0
    for i, part in enumerate(content):
        if not isinstance(part, dict):
            raise wrong_type(f"{param}[{i}]", "an object", part)
        match part.get("type"):
            case "text" | "input_text" | "output_text":
                if not isinstance(part.get("text"), str):
                    raise missing(f"{param}[{i}].text")
                texts.append(part["text"])
            case "refusal":
                texts.append(str(part.get("refusal", "")))
            case "image_url" | "input_image":
                images += 1
            case other:
                raise invalid(f"{param}[{i}].type", f"{other!r} is not supported.")
    return "\n".join(texts), images
