"""What an endpoint hands to the HTTP side: a job that is checked but not done yet, and its answer."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from heliograph.testing._prompt_cache import PromptCache

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from heliograph.testing._ledger import Usage
    from heliograph.testing._models import Model

__all__ = ["DONE", "Engine", "Event", "Job", "Reply", "StreamUsage", "new_id", "sse"]

StreamUsage = Literal["on request", "ignored", "refused", "always"]
"""How an endpoint takes `stream_options`: as OpenAI; not at all; with a 400; or telling the usage unasked, with the
last choice, as Mistral."""

DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True)
class Engine:
    """What the endpoints share."""

    served: frozenset[str] | None = None
    """Names of the models that exist; None: all."""
    own: Callable[[str], str] | None = None
    """A user's way to answer."""
    stream_usage: StreamUsage = "on request"
    """When the last chunk of a chat stream tells the usage."""
    cache: PromptCache = field(default_factory=PromptCache)


@dataclass(frozen=True, slots=True)
class Event:
    """One piece of a streamed answer, and how many output tokens it took to make."""

    data: bytes
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: `body` for a client that waits, `events` for one that streams."""

    id: str
    usage: Usage
    body: dict[str, Any]
    events: Iterable[Event] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """A request that is well-formed; `run` does the work (its argument: kinds of faults that it suffers from)."""

    endpoint: str
    """The API's name of it: chat.completions, embeddings, responses."""
    requested: str
    model: Model
    stream: bool
    run: Callable[[Collection[str]], Reply]


def new_id(prefix: str) -> str:
    """Return an id like the API's: unique over restarts."""
    return prefix + secrets.token_hex(15)[:29]


def sse(data: dict[str, Any], event: str | None = None) -> bytes:
    """Return one server-sent event (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""
    name = f"event: {event}\n" if event else ""
    return f"{name}data: {json.dumps(data, separators=(',', ':'))}\n\n".encode()
