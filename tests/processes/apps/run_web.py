"""A WSGI application that knows nothing of heliograph: one call a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import openai

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

client = openai.OpenAI(max_retries=0)


def app(environ: dict[str, object], start_response: Callable[..., object]) -> Iterable[bytes]:
    if environ["PATH_INFO"] == "/ask":
        client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "The Moon?"}])
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ok"]
