"""Who answers at a client's base URL, in OpenTelemetry's names for providers.

Well-known values of `gen_ai.provider.name`: https://opentelemetry.io/docs/specs/semconv/registry/attributes/gen-ai/.
Endpoints that have no such value are named as the price list names them. An unknown host is taken for what it speaks,
`openai`; `server.address` tells it apart.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakKeyDictionary

__all__ = ["Endpoint", "endpoint_of"]

_HOSTS: Final = {
    "api.openai.com": "openai",
    "openai.azure.com": "azure.ai.openai",
    "cognitiveservices.azure.com": "azure.ai.openai",
    "services.ai.azure.com": "azure.ai.inference",
    "models.ai.azure.com": "azure.ai.inference",
    "models.inference.ai.azure.com": "azure.ai.inference",
    "amazonaws.com": "aws.bedrock",
    "api.aws": "aws.bedrock",
    "api.anthropic.com": "anthropic",
    "api.cerebras.ai": "cerebras",
    "api.cohere.ai": "cohere",
    "api.cohere.com": "cohere",
    "api.deepseek.com": "deepseek",
    "api.fireworks.ai": "fireworks",
    "generativelanguage.googleapis.com": "gcp.gemini",
    "aiplatform.googleapis.com": "gcp.vertex_ai",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral_ai",
    "api.moonshot.ai": "moonshotai",
    "api.moonshot.cn": "moonshotai",
    "openrouter.ai": "openrouter",
    "api.perplexity.ai": "perplexity",
    "api.together.ai": "together",
    "api.together.xyz": "together",
    "api.x.ai": "x_ai",
}
"""Host, or the end of it after a dot."""

_PORTS: Final = {11434: "ollama"}
"""Ports of servers that people run themselves."""

_WRITES_USAGE_UNASKED: Final = frozenset({"mistral_ai"})
"""Providers that end every stream with its usage, and used to refuse being asked for it."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A base URL: the provider, and the address for `server.address` and `server.port`."""

    url: str
    provider: str
    address: str
    port: int

    @property
    def may_be_asked_for_usage(self) -> bool:
        """Whether a stream there may be asked for its usage, as far as is known beforehand."""
        return self.provider not in _WRITES_USAGE_UNASKED


_known: WeakKeyDictionary[Any, tuple[Any, Endpoint]] = WeakKeyDictionary()


def endpoint_of(client: Any) -> Endpoint:  # noqa: ANN401 - of either major version
    """Give the endpoint of an openai client. Remembered per client, until its base URL is set anew."""
    url = client.base_url
    known = _known.get(client)
    if known is not None and known[0] is url:
        return known[1]
    host = str(url.host).lower().rstrip(".")
    port = url.port or (80 if url.scheme == "http" else 443)
    provider = "azure.ai.openai" if _is_azure(client) else _provider(host, port)
    found = Endpoint(str(url), provider, host, port)
    _known[client] = (url, found)
    return found


def _provider(host: str, port: int) -> str:
    rest = host
    while rest:
        if rest in _HOSTS:
            return _HOSTS[rest]
        rest = rest.partition(".")[2]
    # Vertex names its regions in the same label.
    if host.endswith("-aiplatform.googleapis.com"):
        return "gcp.vertex_ai"
    return _PORTS.get(port, "openai")


def _is_azure(client: object) -> bool:
    base = getattr(sys.modules.get("openai.lib.azure"), "BaseAzureClient", None)
    return base is not None and isinstance(client, base)
