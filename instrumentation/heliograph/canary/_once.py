"""One call, for a person or a script: what became of it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from heliograph.canary._call import Caller
from heliograph.canary._sight import STORE_OF, follow
from heliograph.config._types import seconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from heliograph.canary._call import Call
    from heliograph.canary._sight import Look, Sighting, Signal
    from heliograph.config import CanaryPart

__all__ = ["look_once"]


def look_once(
    part: CanaryPart, export: str, looks: Mapping[Signal, Look], *, within: float | None, as_data: bool
) -> bool:
    """Make a call, follow it for `within` seconds at most, print what was seen; return whether all arrived."""
    limit = seconds(part.canary.within) if within is None else within
    caller = Caller(export, interval=seconds(part.intervals.metric_export))
    call = caller.call()
    if not as_data and sys.stderr.isatty():  # the metric takes longer than 2 s: say what is waited for
        click.echo(f"trace {call.trace_id}, sent to {export}; looking for at most {limit:g} s ...", err=True)
    sightings = follow(call, looks, within=limit)
    caller.close()
    if as_data:
        click.echo(json.dumps(_plain(call, export, limit, sightings)))
    else:
        _show(call, export, limit, sightings)
    return all(one.seconds is not None for one in sightings)


def _plain(call: Call, export: str, limit: float, sightings: Sequence[Sighting]) -> dict[str, object]:
    return {
        "trace_id": call.trace_id,
        "made": round(call.made, 3),
        "export": export,
        "within_seconds": limit,
        "arrived": all(one.seconds is not None for one in sightings),
        "signals": [
            {
                "signal": one.signal,
                "store": STORE_OF[one.signal],
                "arrived": one.seconds is not None,
                "seconds": None if one.seconds is None else round(one.seconds, 3),
                "why": one.why,
            }
            for one in sightings
        ],
    }


def _show(call: Call, export: str, limit: float, sightings: Sequence[Sighting]) -> None:
    click.echo(f"canary {call.trace_id} to {export}")
    for one in sightings:
        if one.seconds is not None:
            word, told = click.style("arrived", fg="green"), f"after {one.seconds:4.1f} s"
        else:
            word, told = click.style("missing", fg="red"), f"after {limit:g} s: {one.why}"
        click.echo(f"  {one.signal:8} {STORE_OF[one.signal]:11} {word}  {told}")
