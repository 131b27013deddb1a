"""Choosing instrumentors, and reading rate limits: by table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from heliograph.integrations import _instrumentors
from heliograph.integrations._rate_limits import Quota, read_quotas


@dataclass
class _Distribution:
    name: str


@dataclass
class _Entry:
    name: str
    dist: _Distribution


def entries(*pairs: tuple[str, str]) -> Any:
    return [_Entry(name, _Distribution(distribution)) for name, distribution in pairs]


OFFICIAL = ("openai", "opentelemetry-instrumentation-genai-openai")
CONTRIB = ("openai", "opentelemetry-instrumentation-openai-v2")
LMETRY = ("openai", "opentelemetry-instrumentation-openai")
HTTPX = ("httpx", "opentelemetry-instrumentation-httpx")


@pytest.mark.parametrize(
    ("installed", "wanted", "expected"),
    [
        ([LMETRY, OFFICIAL], None, ["heliograph"]),
        ([OFFICIAL, HTTPX], None, ["heliograph"]),
        ([], {"openai": ""}, ["heliograph"]),
        ([OFFICIAL], {"openai": "heliograph"}, ["heliograph"]),
        ([OFFICIAL], {"openai": OFFICIAL[1]}, [OFFICIAL[1]]),
        ([OFFICIAL, HTTPX], {"httpx": ""}, ["opentelemetry-instrumentation-httpx"]),
        ([LMETRY, OFFICIAL], {"openai": LMETRY[1]}, [LMETRY[1]]),
        ([OFFICIAL], {"openai": LMETRY[1]}, []),
        ([OFFICIAL], {}, []),
        ([("langchain", "opentelemetry-instrumentation-no-such-library")], {"nothing": ""}, []),
        ([], None, ["heliograph"]),
    ],
)
def test_one_instrumentor_per_library(installed: Any, wanted: Any, expected: list[str]) -> None:
    chosen = _instrumentors.choose(entries(*installed), wanted)
    assert [choice.distribution for choice in chosen] == expected


def test_a_library_that_is_not_installed_is_left_out() -> None:
    wanted = {"crewai": ""}
    assert _instrumentors.choose(entries(("crewai", "opentelemetry-instrumentation-genai-crewai")), wanted) == []


def test_without_a_choice_of_ours_an_installed_instrumentor_is_taken() -> None:
    pairs = [("langchain", "opentelemetry-instrumentation-langchain")]
    pairs += [("langchain", "opentelemetry-instrumentation-genai-langchain")]
    library = _instrumentors._LIBRARIES["langchain"]
    best = _instrumentors._best(entries(*pairs), library, "")
    assert best is not None
    assert _instrumentors._distribution(best) == "opentelemetry-instrumentation-genai-langchain"


@pytest.mark.parametrize("value", ["openai", "*", "httpx, openai"])
def test_opentelemetrys_own_switch_is_obeyed(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", value)
    assert _instrumentors.choose(entries(OFFICIAL), None) == []


@pytest.mark.parametrize(
    ("variable", "argument", "expected"),
    [
        (None, True, None),
        (None, False, {}),
        (None, ["openai"], {"openai": ""}),
        (None, ["llama-index", "openai=my-dist"], {"llama_index": "", "openai": "my-dist"}),
        ("none", True, {}),
        ("openai=x, anthropic", False, {"openai": "x", "anthropic": ""}),
    ],
)
def test_the_users_wish(monkeypatch: pytest.MonkeyPatch, variable: str | None, argument: Any, expected: Any) -> None:
    if variable is not None:
        monkeypatch.setenv("HELIOGRAPH_INSTRUMENTORS", variable)
    assert _instrumentors._wanted(argument) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, []),
        (
            {
                "x-ratelimit-limit-requests": "500",
                "x-ratelimit-remaining-requests": "499",
                "x-ratelimit-limit-tokens": "30000",
                "x-ratelimit-remaining-tokens": "29000",
                "x-ratelimit-reset-tokens": "6m0s",
            },
            [Quota("requests", 500, 499), Quota("tokens", 30000, 29000)],
        ),
        (
            {"anthropic-ratelimit-requests-limit": "50", "anthropic-ratelimit-requests-remaining": "0"},
            [Quota("requests", 50, 0)],
        ),
        (
            {
                "anthropic-ratelimit-input-tokens-limit": "40000",
                "anthropic-ratelimit-input-tokens-remaining": "39000",
                "anthropic-ratelimit-output-tokens-limit": "8000",
                "anthropic-ratelimit-output-tokens-remaining": "8000",
            },
            [Quota("input_tokens", 40000, 39000), Quota("output_tokens", 8000, 8000)],
        ),
        ({"X-RateLimit-Remaining-Requests": "119", "X-RateLimit-Limit-Requests": "120"}, [Quota("requests", 120, 119)]),
        ({"x-ratelimit-remaining-tokens": "7"}, [Quota("tokens", None, 7)]),
        ({"x-ratelimit-limit-tokens": "-1", "x-ratelimit-remaining-tokens": "lots"}, []),
    ],
    ids=["none", "openai", "anthropic", "anthropic by direction", "any case", "azure without limits", "nonsense"],
)
def test_rate_limit_headers(headers: dict[str, str], expected: list[Quota]) -> None:
    assert read_quotas(headers) == expected
