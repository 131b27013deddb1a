"""The demo is the scenario: it runs once on the real servers, and the tests ask the stores what it left there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from heliograph.demo._progress import Progress
from heliograph.demo._story import Demo, free_offset
from heliograph.stack import Stack

from ._otlp import Sender

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heliograph.demo._summary import Summary


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.stack)


@pytest.fixture(scope="session")
def finished_demo(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[tuple[Demo, Summary]]:
    """Run the demo's story to its end and leave its stack up while the tests look."""
    state = tmp_path_factory.mktemp("state")
    before = os.environ.get("HELIOGRAPH_STATE")
    os.environ["HELIOGRAPH_STATE"] = str(state)
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():  # five minutes of silence look like a hang
        demo = Demo(free_offset(), Progress(Console(force_terminal=False)))
        try:
            yield demo, demo.run()
        finally:
            demo.stack.down()
            if before is None:
                del os.environ["HELIOGRAPH_STATE"]
            else:
                os.environ["HELIOGRAPH_STATE"] = before


@pytest.fixture(scope="session")
def demo(finished_demo: tuple[Demo, Summary]) -> Demo:
    return finished_demo[0]


@pytest.fixture(scope="session")
def summary(finished_demo: tuple[Demo, Summary]) -> Summary:
    return finished_demo[1]


# Rules over logs in a hurry: as shipped, some look back over an hour.
_HASTE = """
alerts:
  RunawayAgent: {window: 1m, keep_firing_for: 0s}
  HighUserCost: {window: 10m}
  HighTenantCost:
    window: 1m
    for: 15s
    keep_firing_for: 30s
    overrides:
      - {match: {tenant: "big.*"}, warning: 100, critical: 200}
      - {match: {job: small, deployment_environment_name: prod}, warning: 1, critical: null}
"""


@pytest.fixture(scope="session")
def bare_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run the servers with no application: what arrives there, a test has sent."""
    folder = tmp_path_factory.mktemp("bare")
    overlay = folder / "haste.yaml"
    overlay.write_text(_HASTE, encoding="utf-8")
    stack = Stack(free_offset(), folder / "state", [overlay])
    try:
        stack.up()
        yield stack
    finally:
        stack.down()


@pytest.fixture(scope="session")
def otlp(bare_stack: Stack) -> Sender:
    """Speak OTLP to the bare stack, as a careful or a careless application would."""
    return Sender(bare_stack.urls["otlp"])
