"""Who answers, by the base URL; and Azure, where a deployment's name stands for a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openai
import pytest

from heliograph.integrations.openai._endpoint import endpoint_of

if TYPE_CHECKING:
    from heliograph.testing import LLMServer

    from .conftest import Seen

HOSTS = [
    ("https://api.openai.com/v1", "openai", 443),
    ("https://eu.api.openai.com/v1", "openai", 443),
    ("https://my-place.openai.azure.com/openai/v1/", "azure.ai.openai", 443),
    ("https://my-place.services.ai.azure.com/models", "azure.ai.inference", 443),
    ("https://api.mistral.ai/v1", "mistral_ai", 443),
    ("https://api.groq.com/openai/v1", "groq", 443),
    ("https://api.deepseek.com", "deepseek", 443),
    ("https://api.x.ai/v1", "x_ai", 443),
    ("https://openrouter.ai/api/v1", "openrouter", 443),
    ("https://api.together.xyz/v1", "together", 443),
    ("https://api.fireworks.ai/inference/v1", "fireworks", 443),
    ("https://api.perplexity.ai", "perplexity", 443),
    ("https://generativelanguage.googleapis.com/v1beta/openai/", "gcp.gemini", 443),
    ("https://us-central1-aiplatform.googleapis.com/v1/projects/p/endpoints/openapi", "gcp.vertex_ai", 443),
    ("https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1", "aws.bedrock", 443),
    ("http://localhost:11434/v1", "ollama", 11434),
    ("http://127.0.0.1:8000/v1", "openai", 8000),
    ("http://gateway.example/v1", "openai", 80),
    ("https://not-api.openai.com.example/v1", "openai", 443),
    ("https://notgroq.example/api.groq.com", "openai", 443),
]


@pytest.mark.parametrize(("url", "provider", "port"), HOSTS, ids=[host[0] for host in HOSTS])
def test_the_provider_is_known_by_its_host(url: str, provider: str, port: int, sync_client: openai.OpenAI) -> None:
    endpoint = endpoint_of(sync_client.with_options(base_url=url))
    assert (endpoint.provider, endpoint.port) == (provider, port)
    assert endpoint.address in url


def test_a_base_url_set_anew_is_noticed(sync_client: openai.OpenAI) -> None:
    client = sync_client.with_options(base_url="https://api.groq.com/openai/v1")
    assert endpoint_of(client).provider == "groq"
    client.base_url = "https://api.x.ai/v1"
    assert endpoint_of(client).provider == "x_ai"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("deployment", [None, "gpt-4o"], ids=["by model", "by deployment"])
def test_azure(stream: bool, deployment: str | None, seen: Seen, server: LLMServer) -> None:
    http: Any = openai.DefaultHttpxClient(verify=False)
    more: Any = {} if deployment is None else {"azure_deployment": deployment}
    client = openai.AzureOpenAI(
        azure_endpoint=server.url, api_key="none", api_version="2024-10-21", http_client=http, **more
    )
    answer = client.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": "What does a heliograph do?"}], stream=stream
    )
    if stream:
        assert len(list(answer)) > 2
    told = seen.one
    assert server.requests()[-1].path == "/openai/deployments/gpt-4o/chat/completions"
    assert told["gen_ai.provider.name"] == "azure.ai.openai"
    assert told["gen_ai.request.model"] == "gpt-4o"
    assert told["gen_ai.response.model"] == "gpt-4o-2024-08-06"
    assert told["gen_ai.usage.input_tokens"] == server.usage()[-1]["usage"]["prompt_tokens"]
