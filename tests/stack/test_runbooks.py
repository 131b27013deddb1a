"""Every block of every runbook is pasted, page by page, on the real servers after the demo, and they understand.

What it says depends on what is wrong, which nothing is; that nothing complains is what counts:
PromQL and LogQL as the servers themselves read them, addresses, parameters, jq programs over real answers.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from heliograph.demo._story import Demo

RUNBOOKS = Path(__file__).resolve().parents[2] / "docs" / "runbooks"
PAGES = sorted(RUNBOOKS.glob("*.md"))

# Answers of 4xx and 5xx are failures. Nobody outside of this machine is asked; and the page about runaways, say, finds
# none, so that there is no trace to read.
CURL = """#!/bin/sh
case "$*" in
  *https://*) echo '401 after 0.2 s' ;;
  *http_code*) exec {curl} "$@" ;;
  */api/traces/null*) echo '{{"data": [{{"spans": []}}]}}' ;;
  *) exec {curl} --fail-with-body "$@" ;;
esac
"""
# The stack of the demo. An acknowledgement wants an alert that fires, a reload would change the stack under the other
# tests, a notification is another test's, and `my-finetune-7` has no price, which `prices` reports by its status.
HELIOGRAPH = """#!/bin/sh
case "$1" in
  ack | reload | notify-test) ;;
  status | logs) exec {python} -m heliograph "$@" --state {state} ;;
  alerts | canary) exec {python} -m heliograph "$@" --port-offset {offset} ;;
  prices) said=$({python} -m heliograph "$@" 2>&1) || [ $? -eq 1 ] || echo "$said" >&2 ;;
  *) exec {python} -m heliograph "$@" ;;
esac
"""
# To find nothing is no failure; a pattern that it cannot read is.
GREP = """#!/bin/sh
{grep} "$@" || [ $? -eq 1 ]
"""


@pytest.fixture(scope="session")
def shell(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment of a person who has the demo's stack before them."""
    folder = tmp_path_factory.mktemp("bin")
    found = {name: shutil.which(name) for name in ("bash", "curl", "grep", "jq")}
    if missing := [name for name, path in found.items() if path is None]:
        pytest.skip(f"needs {', '.join(missing)}")
    scripts = {
        "curl": CURL.format(**found),
        "grep": GREP.format(**found),
        "heliograph": HELIOGRAPH.format(python=sys.executable, state=demo.state, offset=demo.offset),
    }
    for name, text in scripts.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}


def script(page: Path, offset: int) -> str:
    """Return all shell blocks of a page, and its PromQL as Explore would ask it, for a stack on other ports."""
    tokens = MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))
    fences = [(token.info.strip(), token.content) for token in tokens if token.type == "fence"]
    text = "".join(content if language == "shell" else explored(content) for language, content in fences)
    return re.sub(r"localhost:(\d+)", lambda found: f"localhost:{int(found[1]) + offset}", text)


def explored(query: str) -> str:
    return f"curl -sSG http://localhost:9090/api/v1/query --data-urlencode 'query={query.strip()}'\n"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_is_pasted_is_understood(page: Path, demo: Demo, shell: dict[str, str]) -> None:
    done = subprocess.run(
        ["bash", "--norc", "-u", "-c", script(page, demo.offset)],
        env=shell,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stderr == ""
