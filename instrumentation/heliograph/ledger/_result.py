"""What a run came to, per signal."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from heliograph.ledger._plan import Plan, Signal

__all__ = ["Accounts", "Gap", "Quantiles", "Result"]


@dataclass(frozen=True)
class Gap:
    """Records `first` to `last` of a sender that are not where they should be (or too often)."""

    sender: int
    first: int
    last: int
    name: str
    """The first of them, as the store would call it."""


@dataclass(frozen=True)
class Quantiles:
    """Seconds, of `count` probes."""

    count: int
    p50: float
    p95: float
    max: float

    @classmethod
    def of(cls, values: list[float]) -> Quantiles | None:
        """Return the quantiles (nearest rank), None of nothing."""
        if not values:
            return None
        ordered = sorted(values)

        def rank(share: float) -> float:
            return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

        return cls(len(ordered), rank(0.5), rank(0.95), ordered[-1])


@dataclass(frozen=True)
class Accounts:
    """One signal. Counts are of records; every record that was sent is acknowledged, refused or given up."""

    signal: Signal
    planned: int
    sent: int
    """Numbers that were in at least one request."""
    acknowledged: int
    """The collector answered 2xx (and did not say that it rejected them)."""
    refused: int
    """Refused for good: a status that no client repeats, or rejected within an accepted request."""
    given_up: int
    """Neither: the client ran out of patience. They may be stored all the same."""
    stored: int
    """Found by number, each counted once."""
    missing: int
    """Acknowledged, and not found: lost."""
    duplicate: int
    """Found again: by how many copies there are too many."""
    unacknowledged_stored: int
    """Found, although refused or given up."""
    astray: int
    """Found at another time than the one they were sent with."""
    refusals: dict[str, int] = field(default_factory=dict)
    """Why -> records that were refused or given up."""
    retries: dict[str, int] = field(default_factory=dict)
    """Why -> requests that had to be sent again."""
    gaps: tuple[Gap, ...] = ()
    """The first stretches of missing records."""
    copies: tuple[Gap, ...] = ()
    """The first duplicates."""
    visible: Quantiles | None = None
    """From the first attempt to send a record until its store shows it."""
    behind: float = 0.0
    """Seconds that the sender was behind its plan at worst (also while the collector was away)."""


@dataclass(frozen=True)
class Result:
    """A run and its accounts."""

    run: str
    plan: Plan
    started: float
    """Unix time."""
    seconds: float
    """From the first request to the last answer."""
    settled: float
    """Seconds of reading until all that was acknowledged was found, or what is missing was given up."""
    cpu: float
    """CPU seconds of this process while sending."""
    signals: dict[Signal, Accounts]
    happened: tuple[str, ...] = ()
    """What was broken when, and what went wrong while doing so."""

    @property
    def lost(self) -> int:
        """Records that were acknowledged and are missing."""
        return sum(accounts.missing for accounts in self.signals.values())

    @property
    def ok(self) -> bool:
        """Whether nothing was lost."""
        return self.lost == 0

    def as_json(self) -> dict[str, Any]:
        """Return everything in plain types."""
        return asdict(self) | {"lost": self.lost, "ok": self.ok}

    def table(self) -> str:
        """Return the accounts as a table in Markdown."""
        from heliograph.ledger._page import table

        return table(self)
