"""docs/run.md shows what its programs print: they are run as written there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .test_run import RUNNER, environment

if TYPE_CHECKING:
    from .conftest import World

PAGE = (Path(__file__).parents[2] / "docs" / "run.md").read_text(encoding="utf-8")
EXAMPLES = list(
    zip(
        re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL),
        re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL),
        strict=True,
    )
)


def without_times(shown: str) -> list[str]:
    """Mask what differs from run to run: times, ids of traces, and with them the columns."""
    masked = re.sub(r"(\d+ min )?[\d.]+ m?s\b", "T", re.sub(r"\[[0-9a-f]{4}\]", "[trace]", shown))
    masked = re.sub(r"slowest  T [\w.-]+( in .*)?", "slowest", masked)
    return [re.sub(r" +", " ", line).rstrip() for line in masked.splitlines()]


def show(world: World, program: str, folder: Path) -> tuple[str, str]:
    (folder / "app.py").write_text(program, encoding="utf-8")
    world.server.fault("500", model="broken")
    ended = subprocess.run(
        [*RUNNER, "--", "python", "app.py"],
        cwd=folder,
        env=environment(world),
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    return ended.stdout, ended.stderr


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_the_page_shows_what_its_programs_print(world: World, tmp_path: Path, number: int) -> None:
    program, shown = EXAMPLES[number]
    out, err = show(world, program, tmp_path)
    assert without_times(err) == without_times(shown)
    assert out.splitlines()[-1] == ("no answer", "done")[number]


if __name__ == "__main__":  # prints what belongs on the page, at the pace of a provider
    import os
    import tempfile

    from heliograph.testing import LLMServer

    with LLMServer(first_token=0.35, per_token=0.02) as server:
        server.fault("500", model="broken")
        for example, _ in EXAMPLES:
            with tempfile.TemporaryDirectory() as place:
                Path(place, "app.py").write_text(example, encoding="utf-8")
                said = {**os.environ, "OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "any"}
                subprocess.run([*RUNNER, "--", sys.executable, "app.py"], cwd=place, env=said, check=True)
