"""The package's surface: its names, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import heliograph

HEAVY = ("click", "genai_prices", "httpx2", "openai", "opentelemetry.sdk", "pydantic", "requests", "rich")


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
    code = f"import heliograph, sys; print([m for m in {HEAVY!r} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert shown.stdout.strip() == "[]"
