"""The major version of the openai client before the current one: our instrumentor's own tests, run with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from heliograph.stack._paths import cache_root

VERSION = "2.54.0"
ROOT = Path(__file__).parents[2]


def previous_openai() -> Path:
    """Install the client and what it needs beside the development environment, once, into the user's cache."""
    home = cache_root() / f"openai-{VERSION}"
    if not (home / "done").exists():
        shutil.rmtree(home, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", str(home)]
        subprocess.run([*pip, f"openai=={VERSION}"], check=True)
        (home / "done").touch()
    return home


def test_our_instrumentor_does_with_it_what_it_does_with_the_current_one() -> None:
    path = os.pathsep.join([str(previous_openai()), *filter(None, [os.environ.get("PYTHONPATH")])])
    said = subprocess.run(
        [sys.executable, "-c", "import openai; print(openai.__version__)"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == VERSION
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit/integrations/openai"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    assert "passed" in done.stdout
