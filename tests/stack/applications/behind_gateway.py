"""An application that knows its gateway only. Its requests carry the trace on, as an HTTP instrumentation does it."""

from __future__ import annotations

from typing import Any

import openai
from opentelemetry import propagate

import heliograph


def carry_on(request: Any) -> None:
    """Send `traceparent` and `tracestate` of the span that the request is made in."""
    propagate.inject(request.headers)


heliograph.configure("behind-gateway")
client = openai.OpenAI(http_client=openai.DefaultHttpxClient(event_hooks={"request": [carry_on]}))
with heliograph.query("gateway"):
    for text in ("What is a span?", "What is a metric?"):
        client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": text}])
