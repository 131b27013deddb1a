"""How each peer is started, as its own page says: one function each, by the row of the table."""

from __future__ import annotations

import os

__all__ = ["STARTS"]


def nobody() -> None:
    """Start nothing: the client alone."""


def official_openai() -> None:
    """OpenTelemetry's own, for the openai client."""
    from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor

    OpenAIInstrumentor().instrument()


def official_langchain() -> None:
    """OpenTelemetry's own, for LangChain."""
    from opentelemetry.instrumentation.genai.langchain import LangChainInstrumentor

    LangChainInstrumentor().instrument()


def official_agents() -> None:
    """OpenTelemetry's own, for OpenAI's agents, whose own copies go to an address of ours."""
    from agents.tracing.processors import default_exporter
    from opentelemetry.instrumentation.genai.openai_agents import OpenAIAgentsInstrumentor

    default_exporter().endpoint = os.environ["ELSEWHERE"]
    OpenAIAgentsInstrumentor().instrument()


def openai_v2() -> None:
    """Start the contrib predecessor of the official one."""
    from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor

    OpenAIInstrumentor().instrument()


def openinference_openai() -> None:
    """OpenInference, for the openai client."""
    from openinference.instrumentation.openai import OpenAIInstrumentor

    OpenAIInstrumentor().instrument()


def openinference_langchain() -> None:
    """OpenInference, for LangChain."""
    from openinference.instrumentation.langchain import LangChainInstrumentor

    LangChainInstrumentor().instrument()


def openllmetry() -> None:
    """OpenLLMetry's instrumentor for the openai client."""
    from opentelemetry.instrumentation.openai import OpenAIInstrumentor

    OpenAIInstrumentor().instrument()


def traceloop() -> None:
    """Traceloop's SDK, which starts all its instrumentors and sends to an address of its own."""
    from traceloop.sdk import Traceloop

    Traceloop.init(app_name="cell", api_endpoint=os.environ["ELSEWHERE"], api_key="any", telemetry_enabled=False)


def langfuse() -> None:
    """Langfuse's client, which joins the global provider or makes it."""
    from langfuse import Langfuse

    Langfuse(public_key="pk-any", secret_key="sk-any", base_url=os.environ["ELSEWHERE"])


def openlit() -> None:
    """OpenLIT, which sends where OTEL_EXPORTER_OTLP_ENDPOINT says. An address it is given becomes that variable."""
    import openlit

    openlit.init(service_name="cell")


def logfire() -> None:
    """Logfire without its cloud."""
    import logfire

    logfire.configure(send_to_logfire=False, console=False, inspect_arguments=False)
    logfire.instrument_openai()


STARTS = {
    "langfuse": langfuse,
    "langsmith": nobody,
    "langsmith-otel": nobody,
    "logfire": logfire,
    "official-agents": official_agents,
    "official-langchain": official_langchain,
    "official-openai": official_openai,
    "openai": nobody,
    "openai-v2": openai_v2,
    "openinference-langchain": openinference_langchain,
    "openinference-openai": openinference_openai,
    "openlit": openlit,
    "openllmetry-openai": openllmetry,
    "traceloop": traceloop,
}
