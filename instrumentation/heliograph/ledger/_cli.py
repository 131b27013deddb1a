"""`heliograph verify-pipeline`."""

from __future__ import annotations

import json
import signal
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich.console import Console

from heliograph._options import server, which_stack
from heliograph.demo._progress import Progress
from heliograph.errors import HeliographError
from heliograph.ledger._break import Break
from heliograph.ledger._options import LENGTH, RATE
from heliograph.ledger._page import command, markdown, show
from heliograph.ledger._plan import Plan
from heliograph.ledger._reader import UNREACHABLE
from heliograph.ledger._run import again as verify_again
from heliograph.ledger._run import run
from heliograph.ledger._targets import Targets
from heliograph.stack import Stack
from heliograph.stack._paths import state_root

if TYPE_CHECKING:
    from heliograph.demo._progress import Step
    from heliograph.ledger._result import Result
    from heliograph.ledger._snapshot import Snapshot

__all__ = ["verify_pipeline"]

_PLAN: Final = Plan()
_SENDING: Final = {"spans", "logs", "points", "duration", "shift", "senders", "series", "patience", "breaks", "ledger"}
_FILE: Final = click.Path(dir_okay=False, path_type=Path)


@click.command("verify-pipeline")
@click.option("--spans", type=RATE, default=_PLAN.spans, show_default="200/s", help="Spans per second; 0: none.")
@click.option("--logs", type=RATE, default=_PLAN.logs, show_default="200/s", help="Log records per second; 0: none.")
@click.option("--points", type=RATE, default=_PLAN.points, show_default="1000/s", help="Metric points per second.")
@click.option("--duration", type=LENGTH, default=_PLAN.duration, show_default="60s", help="How long to send.")
@click.option("--shift", type=LENGTH, default=0.0, help="Added to all timestamps: -4h looks like an old backlog.")
@click.option("--senders", type=click.IntRange(1), default=_PLAN.senders, show_default=True, help="Share the rates.")
@click.option("--series", type=click.IntRange(1), default=_PLAN.series, show_default=True, help="Series of points.")
@click.option(
    "--patience", type=LENGTH, default=_PLAN.patience, show_default="5m", help="The age at which a record is given up."
)
@click.option(
    "--settle",
    type=LENGTH,
    default=None,
    show_default="2m",
    help="How long the stores may take to show the last of it.",
)
@click.option(
    "--break",
    "breaks",
    multiple=True,
    metavar="WHAT",
    help="Break a server of the stack meanwhile: SERVER:kill@20s (its supervisor starts it again), "
    "SERVER:kill@20s..60s or SERVER:stop@20s..60s (it stays down till then). May be given several times.",
)
@click.option("--ledger", type=_FILE, help="Keep the ledger in this file.  [default: in the user's state folder]")
@click.option("--again", type=_FILE, metavar="LEDGER", help="Send nothing: verify an earlier run once more.")
@click.option("--json", "as_data", is_flag=True, help="Print the accounts as JSON; progress goes to standard error.")
@click.option("--report", type=_FILE, help="Write the accounts to this file, as Markdown.")
@which_stack
@server("collector", "otlp_http")
@server("jaeger")
@server("loki")
@server("prometheus")
@click.pass_context
def verify_pipeline(
    ctx: click.Context,
    /,
    *,
    ledger: Path | None,
    again: Path | None,
    as_data: bool,
    report: Path | None,
    offset: int,
    state: Path | None,
    **options: Any,  # noqa: ANN401 - of the plan, and the addresses
) -> None:
    """Send numbered records, read every one back, and say what is missing.

    Spans, logs and points go to the collector as an application would send them, at the rates you state. Each carries
    the run's id and a number. Then Jaeger, Loki and Prometheus are asked for every number, and the accounts are drawn
    up: sent, acknowledged, refused, stored, missing, duplicate, and how long it took until records could be seen.

    Missing is what the collector acknowledged and no store has: it is lost. The ledger, a file of JSON lines, keeps
    which numbers were sent when and what became of them, so that a run can be verified again later.

    \b
    Examples:
      heliograph verify-pipeline
      heliograph verify-pipeline --duration 5m --break collector:kill@20s --break loki:stop@1m..3m
      heliograph verify-pipeline --spans 2000/s --logs 2000/s --points 10000/s --duration 10m --report load.md
      heliograph verify-pipeline --shift -4h --spans 20/s --logs 20/s --points 100/s

    Exit code 0: nothing was lost; 1: something was (the first of it is named); 2: wrong input; 3: the stack, or one
    of its stores, cannot be reached.
    """  # noqa: D301 - \b is click's
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console(stderr=as_data)
    if not console.is_terminal:
        console.width = 160  # a log file has no width
    stack = Stack(offset, state)
    settle = options.pop("settle")
    breaks = [Break.parse(text) for text in options.pop("breaks")]
    given = {name: options.pop(name) for name in ("collector", "jaeger", "loki", "prometheus")}
    with ExitStack() as steps:
        tell = _Teller(Progress(console), steps)
        if again is not None:
            _only_reading(ctx)
            targets = _targets(stack, given) if _says_where(ctx) else None
            path = again
            result = verify_again(path, targets, settle=settle, progress=tell)
        else:
            plan = Plan(**options, settle=_PLAN.settle if settle is None else settle)
            path = ledger or state_root() / "ledger" / f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}.jsonl"
            if breaks and not stack.running:
                hint = "start it: heliograph up; --break works with no other stack"
                raise HeliographError("There is no stack to break.", hint=hint, exit_code=UNREACHABLE)
            console.print(f"{command(plan)}\n  ledger: {path}", highlight=False, markup=False, soft_wrap=True)
            moments = [moment for one in breaks for moment in one.moments(stack)]
            try:
                result = run(plan, _targets(stack, given), path, moments=moments, progress=tell)
            except KeyboardInterrupt:
                said = f"what was sent so far: heliograph verify-pipeline --again {path}"
                console.print(said, highlight=False, markup=False, soft_wrap=True)
                raise
    _hand_over(result, path, console, as_data=as_data, report=report)


class _Teller:
    """Shows snapshots as the two steps of a run."""

    def __init__(self, progress: Progress, steps: ExitStack) -> None:
        self._progress = progress
        self._steps = steps
        self._step: Step | None = None
        self._phase = ""

    def __call__(self, snapshot: Snapshot) -> None:
        """Show one."""
        if self._step is None or snapshot.phase != self._phase:
            self._steps.close()
            title = "Send" if snapshot.phase == "send" else "Read back"
            self._step = self._steps.enter_context(self._progress.step(title))
            self._phase = snapshot.phase
        self._step.result = snapshot.text()
        self._step.update(snapshot.text())


def _hand_over(result: Result, ledger: Path, console: Console, *, as_data: bool, report: Path | None) -> None:
    if report is not None:
        report.write_text(markdown(result), encoding="utf-8")
    if as_data:
        click.echo(json.dumps(result.as_json(), indent=2))
    else:
        show(result, console)
    if not result.ok:
        gaps = [gap.name for accounts in result.signals.values() for gap in accounts.gaps]
        raise HeliographError(
            f"{result.lost:,} records were acknowledged and are missing.",
            why=f"the first: {gaps[0]}",
            hint=f"did they come in late? heliograph verify-pipeline --again {ledger}; then: docs/verify-pipeline.md",
        )


def _only_reading(ctx: click.Context) -> None:
    stated = [name for name in sorted(_SENDING) if _stated(ctx, name)]
    if stated:
        words = ", ".join(f"--{'break' if name == 'breaks' else name}" for name in stated)
        raise HeliographError("--again sends nothing.", why=f"{words}: for a new run", exit_code=2)


def _says_where(ctx: click.Context) -> bool:
    return any(_stated(ctx, name) for name in ("collector", "jaeger", "loki", "prometheus", "offset", "state"))


def _stated(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT


def _targets(stack: Stack, given: dict[str, str | None]) -> Targets:
    return replace(Targets.at(stack.planned_offset), **{name: url for name, url in given.items() if url})
