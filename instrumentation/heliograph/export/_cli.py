"""`heliograph export`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import click

from heliograph._options import config_files
from heliograph.config import load
from heliograph.errors import HeliographError

__all__ = ["export", "warn_of_links"]

_KUBERNETES = "kubernetes"
# https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
_LABEL = re.compile(
    r"(?P<key>([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)"
    r"=(?P<value>([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?)"
)
_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@click.command()
@click.option("to", "--to", metavar="DIR|kubernetes", required=True, help="A folder; or manifests, to standard output.")
@config_files()
@click.option("with_stack", "--with-stack", is_flag=True, help="Also what is about Heliograph's own servers.")
@click.option("--namespace", metavar="NAME", help="kubernetes: the namespace of the objects.")
@click.option("labels", "--label", metavar="KEY=VALUE", multiple=True, help="kubernetes: a label of PrometheusRules.")
@click.option("as_json", "--json", is_flag=True, help="DIR: report as JSON; kubernetes: one List as JSON.")
def export(
    to: str,
    overlays: tuple[Path, ...],
    *,
    with_stack: bool,
    namespace: str | None,
    labels: tuple[str, ...],
    as_json: bool,
) -> None:
    """Give your own Prometheus, Grafana, Loki or Kubernetes the rules and boards.

    A folder gets rule files, boards, runbooks, fragments for prometheus.yml, alertmanager.yml and the collector, and a
    README that says what goes where. `kubernetes` prints PrometheusRules and ConfigMaps as kube-prometheus-stack takes
    them. Alerts and the board about Heliograph's own servers stay out unless --with-stack is given.

    \b
    Examples:
      heliograph export --to ./heliograph
      heliograph export --to ./heliograph --config my.yaml          # your thresholds and links
      heliograph export --to kubernetes --namespace monitoring --label release=prometheus | kubectl apply -f -

    Exit status: 0 done, 2 wrong input; then nothing was written.
    """  # noqa: D301 - click wants the character itself
    if to != _KUBERNETES and (namespace or labels):
        raise click.UsageError("--namespace and --label go with --to kubernetes.")
    pairs = _pairs(labels)
    if namespace is not None and not _NAMESPACE.fullmatch(namespace):
        raise click.UsageError(f"--namespace {namespace}: not a name that Kubernetes takes.")
    from heliograph.export._pieces import pieces, yaml_text

    config = load(overlays=overlays)
    kept = pieces(config, with_stack=with_stack)
    warn_of_links({name: str(link) for name, link in config.plain()["links"].items() if link})
    if to == _KUBERNETES:
        from heliograph.export._kubernetes import manifests

        objects = list(manifests(kept, namespace=namespace, labels=pairs))
        if as_json:
            click.echo(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}, indent=2, ensure_ascii=False))
        else:
            click.echo("---\n".join(yaml_text(one) for one in objects), nl=False)
        return
    from heliograph.export._folder import files, write

    folder = Path(to).expanduser()
    if folder.exists() and not folder.is_dir():
        raise HeliographError(f"{folder} is no folder.", hint="heliograph export --to ./heliograph", exit_code=2)
    done = write(folder, files(kept))
    if as_json:
        click.echo(json.dumps({"folder": str(folder), "files": done}, indent=2))
        return
    for state in ("new", "changed", "same", "removed"):
        if count := sum(1 for one in done.values() if one == state):
            click.echo(f"  {count:3} {state}")
    click.echo(f"{folder / 'README.md'} says what goes where.")


def _pairs(labels: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for label in labels:
        found = _LABEL.fullmatch(label)
        if found is None:
            raise click.UsageError(
                f"--label {label}: not KEY=VALUE as Kubernetes takes it, such as release=prometheus."
            )
        pairs[found["key"]] = found["value"]
    return pairs


def warn_of_links(links: dict[str, str]) -> None:
    """Links of a fresh clone lead to one's own machine; in a shared Grafana or a mail they lead nowhere."""
    local = [name for name, link in links.items() if urlsplit(link).hostname in {"localhost", "127.0.0.1", "::1"}]
    if local:
        click.echo(
            f"note: alerts will link to this machine ({', '.join(f'links.{name}' for name in local)}); "
            "set these in an overlay, see `heliograph config explain links`.",
            err=True,
        )
