"""The kinds of values in `heliograph.yaml`: durations, addresses, names of files."""

from __future__ import annotations

import re
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

__all__ = [
    "Address",
    "Count",
    "Duration",
    "HeaderText",
    "HostPort",
    "Limit",
    "Name",
    "Percent",
    "PhoneNumber",
    "Span",
    "Text",
    "TimeZone",
    "Url",
    "Whole",
    "complain",
    "seconds",
]

# Prometheus' own grammar for durations: the units in this order, each at most once.
_UNITS = {"y": 31_536_000.0, "w": 604_800.0, "d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_LONGEST = 200 * _UNITS["y"]
"""Prometheus and Loki count nanoseconds in 64 bits, which is 292 years."""
_DURATION = re.compile("(?=.)" + "".join(rf"(?:(?P<{unit}>[0-9]+){unit})?" for unit in _UNITS))
_LOOSE = re.compile(
    r"^\s*([0-9.]+)\s*(ms|milli\w*|s|sec\w*|m|min\w*|h|hr\w*|hour\w*|d|day\w*|w|week\w*)\s*$", re.IGNORECASE
)

# Kinds of text, for the checks here and for schemas.
_URL = r"https?://[^\s/?#]+[^\s?#]*"
_HOST_PORT = r"(\[[0-9a-fA-F:]+\]|[^\s:/]+):([0-9]{1,5})"
_ADDRESS = r"[^@\s,<>]+@[^@\s,<>]+"
_PHONE = r"\+[1-9][0-9]{6,14}"
_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]*"
_HEADER = r"[!-~]([ -~]*[!-~])?"


def _as_text(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$"})


def complain(what: str, fix: str) -> PydanticCustomError:
    """Return the error a validator raises: what is wrong, and what to write instead."""
    return PydanticCustomError("heliograph", "{what}", {"what": what, "fix": fix})


def seconds(duration: str) -> float:
    """Return the length of a Prometheus duration (`90s`, `1h30m`, `15d`) in seconds."""
    match = _DURATION.fullmatch(duration)
    if match is None:
        raise ValueError(f"no duration: {duration!r}")
    return sum(int(count) * _UNITS[unit] for unit, count in match.groupdict().items() if count)


def _duration(value: object) -> str:
    if value == 0 and not isinstance(value, bool):
        return "0s"
    if isinstance(value, str) and _DURATION.fullmatch(value):
        if seconds(value) > _LONGEST:
            raise complain(f"{value} is longer than any server can count", "write at most 200y")
        return value
    return _not_a_duration(value)


def _not_a_duration(value: object) -> str:
    fix = "write a whole number with a unit, for example 30s, 5m, 1h30m or 15d"
    if isinstance(value, int) and not isinstance(value, bool):
        fix = f"write the unit: {value}s, {value}m or {value}h?"
    elif isinstance(value, str) and (loose := _LOOSE.match(value)) and "." not in loose[1]:
        unit = "ms" if loose[2].lower().startswith(("ms", "milli")) else loose[2][0].lower()
        fix = f"did you mean {loose[1]}{unit}?"
    raise complain(f"{value!r} is no duration", fix)


def _positive(value: str) -> str:
    if seconds(value) <= 0:
        raise complain(f"{value} is no length of time", "write a duration longer than zero")
    return value


def _number(value: object) -> object:
    if isinstance(value, str):
        bare = value.strip().rstrip("%").lstrip("$").replace("_", "").replace(",", "").strip()
        if re.fullmatch(r"[0-9]+(\.[0-9]+)?", bare):
            raise complain(f"{value!r} is text, not a number", f"write it bare: {bare}")
    return value


def _url(value: str) -> str:
    if not re.fullmatch(_URL, value):
        raise complain(f"{value!r} is no web address", "write it whole, for example http://localhost:3001")
    return value.rstrip("/")


def _host_port(value: str) -> str:
    match = re.fullmatch(_HOST_PORT, value)
    if not match or not 0 < int(match[2]) < 65_536:  # noqa: PLR2004 - the end of the port range
        raise complain(f"{value!r} is no host and port", "write host:port, for example smtp.example.com:587")
    return value


def _address(value: str) -> str:
    if not re.fullmatch(_ADDRESS, value):
        raise complain(f"{value!r} is no e-mail address", "write one address per list item, without a display name")
    return value


def _phone(value: str) -> str:
    if not re.fullmatch(_PHONE, value):
        raise complain(f"{value!r} is no international phone number", 'write it in E.164, quoted: "+491701234567"')
    return value


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):  # unknown (a KeyError), or no plain name
        raise complain(f"{value!r} is no time zone", "write its IANA name, for example Europe/Berlin or UTC") from None
    return value


def _name(value: str) -> str:
    if not re.fullmatch(_NAME, value):
        raise complain(f"{value!r} is no name", "write letters, digits, _ . and - only")
    return value


def _header_text(value: str) -> str:
    if not re.fullmatch(_HEADER, value):
        raise complain(
            f"{value!r} cannot be sent in a header of HTTP",
            "write letters without accents, digits and signs, on one line, with no blank at either end",
        )
    return value


# As JSON schemas see them; 0 needs no unit.
_LENGTH = "(?=.)" + "".join(rf"([0-9]+{unit})?" for unit in _UNITS) + "$"

Duration = Annotated[
    str,
    BeforeValidator(_duration),
    WithJsonSchema({"type": ["string", "integer"], "pattern": f"^{_LENGTH}", "minimum": 0, "maximum": 0}),
]
"""A Prometheus duration; zero is allowed."""

Span = Annotated[
    Duration, AfterValidator(_positive), WithJsonSchema({"type": "string", "pattern": f"^(?=.*[1-9]){_LENGTH}"})
]
"""A duration longer than zero."""

Limit = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False), BeforeValidator(_number)]
"""A threshold, in the unit its comment states."""

Percent = Annotated[float, Field(strict=True, gt=0, le=100), BeforeValidator(_number)]
"""A share of 100."""

Count = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False), BeforeValidator(_number)]
"""How many there must be; 0 switches the condition off."""

Whole = Annotated[int, Field(strict=True, ge=1), BeforeValidator(_number)]
"""How many there may be: a whole number, at least one."""

Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, AfterValidator(_name), _as_text(_NAME)]
"""What may stand in a label, a rule's name and a regular expression as it is."""

HeaderText = Annotated[str, AfterValidator(_header_text), _as_text(_HEADER)]
"""Printable ASCII: the receiving side of a header may read anything else as it likes (RFC 9110, section 5.5)."""

TimeZone = Annotated[str, AfterValidator(_time_zone)]
"""A time zone by its name in the IANA database."""

Url = Annotated[str, AfterValidator(_url), _as_text(_URL)]
HostPort = Annotated[str, AfterValidator(_host_port), _as_text(_HOST_PORT)]
Address = Annotated[str, AfterValidator(_address), _as_text(_ADDRESS)]
PhoneNumber = Annotated[str, AfterValidator(_phone), _as_text(_PHONE)]
