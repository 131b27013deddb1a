"""Whose price list a call belongs to, and under which name its model stands there.

Providers are named by OpenTelemetry, by each instrumentor and by each gateway in a spelling of its own. The lists
are those of `genai-prices`. A name that is not known here leads nowhere: a call at an unknown provider is unpriced
unless the configuration says whose prices it pays (`prices.providers`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["canonical", "homes"]

# The list's name <- the names of others, lower case. Names that are equal need no entry.
_SPELLINGS: Final[dict[str, tuple[str, ...]]] = {
    "anthropic": ("claude",),
    "aws": (
        *("amazon_bedrock", "aws.bedrock", "aws_bedrock", "bedrock", "bedrock_converse", "amazon.bedrock"),
        *("chatbedrock", "chatbedrockconverse", "amazon"),
    ),
    "azure": (
        *("az.ai.inference", "az.ai.openai", "azure.ai.inference", "azure.ai.openai", "azure_ai", "azure_ai_foundry"),
        *("azure_inference", "azure_openai", "azure-openai", "azure_text", "azureopenai", "azure_ai_inference"),
    ),
    "cohere": ("cohere_chat", "cohere_v2"),
    "deepseek": ("deep_seek", "deepseek_ai"),
    "fireworks": ("fireworks_ai", "fireworks-ai", "fireworksai", "fireworks_ai-embedding-models"),
    "github-copilot": ("github_copilot",),
    "google": (
        *("gcp", "gcp.gemini", "gcp.gen_ai", "gcp.vertex_ai", "gemini", "google_ai_studio", "google_genai"),
        *("google_generative_ai", "google_gla", "google-gla", "google_vertex", "google_vertexai", "google-vertex"),
        *("googleai", "palm", "vertex", "vertex_ai", "vertex_ai_beta", "vertexai", "vertex_anthropic"),
        *("vertex_ai-anthropic_models", "vertex_ai-language-models", "vertex_ai-embedding-models", "google.genai"),
    ),
    "meta": ("meta_llama",),
    "mistral": ("codestral", "mistral_ai", "mistral-ai", "mistralai", "text-completion-codestral"),
    "moonshotai": ("moonshot", "moonshot_ai", "moonshot-ai"),
    "openai": ("openai_chat", "open_ai", "openai.chat", "openai.responses", "text-completion-openai"),
    "openrouter": ("open_router",),
    "perplexity": ("perplexity_ai", "perplexityai"),
    "together": ("together_ai", "together-ai", "togetherai"),
    "voyageai": ("voyage", "voyage_ai"),
    "x-ai": ("grok", "x_ai", "xai", "x.ai"),
    "zai": ("z-ai", "z_ai", "z.ai"),
    "zhipuai": ("zhipu", "zhipu_ai", "bigmodel"),
}
_CANONICAL: Final = {name: home for home, names in _SPELLINGS.items() for name in names}

# Middlemen without prices of their own, frameworks that name themselves, and spans that name no provider: the name
# of the model must say who answers.
_MIDDLEMEN: Final = frozenset(
    {
        *("", "_other", "unknown", "custom_openai", "litellm", "litellm_proxy", "openai_compatible"),
        *("openai-compatible", "openai_like", "portkey", "helicone", "vercel", "vercel_ai_gateway", "ai_gateway"),
        *("gateway", "langchain", "langgraph", "langsmith", "llama_index", "llamaindex", "haystack", "pydantic_ai"),
        *("semantic_kernel", "instructor", "dspy", "crewai", "autogen"),
    }
)

# What may stand before a slash and then says who answers: LiteLLM's names of providers, OpenRouter's of makers.
# Organisations of a model hub that publish weights (meta-llama, mistralai, deepseek-ai, qwen ...) are missing on
# purpose: anyone may serve those at any price, also the machine below the desk.
_PREFIXES: Final = {
    **{name: name for name in ("anthropic", "azure", "cerebras", "cohere", "deepseek", "groq", "minimax", "mistral")},
    **{name: name for name in ("google", "novita", "openai", "openrouter", "perplexity", "voyageai", "x-ai", "zai")},
    **{name: _CANONICAL[name] for name in ("azure_ai", "bedrock", "bedrock_converse", "cohere_chat", "fireworks_ai")},
    **{name: _CANONICAL[name] for name in ("gemini", "moonshot", "together_ai", "vertex_ai", "voyage", "xai", "z-ai")},
}

# Names of prices that hold in one region, geography or data zone, where the list knows the usual price only. Of
# Bedrock's profiles it knows the geographies of these makers, which cost 10 % more wherever they are; Amazon's own and
# Meta's models cost up to 30 % more in Europe and Asia, and everything does in the government's regions.
_REGIONAL: Final = {
    "aws": re.compile(
        r"(?:bedrock/)?[a-z]{2}(?:-[a-z]+)+-[0-9]/|us-gov\."
        r"|(?:af|apac|au|ca|eu|il|jp|me|mx|sa)\.(?!anthropic\.|moonshotai\.|openai\.|zai\.)"
    ),
    "azure": re.compile(r"(?:azure(?:_ai)?/)?(?:eu|us)/"),
}

# Makers whose models carry unmistakable names and cost the same at the other places that sell them.
_MAKERS: Final = (
    ("openai", ("gpt-3.5", "gpt-4", "gpt-5", "gpt-6", "chatgpt-", "o1", "o3", "o4", "text-embedding-", "ft:")),
    ("anthropic", ("claude-",)),
    ("google", ("gemini-",)),
    ("x-ai", ("grok-",)),
)


def canonical(provider: str, aliases: Mapping[str, str] | None = None) -> str:
    """Return the list's name of a provider; the name itself, in lower case, where nothing is known of it."""
    name = provider.strip().lower()
    if aliases and name in aliases:
        name = aliases[name].lower()
    return _CANONICAL.get(name, name)


def homes(provider: str, model: str, aliases: Mapping[str, str] | None = None) -> Iterator[tuple[str, str]]:
    """Yield (price list, name there), the most certain first."""
    home, name = canonical(provider, aliases), model.strip().lower()
    if home in _MIDDLEMEN:
        yield from _by_prefix(name)
        yield from ((maker, name) for maker, starts in _MAKERS if name.startswith(starts))
        return
    for spelling in _spellings(home, name):
        yield home, spelling
    if home == "openai":  # OpenAI's client speaks to everything that speaks its protocol
        yield from _by_prefix(name)


def _by_prefix(name: str) -> Iterator[tuple[str, str]]:
    head, slash, rest = name.partition("/")
    home = _PREFIXES.get(head)
    if slash and home is not None:
        for spelling in _spellings(home, rest):
            yield home, spelling


def _spellings(home: str, name: str) -> Iterator[str]:
    if name.startswith("arn:"):  # arn:aws:bedrock:us-east-1:...:inference-profile/us.anthropic.claude-...
        name = name.rpartition("/")[2]
    regional = _REGIONAL.get(home)
    return (spelling for spelling in _written(home, name) if regional is None or not regional.match(spelling))


def _written(home: str, name: str) -> Iterator[str]:
    yield name
    for marker in ("models/", "converse/", "invoke/"):  # models/gemini-2.5-pro, publishers/google/models/...
        _, found, rest = name.rpartition(marker)
        if found and rest:
            yield rest
    head, slash, rest = name.partition("/")
    if slash and rest and _CANONICAL.get(head, head) == home:
        yield rest
        yield from (tail for tail in (rest.removeprefix("converse/"),) if tail != rest)
    base, at, version = name.rpartition("@")  # Vertex AI: claude-sonnet-4-5@20250929, ...@default
    if at and version == "default":
        yield base
