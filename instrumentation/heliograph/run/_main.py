"""The command: options, the first line, the program, the summary. Standard library only."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from typing import TYPE_CHECKING, Final

from heliograph.errors import HeliographError
from heliograph.run._collector import collector

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TextIO

__all__ = ["main"]

_USAGE: Final = "heliograph run [-h] [-q] [--json FILE] [-m MODULE | --] COMMAND [ARGUMENTS ...]"
_HELP: Final = """\
Run a program as it is, and see its calls of models: model, tokens, cost, latency, errors, and what they are part of.

One line on stderr for each call that ended, and a summary at the end. The program's own input and output stay its own,
so that pipes work; its exit status is passed on. Processes that it starts are seen too, workers and forks as well.

Nothing leaves the process but to the model's provider, unless OTEL_EXPORTER_OTLP_ENDPOINT (or HELIOGRAPH_ENDPOINT)
names a collector; prompts and answers are never shown.
"""
_EXAMPLES: Final = """\
examples:
  heliograph run app.py                        this Python runs the script
  heliograph run -- python app.py --verbose    that of the PATH does
  heliograph run -m pytest tests               python -m pytest tests
  heliograph run -- uvicorn app:app            Ctrl-C ends it, with a summary
  heliograph run -q -- python app.py           the summary only
  heliograph run --json calls.jsonl -- python app.py | sort
  heliograph run --json - -q -- python app.py  JSON lines on stderr

exit status: that of the program; 128 + n where signal n ended it; 127 where it is not found, 126 where it cannot be
run, 2 for a mistake in these options. docs/run.md says more.
"""


def main(argv: Sequence[str], environment: Mapping[str, str] = os.environ) -> int:
    """Run what `argv`, all behind `heliograph run`, says; return the exit status. Raises HeliographError."""
    parser = argparse.ArgumentParser(
        prog="heliograph run",
        usage=_USAGE,
        description=_HELP,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="no line for each call: the summary only")
    parser.add_argument(
        "--json",
        metavar="FILE",
        help="write a JSON object for each call, query, chain and tool, and the summary, one "
        "a line; - is stderr, in place of what a person reads",
    )
    parser.add_argument(
        "-m", metavar="MODULE", dest="module", help="run a module, as python -m does; all behind is its"
    )
    options, command = _split(argv)
    chosen = parser.parse_args(options)
    if chosen.module is None and not command:
        parser.print_usage(sys.stderr)
        raise HeliographError("what shall be run?", hint="heliograph run -- python app.py", exit_code=2)
    return _run(command, chosen, environment)


def _split(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Part our options from the command, which begins at the first word that is none of ours, or behind -m MODULE."""
    i = 0
    while i < len(argv):
        word = argv[i]
        if word == "--":
            return list(argv[:i]), list(argv[i + 1 :])
        if word == "-m" or (word.startswith("-m") and not word.startswith("--")):
            end = i + (2 if word == "-m" else 1)
            return list(argv[:end]), list(argv[end:])
        if not word.startswith("-"):
            return list(argv[:i]), list(argv[i:])
        i += 2 if word == "--json" else 1
    return list(argv), []


def _run(given: Sequence[str], chosen: argparse.Namespace, environment: Mapping[str, str]) -> int:
    from heliograph.run._command import command as resolve
    from heliograph.run._launch import environment_for, run
    from heliograph.run._listen import Listener
    from heliograph.run._show import Show

    command = resolve(given, module=chosen.module, environment=environment)
    with contextlib.ExitStack() as stack:
        machine = _machine(chosen.json, stack)
        show = Show(None if chosen.json == "-" else sys.stderr, machine, live=not chosen.quiet)
        listener = stack.enter_context(Listener(show.receive, show.tally.ended))
        show.begin(_where(environment))
        began = time.monotonic()
        status = run(command, environment_for(environment, listener.path))
        listener.finish()
        show.tally.dropped += listener.malformed
        show.end(time.monotonic() - began, status)
        if show.failed is not None:
            sys.stderr.write(f"heliograph: {chosen.json} is incomplete: {show.failed}\n")
    return status


def _machine(name: str | None, stack: contextlib.ExitStack) -> TextIO | None:
    if name is None:
        return None
    if name == "-":
        return sys.stderr
    try:
        return stack.enter_context(open(name, "w", encoding="utf-8"))  # noqa: PTH123 - pathlib takes longer to import
    except OSError as error:
        raise HeliographError(f"{name} cannot be written", why=str(error), exit_code=2) from None


def _where(environment: Mapping[str, str]) -> str:
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return "heliograph: OTEL_SDK_DISABLED is true, so nothing is counted"
    named = collector(environment)
    if named is None:
        return "heliograph: calls of models are shown here; telemetry goes nowhere but this terminal"
    return f"heliograph: calls of models are shown here; telemetry goes to {named[0]} too ({named[1]})"
