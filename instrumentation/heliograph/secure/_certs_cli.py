"""`heliograph certs`: an authority of your own, and the certificates of an exposed stack."""

from __future__ import annotations

import json
import ssl
from pathlib import Path

import click

from heliograph.errors import HeliographError
from heliograph.secure._authority import SERVER_DAYS, Authority, checked_name, look
from heliograph.secure._folder import Folder
from heliograph.secure._layout import initialise, renew, use_front
from heliograph.secure._secrets_cli import folder_of, in_folder

__all__ = ["certs"]

_SOON = 30  # days: what ends within them is told as a failure


@click.group()
def certs() -> None:
    """Make, renew and show the certificates of an exposed stack.

    Keys are readable by you alone (0600), and nothing is written over unless you say `renew` or `use`.
    """


@certs.command()
@click.argument("names", nargs=-1, required=True)
@in_folder
def init(*, names: tuple[str, ...], folder: Path | None) -> None:
    """Make an authority, and a server certificate for NAMES (host names, IP addresses).

    \b
    Example:
      heliograph certs init observe.example.com 192.0.2.7
    """  # noqa: D301 - \b is click's
    where = folder_of(folder)
    wanted = [checked_name(name) for name in names]
    if (where.path / "front.crt").is_file():
        known = look(where.path / "front.crt").names
        missing = [name for name in wanted if name not in known]
        if missing:
            raise HeliographError(
                f"There is a certificate already, and it is not for {', '.join(missing)}.",
                why="it is for " + ", ".join(known),
                hint="heliograph certs renew " + " ".join(wanted),
                exit_code=2,
            )
    initialise(where, wanted)
    click.echo(f"{where.path / 'front.crt'}: {', '.join(look(where.path / 'front.crt').names)}")
    click.echo(f"Applications must trust {where.path / 'front-ca.crt'}")


@certs.command("renew")
@click.argument("names", nargs=-1)
@in_folder
def renew_(*, names: tuple[str, ...], folder: Path | None) -> None:
    """Sign the servers' certificates anew, for the names they have or for NAMES; the authority stays.

    Prometheus, Alertmanager, the collector and Jaeger take them by themselves; Loki, the meter and Grafana when they
    start.
    """
    where = folder_of(folder).required()
    renew(where, [checked_name(name) for name in names])
    click.echo(f"Renewed until {look(where.path / 'front.crt').ends:%Y-%m-%d}.")


@certs.command()
@click.option("--cert", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path), help="PEM, chain.")
@click.option("--key", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path), help="PEM.")
@click.option(
    "--ca",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What it is to be believed by, PEM: your authority's certificate.",
)
@in_folder
def use(*, cert: Path, key: Path, ca: Path, folder: Path | None) -> None:
    """Show applications a certificate of yours instead of one of ours.

    Prometheus, Alertmanager, Jaeger and Grafana show it as well when it is also good for 127.0.0.1, localhost and the
    names of the services, by which the servers ask each other; otherwise they go on with ours.
    """
    where = folder_of(folder)
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(cert, key)
    except (ssl.SSLError, OSError) as error:
        raise HeliographError("Certificate and key do not go together.", why=str(error), exit_code=2) from None
    if not where.exists:
        initialise(where, look(cert).names)
    use_front(where, *(path.read_text(encoding="utf-8") for path in (cert, key, ca)))
    click.echo(f"In use: {cert}, for {', '.join(look(cert).names)}")


@certs.command()
@click.argument("name")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="A folder to write to.")
@click.option("--days", type=click.IntRange(1, SERVER_DAYS), default=SERVER_DAYS, show_default=True)
@in_folder
def client(*, name: str, out: Path, days: int, folder: Path | None) -> None:
    """Make a client certificate: what Loki and Jaeger's receiver ask for, where you publish them yourself."""
    where = folder_of(folder).required()
    target = Folder(out.absolute())
    if (target.path / f"{name}.key").exists():
        raise HeliographError(f"{target.path / name}.key is there already.", hint="another --out", exit_code=2)
    authority = Authority.read(where.read("ca.crt"), where.read("ca.key"))
    certificate, key = authority.client(checked_name(name), days=days)
    target.write(f"{name}.key", key)
    target.write(f"{name}.crt", certificate)
    click.echo(f"{target.path / name}.crt and .key, good for {days} days")


@certs.command("list")
@in_folder
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def list_(*, folder: Path | None, as_json: bool) -> None:
    """Say what each certificate is for and when it ends.

    Ends with 1 when one is over or ends within 30 days.
    """
    where = folder_of(folder).required()
    found = {path.relative_to(where.path).as_posix(): look(path) for path in where.files() if path.suffix == ".crt"}
    if as_json:
        rows = [
            {"file": name, "names": one.names, "ends": one.ends.isoformat(), "days": one.days, "issuer": one.issuer}
            for name, one in found.items()
        ]
        click.echo(json.dumps(rows, indent=2))
    else:
        for name, one in found.items():
            click.echo(f"{one.days:5} days  {one.ends:%Y-%m-%d}  {name}  ({', '.join(one.names[:3])})")
    if any(one.days < _SOON for one in found.values()):
        raise SystemExit(1)
