"""The accounts for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heliograph.ledger._result import Result

__all__ = ["table"]

# heading -> field of Accounts
_COLUMNS = {
    "planned": "planned",
    "sent": "sent",
    "acknowledged": "acknowledged",
    "refused": "refused",
    "given up": "given_up",
    "stored": "stored",
    "missing": "missing",
    "duplicate": "duplicate",
    "stored, never acknowledged": "unacknowledged_stored",
}


def table(result: Result) -> str:
    """Return a table in Markdown: a row per signal."""
    rows = [["signal", *_COLUMNS, "visible after p50 / p95 / max"]]
    for name, accounts in result.signals.items():
        seen = accounts.visible
        after = f"{seen.p50:.1f} / {seen.p95:.1f} / {seen.max:.1f} s" if seen else "not measured"
        rows.append([name, *(f"{getattr(accounts, column):,}" for column in _COLUMNS.values()), after])
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|---|" + "---:|" * (len(rows[0]) - 1))
    return "\n".join(lines)
