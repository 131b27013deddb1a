"""What people named after attacks read of an alert: Alertmanager's own templates, in every channel, and the inbox."""

from __future__ import annotations

import json
import subprocess
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from heliograph.stack._build import binary

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.stack

TEMPLATES: Final = Path(__file__).parents[2] / "alertmanager/templates/*.tmpl"
CASE: Final = Path(__file__).parents[1] / "routing/cases/hostile.json"
CHANNELS: Final = (
    *("discord.title", "discord.text", "msteams.title", "msteams.text", "slack.title", "slack.text", "slack.fallback"),
    *("email.subject", "email.text", "email.html", "telegram.text", "sms.text", "subject", "plain"),
)
NAMES: Final = {
    "a template": "{{ .CommonLabels }}{{ .ExternalURL }}",
    "everyone in the room": "@everyone <!channel> <!here> <@U123>",
    "another direction of writing": "abc\u202egpj.exe\u2066x\u2069",
    "a terminal's commands": "\x1b[31mred\x07\x00\x9b",
    "another line": "x\r\nBcc: evil@example.com\r\n\r\n<b>hello</b>",
    "a thousand characters": "long " * 200,
    "markup": "<img src=x onerror=alert(1)><a href='javascript:x'>y</a>",
    "a link": "[click](http://evil.example) <http://evil.example|here>",
}


@pytest.fixture
def render(tmp_path: Path) -> Callable[[str, str], str]:
    def rendered(name: str, channel: str) -> str:
        case = json.loads(CASE.read_text(encoding="utf-8"))
        said = {"job": name, "model": name, "tenant": name}
        case["commonLabels"] |= said
        case["groupLabels"] |= {"job": name}
        case["alerts"][0]["labels"] |= said
        for holder in (case["commonAnnotations"], case["alerts"][0]["annotations"]):
            holder |= {"description": f"5 % of {name} took longer.", "query": "up"}
        data = tmp_path / "case.json"
        data.write_text(json.dumps(case), encoding="utf-8")
        command: list[str | Path] = [
            *(binary("amtool"), "template", "render", f"--template.glob={TEMPLATES}"),
            f"--template.type={'html' if channel.endswith('.html') else 'text'}",
            f'--template.text={{{{ template "heliograph.{channel}" . }}}}',
            f"--template.data={data}",
        ]
        done = subprocess.run(command, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    return rendered


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_name_stays_a_name(render: Callable[[str, str], str], channel: str) -> None:
    for why, name in NAMES.items():
        text = render(name, channel)
        # The command to paste has the label as it is: it would name another one otherwise.
        words = text.partition("heliograph ack")[0]
        odd = {each for each in words if unicodedata.category(each) == "Cc" and each not in "\n\t"}
        assert not odd, (why, odd)
        assert not any("\u202a" <= each <= "\u202e" or "\u2066" <= each <= "\u2069" for each in words), why
        assert "map[" not in text, f"{why}: a template was carried out"
        if channel.endswith("html") or channel.startswith(("slack", "discord", "msteams")):
            assert "<img" not in words.replace("\\<img", ""), why
        if channel.startswith("slack"):
            assert "<!" not in text
            assert "<@" not in text
        if channel.endswith(("title", "subject", "fallback", "sms.text")):
            assert "\n" not in text, why
        if channel == "sms.text":
            assert len(text) <= 160
            assert text.isascii()
