"""`python -m tests.coexistence`: run the matrix, print it, write the page."""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING

from tests.coexistence import _page
from tests.coexistence._matrix import run_row
from tests.coexistence._results import load, save
from tests.coexistence._rows import ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.coexistence._results import RowResult

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; 1 when a cell is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.coexistence",
        description="Real packages in environments of their own, with heliograph: is each call counted once?",
    )
    parser.add_argument("names", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}  [default: all]")
    parser.add_argument("--write", action="store_true", help="keep the results, and write the table of the page")
    parser.add_argument("--jobs", type=int, default=1, help="rows at a time  [default: 1]")
    parser.add_argument("--page", action="store_true", help="run nothing; write the page from the kept results")
    options = parser.parse_args(argv)
    if unknown := [name for name in options.names if name not in ROWS]:
        parser.error(f"no row is called {', '.join(unknown)}; there are {', '.join(ROWS)}")
    if options.page:
        _page.write(load())
        return 0
    results = _run(options.names or list(ROWS), options.jobs, write=options.write)
    print(_page.table(results))
    wrong = [f"{name}: {each}" for name, result in results.items() for each in result.wrong()]
    print("\n".join(["wrong:", *wrong]) if wrong else "no cell is wrong", file=sys.stderr)
    return 1 if wrong else 0


def _run(names: Sequence[str], jobs: int, *, write: bool) -> dict[str, RowResult]:
    """Run rows; what is kept is written row by row, so that a run that is stopped has not been for nothing."""
    results: dict[str, RowResult] = {}
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        running = {pool.submit(run_row, ROWS[name], progress=_say): name for name in names}
        for future in as_completed(running):
            results[running[future]] = future.result()
            if write:
                kept = {**load(), **results}
                save(kept)
                _page.write(kept)
    return {name: results[name] for name in names}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
