"""The shape of `heliograph.yaml`: how, and when, Alertmanager sends."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from heliograph.config._audiences import Audience
from heliograph.config._section import Section
from heliograph.config._types import Duration, Name, Span, Text, TimeZone, complain

__all__ = ["Hours", "MuteTime", "Routing"]

_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def _times(value: str) -> str:
    begin, dash, end = value.partition("-")
    if not dash or not _CLOCK.fullmatch(begin) or not _CLOCK.fullmatch(end):
        raise complain(
            f"{value!r} is no time of day", 'write from and to, for example "09:00-17:30"; 24:00 is midnight'
        )
    if begin >= end:
        raise complain(
            f"{value!r} does not end after it begins", f'over midnight, write two: "{begin}-24:00" and "00:00-{end}"'
        )
    return value


def _weekdays(value: str) -> str:
    begin, _, end = value.lower().partition(":")
    if begin not in _DAYS or (end or begin) not in _DAYS:
        raise complain(f"{value!r} is no weekday", "write monday, or monday:friday")
    if _DAYS.index(end or begin) < _DAYS.index(begin):
        raise complain(
            f"{value!r} goes over the end of the week, which begins on Sunday",
            "write two, as in [friday:saturday, sunday]",
        )
    return value.lower()


def _days(value: str) -> str:
    match = re.fullmatch(r"(-?[0-9]{1,2})(?::(-?[0-9]{1,2}))?", value)
    numbers = [int(text) for text in match.groups() if text] if match else [0]
    if not all(1 <= abs(number) <= 31 for number in numbers):  # noqa: PLR2004 - the longest month
        raise complain(f"{value!r} is no day of a month", 'write "24", "24:26", or "-1" for the last one')
    if len(numbers) > 1 and numbers[0] > numbers[1] and numbers[0] * numbers[1] > 0:
        raise complain(f"{value!r} does not end after it begins", "write the earlier day first")
    return value


def _months(value: str) -> str:
    ends = [
        _MONTHS.index(text) + 1 if text in _MONTHS else int(text) if text.isdigit() else 0
        for text in value.lower().split(":")
    ]
    if len(ends) > 2 or not all(1 <= end <= len(_MONTHS) for end in ends):  # noqa: PLR2004 - from and to
        raise complain(f"{value!r} is no month", 'write december, "12", or november:december')
    if ends != sorted(ends):
        raise complain(f"{value!r} goes over the end of the year", "write two, as in [november:december, january]")
    return value.lower()


def _years(value: str) -> str:
    ends = value.split(":")
    if len(ends) > 2 or not all(re.fullmatch(r"20[0-9]{2}", end) for end in ends) or ends != sorted(ends):  # noqa: PLR2004
        raise complain(f"{value!r} is no year", 'write "2027", or "2027:2028"')
    return value


def _label(value: str) -> str:
    if not _LABEL.fullmatch(value):
        raise complain(f"{value!r} is no label", "write a label of the alerts: alertname, job, severity, team, ...")
    return value


def _expression(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise complain(f"{value!r} is no regular expression: {error}", "write it as in RE2, for example a|b") from None
    return value


class Hours(Section):
    """A time that comes again; each list that is given must hold (as in Alertmanager's time intervals)."""

    times: list[Annotated[str, AfterValidator(_times)]] = Field(default_factory=list)
    weekdays: list[Annotated[str, AfterValidator(_weekdays)]] = Field(default_factory=list)
    days_of_month: list[Annotated[str, AfterValidator(_days)]] = Field(default_factory=list)
    months: list[Annotated[str, AfterValidator(_months)]] = Field(default_factory=list)
    years: list[Annotated[str, AfterValidator(_years)]] = Field(default_factory=list)


class MuteTime(Section):
    """A time at which some alerts are not sent."""

    match: dict[Annotated[str, AfterValidator(_label)], Annotated[str, AfterValidator(_expression)]]
    when: list[Hours] = Field(min_length=1)


class Routing(Section):
    """Alertmanager's grouping of notifications, and the times it keeps."""

    group_wait: Duration
    group_interval: Span
    repeat_interval: Span
    repeat_critical: Span | None
    time_zone: TimeZone
    business_hours: list[Hours] | None = Field(min_length=1)
    mute_times: dict[Name, MuteTime]
    tenants: dict[Text, Audience]
