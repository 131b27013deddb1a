"""`heliograph config schema` and `heliograph config explain`."""

from __future__ import annotations

import json
import shutil
import textwrap
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from heliograph._options import config_files
from heliograph.errors import HeliographError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from heliograph.config.explain import Effect, Explanation

__all__ = ["config"]

_NAMED = 12


@click.group()
def config() -> None:
    """Explain a key of heliograph.yaml, or print its schema."""


@config.command()
@click.option("--output", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write it there.")
def schema(output: Path | None) -> None:
    """Print the JSON schema (2020-12) of heliograph.yaml, for editors.

    It describes a file of your own that is laid over the shipped one: nothing is required, everything is checked.
    What must hold between values is not in it; `heliograph generate --check --config FILE` says that.

    \b
    Examples:
      heliograph config schema --output heliograph.schema.json
      # and as the first line of my.yaml:
      # yaml-language-server: $schema=heliograph.schema.json
    """  # noqa: D301 - \b is click's
    from heliograph.config._schema import schema_text

    if output is None:
        click.echo(schema_text(), nl=False)
        return
    try:
        output.write_text(schema_text(), encoding="utf-8")
    except OSError as error:
        raise HeliographError(f"{output} cannot be written.", why=str(error.strerror), exit_code=2) from None


@config.command()
@click.argument("key")
@config_files()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def explain(key: str, overlays: tuple[Path, ...], *, as_json: bool) -> None:
    """Say what KEY means, what it is now and who says so, and what changes when it does.

    What changes is found out by rendering everything with another value. The end of a key is enough where it is unique.

    \b
    Examples:
      heliograph config explain alerts.HighLLMLatency.critical
      heliograph config explain retention.prometheus --config my.yaml
      heliograph config explain channels.slack            # a section

    Exit status: 0, or 2 when there is no such key or the configuration is wrong.
    """  # noqa: D301 - \b is click's
    from heliograph.config.explain import explain as find_out

    found = find_out(key, overlays)
    if as_json:
        click.echo(json.dumps(_plain(found), indent=2, ensure_ascii=False, default=str))
        return
    for line in _text(found):
        click.echo(line)


def _plain(found: Explanation) -> dict[str, Any]:
    effect = found.effect
    touches = {area: effect.names(area) for area in ("alerts", "records", "routes", "boards")}
    plain = {name: value for name, value in asdict(found).items() if name != "effect"}
    return plain | {
        "effect": {
            "tried": effect.tried,
            "only_if": effect.only_if,
            "files": list(effect.files),
            **touches,
            "panels": [change.subject for change in effect.changes if change.area == "boards"],
            "restarts": {name: list(what) for name, what in effect.settings.items()},
        },
        "apply": dict(_ways(effect)),
    }


def _text(found: Explanation) -> Iterator[str]:
    yield click.style(found.key or "heliograph.yaml", bold=True)
    for words in (found.words, found.about):
        for line in words.splitlines():
            if line.startswith("  "):  # laid out by hand: a table, an example
                yield f"  {line}"
                continue
            yield from textwrap.wrap(line, _width(), initial_indent="  ", subsequent_indent="  ") or [""]
        if words:
            yield ""
    if found.keys:
        names = [key[len(found.key) :].lstrip(".") for key in found.keys]
        yield from _paragraph(f"  {'values':<10} ", f"{len(names)}: {_listed(names)}")
    else:
        derived = f", which means {found.derived}" if found.derived else ""
        yield f"  value      {_shown(found.value, found.place)}{derived}  {found.place}".rstrip()
        if found.value != found.shipped:
            yield f"  shipped    {_shown(found.shipped, found.shipped_place)}  {found.shipped_place}".rstrip()
        yield f"  kind       {found.kind}"
    yield from _effect(found.effect)
    for number, (name, command) in enumerate(_ways(found.effect)):
        yield f"  {'apply' if number == 0 else '':<10} {name}: {command}"


def _effect(effect: Effect) -> Iterator[str]:
    tried = "with other values" if effect.tried is None else f"with {json.dumps(effect.tried, ensure_ascii=False)}"
    if effect.only_if:
        yield f"  changes    nothing while {effect.only_if} is false; when it is true, {tried}:"
    elif effect.files or effect.settings:
        yield f"  changes    {tried}:"
    else:
        yield f"  changes    nothing that is rendered ({tried} all files are the same)"
    for area in ("alerts", "records", "routes", "boards"):
        subjects = list(dict.fromkeys(change.subject for change in effect.changes if change.area == area))
        if subjects:
            yield from _paragraph(f"  {'':<10} {area:<8} ", _listed(subjects))
    for name, what in effect.settings.items():
        yield from _paragraph(f"  {'':<10} {name:<8} ", f"{_listed(what)} (read when it starts)")
    if effect.files:
        yield from _paragraph(f"  {'':<10} {'files':<8} ", _listed(effect.files))


def _ways(effect: Effect) -> list[tuple[str, str]]:
    """Return how a changed value takes effect, natively and on Docker."""
    if not (effect.files or effect.settings):
        return []
    restart = " --restart" if effect.settings else ""
    rendered = any("generated/" in path for path in effect.files)
    containers = ", ".join(effect.settings)
    docker = ["heliograph generate --reload --config my.yaml"] if rendered else []
    docker += [f"settings of {containers} are variables of docker-compose.observability.yml"] if containers else []
    if set(effect.settings) == {"meter"}:
        docker[-1] = "docker compose -f docker-compose.observability.yml restart meter"
    return [("native", f"heliograph reload --config my.yaml{restart}"), ("docker", "; ".join(docker))]


def _shown(value: object, place: str) -> str:
    return json.dumps(value, ensure_ascii=False) if value is not None or place else "(not set)"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _paragraph(start: str, text: str) -> list[str]:
    return textwrap.wrap(
        text, _width(), initial_indent=start, subsequent_indent=" " * len(start), break_on_hyphens=False
    )


def _width() -> int:
    return max(60, min(110, shutil.get_terminal_size((100, 24)).columns))
