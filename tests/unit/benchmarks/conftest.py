"""`benchmarks` and `peers` are folders of the repository, in no distribution."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3]))
