"""What a person pastes from the runbooks at night works.

Every shell block is really run by bash, after the block of variables it relies on, with stand-ins for the commands:
what `curl` would have sent is then checked, rather than what a regular expression believes it would have sent.
tests/stack/test_runbooks.py pastes them on the real servers.
"""

from __future__ import annotations

import re
import shlex
from importlib import import_module
from itertools import pairwise
from typing import TYPE_CHECKING

import click
import pytest

from heliograph.cli import _COMMANDS

from .conftest import FILES, RUNBOOKS, blocks

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Session

# Waiting for a person: these have nobody to silence for.
NEVER_SILENCED = {"HeliographNotifyTest", "README", "Watchdog"}
# Nothing to do at night, and slow to end: longer silences are no danger.
UNHURRIED = {
    "CostAnomaly",
    "HighDailyCost",
    "HighHourlyTokens",
    "HighPipelineErrorRate",
    "HighPipelineLatency",
    "HighQueryCost",
    "HighWastedCost",
    "LabelValuesFolded",
    "StalePrices",
    "UnpricedModel",
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize(
    ("trap", "why"),
    [
        (r"!(?!=)", "an interactive shell takes it for history expansion"),
        (r"(^|\s)#", "zsh, as it comes, takes no comments on its command line"),
        (r"<[a-z_-]+>", "a placeholder that is a redirection; use a variable"),
        (r"curl -(?!sS)", "without -S a dead server looks like an empty answer"),
        (r"lookback=", "Jaeger's API ignores it (its user interface does not); `start` works"),
    ],
)
def test_blocks_survive_being_pasted(path: Path, trap: str, why: str) -> None:
    for block in blocks(path, "shell"):
        assert not re.search(trap, block, re.MULTILINE), f"{why}:\n{block}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_all_blocks_run(path: Path, pasted: dict[Path, Session]) -> None:
    assert pasted[path].stderr == ""
    assert pasted[path].code == 0


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_commands_of_ours_exist_and_take_these_options(path: Path, pasted: dict[Path, Session]) -> None:
    """In the blocks as bash sees them, and in the text, where capitals stand for what one has to put there."""
    said = [shlex.split(code) for code in re.findall(r"`(heliograph [^`]*)`", path.read_text(encoding="utf-8"))]
    for _, *words in [*said, *(call for call in pasted[path].commands if call[0] == "heliograph")]:
        _parse(words)


def _parse(words: list[str]) -> None:
    """Read the words as `heliograph` would, without running anything. Raises click's UsageError."""
    name, *rest = words
    assert name in _COMMANDS, f"no such command: heliograph {name}"
    module, attribute, _ = _COMMANDS[name]
    command = getattr(import_module(module), attribute)
    while isinstance(command, click.Group):
        name, *rest = rest
        assert name in command.commands, f"no such command: {name} of {words}"
        command = command.commands[name]
    # Values are not converted: `NAME` in a sentence is no file, and need not be one.
    command.make_parser(click.Context(command)).parse_args(list(rest))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_jaeger_is_asked_with_parameters_it_reads(path: Path, pasted: dict[Path, Session]) -> None:
    for request in pasted[path].requests:
        if ":16686/" in request.url:
            assert set(request.data) <= {"service", "operation", "tags", "start", "end", "limit", "minDuration"}


@pytest.mark.parametrize("name", [path.stem for path in FILES if path.stem not in NEVER_SILENCED])
def test_a_silence_is_its_own_short_and_says_why(name: str, pasted: dict[Path, Session]) -> None:
    (words,) = [call[1:] for call in pasted[RUNBOOKS / f"{name}.md"].commands if call[:2] == ["heliograph", "ack"]]
    assert words[1] == name
    (hours,) = (int(after[:-1]) for word, after in pairwise(words) if word == "--for")
    spared = ("--match", "severity=warning") in pairwise(words)  # the worse tier is still heard
    assert hours <= (12 if spared or name in UNHURRIED else 2)
    assert all(after for word, after in pairwise(words) if word == "--why")
    assert "--why" in words
    assert "--force" not in words
