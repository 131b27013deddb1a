"""Run the service until it is told to end."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import click

from heliograph.canary._call import Caller
from heliograph.canary._http import HttpServer
from heliograph.canary._service import CanaryService, Settings
from heliograph.config._types import seconds
from heliograph.serving._until import until_told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heliograph.canary._sight import Look, Signal
    from heliograph.config import CanaryPart
    from heliograph.serving._addresses import Address

__all__ = ["serve"]


def serve(part: CanaryPart, export: str, looks: Mapping[Signal, Look], listen: Address) -> None:
    """Call and look until Ctrl-C or SIGTERM. Raises HeliographError when it cannot listen."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    settings = Settings(every=seconds(part.canary.every), within=seconds(part.canary.within))
    with until_told() as wait_for_the_end:
        caller = Caller(export, interval=seconds(part.intervals.metric_export))
        service = CanaryService(settings, caller.call, looks)
        server = HttpServer(service, listen)
        service.start()
        server.start()
        click.echo(f"Canary: every {part.canary.every}, to {export}; {server.url}/metrics. Ctrl-C ends it.")
        wait_for_the_end()
        server.close()
        service.close()
        caller.close()
    click.echo("Canary: ended.")
