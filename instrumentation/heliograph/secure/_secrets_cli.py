"""`heliograph secrets`: what an exposed stack needs to ask for, made once and changed one by one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from heliograph.errors import HeliographError
from heliograph.secure._folder import Folder, default_folder
from heliograph.secure._layout import initialise, lay_out
from heliograph.secure._passwords import NAMES, USERS, password
from heliograph.secure._passwords import rotate as rotate_password

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["in_folder", "secrets"]


def in_folder(command: Callable[..., None]) -> Callable[..., None]:
    """Add the option that says which secrets are meant."""
    return click.option(
        "--folder",
        type=click.Path(file_okay=False, path_type=Path),
        help="Where they lie.  [default: $HELIOGRAPH_SECRETS, else secrets/exposed of the checkout; without one, "
        "secrets in the user's state folder]",
    )(command)


def folder_of(path: Path | None) -> Folder:
    """Return the folder that is meant."""
    return Folder(path.absolute() if path else default_folder())


@click.group()
def secrets() -> None:
    """Make, list, show and rotate the passwords of an exposed stack.

    No command but `show` ever prints one. Tokens of writers: `heliograph tokens`; certificates: `heliograph certs`.
    """


@secrets.command()
@in_folder
@click.option(
    "--name",
    "names",
    multiple=True,
    required=False,
    help="A host name or IP address by which the stack is reached; repeat for several.",
)
@click.option("--docker", is_flag=True, help="For containers: what is mounted is readable for their users.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def init(*, folder: Path | None, names: tuple[str, ...], docker: bool, as_json: bool) -> None:
    """Make everything that `heliograph up --overlay exposed` and docker-compose.exposed.yml need.

    An authority, a server certificate for the given names, a password for each user and for Grafana's administrator.
    What is there already stays as it is, so that it may be called again.

    \b
    Example:
      heliograph secrets init --name observe.example.com --name 192.0.2.7
    """  # noqa: D301 - \b is click's
    where = folder_of(folder)
    made = initialise(where, names, docker=docker)
    if as_json:
        click.echo(json.dumps({"folder": str(where.path), "made": made}, indent=2))
        return
    for what in made:
        click.echo(f"made: {what}")
    click.echo(f"{'Nothing was missing' if not made else 'Done'}: {where.path}")
    click.echo("Next: heliograph tokens create WRITER --tenant TENANT")


@secrets.command("list")
@in_folder
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def list_(*, folder: Path | None, as_json: bool) -> None:
    """List the users, where each is known, and how old its password is; shows no secret."""
    where = folder_of(folder).required()
    rows = [
        {"user": name, "known_at": list(USERS.get(name, ("grafana",))), "changed": _changed(where, name)}
        for name in NAMES
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        click.echo(f"{row['user']:14} {row['changed']:22} {', '.join(row['known_at'])}")


@secrets.command()
@click.argument("user")
@in_folder
def show(*, user: str, folder: Path | None) -> None:
    """Print the password of one user, for a person to type."""
    where = folder_of(folder).required()
    if user not in NAMES:
        raise HeliographError(f"There is no user {user!r}.", hint="heliograph secrets list", exit_code=2)
    click.echo(password(where, user))


@secrets.command()
@click.argument("user")
@in_folder
def rotate(*, user: str, folder: Path | None) -> None:
    """Replace the password of one user.

    Prometheus and Alertmanager read theirs at each request. Jaeger and Loki read theirs when they start: `heliograph
    down` and `up`, or `docker compose restart jaeger loki`. Grafana keeps its administrator's in its database:
    `grafana cli admin reset-admin-password`.
    """
    where = folder_of(folder).required()
    rotate_password(where, user)
    lay_out(where)
    click.echo(f"{user} has a new password.")


def _changed(folder: Folder, name: str) -> str:
    changed = (folder.path / f"passwords/{name}").stat().st_mtime
    return datetime.fromtimestamp(changed, UTC).isoformat(timespec="seconds")
