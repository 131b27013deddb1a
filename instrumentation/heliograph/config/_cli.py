"""`heliograph generate`."""

from __future__ import annotations

import difflib
import json
from pathlib import Path

import click

from heliograph.config._load import load
from heliograph.config._render import render
from heliograph.errors import HeliographError
from heliograph.stack._paths import config_root

__all__ = ["generate"]


@click.command()
@click.option(
    "overlays",
    "--config",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Lay FILE over heliograph.yaml; repeat for several, the last one wins.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when a file differs from what would be written.")
@click.option("as_json", "--json", is_flag=True, help="Report as JSON: one state per file.")
def generate(overlays: tuple[Path, ...], *, check: bool, as_json: bool) -> None:
    """Render rules, routing and boards from heliograph.yaml.

    Writes prometheus/generated, alertmanager/generated and dashboards/generated, which the containers read. The
    native stack (`heliograph up`) renders for itself and needs none of this.

    \b
    Examples:
      heliograph generate                        # after a change of heliograph.yaml or a Jsonnet source
      heliograph generate --config my.yaml       # with your own thresholds and channels
      heliograph generate --check                # in CI

    Exit status: 0 done (or nothing to do), 1 drift found by --check, 2 the configuration is wrong.
    """  # noqa: D301 - click wants the character itself
    root = config_root()
    if root.name == "_bundle" and not check:
        raise HeliographError(
            "there is nowhere to write: this is an installed package, not a checkout.",
            hint="clone the repository for the Docker stack; natively, `heliograph up --config FILE` is enough",
            exit_code=2,
        )
    files = render(load(overlays=overlays))
    states = {name: _state(root / name, text) for name, text in files.items()}
    states |= dict.fromkeys(_left_over(root, files), "left over")
    if not check:
        _write(root, files, states)
    if as_json:
        click.echo(json.dumps({"root": str(root), "written": not check, "files": states}, indent=2))
    else:
        _report(root, files, states, check=check)
    if check and any(state != "same" for state in states.values()):
        raise SystemExit(1)


def _state(path: Path, text: str) -> str:
    if not path.is_file():
        return "new"
    return "same" if path.read_text(encoding="utf-8") == text else "changed"


def _left_over(root: Path, files: dict[str, str]) -> list[str]:
    """Return generated files that nothing renders any more; servers would go on reading them."""
    folders = {str(Path(name).parent) for name in files}
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
