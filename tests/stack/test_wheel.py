"""`heliograph up` works from an installed wheel: the configuration travels inside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from heliograph.demo._story import free_offset
from heliograph.stack._paths import cache_root, config_root

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that holds the unpacked wheel, as an installation would lay it out."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=config_root(),
        check=True,
        capture_output=True,
        timeout=120,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_stack_of_a_wheel_comes_up_and_goes_down(installed: Path, tmp_path: Path) -> None:
    environment = os.environ | {
        "PYTHONPATH": str(installed),
        "HELIOGRAPH_STATE": str(tmp_path),
        "HELIOGRAPH_CACHE": str(cache_root()),
    }
    offset = str(free_offset())

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "heliograph", *arguments, "--port-offset", offset],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    try:
        up = run("up", "--json")
        assert up.returncode == 0, up.stderr
        assert json.loads(up.stdout)
        status = run("status", "--json")
        assert status.returncode == 0, status.stdout
    finally:
        down = run("down")
    assert down.returncode == 0, down.stderr
    assert run("status").returncode == 1
