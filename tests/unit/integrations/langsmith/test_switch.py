"""LangSmith's own switches are obeyed."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import pytest

from heliograph.integrations import _langsmith


@pytest.mark.parametrize("variable", ["LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"])
def test_the_user_can_switch_it_off(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    import wrapt

    registered: list[str] = []
    monkeypatch.setattr(wrapt, "register_post_import_hook", lambda _, module: registered.append(module))
    runtime: Any = SimpleNamespace(tracers=object(), settings=SimpleNamespace(captures_content=False))
    monkeypatch.setenv(variable, "false")
    _langsmith.activate(runtime)
    assert registered == []
    monkeypatch.setenv(variable, "true")
    _langsmith.activate(runtime)
    assert "langsmith.client" in registered
    assert variable in os.environ
