"""`heliograph canary`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from heliograph._options import PORT_OFFSET, Url, config_files, server
from heliograph.serving._options import HostPort
from heliograph.stack._ports import Ports

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["canary"]

_ADDRESS: Final = HostPort("127.0.0.1:4320")


@click.command()
@click.option("--once", is_flag=True, help="One call; say what became of it, and end.")
@click.option("--json", "as_data", is_flag=True, help="With --once: answer as JSON.")
@click.option(
    "--within",
    metavar="SECONDS",
    type=click.FloatRange(min=1),
    help="With --once: how long to look.  [default: canary.within of heliograph.yaml]",
)
@click.option("--listen", type=_ADDRESS, help="Where /metrics and /healthz are.  [default: 127.0.0.1:4320 + offset]")
@click.option("--export", type=Url(), help="The collector, OTLP/HTTP.  [default: this machine's, port 4318 + offset]")
@server("prometheus")
@server("loki")
@server("jaeger")
@config_files(", whose section `canary` holds the canary's numbers")
@PORT_OFFSET
def canary(
    *,
    once: bool,
    as_data: bool,
    within: float | None,
    listen: tuple[str, int] | None,
    export: str | None,
    prometheus: str | None,
    loki: str | None,
    jaeger: str | None,
    overlays: tuple[Path, ...],
    offset: int,
) -> None:
    """Make a synthetic call, and look whether its trace, metric and log arrive, linked by the trace id.

    Without --once it runs as a service, a call each minute, until Ctrl-C or SIGTERM: `heliograph up` and the compose
    file run one already, and CanaryMissing tells when a signal stays away. No model is called and nothing costs; no
    figure of your users' holds a canary (docs/canary.md).

    \b
    Examples:
      heliograph canary --once               does everything arrive, right now?
      heliograph canary --once --json | jq -r '.signals[] | select(.arrived | not) | .why'
      heliograph canary --listen 127.0.0.1:4330 --export http://collector:4318

    Exit status: 0 everything arrived (or the service ended on request), 1 something did not, or the port cannot be
    used, 2 wrong options or configuration.
    """  # noqa: D301 - \b is click's
    if not once and (as_data or within is not None):
        raise click.UsageError("--json and --within are about a single call: add --once")
    from heliograph.canary._sight import looks
    from heliograph.config import load_for_canary
    from heliograph.serving._environment import forget_variables

    part = load_for_canary(overlays)
    ports = Ports.at(offset)

    def local(given: str | None, port: int) -> str:
        return given or f"http://127.0.0.1:{port}"

    found = looks(local(prometheus, ports.prometheus), local(loki, ports.loki), local(jaeger, ports.jaeger))
    forget_variables()
    receiver = local(export, ports.otlp_http)
    if once:
        from heliograph.canary._once import look_once

        raise click.exceptions.Exit(0 if look_once(part, receiver, found, within=within, as_data=as_data) else 1)
    from heliograph.canary._serve import serve

    serve(part, receiver, found, listen or ("127.0.0.1", ports.canary))
