"""The vendors' SDKs, each as its own documentation starts it, but towards the sink."""

from __future__ import annotations

import os
from typing import Any

from benchmarks.overhead.worker._model import client
from benchmarks.overhead.worker._ready import Ready, of_client

__all__ = ["langfuse", "langsmith", "logfire", "openlit", "openllmetry"]


def openllmetry(endpoint: str) -> Ready:
    """Start Traceloop's SDK; what it would report of its own use to its maker stays off."""
    from traceloop.sdk import Traceloop  # type: ignore[import-not-found]

    Traceloop.init(app_name="bench", api_endpoint=endpoint, api_key="nobody", telemetry_enabled=False)
    return of_client(client(), _flush_globals, "traceloop-sdk")


def openlit(endpoint: str) -> Ready:
    """Start OpenLIT."""
    import openlit as package  # type: ignore[import-not-found]

    package.init(otlp_endpoint=endpoint, application_name="bench")
    return of_client(client(), _flush_globals, "openlit")


def langsmith(endpoint: str) -> Ready:
    """Wrap the client as LangSmith's page says."""
    os.environ |= {
        "LANGSMITH_TRACING": "true",
        "LANGSMITH_ENDPOINT": endpoint,
        "LANGSMITH_API_KEY": "nobody",
        "LANGSMITH_PROJECT": "bench",
    }
    from langsmith.run_trees import get_cached_client
    from langsmith.wrappers import wrap_openai

    return of_client(wrap_openai(client()), lambda: get_cached_client().flush(), "langsmith")


def langfuse(endpoint: str) -> Ready:
    """Take the client from Langfuse instead of openai."""
    from langfuse import Langfuse  # type: ignore[import-not-found]

    owner = Langfuse(public_key="pk-nobody", secret_key="sk-nobody", base_url=endpoint)  # noqa: S106 - nobody's
    from langfuse.openai import OpenAI  # type: ignore[import-not-found]

    return of_client(client(OpenAI), owner.flush, "langfuse")


def logfire(endpoint: str) -> Ready:
    """Start Logfire towards an OTLP endpoint, without its lines on the console."""
    os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint
    import logfire as package  # type: ignore[import-not-found]

    package.configure(send_to_logfire=False, console=False, service_name="bench")
    instrumented = client()
    package.instrument_openai(instrumented)
    return of_client(instrumented, lambda: package.force_flush(30_000), "logfire")


def _flush_globals() -> None:
    from opentelemetry._logs import get_logger_provider
    from opentelemetry.metrics import get_meter_provider
    from opentelemetry.trace import get_tracer_provider

    owners: tuple[Any, ...] = (get_tracer_provider(), get_logger_provider(), get_meter_provider())
    for provider in owners:
        flush = getattr(provider, "force_flush", None)  # providers that do nothing have none
        if flush is not None:
            flush()
