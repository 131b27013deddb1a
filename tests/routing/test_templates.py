"""What people read, word for word: `cases/<case>.json` through each template gives `golden/<case>/<template>`.

After a wanted change, look at what `HELIOGRAPH_UPDATE_GOLDEN=1 pytest tests/routing` writes, and commit it.
"""

from __future__ import annotations

import os
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

pytestmark = pytest.mark.stack

FOLDER = Path(__file__).parent
TEMPLATES = FOLDER.parents[1] / "alertmanager" / "templates" / "*.tmpl"
CASES = sorted(path.stem for path in FOLDER.glob("cases/*.json"))
NAMES = (
    "email.html",
    "email.subject",
    "email.text",
    "slack.color",
    "slack.fallback",
    "slack.text",
    "slack.title",
    "slack.title_link",
    "sms.text",
)


def _render(amtool: Path, case: str, name: str) -> str:
    command: list[str | Path] = [
        *(amtool, "template", "render", f"--template.glob={TEMPLATES}"),
        f"--template.type={'html' if name.endswith('.html') else 'text'}",
        f'--template.text={{{{ template "heliograph.{name}" . }}}}',
        f"--template.data={FOLDER / 'cases' / case}.json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", CASES)
def test_words(case: str, name: str, amtool: Path) -> None:
    golden = FOLDER / "golden" / case / name
    text = _render(amtool, case, name)
    if os.environ.get("HELIOGRAPH_UPDATE_GOLDEN"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_a_text_message_fits_and_is_ascii(case: str, amtool: Path) -> None:
    text = _render(amtool, case, "sms.text")
    assert text
    assert len(text) <= 160
    assert text.isascii()


@pytest.mark.parametrize("name", ["email.text", "email.html", "slack.text"])
def test_a_critical_message_has_value_runbook_dashboard_and_traces(name: str, amtool: Path) -> None:
    text = _render(amtool, "critical", name).replace("&amp;", "&")
    for needed in (
        "32.1 %",
        "http://localhost:8025/runbooks/HighQueryErrorRate",
        "http://localhost:3001/d/heliograph-llm-overview/",
        "http://localhost:16686/search?service=research-assistant&",
        "http://localhost:9093/#/silences/new?filter=",
    ):
        assert needed in text


def test_a_text_message_keeps_the_value_and_the_runbook(amtool: Path) -> None:
    text = _render(amtool, "critical", "sms.text")
    assert "P1 CRITICAL HighQueryErrorRate" in text
    assert "32.1 %" in text
    assert text.endswith(" http://localhost:8025/runbooks/HighQueryErrorRate")


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.seen.add(tag)


def test_labels_cannot_bring_markup_into_a_message(amtool: Path) -> None:
    tags = _Tags()
    tags.feed(_render(amtool, "hostile", "email.html"))
    assert not tags.seen & {"script", "b", "!channel"}
    assert "<!channel>" not in _render(amtool, "hostile", "slack.text")
    assert "<!channel>" not in _render(amtool, "hostile", "slack.title")
