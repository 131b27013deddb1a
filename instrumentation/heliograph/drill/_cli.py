"""`heliograph drill`."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import click
from rich.console import Console

from heliograph._options import FREE_PORT_OFFSET, config_files
from heliograph.demo._progress import Progress
from heliograph.demo._story import free_offset
from heliograph.drill._faults import FAULTS, read_drill
from heliograph.drill._page import as_json, list_faults, show
from heliograph.drill._report import markdown
from heliograph.drill._run import OVERLAY, DrillRun
from heliograph.errors import HeliographError

__all__ = ["drill"]

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--only", multiple=True, metavar="NAME", help="Only this fault; may be given several times.")
@click.option("--list", "listing", is_flag=True, help="Say which faults there are and what is expected of each.")
@click.option("--no-calm", is_flag=True, help="Leave out the time without a fault.")
@click.option(
    "--resume", is_flag=True, help="Go on with an interrupted drill: faults that have been judged are not repeated."
)
@click.option(
    "--faults", "path", type=_FILE, default=FAULTS, help="Another file of faults.  [default: those that are packaged]"
)
@config_files(", below the drill's own")
@click.option("--json", "as_data", is_flag=True, help="Print the verdicts as JSON; progress goes to standard error.")
@click.option(
    "--report", type=click.Path(dir_okay=False, path_type=Path), help="Write the table to this file, as Markdown."
)
@click.option("--keep", is_flag=True, help="Leave the stack running at the end.")
@FREE_PORT_OFFSET
def drill(
    *,
    only: tuple[str, ...],
    listing: bool,
    no_calm: bool,
    resume: bool,
    path: Path,
    overlays: tuple[Path, ...],
    as_data: bool,
    report: Path | None,
    keep: bool,
    offset: int | None,
) -> None:
    """Break things, one at a time, and see who is told of what, and when.

    Starts a stack of its own, an application under traffic, and receivers on this machine that stand for Slack, the
    mail server, the text message gateway and the dead-man watch. Then each fault is injected for real - the provider
    fails, a server is killed, an agent runs away - and healed again. Nothing ever posts a metric or an alert.

    What must be heard, at which receiver, and what must not, stands in a file that a run does not change. A message
    may take 60 seconds from the moment its alert was due: the expression true for as long as its `for` says.

    The drill lays examples/research_assistant/heliograph.drill.yaml over heliograph.yaml: the same rules with windows
    of seconds. All faults take about an hour on two cores; --only takes minutes.

    Exit code 0: every expectation held; 1: one failed (it is named); 2: wrong input.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended from outside, it heals and cleans up first
    expectations = read_drill(path)
    faults = expectations.chosen(only)
    if listing:
        list_faults(expectations, faults, as_data=as_data)
        return
    console = Console(stderr=as_data)
    if not console.is_terminal:
        console.width = 160  # a log file has no width
    progress = Progress(console)
    offset = free_offset() if offset is None else offset
    console.print("[bold]Heliograph drill[/bold]", highlight=False)
    said = f"  {len(faults)} faults, one at a time; {OVERLAY}: the same rules, windows of seconds"
    console.print(said, highlight=False, soft_wrap=True)
    run = DrillRun(offset, progress, expectations, faults, overlays)
    verdicts = run.finished() if resume else []
    try:
        try:
            for verdict in run.verdicts(calm=not no_calm, done=tuple(verdicts)):
                verdicts.append(verdict)
                if report is not None:
                    report.write_text(markdown(verdicts, expectations))
        except HeliographError as error:
            raise HeliographError(f"the drill ended at the step: {progress.current}", why=str(error)) from error
    finally:
        if verdicts and not as_data:
            show(verdicts, expectations, console)
        if keep:
            console.print(f"The stack keeps running; stop it: heliograph down --state {run.state}", soft_wrap=True)
        else:
            with progress.step("Stop the stack"):
                run.stack.down()
    failed = [verdict for verdict in verdicts if not verdict.passed]
    if as_data:
        click.echo(json.dumps(as_json(verdicts) | {"ok": not failed}, indent=2))
    if failed:
        why = "; ".join(f"{verdict.name}: {', '.join(map(str, verdict.findings))}" for verdict in failed)
        raise HeliographError(f"{len(failed)} of {len(verdicts)} expectations did not hold", why=why)
