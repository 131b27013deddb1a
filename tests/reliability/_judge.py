"""What a run must have come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heliograph.ledger import Result

__all__ = ["MOST_DUPLICATES", "assert_nothing_lost"]

MOST_DUPLICATES = 0.001
"""Of what was acknowledged."""
ONE_BATCH = 500
"""Records: what was stored just before its store or the collector was killed is sent again. In a short run that is more
than the share above; Prometheus and Jaeger recognise it, Loki where line and time are the same."""


def assert_nothing_lost(result: Result, *, refused: bool = False) -> None:
    """Hold the result against the promise, for each signal; `refused`: senders may have been turned away for good."""
    for name, accounts in result.signals.items():
        assert accounts.acknowledged > 0, name
        assert accounts.missing == 0, f"{name}: {accounts.gaps}"
        assert accounts.astray == 0, name
        assert refused or accounts.refused == accounts.given_up == 0, f"{name}: {accounts.refusals}"
        assert accounts.duplicate <= max(ONE_BATCH, MOST_DUPLICATES * accounts.acknowledged), name
