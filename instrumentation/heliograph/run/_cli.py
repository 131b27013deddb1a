"""`heliograph run` where click is not installed: the base install is enough to see an application's calls."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NoReturn

from heliograph.errors import HeliographError
from heliograph.run._main import main

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["bare"]


def bare(argv: Sequence[str]) -> NoReturn:
    """Run, and leave with the program's status; a mistake of the user's ends in a message."""
    try:
        status = main(argv)
    except HeliographError as error:
        sys.stderr.write(f"heliograph: {error}\n")
        status = error.exit_code
    raise SystemExit(status)
