"""The package's surface: its names, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import heliograph

HEAVY = ("click", "genai_prices", "httpx2", "openai", "opentelemetry.sdk", "pydantic", "requests", "rich")


UNASKED = (
    "click",
    "genai_prices",
    "heliograph.integrations._langsmith._hooks",
    "heliograph.integrations.openai._client",
    "httpx2",
    "langsmith",
    "openai",
    "pydantic",
    "rich",
)
"""What an application that is configured loads only once it uses it."""


def loaded(code: str, names: tuple[str, ...]) -> str:
    told = f"import heliograph, sys\n{code}\nprint([name for name in {names!r} if name in sys.modules])"
    return subprocess.run(
        [sys.executable, "-c", told], capture_output=True, text=True, timeout=60, check=True
    ).stdout.strip()


def test_exported_names() -> None:
    assert heliograph.__all__ == [
        "__version__",
        "chain",
        "configure",
        "flush",
        "metrics_endpoint",
        "query",
        "shutdown",
    ]
    for name in heliograph.__all__:
        assert getattr(heliograph, name) is not None


def test_import_is_light() -> None:
    assert loaded("", HEAVY) == "[]"


def test_touching_a_name_does_not_load_what_configuring_needs() -> None:
    assert loaded("heliograph.configure; heliograph.query", HEAVY) == "[]"


def test_configuring_is_light() -> None:
    assert loaded("heliograph.configure(endpoint='http://127.0.0.1:9')", UNASKED) == "[]"
