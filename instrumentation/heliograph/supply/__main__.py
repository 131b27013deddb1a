"""`python -m heliograph.supply`: errors of the user's making end in a message, never in a traceback."""

from __future__ import annotations

import click

from heliograph.errors import HeliographError
from heliograph.supply._cli import supply

if __name__ == "__main__":
    try:
        supply(prog_name="python -m heliograph.supply")
    except HeliographError as error:
        click.echo(f"supply: {error}", err=True)
        raise SystemExit(error.exit_code) from None
