"""Send, break, read back, reconcile."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from heliograph.ledger._moments import Moment
    from heliograph.ledger._plan import Plan
    from heliograph.ledger._result import Result
    from heliograph.ledger._snapshot import Snapshot
    from heliograph.ledger._targets import Targets

__all__ = ["again", "run"]


def run(
    plan: Plan,
    targets: Targets,
    ledger: Path,
    *,
    moments: Sequence[Moment] = (),
    progress: Callable[[Snapshot], None] | None = None,
    stop: threading.Event | None = None,
) -> Result:
    """Carry out `plan`, write the file `ledger` meanwhile, then read everything back and reconcile.

    Blocks for the plan's duration, the time records wait for the collector, and up to `plan.settle` more. `moments`
    are done on a thread of their own; one that fails is in `Result.happened`. `progress` is called about once a second
    by the calling thread. When `stop` is set no more is sent; what was is still read back. Raises HeliographError:
    exit_code 3 when the collector or a store cannot be reached (for the stores: by the end of `plan.settle`).
    """
    raise NotImplementedError


def again(
    ledger: Path,
    targets: Targets | None = None,
    *,
    settle: float | None = None,
    progress: Callable[[Snapshot], None] | None = None,
) -> Result:
    """Read back once more what a ledger says was sent; `targets` and `settle` default to those of the run."""
    raise NotImplementedError
