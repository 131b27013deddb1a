"""`python -m tests.hostile.guided TARGET`: fuzz one target for a while, guided by the branches that inputs reach.

A find ends the run with exit code 77 and its traceback; the input is kept as `crash-…` in the corpus' folder. Shorten
it, mend what it found, and keep it as a case in `tests/hostile`.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path
from typing import Any

from tests.hostile.guided._targets import SEEDS, TARGETS


def main() -> None:
    """Run the command line; libFuzzer ends the process."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.guided", description=__doc__)
    parser.add_argument("target", choices=TARGETS, help="what is fuzzed")
    parser.add_argument("--seconds", type=int, default=60, help="default: %(default)s")
    parser.add_argument("--corpus", type=Path, default=Path("build/fuzz"), help="grows from run to run; %(default)s")
    chosen = parser.parse_args()
    try:
        atheris: Any = importlib.import_module("atheris")
    except ModuleNotFoundError:
        parser.exit(2, "atheris is not installed: make fuzz-guided\n")
    corpus = chosen.corpus / chosen.target
    corpus.mkdir(parents=True, exist_ok=True)
    with atheris.instrument_imports(include=["heliograph"]):
        one = TARGETS[chosen.target]()
        for number, seed in enumerate(SEEDS[chosen.target]()):
            (corpus / f"seed-{number}").write_bytes(seed)
    # Tens of thousands of bytes find nothing that hundreds do not, and each takes long.
    limits = ["-max_len=8192", "-timeout=20", f"-max_total_time={chosen.seconds}", f"-artifact_prefix={corpus}/"]
    atheris.Setup([sys.argv[0], *limits, "-print_final_stats=1", str(corpus)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
