"""`heliograph generate`."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from heliograph._options import config_files
from heliograph.config._load import load
from heliograph.config._render import MIXIN, mixin_text, render
from heliograph.config._schema import SCHEMA, schema_text
from heliograph.config.diff import as_plain, as_text, compare, unified
from heliograph.errors import HeliographError
from heliograph.stack._paths import config_root

if TYPE_CHECKING:
    from heliograph.config._model import Config

__all__ = ["generate"]


@click.command()
@config_files()
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when a file differs from what would be written.")
@click.option("--diff", is_flag=True, help="Write nothing; say what would change, and exit 1 when something would.")
@click.option("--unified", "as_lines", is_flag=True, help="With --diff: the lines of the files.")
@click.option("--all", "everything", is_flag=True, help="With --diff: words and links of alerts, too.")
@click.option("--reload", "reloads", is_flag=True, help="Then have the servers on Docker take it, and see if they did.")
@click.option("as_json", "--json", is_flag=True, help="Report as JSON: one state per file.")
def generate(
    overlays: tuple[Path, ...],
    *,
    check: bool,
    diff: bool,
    as_lines: bool,
    everything: bool,
    reloads: bool,
    as_json: bool,
) -> None:
    """Render rules, routing and boards from heliograph.yaml.

    Writes prometheus/generated, alertmanager/generated, loki/generated and dashboards/generated, which the containers
    read, mixin/generated, which Jsonnet reads, and heliograph.schema.json, which editors read. The native stack
    (`heliograph up`) renders for itself and needs none of this: `heliograph reload` changes it, `heliograph reload
    --diff` compares with what it runs.

    \b
    Examples:
      heliograph generate                            # after a change of heliograph.yaml or a Jsonnet source
      heliograph generate --config my.yaml --diff    # which alerts, routes, records and boards would change, and how
      heliograph generate --config my.yaml --reload  # write, and have the running containers take it
      heliograph generate --check                    # in CI

    Exit status: 0 done (or nothing to do), 1 drift found by --check, changes found by --diff, or refused by a server,
    2 the configuration is wrong, 3 written, but not in force everywhere (--reload).
    """  # noqa: D301 - click wants the character itself
    if check + diff + reloads > 1:
        raise click.UsageError("--check, --diff and --reload exclude each other.")
    root = config_root()
    if root.name == "_bundle" and not (check or diff):
        raise HeliographError(
            "there is nowhere to write: this is an installed package, not a checkout.",
            hint="clone the repository for the Docker stack; natively, `heliograph up --config FILE` is enough",
            exit_code=2,
        )
    config = load(overlays=overlays)
    rendered = render(config)
    if diff:
        _diff(_committed(root, rendered), rendered, as_lines=as_lines, everything=everything, as_json=as_json)
    files = {**rendered, MIXIN: mixin_text(config), SCHEMA: schema_text()}
    states = {name: _state(root / name, text) for name, text in files.items()}
    states |= dict.fromkeys(_left_over(root, rendered), "left over")
    if reloads:
        _reload(root, config, files, states, as_json=as_json)
    if not check:
        _write(root, files, states)
    if as_json:
        click.echo(json.dumps({"root": str(root), "written": not check, "files": states}, indent=2))
    else:
        _report(root, files, states, check=check)
    if check and any(state != "same" for state in states.values()):
        raise SystemExit(1)


def _diff(old: dict[str, str], new: dict[str, str], *, as_lines: bool, everything: bool, as_json: bool) -> None:
    """Say what differs and leave with status 1 when something does."""
    changes = compare(old, new)
    if as_json:
        click.echo(json.dumps({"changes": as_plain(changes)}, indent=2))
    else:
        for line in unified(old, new) if as_lines else as_text(changes, everything=everything):
            click.echo(line)
        if old == new:
            click.echo("Nothing would change.")
    raise SystemExit(0 if old == new else 1)


def _reload(root: Path, config: Config, files: dict[str, str], states: dict[str, str], *, as_json: bool) -> None:
    """Write through the servers: a file that one of them refuses does not stay. Leaves with the command's status."""
    from heliograph.reload._docker import carry_out
    from heliograph.reload._view import exit_status, show
    from heliograph.stack._cli_view import Told

    changes = compare(_committed(root, files), files)
    changed = {name: files.get(name) for name, state in states.items() if state != "same"}
    with Told(quiet=as_json, doing="reloading") as told:
        report = carry_out(root, config, files, changed, told.say)
    if not as_json:
        _report(root, files, states, check=False)
        for line in as_text(changes):
            click.echo(line)
    show(
        report,
        changes,
        as_json=as_json,
        restart_hint="docker compose -f docker-compose.observability.yml up -d",
        files=states,
    )
    raise SystemExit(exit_status(report))


def _committed(root: Path, files: dict[str, str]) -> dict[str, str]:
    """Return the generated files as they lie there, those that nothing renders any more included."""
    names = [*(name for name in files if (root / name).is_file()), *_left_over(root, files)]
    return {name: (root / name).read_text(encoding="utf-8") for name in names}


def _state(path: Path, text: str) -> str:
    if not path.is_file():
        return "new"
    return "same" if path.read_text(encoding="utf-8") == text else "changed"


def _left_over(root: Path, files: dict[str, str]) -> list[str]:
    """Return generated files that nothing renders any more; servers would go on reading them."""
    folders = {parent for name in files if (parent := Path(name).parent).name == "generated"}
    found = (path for folder in folders for path in (root / folder).glob("*") if path.suffix in {".yaml", ".json"})
    return sorted(name for path in found if (name := path.relative_to(root).as_posix()) not in files)


def _write(root: Path, files: dict[str, str], states: dict[str, str]) -> None:
    for name, state in states.items():
        if state == "left over":
            (root / name).unlink()
        elif state != "same":
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(files[name], encoding="utf-8")


def _report(root: Path, files: dict[str, str], states: dict[str, str], *, check: bool) -> None:
    for name, state in states.items():
        click.echo(f"{state:>9}  {name}")
        if check and state == "changed":
            committed = (root / name).read_text(encoding="utf-8").splitlines()
            lines = difflib.unified_diff(committed, files[name].splitlines(), "committed", "rendered", "", "", 1, "")
            click.echo("\n".join(f"           {line}" for line in list(lines)[2:40]))
    if check and any(state != "same" for state in states.values()):
        click.echo("heliograph: generated files differ from their sources; run `heliograph generate`.", err=True)
