"""What is set up before langsmith is imported: nothing where nobody wants it, and nothing that harms the import."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import wrapt

from heliograph.integrations._langsmith import _activate


@pytest.fixture
def hooked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Name the modules whose import is waited for."""
    names: list[str] = []
    monkeypatch.setattr(wrapt, "register_post_import_hook", lambda _, module: names.append(module))
    for prefix in ("LANGSMITH", "LANGCHAIN"):
        for name in ("TRACING", "TRACING_V2"):
            monkeypatch.delenv(f"{prefix}_{name}", raising=False)
    return names


def runtime(tracers: object) -> Any:
    return SimpleNamespace(tracers=tracers)


def test_every_module_that_is_tied_into_is_waited_for(hooked: list[str]) -> None:
    _activate.activate(runtime(object()))
    assert hooked == list(_activate._MODULES)


def test_without_traces_langsmith_is_left_alone(hooked: list[str]) -> None:
    _activate.activate(runtime(None))
    assert hooked == []


def test_switched_off_it_is_left_alone(hooked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGSMITH_TRACING", "false")
    _activate.activate(runtime(object()))
    assert hooked == []


def test_a_defect_of_ours_is_said_and_the_import_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> Any:
        raise AttributeError("langsmith has changed")

    _activate._hook(broken, "client")(ModuleType("langsmith.client"))
    assert "langsmith.client could not be observed: its runs are not seen" in caplog.text
