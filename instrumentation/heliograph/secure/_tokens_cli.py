"""`heliograph tokens`: who may send telemetry."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path  # noqa: TC003 - click reads annotations of none, readers do

import click

from heliograph.config._types import seconds
from heliograph.errors import HeliographError
from heliograph.secure._secrets_cli import folder_of, in_folder
from heliograph.secure._tokens import Token, Tokens

__all__ = ["tokens"]


@click.group()
def tokens() -> None:
    """Create, list, rotate and revoke the tokens of applications that send telemetry to an exposed stack.

    The collector takes a change within a second, without a restart. A token whose overlap is over goes with the next
    of these commands: have `heliograph tokens prune` run hourly where you rotate.
    """


@tokens.command()
@click.argument("writer")
@click.option("--tenant", default="", help="All it sends is this tenant's.  [default: it serves many, and says whose]")
@in_folder
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def create(*, writer: str, tenant: str, folder: Path | None, as_json: bool) -> None:
    """Make a token for WRITER and print it, this once.

    \b
    Example:
      heliograph tokens create shop --tenant acme
      export OTEL_EXPORTER_OTLP_ENDPOINT=https://observe.example.com:4318
      export OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20<token>"
      export OTEL_EXPORTER_OTLP_CERTIFICATE=front-ca.crt
    """  # noqa: D301 - \b is click's
    _print(Tokens(folder_of(folder).required()).create(writer, tenant), as_json=as_json)


@tokens.command()
@click.argument("writer")
@click.option("--overlap", default="24h", show_default=True, help="How long the old one is still accepted; 0s: not.")
@in_folder
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def rotate(*, writer: str, overlap: str, folder: Path | None, as_json: bool) -> None:
    """Make a new token for WRITER and print it; the old one goes on for a while."""
    try:
        length = timedelta(seconds=seconds(overlap))
    except ValueError:
        raise HeliographError(f"{overlap!r} is no length of time.", hint="such as 24h or 30m", exit_code=2) from None
    _print(Tokens(folder_of(folder).required()).rotate(writer, length), as_json=as_json)


@tokens.command("list")
@in_folder
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def list_(*, folder: Path | None, as_json: bool) -> None:
    """List the accepted tokens: id, writer, tenant, since when and until when; shows no secret."""
    found = Tokens(folder_of(folder).required()).accepted()
    if as_json:
        click.echo(json.dumps([token.shown() for token in found], indent=2))
        return
    if not found:
        click.echo("No token: nobody can send telemetry. heliograph tokens create WRITER")
    for token in found:
        click.echo(
            f"{token.id}  {token.writer:20} {token.tenant or '(says itself)':20} "
            f"since {token.created}  {'until ' + token.expires if token.expires else ''}".rstrip()
        )


@tokens.command()
@click.argument("name")
@in_folder
def revoke(*, name: str, folder: Path | None) -> None:
    """Accept no longer: all tokens of a writer, or the one with this id."""
    for token in Tokens(folder_of(folder).required()).revoke(name):
        click.echo(f"revoked: {token.id} of {token.writer}")


@tokens.command()
@in_folder
def prune(*, folder: Path | None) -> None:
    """Take from the collector's list the tokens whose overlap is over."""
    for token in Tokens(folder_of(folder).required()).prune():
        click.echo(f"expired: {token.id} of {token.writer}")


def _print(token: Token, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({**token.shown(), "token": token.text}, indent=2))
        return
    click.echo("It is shown this once:", err=True)
    click.echo(token.text)
