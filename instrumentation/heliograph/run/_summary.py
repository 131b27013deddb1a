"""The summary at the end: what it came to, and what of it was not counted, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heliograph.run._text import PLAIN, Paint, cut, duration, usd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heliograph.run._tally import ModelTotal, Tally

__all__ = ["as_json", "lines", "not_counted"]


def lines(tally: Tally, seconds: float, *, paint: Paint = PLAIN, width: int | None = None) -> list[str]:
    """Give the lines of the summary of a run of `seconds`."""
    said = [paint(text if width is None else cut(text, width), *colours) for text, colours in _totals(tally, seconds)]
    said += list(_table(tally, paint, width))
    missing = not_counted(tally)
    if missing:
        said.append(paint("not counted:" if tally.calls else "nothing was counted:", "yellow"))
        said += [f"  - {text}" for text in missing]
    return said


def as_json(tally: Tally, seconds: float, status: int) -> dict[str, Any]:
    """Give the same as one object; costs in USD, times in seconds."""
    slowest = tally.slowest
    return {
        "event": "summary",
        "exit_status": status,
        "seconds": round(seconds, 3),
        "calls": tally.calls,
        "errors": dict(tally.errors),
        "cancelled": sum(model.cancelled for model in tally.models.values()),
        "retries": tally.retries,
        "input_tokens": sum(model.input_tokens for model in tally.models.values()),
        "output_tokens": sum(model.output_tokens for model in tally.models.values()),
        "cached_tokens": sum(model.cached_tokens for model in tally.models.values()),
        "cost_usd": tally.cost,
        "wasted_cost_usd": dict(tally.wasted),
        "models": {
            name: {
                "calls": model.calls,
                "errors": model.errors,
                "cancelled": model.cancelled,
                "input_tokens": model.input_tokens,
                "output_tokens": model.output_tokens,
                "cached_tokens": model.cached_tokens,
                "cost_usd": model.cost if model.priced_calls else None,
                "unpriced_calls": model.unpriced_calls,
                "unpriced_tokens": model.unpriced_tokens,
            }
            for name, model in _by_cost(tally)
        },
        "queries": tally.queries,
        "failed_queries": tally.failed_queries,
        "tools": tally.tools,
        "failed_tools": tally.failed_tools,
        "slowest": None
        if slowest is None
        else {
            "latency_seconds": slowest.seconds,
            "model": slowest.model,
            "path": list(slowest.where),
            "trace_id": slowest.trace,
        },
        "processes": tally.told,
        "not_counted": not_counted(tally),
    }


def not_counted(tally: Tally) -> list[str]:
    """Say what the totals lack, each with what to do about it."""
    return [*_unknown_parts(tally), *_lost(tally), *_unseen(tally), *tally.warnings]


def _totals(tally: Tally, seconds: float) -> Iterator[tuple[str, tuple[str, ...]]]:
    if not tally.calls:
        yield f"heliograph: no calls of models in {duration(seconds)}", ("bold",)
        return
    errors = sum(tally.errors.values())
    calls = f"{_many(tally.calls, 'call')}, {_many(errors, 'error')}"
    if tally.queries:
        failed = f" ({tally.failed_queries} failed)" if tally.failed_queries else ""
        calls += f", {_many(tally.queries, 'query', 'queries')}{failed}"
    if tally.tools:
        failed = f" ({tally.failed_tools} failed)" if tally.failed_tools else ""
        calls += f", {_many(tally.tools, 'run')} of tools{failed}"
    where = f", {tally.told} processes" if tally.told > 1 else ""
    yield f"heliograph: {calls}, {usd(tally.cost)} in {duration(seconds)}{where}", ("bold",)
    if tally.errors:
        said = ", ".join(f"{name} {count}" for name, count in tally.errors.most_common(8))
        yield f"  errors   {said}", ("red",)
    if tally.retries:
        yield f"  retries  {tally.retries} within the client, each a request more than there are calls", ()
    if tally.wasted:
        reasons = ", ".join(f"{name} {usd(cost)}" for name, cost in sorted(tally.wasted.items()))
        yield f"  wasted   {usd(sum(tally.wasted.values()))} ({reasons})", ("yellow",)
    if tally.slowest is not None:
        slowest = tally.slowest
        below = f" in {' > '.join(slowest.where)}" if slowest.where else ""
        yield f"  slowest  {duration(slowest.seconds)} {slowest.model}{below}", ()


def _table(tally: Tally, paint: Paint, width: int | None) -> Iterator[str]:
    if not tally.models:
        return
    header = ("calls", "errors", "input", "output", "cost")
    rows = [(name, _cells(model)) for name, model in _by_cost(tally)]
    if len(rows) > 1:
        everything = (
            str(tally.calls),
            str(sum(tally.errors.values())),
            f"{sum(model.input_tokens for _, model in tally.models.items()):,}",
            f"{sum(model.output_tokens for _, model in tally.models.items()):,}",
            usd(tally.cost),
        )
        rows.append(("total", everything))
    sizes = [max(len(header[i]), *(len(cells[i]) for _, cells in rows)) for i in range(len(header))]
    first = 0  # the leftmost column that fits: the cost is the last to go
    longest = max(len(name) for name, _ in rows)
    while (
        width is not None
        and first < len(sizes) - 1
        and 2 + min(longest, 16) + sum(sizes[first:]) + 2 * (len(sizes) - first) > width
    ):
        first += 1
    room = longest
    if width is not None:
        room = max(min(longest, width - 2 - sum(sizes[first:]) - 2 * (len(sizes) - first)), 4)

    def row(name: str, cells: tuple[str, ...]) -> str:
        text = "  " + cut(name, room).ljust(room)
        text += "".join("  " + cell.rjust(size) for cell, size in zip(cells[first:], sizes[first:], strict=True))
        return text if width is None else cut(text, width)

    yield paint(row("model", header), "dim")
    for name, cells in rows:
        yield paint(row(name, cells), *(("bold",) if name == "total" and len(rows) > 1 else ()))


def _cells(model: ModelTotal) -> tuple[str, ...]:
    cost = usd(model.cost if model.priced_calls else None, unpriced=bool(model.unpriced_calls))
    if model.unpriced_calls and model.priced_calls:
        cost = f">= {cost}"
    return str(model.calls), str(model.errors), f"{model.input_tokens:,}", f"{model.output_tokens:,}", cost


def _by_cost(tally: Tally) -> list[tuple[str, ModelTotal]]:
    return sorted(tally.models.items(), key=lambda each: (-each[1].cost, -each[1].calls, each[0]))


def _unknown_parts(tally: Tally) -> Iterator[str]:
    for name, model in sorted(tally.models.items()):
        if model.unpriced_calls:
            yield (
                f"the cost of {name}: {_many(model.unpriced_calls, 'call')}, {model.unpriced_tokens:,} tokens without "
                "a known price (give it one: docs/prices.md)"
            )
    if tally.without_usage:
        yield f"the tokens of {_many(tally.without_usage, 'call')}, of which the provider reported none"
    if tally.estimated:
        yield f"exactly: {_many(tally.estimated, 'call')} whose tokens are an estimate, since none were reported"
    if tally.cost_unknown:
        yield f"what {_many(tally.cost_unknown, 'failed or cancelled call')} may have cost: no tokens were reported"


def _lost(tally: Tally) -> Iterator[str]:
    if tally.killed:
        under_way = (
            f"with {_many(tally.lost_under_way, 'call')} under way"
            if tally.lost_under_way
            else "with its calls of the last moment"
        )
        yield f"{_many(tally.killed, 'process', 'processes')} killed or left by os._exit, {under_way}"
    running = [process for process in tally.processes.values() if process.pid and not process.left]
    if running:
        names = ", ".join(f"{process.name} (pid {process.pid})" for process in running[:5])
        yield f"what {_many(len(running), 'process', 'processes')} still running do from here on: {names}"
    if tally.dropped:
        yield f"{_many(tally.dropped, 'message')} dropped: calls came faster than they could be shown"


def _unseen(tally: Tally) -> Iterator[str]:
    for executable, version in tally.strangers.items():
        yield (
            f"what {executable} (Python {version}) called: it has no heliograph, or an old one "
            f"({executable} -m pip install heliograph)"
        )
    for library, distribution in sorted(tally.unseen.items()):
        yield f"calls through {library}: no instrumentor for it is installed (pip install {distribution})"
    if not tally.calls and not tally.strangers and not tally.unseen:
        if tally.pythons:
            yield (
                f"{_many(tally.pythons, 'Python process', 'Python processes')} ran, and called no model through a "
                "library that heliograph knows"
            )
        else:
            yield (
                "no Python process reported: the command is no Python program, or its Python ignores PYTHONPATH "
                "(python -I or -E, a cleared environment)"
            )
    if tally.joined:
        yield (
            "kept here: the program sets up OpenTelemetry itself, so the spans of its calls go where its own spans go"
        )


def _many(count: int, one: str, several: str = "") -> str:
    return f"{count:,} {one if count == 1 else several or one + 's'}"
