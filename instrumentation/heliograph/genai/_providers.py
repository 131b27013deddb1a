"""One name per provider, whatever a library calls it.

The names are those of `gen_ai.provider.name` in OpenTelemetry's semantic conventions 0.66b2 where it has one, and
lower-case words with underscores elsewhere. The price lists have names of their own; that table is with the prices.
"""

from __future__ import annotations

from typing import Final

__all__ = ["UNKNOWN", "canonical_provider"]

UNKNOWN: Final = "unknown"

# Ours <- the names of others, in small letters and with underscores. From: OpenTelemetry's old `gen_ai.system`,
# OpenInference's `llm.provider` and `llm.system`, OpenLLMetry's GenAISystem, OpenLIT, LiteLLM's providers, LangChain's
# `ls_provider`, the Vercel AI SDK's provider ids.
_SPELLINGS: Final[dict[str, tuple[str, ...]]] = {
    "anthropic": ("claude",),
    "aws.bedrock": (
        *("amazon", "amazon.bedrock", "amazon_bedrock", "aws", "aws_bedrock", "bedrock", "bedrock_converse"),
        *("chatbedrock", "chatbedrockconverse"),
    ),
    "azure.ai.inference": ("az.ai.inference", "azure_ai", "azure_ai_foundry", "azure_ai_inference", "azure_inference"),
    "azure.ai.openai": ("az.ai.openai", "azure", "azure_openai", "azure_text", "azureopenai"),
    "cerebras": (),
    "cohere": ("cohere_chat", "cohere_v2"),
    "deepseek": ("deep_seek", "deepseek_ai"),
    "fireworks": ("fireworks_ai", "fireworksai"),
    "gcp.gemini": ("gemini", "google.generative_ai", "google_ai_studio", "google_generativeai", "google_gla"),
    "gcp.gen_ai": ("gcp", "google", "google.genai", "google_genai", "google_generative_ai", "googleai"),
    "gcp.vertex_ai": (
        *("google.vertex", "google_vertex", "google_vertexai", "vertex", "vertex_ai", "vertex_ai_beta", "vertexai"),
        *("vertex_anthropic",),
    ),
    "groq": (),
    "huggingface": ("hugging_face",),
    "ibm.watsonx.ai": ("ibm.watson.ai", "watsonx"),
    "minimax": (),
    "mistral_ai": ("codestral", "mistral", "mistralai", "text_completion_codestral"),
    "moonshot": ("moonshot_ai", "moonshotai"),
    "ollama": ("ollama_chat",),
    "openai": ("open_ai", "openai_chat", "text_completion_openai"),
    "openrouter": ("open_router",),
    "perplexity": ("perplexity_ai", "perplexityai"),
    "replicate": (),
    "together_ai": ("together", "togetherai"),
    "vllm": ("hosted_vllm",),
    "voyage_ai": ("voyage", "voyageai"),
    "x_ai": ("grok", "x.ai", "xai"),
    "zai": ("z.ai", "z_ai"),
    "zhipu_ai": ("bigmodel", "zhipu", "zhipuai"),
}
_OURS: Final = {name: ours for ours, names in _SPELLINGS.items() for name in (ours, *names)}

# What stands for no provider: gateways without models of their own, and libraries that name themselves.
_NOT_PROVIDERS: Final = frozenset(
    {
        *("", "_other", "none", "other", UNKNOWN),
        *("ai_gateway", "custom_openai", "gateway", "helicone", "litellm", "litellm_proxy", "openai_compatible"),
        *("openai_like", "portkey", "vercel", "vercel_ai_gateway"),
        *("autogen", "crewai", "dspy", "haystack", "instructor", "langchain", "langgraph", "langsmith", "llama_index"),
        *("llamaindex", "pydantic_ai", "semantic_kernel"),
    }
)

# How a model's name begins -> who makes it. Only asked where a span names no provider (Langfuse's never do).
_MAKERS: Final = (
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
    ("voyage-", "voyage_ai"),
)
# Bedrock's ids: `anthropic.claude-…-v1:0`, `us.amazon.nova-…-v1:0`.
_OF_BEDROCK: Final = ("amazon.", "anthropic.", "apac.", "cohere.", "eu.", "global.", "meta.", "mistral.", "us.")


def canonical_provider(name: str | None, model: str = "") -> str:
    """Give the one name of a provider; the model's maker where the name stands for none; `unknown` at last.

    Ids that go on after a dot (`openai.chat`, `google.vertex.chat`) are those of the Vercel AI SDK. A name that
    nobody here knows stays as it is, in small letters.
    """
    asked = (name or "").strip().lower()
    folded = _folded(asked)
    if folded in _NOT_PROVIDERS:
        return _maker(model)
    while folded:
        if folded in _OURS:
            return _OURS[folded]
        folded = folded.rpartition(".")[0]
    return asked


def _maker(model: str) -> str:
    asked = model.strip().lower()
    vendor, slash, rest = asked.partition("/")
    if slash and rest and _folded(vendor) in _OURS:
        return _OURS[_folded(vendor)]
    for beginning, provider in _MAKERS:
        if asked.startswith(beginning):
            return provider
    return "aws.bedrock" if asked.startswith(_OF_BEDROCK) and ":" in asked else UNKNOWN


def _folded(name: str) -> str:
    return name.replace("-", "_").replace(" ", "_")
