"""Names and ids, whoever wrote the span."""

from __future__ import annotations

from typing import Any

import pytest

from heliograph.genai import _providers
from heliograph.genai import vocabulary as v
from heliograph.genai._prices import _names
from heliograph.genai._providers import canonical_provider
from heliograph.genai._read import call_at_start, is_call, looks_like_genai, read_call, read_ids, starts_call
from heliograph.genai._read._values import MOST_TOKENS, count, dictionary, flag


@pytest.mark.parametrize(
    ("said", "model", "provider"),
    [
        ("openai", "", "openai"),
        ("OpenAI", "", "openai"),
        ("openai.responses", "", "openai"),
        ("azure", "", "azure.ai.openai"),
        ("az.ai.openai", "", "azure.ai.openai"),
        ("azure.ai.openai", "", "azure.ai.openai"),
        ("azure-openai.chat", "", "azure.ai.openai"),
        ("Anthropic", "", "anthropic"),
        ("anthropic.messages", "", "anthropic"),
        ("amazon-bedrock", "", "aws.bedrock"),
        ("AWS", "", "aws.bedrock"),
        ("vertex_ai", "", "gcp.vertex_ai"),
        ("google.vertex.chat", "", "gcp.vertex_ai"),
        ("google.generative-ai", "", "gcp.gemini"),
        ("gemini", "", "gcp.gemini"),
        ("google", "", "gcp.gen_ai"),
        ("mistralai", "", "mistral_ai"),
        ("xai", "", "x_ai"),
        (None, "gpt-4o", "openai"),
        ("langchain", "claude-3-5-haiku-20241022", "anthropic"),
        ("Unknown", "us.anthropic.claude-3-5-haiku-20241022-v1:0", "aws.bedrock"),
        ("litellm", "mistral/mistral-large-latest", "mistral_ai"),
        ("langchain", "house-model", "unknown"),
        ("Acme.Models", "gpt-4o", "acme.models"),
    ],
)
def test_one_name_per_provider(said: str | None, model: str, provider: str) -> None:
    assert canonical_provider(said, model) == provider


def test_provider_names_are_stable() -> None:
    """A name that has been given stays what it is when it is read again."""
    for name in (None, "google", "azure", "bedrock", "xai", "Acme.Models", "fireworks_ai", "watsonx"):
        once = canonical_provider(name)
        assert canonical_provider(once) == once


def test_the_label_leads_to_the_prices_that_the_name_leads_to() -> None:
    """Two tables, labels and price lists: a name in either must not change whose prices are paid."""
    for home, names in _names._SPELLINGS.items():
        for name in (home, *names):
            assert _names.canonical(canonical_provider(name)) == home, name
    for ours, others in _providers._SPELLINGS.items():
        for name in others:
            assert _names.canonical(canonical_provider(name)) == _names.canonical(ours), name


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"user.id": "u", "gen_ai.conversation.id": "s"}, {"user_id": "u", "session_id": "s"}),
        ({"langfuse.user.id": "u", "langfuse.session.id": "s"}, {"user_id": "u", "session_id": "s"}),
        (
            {
                "traceloop.association.properties.user_id": "u",
                "traceloop.association.properties.session_id": "s",
                "traceloop.workflow.name": "w",
            },
            {"user_id": "u", "session_id": "s", "chain": "w"},
        ),
        ({"langsmith.metadata.user_id": "u", "langsmith.metadata.thread_id": "s"}, {"user_id": "u", "session_id": "s"}),
        (
            {"metadata.user_api_key_end_user_id": "u", "metadata.user_api_key_team_id": "t"},
            {"user_id": "u", "tenant": "t"},
        ),
        (
            {
                "ai.telemetry.metadata.userId": "u",
                "ai.telemetry.metadata.sessionId": "s",
                "ai.telemetry.functionId": "f",
            },
            {"user_id": "u", "session_id": "s", "chain": "f"},
        ),
        (
            {"heliograph.tenant": "t", "heliograph.query_type": "q", "heliograph.chain": "c"},
            {"tenant": "t", "query_type": "q", "chain": "c"},
        ),
        (
            {"langfuse.observation.prompt.name": "p", "langfuse.observation.prompt.version": 3},
            {"prompt_name": "p", "prompt_version": "3"},
        ),
        ({"langsmith.trace.session_id": "a project"}, {}),
        ({"user.id": "u" * 300}, {"user_id": "u" * 256}),
    ],
)
def test_ids(light: Any, attributes: dict[str, Any], expected: dict[str, str]) -> None:
    ids = read_ids(light(attributes=attributes))
    names = ("query_type", "user_id", "session_id", "tenant", "chain", "prompt_name", "prompt_version")
    said = {name: getattr(ids, name) for name in names}
    assert {name: value for name, value in said.items() if value not in {None, "default"}} == expected


@pytest.mark.parametrize(
    "mark",
    ["gen_ai.system", "llm.request.type", "openinference.span.kind", "langfuse.observation.type", "ai.operationId"],
)
def test_spans_about_models_are_known_as_they_start(mark: str) -> None:
    assert looks_like_genai({mark: "anything"})
    assert not looks_like_genai({"http.method": "GET"})
    assert not looks_like_genai({})
    assert not looks_like_genai(None)


@pytest.mark.parametrize(
    ("attributes", "operation"),
    [
        ({"gen_ai.operation.name": "chat"}, "chat"),
        ({"llm.request.type": "embedding"}, "embeddings"),
        ({"openinference.span.kind": "LLM"}, "chat"),
        ({"ai.operationId": "ai.streamText.doStream"}, "chat"),
        ({"ai.operationId": "ai.streamText"}, None),
        ({"openinference.span.kind": "AGENT", "gen_ai.operation.name": "chat"}, None),
        ({"gen_ai.operation.name": "execute_tool"}, None),
        ({"http.method": "GET"}, None),
        (None, None),
    ],
)
def test_what_is_known_of_a_call_as_it_starts(attributes: dict[str, Any] | None, operation: str | None) -> None:
    assert call_at_start(attributes) == operation
    assert starts_call(attributes) is (operation is not None)


@pytest.mark.parametrize("alias", sorted(v.OPERATION_ALIASES))
def test_other_names_of_operations_are_counted(light: Any, alias: str) -> None:
    span = light(attributes={"gen_ai.operation.name": alias})
    assert is_call(span)
    assert read_call(span).operation == v.OPERATION_ALIASES[alias]


@pytest.mark.parametrize(
    ("value", "tokens"),
    [
        (7, 7),
        (7.0, 7),
        ("7", 7),
        (" 7 ", 7),
        ("7.0", 7),
        (0, 0),
        (MOST_TOKENS, MOST_TOKENS),
        (MOST_TOKENS + 1, None),
        ("7.5", None),
        ("-7", None),
        ("7e3", None),
        ("seven", None),
        ("", None),
        ("9" * 30, None),
        (-1, None),
        (True, None),
        (float("nan"), None),
        ([7], None),
    ],
)
def test_counts(value: Any, tokens: int | None) -> None:
    assert count(value) == tokens


@pytest.mark.parametrize(("value", "truth"), [("False", False), ("True", True), ("0", False), (1, True), (None, False)])
def test_flags(value: Any, truth: bool) -> None:
    assert flag(value) is truth


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ('{"a": 1}', {"a": 1}),
        ("{'a': 1}", {"a": 1}),
        ("[1]", {}),
        ("{'a': __import__('os')}", {}),
        ("{" * 2000, {}),
        ("9" * 5000, {}),
        (7, {}),
    ],
)
def test_dictionaries(value: Any, found: dict[str, Any]) -> None:
    assert dictionary(value) == found
