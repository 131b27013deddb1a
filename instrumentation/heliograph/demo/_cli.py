"""`heliograph demo`."""

from __future__ import annotations

import json
import signal
import sys
from typing import TYPE_CHECKING

import click
from rich.console import Console

from heliograph._options import FREE_PORT_OFFSET, config_files
from heliograph.demo._page import as_json, show
from heliograph.demo._progress import Progress
from heliograph.demo._story import OVERLAY, Demo, free_offset
from heliograph.errors import HeliographError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["demo"]


@click.command()
@FREE_PORT_OFFSET
@config_files(", below the demo's own")
@click.option("--timeout", default=120.0, show_default=True, help="Seconds the alert, and then its end, may take.")
@click.option("--keep", is_flag=True, help="Leave the stack running at the end.")
@click.option("--json", "as_data", is_flag=True, help="Print the summary as JSON; progress goes to standard error.")
def demo(*, offset: int | None, overlays: tuple[Path, ...], timeout: float, keep: bool, as_data: bool) -> None:
    """Show everything at work, in about four minutes.

    Starts the stack, runs a research assistant that answers questions from the documentation of installed Python
    packages, lets its LLM provider fail, waits for the alert and its notification, heals the provider, waits for
    "resolved", and ends with what the stores hold: cost, latency, the slowest trace, its log line, the alerts' times.

    The provider is the bundled OpenAI-compatible server: no key is needed and none of yours is used. The demo lays
    examples/research_assistant/heliograph.demo.yaml over heliograph.yaml: the same rules, with shorter windows.

    On a terminal the stack runs until you press Enter, so that you can follow the links.

    Exit code 0: every step happened and the bills agree; 1: a step failed (it is named); 2: wrong input.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended from outside, it cleans up as after Ctrl-C
    console = Console(stderr=as_data)
    progress = Progress(console)
    offset = free_offset() if offset is None else offset
    console.print("[bold]Heliograph demo[/bold]", highlight=False)
    console.print(f"  heliograph.yaml with {OVERLAY}: the same rules, shorter windows", highlight=False, soft_wrap=True)
    run = Demo(offset, progress, overlays, timeout)
    try:
        try:
            summary = run.run()
        except HeliographError as error:
            failed = HeliographError(f"the demo failed at the step: {progress.current}", why=str(error))
            raise failed from error
        problems = summary.problems()
        if as_data:
            click.echo(json.dumps(as_json(summary) | {"ok": not problems}, indent=2, default=str))
        else:
            show(summary, console)
        if problems:
            raise HeliographError("the demo ran, but not all is as it must be", why="; ".join(problems))
        if not keep and not as_data and sys.stdin.isatty() and sys.stdout.isatty():
            console.input("\nThe stack is running: follow the links. [bold]Enter[/bold] stops it. ")
    finally:
        if keep:
            console.print(f"The stack keeps running; stop it: heliograph down --state {run.state}", soft_wrap=True)
        else:
            with progress.step("Stop the stack"):
                run.stack.down()
