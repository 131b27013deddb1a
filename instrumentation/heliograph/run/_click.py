"""`heliograph run` as one of the command line's commands: it reads its arguments itself."""

from __future__ import annotations

import click

from heliograph.run._main import main

__all__ = ["run"]


@click.command(
    "run",
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("argv", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def run(context: click.Context, argv: tuple[str, ...]) -> None:
    """Run a program as it is, and see its calls of models."""
    context.exit(main(argv))
