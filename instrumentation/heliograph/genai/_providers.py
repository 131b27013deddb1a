"""One name per provider, whatever a library calls it.

The names are those of `gen_ai.provider.name` in OpenTelemetry's semantic conventions 0.66b2 where it has one, and
lower-case words with underscores elsewhere. The price list has names of its own; that table is with the prices.
"""

from __future__ import annotations

from typing import Final

__all__ = ["canonical_provider", "is_provider"]

UNKNOWN: Final = "unknown"

# Other names -> ours, in small letters. From: OpenTelemetry's old `gen_ai.system` values, OpenInference's
# `llm.provider` and `llm.system`, OpenLLMetry's GenAISystem, LiteLLM's providers, the Vercel AI SDK's provider ids.
_OTHER_NAMES: Final = {
    "amazon-bedrock": "aws.bedrock",
    "aws": "aws.bedrock",
    "aws_bedrock": "aws.bedrock",
    "az.ai.inference": "azure.ai.inference",
    "az.ai.openai": "azure.ai.openai",
    "azure": "azure.ai.openai",
    "azure-openai": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "azure_openai": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "cohere_chat": "cohere",
    "fireworks_ai": "fireworks",
    "gemini": "gcp.gemini",
    "google": "gcp.gen_ai",
    "google-genai": "gcp.gen_ai",
    "google-vertex": "gcp.vertex_ai",
    "google.generative-ai": "gcp.gemini",
    "google.vertex": "gcp.vertex_ai",
    "google_ai_studio": "gcp.gemini",
    "google_genai": "gcp.gen_ai",
    "google_generativeai": "gcp.gemini",
    "google_vertexai": "gcp.vertex_ai",
    "hugging_face": "huggingface",
    "ibm.watson.ai": "ibm.watsonx.ai",
    "mistral": "mistral_ai",
    "mistralai": "mistral_ai",
    "moonshotai": "moonshot",
    "text-completion-openai": "openai",
    "together": "together_ai",
    "togetherai": "together_ai",
    "vertex_ai": "gcp.vertex_ai",
    "vertex_ai_beta": "gcp.vertex_ai",
    "vertexai": "gcp.vertex_ai",
    "watsonx": "ibm.watsonx.ai",
    "xai": "x_ai",
}

_NAMES: Final = frozenset(
    {
        *_OTHER_NAMES.values(),
        "anthropic",
        "cerebras",
        "cohere",
        "deepseek",
        "groq",
        "minimax",
        "ollama",
        "openai",
        "openrouter",
        "perplexity",
        "replicate",
        "vllm",
        "voyageai",
        "zai",
    }
)

# What libraries write where they do not know the provider: the library's own name, mostly.
_NOT_PROVIDERS: Final = frozenset(
    {
        "",
        "crewai",
        "haystack",
        "langchain",
        "langgraph",
        "litellm",
        "llama_index",
        "llamaindex",
        "none",
        "other",
        "unknown",
    }
)

# How a model's name begins -> who makes it. Only asked where a span names no provider (Langfuse's never do).
_BY_MODEL: Final = (
    ("chatgpt-", "openai"),
    ("claude-", "anthropic"),
    ("codestral", "mistral_ai"),
    ("command-", "cohere"),
    ("dall-e-", "openai"),
    ("deepseek-", "deepseek"),
    ("embed-", "cohere"),
    ("ft:gpt-", "openai"),
    ("gemini-", "gcp.gemini"),
    ("gpt-", "openai"),
    ("grok-", "x_ai"),
    ("ministral", "mistral_ai"),
    ("mistral-", "mistral_ai"),
    ("models/gemini-", "gcp.gemini"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4-", "openai"),
    ("pixtral", "mistral_ai"),
    ("rerank-", "cohere"),
    ("sonar", "perplexity"),
    ("text-embedding-3-", "openai"),
    ("text-embedding-ada-", "openai"),
    ("voyage-", "voyageai"),
)
_REGIONAL: Final = ("anthropic.", "amazon.", "meta.", "cohere.", "mistral.", "us.", "eu.", "apac.", "global.")


def canonical_provider(name: str | None, model: str = "") -> str:
    """Give the one name of a provider; of the model's maker where the name is none; `unknown` at last.

    Ids that go on after a dot (`openai.chat`, `google.vertex.chat`) are those of the Vercel AI SDK. A name that
    nobody here knows stays as it is, in small letters.
    """
    asked = (name or "").strip().lower()
    if asked in _NOT_PROVIDERS:
        return _maker(model)
    known = asked
    while known:
        if known in _NAMES:
            return known
        if known in _OTHER_NAMES:
            return _OTHER_NAMES[known]
        known = known.rpartition(".")[0]
    return asked


def is_provider(name: str) -> bool:
    """Whether the word, in small letters, is a name of a provider that is known here."""
    return name in _NAMES or name in _OTHER_NAMES


def _maker(model: str) -> str:
    asked = model.strip().lower()
    vendor, slash, rest = asked.partition("/")
    if slash and rest and is_provider(vendor):
        return canonical_provider(vendor)
    for beginning, provider in _BY_MODEL:
        if asked.startswith(beginning):
            return provider
    # Bedrock's ids: `anthropic.claude-…-v1:0`, `us.amazon.nova-…`.
    if asked.startswith(_REGIONAL) and ":" in asked:
        return "aws.bedrock"
    return UNKNOWN
