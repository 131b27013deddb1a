"""The configuration as the real tools see it; they are built once by `heliograph build --all`."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from heliograph.stack._build import binary
from heliograph.stack._paths import config_root
from heliograph.stack._ports import Ports
from heliograph.stack._servers import SERVERS
from heliograph.stack._workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Run = Callable[..., subprocess.CompletedProcess[str]]

ROOT = config_root()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.stack)


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def run() -> Run:
    """Run one of the built tools with nothing but the given environment; its output is one text."""

    def run(tool: str, *arguments: str, env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> Any:
        return subprocess.run(
            [str(binary(tool)), *arguments],
            env=dict(env or {}),
            cwd=cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def load() -> Callable[[str], Any]:
    """Read a YAML file of the repository, anchors resolved."""

    def load(name: str) -> Any:
        return YAML(typ="safe").load(ROOT / name)

    return load


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Render the configuration for a native stack."""
    made = Workspace(tmp_path_factory.mktemp("native") / "state")
    made.prepare()
    ports = Ports.at(100)
    made.write(made.settings([], ports), ports, [server.name for server in SERVERS])
    return made
