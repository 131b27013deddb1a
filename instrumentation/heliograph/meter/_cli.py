"""`heliograph meter`."""

from __future__ import annotations

import logging
import os
import re
from typing import Final

import click

from heliograph.genai._prices import Prices
from heliograph.genai._prices._book import ENVIRONMENT
from heliograph.meter._http import MAX_BYTES, HttpServer
from heliograph.meter._service import MeterService, Settings
from heliograph.serving._options import HostPort
from heliograph.serving._until import until_told
from heliograph.stack._paths import config_root

__all__ = ["meter"]

_ADDRESS: Final = HostPort("127.0.0.1:4319")
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_END_SECONDS: Final = 8.0  # for the last export: below the 10 s that Docker and `heliograph down` give


class _Duration(click.ParamType[float]):
    name = "duration"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h)", str(value).strip())
        if found is None:
            self.fail(f"{value!r} is no duration, such as 10s, 500ms or 15m", param, ctx)
        return float(found[1]) * _UNITS[found[2]]


class _Url(click.ParamType[str]):
    name = "url"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not re.match(r"https?://[^/\s]", value):
            self.fail(f"{value!r} is no base URL, such as http://127.0.0.1:4318", param, ctx)
        return value.rstrip("/")


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
    type=_Url(),
    default="http://127.0.0.1:4318",
    show_default=True,
    help="OTLP/HTTP receiver that takes metrics and events: the collector's own.",
)
@click.option(
    "--wait",
    type=_Duration(),
    default="10s",
    show_default=True,
    help="How long a call waits for other spans that tell of it. Shorter: numbers appear sooner. Longer: layers that "
    "report late are still recognised.",
)
@click.option(
    "--idle",
    type=_Duration(),
    default="15m",
    show_default=True,
    help="Forget an application without calls for this long.",
)
@click.option(
    "--prices",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Prices of your own, or a heliograph.yaml with them.  [default: $HELIOGRAPH_PRICES, else heliograph.yaml]",
)
@click.option("--interval", type=_Duration(), default="5s", show_default=True, help="Time between exports of metrics.")
@click.option(
    "--applications",
    type=click.IntRange(min=1),
    default=Settings.applications,
    show_default=True,
    help="Applications at a time; calls of further ones count under the service name 'other'.",
)
@click.option(
    "--waiting",
    type=click.IntRange(min=1),
    default=Settings.waiting,
    show_default=True,
    help="Calls that wait at a time; past it, the oldest is decided early.",
)
@click.option(
    "--remember",
    type=click.IntRange(min=100),
    default=Settings.remembered,
    show_default=True,
    help="Spans remembered, to recognise late layers and repetitions (1.4 KiB each).",
)
@click.option(
    "--max-bytes",
    type=click.IntRange(min=1024),
    default=MAX_BYTES,
    show_default=True,
    help="Largest request taken, after decompression.",
)
def meter(
    *,
    listen: tuple[str, int],
    export: str,
    wait: float,
    idle: float,
    prices: str | None,
    interval: float,
    applications: int,
    waiting: int,
    remember: int,
    max_bytes: int,
) -> None:
    """Count the model calls of applications that do not use the package.

    `heliograph up` and the compose file run one already, behind the collector: any OTLP client that sends GenAI spans
    (OpenTelemetry's own conventions, OpenInference, OpenLLMetry, LangSmith, Langfuse) lights up the same metrics,
    events and boards as the package does. Each provider call counts once, however many layers report it; calls that an
    application counted itself are never counted again. Runs until Ctrl-C or SIGTERM; what waits is then decided and
    sent.

    \b
    Addresses:
      POST /v1/traces       OTLP: protobuf or JSON, plain or gzip
      GET  /healthz         whether it works, how many calls wait

    \b
    Example: a meter of your own, in front of a collector elsewhere
      heliograph meter --listen 127.0.0.1:4319 --export http://collector:4318 --wait 30s

    docs/meter.md says what is counted and what is not.

    Exit status: 0 ended on request, 1 the port cannot be used, 2 wrong options or prices.
    """  # noqa: D301 - \b is click's
    _forget_variables()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    settings = Settings(
        export=export,
        wait=wait,
        idle=idle,
        interval=interval,
        applications=applications,
        waiting=waiting,
        remembered=max(remember, waiting),
    )
    with until_told() as wait_for_the_end:
        service = MeterService(settings, prices=_prices(prices))
        server = HttpServer(service, listen, max_bytes=max_bytes)
        service.start()
        server.start()
        click.echo(f"Meter: {server.url}/v1/traces, to {export}, after {wait:g} s. Ctrl-C ends it.")
        wait_for_the_end()
        server.close()
        service.close(_END_SECONDS)
    click.echo(f"Meter: ended; {service.tally.counted} calls counted, {service.tally.lost} events lost.")


def _prices(file: str | None) -> Prices:
    """Read the prices of one's own; raises PriceError (exit status 2) for mistakes, rather than bill with others."""
    if file is None:
        file = os.environ.get(ENVIRONMENT, "").strip() or None
    return Prices(file if file is not None else config_root() / "heliograph.yaml")


def _forget_variables() -> None:
    """Drop `OTEL_*` variables but those about headers and certificates: they are for applications started here.

    `OTEL_SDK_DISABLED`, say, would have the meter count nothing.
    """
    for name in list(os.environ):
        if name.startswith("OTEL_") and not name.endswith(("_HEADERS", "_CERTIFICATE", "_CLIENT_KEY")):
            del os.environ[name]
