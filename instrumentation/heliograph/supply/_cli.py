"""`python -m heliograph.supply`: sbom, licences, audit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from heliograph._options import Url
from heliograph.errors import HeliographError
from heliograph.stack._paths import config_root
from heliograph.supply._audit import OSV, accepted
from heliograph.supply._audit import audit as ask
from heliograph.supply._bom import read_bom, write_bom
from heliograph.supply._collect import BOM, collect
from heliograph.supply._licence import refused
from heliograph.supply._page import page

if TYPE_CHECKING:
    from heliograph.supply._component import Component

__all__ = ["supply"]

_PAGE = "docs/licences.md"
_ACCEPTED = "sbom/accepted.toml"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def supply() -> None:
    """Say what Heliograph is made of: for maintainers, in a checkout. docs/supply-chain.md."""


@supply.command()
@click.option("--write", is_flag=True, help=f"Write {BOM} instead of printing it.")
def sbom(*, write: bool) -> None:
    """Make the bill of materials (CycloneDX JSON) from the lock file, the built binaries and the images.

    The servers and tools must be built: `heliograph build`, and `make servers`.
    """
    _put(write_bom(collect()), BOM if write else None)


@supply.command()
@click.option("--write", is_flag=True, help=f"Write {_PAGE} instead of printing it.")
def licences(*, write: bool) -> None:
    """List the parts by licence; fails for one that is not known or not allowed.

    Exit status: 0 all may be there, 1 one may not.
    """
    parts = _parts()
    _put(page(parts), _PAGE if write else None)
    if problems := refused(parts):
        raise HeliographError(
            f"{len(problems)} parts may not be here.",
            why="\n        ".join(problems),
            hint="take another part, or write into heliograph/supply/_licence.py why it may be here",
        )


@supply.command()
@click.option("--osv", type=Url(), default=OSV, show_default=True, help="Who is asked: OSV, or a mirror of its API.")
@click.option("--json", "as_data", is_flag=True, help="Answer as JSON.")
def audit(*, osv: str, as_data: bool) -> None:
    """Ask whether something is known against a part of the bill of materials, in its version.

    sbom/accepted.toml holds what somebody has looked at: [[accepted]] with `id`, `why` and `until`, a date.

    Exit status: 0 nothing is known against any part, 1 something is, 2 wrong options or sbom/accepted.toml, 3 the data
    could not be had: then nothing is known, which is not the same as nothing.
    """
    parts = _parts()
    known = accepted(config_root() / _ACCEPTED)
    found = ask(parts, url=osv)
    open_ = [one for one in found if not {one.id, *one.aliases} & known.keys()]
    if as_data:
        rows = [
            {
                "id": one.id,
                "aliases": list(one.aliases),
                "component": one.component.purl,
                "used_by": list(one.component.used_by),
                "summary": one.summary,
                "fixed": list(one.fixed),
                "accepted": one not in open_,
            }
            for one in found
        ]
        click.echo(json.dumps({"asked": osv, "parts": len(parts), "findings": rows}))
    else:
        for one in open_:
            aliases = f" ({', '.join(one.aliases)})" if one.aliases else ""
            click.echo(f"{one.component.name} {one.component.version}  {one.id}{aliases}")
            click.echo(f"  {one.summary}")
            click.echo(f"  in {', '.join(one.component.used_by)}; mended in {', '.join(one.fixed) or 'no version'}")
        click.echo(f"{len(parts)} parts, {len(open_)} findings, {len(found) - len(open_)} accepted.")
    if open_:
        raise click.exceptions.Exit(1)


def _parts() -> list[Component]:
    parts = read_bom(config_root() / BOM)
    if not parts:
        raise HeliographError(f"There is no {BOM} here.", why="it is in a checkout only", hint="make sbom")
    return parts


def _put(text: str, name: str | None) -> None:
    if name is None:
        click.echo(text, nl=False)
        return
    path = Path(config_root()) / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    click.echo(f"written: {name}")
