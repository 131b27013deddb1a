"""The program of a test that runs one: it makes calls when it is told to, as an instrumentor does."""

from __future__ import annotations

import textwrap

# A program's own part follows; `call()` makes one call's span, of 0.00021 USD, as an instrumentor does.
PROGRAM = """
import heliograph, logging, os, signal, sys, time
from opentelemetry import trace

def call():
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai",
                  "gen_ai.request.model": "gpt-4o-mini"}
    with trace.get_tracer("test").start_as_current_span("chat", attributes=attributes) as span:
        span.set_attributes({"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 100})
"""
COST = 0.00021


def program(body: str) -> str:
    return PROGRAM + textwrap.dedent(body)
