"""What must hold between values. Each check looks at plain data and keeps silent about parts it cannot read."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import TYPE_CHECKING

from heliograph.config._channel_checks import channel_problems, channel_secrets
from heliograph.config._durability_checks import durability_problems
from heliograph.config._errors import Key, Problem, display
from heliograph.config._look import entries, get, length, number
from heliograph.config._match_checks import match_problems
from heliograph.config._promise_checks import promise_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["run", "secret_files"]

_SLOWEST_EVALUATION = 15.0  # s: slower, and the promise to tell someone within a minute cannot be kept
_SAMPLES = 4  # that a window must hold, so that one late export does not empty it
_OTLP_PATH = re.compile(r"/otel(/v1/traces)?/?$")  # what collector/langsmith.yaml and its exporter append


def run(data: Mapping[str, object]) -> Iterator[Problem]:
    """Yield the problems between values."""
    yield from _tiers(data)
    yield from _windows(data)
    yield from _intervals(data)
    yield from match_problems(data)
    yield from promise_problems(data)
    yield from channel_problems(data)
    yield from _secrets(data)
    yield from _destinations(data)
    yield from durability_problems(data)
    yield from _meter(data)
    yield from _canary(data)
    yield from _prices(data)


def _tiers(data: Mapping[str, object]) -> Iterator[Problem]:
    for name, alert in entries(data, "alerts"):
        order = [(tier, number(get(alert, tier))) for tier in ("warning", "critical", "p1")]
        known = [(tier, value) for tier, value in order if value is not None]
        for (lower, low), (higher, high) in itertools.pairwise(known):
            if low >= high:
                yield Problem(
                    ("alerts", name, higher),
                    f"{high:g} is not above `{lower}` ({low:g}), which would never be seen",
                    f"raise `{higher}`, lower `{lower}`, or switch one off with null",
                )


def _windows(data: Mapping[str, object]) -> Iterator[Problem]:
    export = length(get(data, "intervals", "metric_export"))
    for name, alert in entries(data, "alerts"):
        window = length(get(alert, "window"))
        if export and window and window < _SAMPLES * export:
            yield Problem(
                ("alerts", name, "window"),
                f"holds fewer than {_SAMPLES} samples: applications send one every {export:g} s",
                f"write at least {_SAMPLES * export:g}s, or shorten intervals.metric_export",
            )
    age = length(get(data, "alerts", "ServiceDown", "heartbeat_age"))
    if export and age and age < 2 * export:
        yield Problem(
            ("alerts", "ServiceDown", "heartbeat_age"),
            f"is shorter than two heartbeats ({export:g} s each): one late export would page",
            f"write at least {2 * export:g}s",
        )
    lookback = length(get(data, "alerts", "ServiceDown", "heartbeat_lookback"))
    if age and lookback and lookback <= age:
        yield Problem(
            ("alerts", "ServiceDown", "heartbeat_lookback"),
            "is not longer than heartbeat_age, so the alert could never fire",
            "write how long a stopped application is still missed, for example 1h",
        )


def _intervals(data: Mapping[str, object]) -> Iterator[Problem]:
    for name in ("evaluation", "loki_ruler"):
        every = length(get(data, "intervals", name))
        if every and every > _SLOWEST_EVALUATION:
            yield Problem(
                ("intervals", name),
                f"{every:g} s is too slow to tell someone within a minute",
                f"write at most {_SLOWEST_EVALUATION:g}s",
            )
    slowest = max((length(get(data, "intervals", name)) or 0.0 for name in ("scrape", "metric_export")), default=0.0)
    window = length(get(data, "dashboards", "rate_window"))
    if window and window < _SAMPLES * slowest:
        yield Problem(
            ("dashboards", "rate_window"),
            f"holds fewer than {_SAMPLES} samples: some come every {slowest:g} s",
            f"write at least {_SAMPLES * slowest:g}s, or shorten intervals.scrape and intervals.metric_export",
        )


def secret_files(data: Mapping[str, object]) -> Iterator[tuple[Key, object, bool]]:
    """Yield (key, file or None, required) for each secret that an enabled channel or destination reads."""
    yield from channel_secrets(data)
    langsmith = get(data, "destinations", "langsmith")
    if get(langsmith, "enabled") is True:
        yield ("destinations", "langsmith", "api_key_file"), get(langsmith, "api_key_file"), True


def _secrets(data: Mapping[str, object]) -> Iterator[Problem]:
    names: dict[tuple[bool, str], str] = {}
    for key, file, required in secret_files(data):
        # ("channels", "slack", …) or ("teams", "channels", "search", "slack", …)
        reader = key[1] if key[0] in {"channels", "destinations"} else f"{key[3]} of {key[2]}"
        if not file and required:
            yield Problem(key, f"names no file, and {reader} is on", f"name the file, or switch {reader} off")
        if not file or not isinstance(file, str):
            continue
        path = Path(file)
        if not path.is_file():
            yield Problem(
                key,
                f"there is no file {display(path)}, and {reader} is on",
                f"put the secret there (one line), or switch {reader} off",
            )
        elif not path.stat().st_size:
            yield Problem(key, f"the file {display(path)} is empty", f"put the secret there, or switch {reader} off")
        place = key[0] == "destinations", path.name  # read by the collector's container; all others by Alertmanager's
        if names.setdefault(place, file) != file:
            yield Problem(
                key,
                f"has the same file name as {names[place]}",
                "give each secret a file name of its own: its container sees them all in one folder",
            )


def _destinations(data: Mapping[str, object]) -> Iterator[Problem]:
    url = get(data, "destinations", "langsmith", "url")
    if isinstance(url, str) and (tail := _OTLP_PATH.search(url)):
        yield Problem(
            ("destinations", "langsmith", "url"),
            f"ends with {tail[0]}, which the collector adds by itself",
            f"write {url[: tail.start()]}",
        )


def _meter(data: Mapping[str, object]) -> Iterator[Problem]:
    waiting, remember = (number(get(data, "meter", name)) for name in ("waiting", "remember"))
    if waiting and remember and remember < waiting:
        yield Problem(
            ("meter", "remember"),
            f"{remember:g} is less than `waiting` ({waiting:g}): calls would be forgotten before they are decided",
            f"write at least {waiting:.0f}",
        )


def _canary(data: Mapping[str, object]) -> Iterator[Problem]:
    every, within = (length(get(data, "canary", name)) for name in ("every", "within"))
    export = length(get(data, "intervals", "metric_export"))
    if every and within and within > every:
        yield Problem(
            ("canary", "within"),
            f"is longer than `every` ({every:g} s): the next call would wait for this one",
            f"write at most {every:g}s",
        )
    if export and within and within < 2 * export:
        yield Problem(
            ("canary", "within"),
            f"is shorter than two exports of metrics ({export:g} s each): one late export would look like a loss",
            f"write at least {2 * export:g}s",
        )
    lasts = length(get(data, "alerts", "CanaryMissing", "for"))
    if every and lasts and lasts < every:
        yield Problem(
            ("alerts", "CanaryMissing", "for"),
            f"is shorter than `canary.every` ({every:g} s): one call that is late would wake someone",
            f"write at least {every:g}s; twice that says that two calls in a row did not arrive",
        )


def _prices(data: Mapping[str, object]) -> Iterator[Problem]:
    from heliograph.genai._prices import check

    if "prices" not in data:
        return
    for mistake in check(data["prices"]):
        yield Problem(("prices", *mistake.key), mistake.what, mistake.fix)
    file = get(data, "prices", "file")
    if isinstance(file, str) and file and not Path(file).is_file():
        yield Problem(
            ("prices", "file"), f"there is no file {display(Path(file))}", "put the prices there, or write null"
        )
