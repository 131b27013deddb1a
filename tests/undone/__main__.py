"""`python -m tests.undone`: undo the settings that the promises rest on, one by one, and see a test fail for each.

In a copy of this tree, so nothing here is touched. Each test is run untouched first: one that fails anyway shows
nothing. Most take real servers: an hour in all, one stack at a time; `--together` takes half of it.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.undone._cases import PAGE, SEEN, cases, seen, with_table
from tests.undone._run import Said, Tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.undone._cases import Case

_PROGRAMS: Final = f"{Path(sys.executable).parent}/"
"""Says nothing to others: left out of what is kept."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.undone", description=__doc__)
    parser.add_argument("only", nargs="*", help="names of cases, or parts of them  [default: all]")
    parser.add_argument("--list", action="store_true", help="say what there is, and stop")
    parser.add_argument("--no-first", action="store_true", help="trust that the tests pass on the untouched tree")
    parser.add_argument("--together", action="store_true", help="undo at once what different tests of a file look at")
    parser.add_argument("--record", action="store_true", help="note what was seen in seen.json and docs/reliability.md")
    options = parser.parse_args(argv)
    chosen = [case for case in cases() if not options.only or any(word in case.name for word in options.only)]
    if options.list:
        for case in chosen:
            print(f"{case.name:28} {case.promise:18} {case.setting}")
        return 0
    ends = 0
    with tempfile.TemporaryDirectory(prefix="heliograph-undone-") as folder:
        tree = Tree(Path(folder) / "tree")
        for group in _groups(chosen) if options.together else [[case] for case in chosen]:
            tests = [case.test for case in group]
            before = {} if options.no_first else tree.run(tests)
            with tree.without(group):
                after = tree.run(tests)
            for case in group:
                verdict, good = _verdict(before.get(case.test), after[case.test])
                print(f"{case.name:28} {verdict:20} {after[case.test].words}", flush=True)
                ends = ends if good else 1
                if options.record and (good or after[case.test].outcome == "passed"):
                    _record(case, after[case.test])
    return ends


def _verdict(before: Said | None, after: Said) -> tuple[str, bool]:
    if before is not None and before.outcome != "passed":
        return f"untouched: {before.outcome}", False
    return {"failed": "fails as it should", "passed": "PASSES ALL THE SAME"}.get(after.outcome, "not run"), (
        after.outcome == "failed"
    )


def _groups(chosen: Sequence[Case]) -> list[list[Case]]:
    """Put together cases of one file of tests, as long as neither their tests nor the lines undone are the same."""
    groups: list[list[Case]] = []
    for case in chosen:
        for group in groups:
            if all(_apart(case, other) for other in group):
                group.append(case)
                break
        else:
            groups.append([case])
    return groups


def _apart(one: Case, other: Case) -> bool:
    return (
        one.test.partition("::")[0] == other.test.partition("::")[0]
        and one.test != other.test
        and (one.file, one.find) != (other.file, other.find)
        and not (one.alone or other.alone)
        and one.name != other.apart_from
        and other.name != one.apart_from
    )


def _record(case: Case, said: Said) -> None:
    """Note what was seen; a test that was not run changes nothing."""
    known = seen()
    if said.outcome == "failed":
        known[case.name] = {"on": datetime.now(UTC).date().isoformat(), "said": said.words.replace(_PROGRAMS, "")}
    elif said.outcome == "passed":
        known.pop(case.name, None)
    order = {one.name: place for place, one in enumerate(cases())}
    kept = dict(sorted(((name, what) for name, what in known.items() if name in order), key=lambda it: order[it[0]]))
    SEEN.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
