"""LangSmith's variables in both spellings, and what it is answered where the user says nothing."""

from __future__ import annotations

import pytest

from heliograph.integrations._langsmith import _environment

MODES = {
    "nothing": ({}, "langsmith"),
    "LANGSMITH": ({"LANGSMITH_TRACING_MODE": "otel"}, "otel"),
    "LANGCHAIN": ({"LANGCHAIN_TRACING_MODE": "hybrid"}, "hybrid"),
    "LANGSMITH goes first": ({"LANGSMITH_TRACING_MODE": "otel", "LANGCHAIN_TRACING_MODE": "hybrid"}, "otel"),
    "capitals": ({"LANGSMITH_TRACING_MODE": "OTEL"}, "otel"),
    "unknown": ({"LANGSMITH_TRACING_MODE": "both"}, "langsmith"),
    "blank": ({"LANGSMITH_TRACING_MODE": " "}, "langsmith"),
    "older": ({"LANGSMITH_OTEL_ENABLED": "true"}, "hybrid"),
    "older, only": ({"LANGSMITH_OTEL_ENABLED": "true", "LANGSMITH_OTEL_ONLY": "true"}, "otel"),
    "older, off": ({"LANGSMITH_OTEL_ENABLED": "false"}, "langsmith"),
    "newer goes before older": ({"LANGSMITH_TRACING_MODE": "langsmith", "LANGSMITH_OTEL_ONLY": "1"}, "langsmith"),
}


@pytest.mark.parametrize("name", MODES)
def test_the_mode_is_what_langsmith_would_take(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    variables, expected = MODES[name]
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    assert _environment.mode() == expected


SWITCHES = {
    "nothing": ({}, False),
    "on": ({"LANGSMITH_TRACING": "true"}, False),
    "on, older": ({"LANGCHAIN_TRACING_V2": "true"}, False),
    "off": ({"LANGSMITH_TRACING": "false"}, True),
    "off, older": ({"LANGCHAIN_TRACING_V2": "false"}, True),
    "LangSmith knows no other yes": ({"LANGSMITH_TRACING": "1"}, True),
    "V2 goes first": ({"LANGCHAIN_TRACING_V2": "true", "LANGSMITH_TRACING": "false"}, False),
}


@pytest.mark.parametrize("name", SWITCHES)
def test_the_users_switch_is_obeyed(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    variables, off = SWITCHES[name]
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    assert _environment.switched_off() is off


KEYS = {
    "nothing": ({}, True),
    "key": ({"LANGSMITH_API_KEY": "k"}, False),
    "key, older": ({"LANGCHAIN_API_KEY": "k"}, False),
    "blank": ({"LANGSMITH_API_KEY": "  "}, True),
    "several endpoints": ({"LANGSMITH_RUNS_ENDPOINTS": "[]"}, False),
    "endpoint and project are no key": ({"LANGCHAIN_ENDPOINT": "http://x", "LANGCHAIN_PROJECT": "p"}, True),
}


@pytest.mark.parametrize("name", KEYS)
def test_what_counts_as_a_key(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    variables, none = KEYS[name]
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    assert _environment.asks_for_nothing() is none


ANSWERS = {
    "on by default": ({}, "TRACING", None, "true"),
    "unless the user says something": ({"LANGSMITH_TRACING": "false"}, "TRACING", "false", "false"),
    "in either spelling": ({"LANGCHAIN_TRACING_V2": "false"}, "TRACING", None, None),
    "its own exporter makes no spans": ({"LANGSMITH_TRACING_MODE": "otel"}, "TRACING_MODE", "otel", "langsmith"),
    "nor by the older variable": ({"LANGSMITH_OTEL_ENABLED": "true"}, "OTEL_ENABLED", "true", "false"),
    "a process that ends does not wait": ({}, "USE_DAEMON", None, "true"),
    "unless the user wants it to": ({"LANGSMITH_USE_DAEMON": "false"}, "USE_DAEMON", "false", "false"),
    "others are the user's": ({}, "PROJECT", "mine", "mine"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_langsmith_is_answered(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    variables, asked, value, expected = ANSWERS[name]
    for variable, said in variables.items():
        monkeypatch.setenv(variable, said)
    assert _environment.otherwise(asked, value) == expected
