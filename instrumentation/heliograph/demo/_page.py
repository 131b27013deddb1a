"""The demo's last page, for a terminal and as JSON."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text
from rich.tree import Tree

if TYPE_CHECKING:
    from rich.console import Console

    from heliograph.demo._alerts import AlertStory
    from heliograph.demo._summary import Summary
    from heliograph.stack._stores import Span

__all__ = ["as_json", "show"]

_USD = "{:.6f}"


def show(summary: Summary, console: Console) -> None:
    """Print the page."""
    console.print()
    console.rule("[bold]What Heliograph saw[/bold]", align="left")
    _figures(summary, console)
    _bill(summary, console)
    _slowest(summary, console)
    _alerts(summary.alerts, console)
    console.print("\n[bold]Links[/bold]")
    for name, url in summary.links.items():
        console.print(f"  {name:<14} {url}", highlight=False, soft_wrap=True)


def _figures(summary: Summary, console: Console) -> None:
    calls = ", ".join(f"{int(n)} {status}" for status, n in sorted(summary.requests.items(), reverse=True))
    tokens = ", ".join(f"{int(n):,} {kind}" for kind, n in sorted(summary.tokens.items()))
    rows = {
        "questions": f"{summary.answered} answered, {summary.failed} failed (the injected fault)",
        "calls": f"{calls} (attempts at the provider: answers and embeddings)",
        "tokens": tokens,
        "p95 of a call": f"{summary.p95_seconds:.3f} s",
    }
    for name, value in rows.items():
        console.print(f"  {name:<14} {value}", highlight=False, soft_wrap=True)


def _heading(console: Console, title: str, about: str) -> None:
    console.print(Text.assemble("\n", (title, "bold"), f": {about}"), soft_wrap=True)


def _bill(summary: Summary, console: Console) -> None:
    costs = summary.costs
    table = Table(box=None, padding=(0, 1))
    for name in ("model", "counters", "events", "usage log"):
        table.add_column(name, justify="left" if name == "model" else "right", no_wrap=True)
    bills = (costs.counters, costs.events, costs.audit)
    for model in sorted({*costs.counters, *costs.events, *costs.audit}):
        table.add_row(model, *(_USD.format(bill.get(model, 0.0)) for bill in bills))
    table.add_row("total", *(_USD.format(sum(bill.values())) for bill in bills), style="bold")
    _heading(console, "Cost by model, USD", "counters in Prometheus, events in Loki, the provider's usage log")
    console.print(table)
    verdict = "the three agree" if costs.agree else "[red]THEY DO NOT AGREE[/red]"
    console.print(f"  {verdict}: largest difference {costs.difference:.1e} USD", highlight=False)


def _slowest(summary: Summary, console: Console) -> None:
    if not summary.slowest:
        return
    _heading(console, "The slowest call", f"trace {summary.slowest[0].trace_id}")
    for tree in _trees(summary.slowest):
        console.print(tree, highlight=False)
    if summary.log_line is not None:
        console.print("  its log line, found by the trace id:", highlight=False)
        console.print(Text(f"    {summary.log_line.text}"), soft_wrap=True)


def _trees(spans: list[Span]) -> list[Tree]:
    children: dict[str, list[Span]] = defaultdict(list)
    ids = {span.span_id for span in spans}
    for span in spans:
        children[span.parent_id if span.parent_id in ids else ""].append(span)

    def grow(tree: Tree, span: Span) -> None:
        for child in children[span.span_id]:
            grow(tree.add(_label(child)), child)

    roots = []
    for root in children[""]:
        tree = Tree(_label(root), guide_style="dim")
        grow(tree, root)
        roots.append(tree)
    return roots


def _label(span: Span) -> Text:
    label = Text(f"{span.name}  {span.duration * 1000:.0f} ms")
    if (cost := span.attributes.get("llm.cost_usd")) is not None:
        label.append(f"  {_USD.format(float(cost))} USD", style="dim")
    return label


def _alerts(alerts: list[AlertStory], console: Console) -> None:
    table = Table(box=None, padding=(0, 1))
    table.add_column("alert", no_wrap=True)
    table.add_column("severity", no_wrap=True)
    for name in ("true", "firing", "webhook", "mail", "over"):
        table.add_column(name, justify="right")
    for alert in alerts:
        moments = (alert.true, alert.firing, alert.posted, alert.mailed, alert.resolved)
        after = ("-" if m is None else f"{m - alert.fault:.1f}" for m in moments)
        table.add_row(alert.name, alert.severity, *after)
    _heading(console, "Alerts", "seconds from the fault until the expression was true, the alert fired, ...")
    console.print(table)


def as_json(summary: Summary) -> dict[str, Any]:
    """Return the page as plain data; times are Unix seconds, money is USD."""
    return dataclasses.asdict(summary) | {
        "cost_difference_usd": summary.costs.difference,
        "problems": summary.problems(),
    }
