"""What may stand behind the command's options: rates, lengths of time, breaks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import click

from heliograph.config._types import seconds

if TYPE_CHECKING:
    from click import Context, Parameter

__all__ = ["LENGTH", "RATE"]

_RATE: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(?:/(s|m))?")


class _Rate(click.ParamType[float]):
    """`200/s`, `30/m`, or a bare number per second; a float per second."""

    name = "rate"

    def convert(self, value: object, param: Parameter | None, ctx: Context | None) -> float:
        if isinstance(value, (int, float)):
            return float(value)
        match = _RATE.fullmatch(str(value))
        if match is None:
            self.fail(f"{value!r} is no rate; for example 200/s", param, ctx)
        return float(match[1]) / (60 if match[2] == "m" else 1)


class _Length(click.ParamType[float]):
    """`90s`, `1h30m`, `-4h`: seconds."""

    name = "time"

    def convert(self, value: object, param: Parameter | None, ctx: Context | None) -> float:
        if isinstance(value, (int, float)):
            return float(value)
        text = str(value)
        sign = -1.0 if text.startswith("-") else 1.0
        try:
            return sign * seconds(text.removeprefix("-").removeprefix("+"))
        except ValueError:
            return self.fail(f"{value!r} is no time; for example 90s, 10m or -4h", param, ctx)


RATE: Final = _Rate()
LENGTH: Final = _Length()
