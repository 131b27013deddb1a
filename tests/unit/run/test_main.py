"""Arguments, the first line, the environment, what may be sent, and colours."""

from __future__ import annotations

import io
import os

import pytest

from heliograph.guard import ContentPolicy
from heliograph.run import _attach, _launch
from heliograph.run._collector import collector
from heliograph.run._main import _split, _where
from heliograph.run._text import paint_for
from heliograph.telemetry._settings import Settings


@pytest.mark.parametrize(
    ("typed", "options", "command"),
    [
        ("app.py --json x", "", "app.py --json x"),
        ("-- python app.py", "", "python app.py"),
        ("-q --json x -- python -q", "-q --json x", "python -q"),
        ("-q python -m http", "-q", "python -m http"),
        ("--json=x python", "--json=x", "python"),
        ("-m pytest -q -- x", "-m pytest", "-q -- x"),
        ("-q -m pytest", "-q -m pytest", ""),
        ("-mpytest -x", "-mpytest", "-x"),
        ("-h", "-h", ""),
        ("", "", ""),
    ],
)
def test_where_the_command_begins(typed: str, options: str, command: str) -> None:
    assert _split(typed.split()) == (options.split(), command.split())


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "telemetry goes nowhere but this terminal"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, "goes to http://c:4318 too (OTEL_EXPORTER_OTLP_ENDPOINT)"),
        ({"HELIOGRAPH_ENDPOINT": "http://c:4318"}, "goes to http://c:4318 too (HELIOGRAPH_ENDPOINT)"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "https://me:secret@c"}, "goes to c too"),
        ({"OTEL_SDK_DISABLED": "true"}, "OTEL_SDK_DISABLED is true, so nothing is counted"),
    ],
)
def test_the_first_line_says_where_data_goes(environment: dict[str, str], said: str) -> None:
    assert said in _where(environment)
    assert "secret" not in _where(environment)


@pytest.mark.parametrize(
    ("environment", "settings", "sends"),
    [
        ({}, Settings("s"), False),
        ({"HELIOGRAPH_METRICS_PORT": "9464"}, Settings("s"), False),
        ({"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://c/v1/logs"}, Settings("s"), True),
        ({}, Settings("s", endpoint="http://the-programs-own"), True),
    ],
    ids=["nothing", "pulled", "environment", "program"],
)
def test_nothing_leaves_a_process_unless_somebody_named_a_collector(
    environment: dict[str, str], settings: Settings, sends: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(os.environ):
        if name.startswith(("OTEL_", "HELIOGRAPH_")):
            monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    adapted = _attach.adapt(settings)
    assert bool(adapted.exports) is sends
    assert sends or adapted.content == ContentPolicy()
    assert (collector(environment) is not None) is (sends and not settings.endpoint)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, [_launch.SITE]),
        ("", [_launch.SITE]),
        ("a", [_launch.SITE, "a"]),
        (f"{_launch.SITE}{os.pathsep}a", [_launch.SITE, "a"]),
    ],
)
def test_pythonpath_gets_our_folder_first_and_never_the_current_one(before: str | None, after: list[str]) -> None:
    given = {"A": "b"} if before is None else {"A": "b", "PYTHONPATH": before}
    made = _launch.environment_for(given, "/s")
    assert made["PYTHONPATH"].split(os.pathsep) == after
    assert made["A"] == "b"


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "colours"),
    [
        (_Terminal(), {}, True),
        (_Terminal(), {"NO_COLOR": "1"}, False),
        (_Terminal(), {"NO_COLOR": ""}, True),
        (_Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
    ],
)
def test_colours_only_on_a_terminal_that_wants_them(
    stream: io.StringIO, environment: dict[str, str], colours: bool
) -> None:
    assert paint_for(stream, environment).on is colours
