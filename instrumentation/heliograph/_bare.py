"""The `heliograph` command where click is not installed: what the base install can do, and what it takes to do more."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NoReturn

from heliograph._version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["bare"]

_MORE = "pip install 'heliograph[stack]'"

_HELP = f"""\
Usage: heliograph run -- python app.py

  See a program's calls of models: tokens, cost, errors, each in a line. The
  program stays as it is; heliograph run --help says more.

  This is the base install, the application's part. All other commands (up,
  export, canary, llm-server, ...) come with the operator's tools:

    {_MORE}

Options:
  --version   Show the version and exit.
  -h, --help  Show this message and exit.
"""


def bare(argv: Sequence[str]) -> NoReturn:
    """Do what needs no operator's tools, or say what to install; leave with the status."""
    match list(argv):
        case ["run", *rest]:
            from heliograph.run._cli import bare as run

            run(rest)
        case [] | ["-h" | "--help", *_]:
            sys.stdout.write(_HELP)
            raise SystemExit(0)
        case ["--version", *_]:
            sys.stdout.write(f"heliograph, version {__version__}\n")
            raise SystemExit(0)
        case [name, *_]:
            sys.stderr.write(
                f"heliograph: {name!r} needs the operator's tools.\n"
                "  why:  only the application's part is installed\n"
                f"  next: {_MORE}\n"
            )
    raise SystemExit(2)
