"""The accounts for people: on a terminal, and as Markdown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from rich.table import Table

if TYPE_CHECKING:
    from rich.console import Console

    from heliograph.ledger._plan import Plan
    from heliograph.ledger._result import Accounts, Gap, Result

__all__ = ["command", "markdown", "show", "table"]

# what it is called -> field of Accounts; the second half is shown only where it is not 0
_ROWS: Final = {
    "sent": "sent",
    "acknowledged": "acknowledged",
    "refused": "refused",
    "given up": "given_up",
    "stored": "stored",
    "missing": "missing",
    "duplicate": "duplicate",
}
_RARE: Final = {
    "planned": "planned",
    "stored, never acknowledged": "unacknowledged_stored",
    "stored with another time": "astray",
}
_PER: Final = 100_000


def command(plan: Plan) -> str:
    """Return the command that carries out this plan."""
    words = [f"--{name} {plan.rate(name):g}/s" for name in ("spans", "logs", "points")]
    words += [f"--duration {_length(plan.duration)}", f"--senders {plan.senders}"]
    if plan.shift:
        words.append(f"--shift {'-' if plan.shift < 0 else ''}{_length(abs(plan.shift))}")
    return "heliograph verify-pipeline " + " ".join(words)


def table(result: Result) -> str:
    """Return the accounts as a table in Markdown: a column per signal."""
    rows = _cells(result)
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|---|" + "---:|" * (len(rows[0]) - 1))
    return "\n".join(lines)


def markdown(result: Result) -> str:
    """Return a report."""
    when = datetime.fromtimestamp(result.started, UTC)
    lines = [
        f"# Run {result.run}",
        "",
        f"{when:%Y-%m-%d %H:%M} UTC, `{command(result.plan)}`, {result.seconds:.0f} s",
        "",
        table(result),
        "",
        *(f"- {line}" for line in _remarks(result)),
    ]
    return "\n".join(lines) + "\n"


def show(result: Result, console: Console) -> None:
    """Print the accounts and what there is to say about them."""
    grid = Table(box=None, pad_edge=False)
    head, *rows = _cells(result)
    for name in head:
        grid.add_column(name, justify="left" if not name else "right")
    for name, *cells in rows:
        bad = name == "missing" and not result.ok
        grid.add_row(name, *cells, style="bold red" if bad else None)
    console.print()
    console.print(grid)
    console.print()
    for line in _remarks(result):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _cells(result: Result) -> list[list[str]]:
    every = list(result.signals.values())
    rare = {name: field for name, field in _RARE.items() if any(_is_rare(accounts, field) for accounts in every)}
    return [
        ["", *result.signals],
        *([name, *(f"{getattr(a, field):,}" for a in every)] for name, field in (_ROWS | rare).items()),
        ["visible after, p50", *(_seconds(a.visible.p50 if a.visible else None) for a in every)],
        ["p95", *(_seconds(a.visible.p95 if a.visible else None) for a in every)],
        ["max", *(_seconds(a.visible.max if a.visible else None) for a in every)],
    ]


def _is_rare(accounts: Accounts, field: str) -> bool:
    if field == "planned":
        return accounts.planned != accounts.sent
    return bool(getattr(accounts, field))


def _remarks(result: Result) -> list[str]:
    sent = sum(accounts.sent for accounts in result.signals.values())
    lines = list(result.happened)
    for name, accounts in result.signals.items():
        lines += [f"{name} missing: {_stretch(gap)}" for gap in accounts.gaps]
        lines += [f"{name} duplicate: {_stretch(gap)}" for gap in accounts.copies]
        lines += [f"{name} not accepted: {count:,}, {why}" for why, count in accounts.refusals.items()]
        lines += [f"{name} sent again: {_requests(count)}, {why}" for why, count in accounts.retries.items()]
        if accounts.behind >= 1:
            lines.append(f"{name}: the sender was {accounts.behind:.1f} s behind its plan at worst")
    if result.ok:
        lines.append(f"all that was acknowledged was read back, {result.settled:.0f} s after the reading began")
    else:
        lines.append(f"what is missing was looked for, again and again, for {result.settled:.0f} s")
    if result.cpu and sent:
        cost = result.cpu / sent * _PER
        lines.append(f"this command used {result.cpu:.1f} s of CPU while sending: {cost:.2f} s for 100 000 records")
    return lines


def _requests(count: int) -> str:
    return f"{count:,} request{'' if count == 1 else 's'}"


def _stretch(gap: Gap) -> str:
    if gap.first == gap.last:
        return gap.name
    return f"{gap.last - gap.first + 1:,} from {gap.name}"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} s"


def _length(seconds: float) -> str:
    for unit, size in (("h", 3600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"
