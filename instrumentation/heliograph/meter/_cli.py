"""`heliograph meter`."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from heliograph._options import Url, config_files
from heliograph.config import load_for_meter
from heliograph.config._types import seconds
from heliograph.genai._prices import Prices
from heliograph.genai._prices._book import ENVIRONMENT
from heliograph.meter._http import MAX_BYTES, HttpServer
from heliograph.meter._service import MeterService, Settings
from heliograph.meter._store import Store
from heliograph.serving._environment import forget_variables
from heliograph.serving._options import HostPort
from heliograph.serving._tls import mutual
from heliograph.serving._until import until_told

if TYPE_CHECKING:
    from heliograph.config import MeterPart

__all__ = ["meter"]

_ADDRESS: Final = HostPort("127.0.0.1:4319")
_END_SECONDS: Final = 8.0  # for the last export: below the 10 s that Docker and `heliograph down` give


@click.command()
@click.option(
    "--listen",
    type=_ADDRESS,
    default="127.0.0.1:4319",
    show_default=True,
    help="Where to take spans.",
)
@click.option(
    "--export",
    type=Url(),
    default="http://127.0.0.1:4318",
    show_default=True,
    help="OTLP/HTTP receiver that takes metrics and events: the collector's own.",
)
@config_files(", whose sections `meter` and `prices` hold the meter's numbers")
@click.option(
    "--prices",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Prices from elsewhere.  [default: $HELIOGRAPH_PRICES, else heliograph.yaml]",
)
@click.option(
    "--data",
    metavar="FOLDER",
    envvar="HELIOGRAPH_METER_DATA",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to write down what was taken, so that a crash loses nothing. Nothing is written without it.  "
    "[default: $HELIOGRAPH_METER_DATA]",
)
@click.option(
    "--max-bytes",
    type=click.IntRange(min=1024),
    default=MAX_BYTES,
    show_default=True,
    help="Largest request taken, after decompression.",
)
@click.option(
    "--tls",
    "certificates",
    metavar="FOLDER",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Listen with TLS, to clients with a certificate: inner.crt, inner.key, ca.crt of `heliograph secrets init`.",
)
def meter(
    *,
    listen: tuple[str, int],
    export: str,
    overlays: tuple[Path, ...],
    prices: str | None,
    data: Path | None,
    max_bytes: int,
    certificates: Path | None,
) -> None:
    """Count the model calls of applications that do not use the package.

    `heliograph up` and the compose file run one already, behind the collector: any OTLP client that sends GenAI spans
    (OpenTelemetry's own conventions, OpenInference, OpenLLMetry, LangSmith, Langfuse) lights up the same metrics,
    events and boards as the package does. Each provider call counts once, however many layers report it; calls that an
    application counted itself are never counted again.

    With --data a request is acknowledged once it is on the disk, and a crash (`kill -9`) loses and doubles nothing.
    Runs until Ctrl-C or SIGTERM; what waits then waits on disk, or is decided and sent where there is none.

    \b
    Addresses:
      POST /v1/traces       OTLP: protobuf or JSON, plain or gzip
      GET  /healthz         whether it works, how many calls wait

    \b
    Example: a meter of your own, in front of a collector elsewhere
      heliograph meter --listen 127.0.0.1:4319 --export http://collector:4318 --config my.yaml

    docs/meter.md says what is counted and what is not.

    Exit status: 0 ended on request, 1 the port or the folder cannot be used, 2 wrong options or configuration.
    """  # noqa: D301 - \b is click's
    forget_variables()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    part = load_for_meter(overlays)
    settings = _settings(part, export)
    with until_told() as wait_for_the_end:
        store = Store(data) if data is not None else None
        service = MeterService(settings, prices=_prices(prices, part), store=store)
        server = HttpServer(service, listen, max_bytes=max_bytes, tls=mutual(certificates) if certificates else None)
        service.start()
        server.start()
        click.echo(f"Meter: {server.url}/v1/traces, to {export}, after {settings.wait:g} s. Ctrl-C ends it.")
        click.echo(
            f"Meter: kept in {store.path}; a crash loses nothing."
            if store is not None
            else "Meter: kept in memory only; a crash loses what waits and the last numbers. --data FOLDER keeps them."
        )
        wait_for_the_end()
        server.close()
        service.close(_END_SECONDS)
    click.echo(f"Meter: ended; {service.tally.counted} calls counted, {service.tally.lost} events lost.")


def _settings(part: MeterPart, export: str) -> Settings:
    return Settings(
        export=export,
        wait=seconds(part.meter.wait),
        idle=seconds(part.meter.idle),
        interval=seconds(part.intervals.metric_export),
        applications=part.meter.applications,
        waiting=part.meter.waiting,
        remembered=part.meter.remember,
        resent=seconds(part.meter.resent),
        resent_spans=part.meter.resent_spans,
    )


def _prices(file: str | None, part: MeterPart) -> Prices:
    """Read the prices of one's own; raises PriceError (exit status 2) for mistakes, rather than bill with others."""
    if file is None:
        file = os.environ.get(ENVIRONMENT, "").strip() or None
    return Prices(part.prices if file is None else file)
