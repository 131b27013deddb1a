"""What people read, word for word: `cases/<case>.json` through each template gives `golden/<case>/<template>`.

After a wanted change, look at what `HELIOGRAPH_UPDATE_GOLDEN=1 pytest tests/routing` writes, and commit it.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

pytestmark = pytest.mark.stack

FOLDER = Path(__file__).parent
TEMPLATES = FOLDER.parents[1] / "alertmanager" / "templates" / "*.tmpl"
CASES = sorted(path.stem for path in FOLDER.glob("cases/*.json"))
NAMES = (
    "discord.text",
    "email.html",
    "email.subject",
    "email.text",
    "json.firing",
    "msteams.title",
    "opsgenie.priority",
    "pagerduty.severity",
    "pagerduty.source",
    "slack.color",
    "slack.fallback",
    "slack.text",
    "slack.title",
    "slack.title_link",
    "sms.text",
)


def _render(amtool: Path, case: str | Path, name: str) -> str:
    command: list[str | Path] = [
        *(amtool, "template", "render", f"--template.glob={TEMPLATES}"),
        f"--template.type={'html' if name.endswith('.html') else 'text'}",
        f'--template.text={{{{ template "heliograph.{name}" . }}}}',
        f"--template.data={case if isinstance(case, Path) else FOLDER / 'cases' / f'{case}.json'}",
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


@pytest.mark.parametrize("name", ["email.text", "email.html", "slack.text", "discord.text", "plain"])
def test_a_critical_message_has_value_team_and_links(name: str, amtool: Path) -> None:
    text = _render(amtool, "critical", name).replace("&amp;", "&")
    for needed in (
        "32.1 %",
        "on-call",
        "http://localhost:8025/runbooks/HighQueryErrorRate",
        "http://localhost:3001/d/heliograph-llm-overview/",
        "http://localhost:16686/search?service=research-assistant&",
        "http://localhost:9093/#/silences/new?filter=",
        "heliograph ack HighQueryErrorRate --service=research-assistant --env=prod",
    ):
        assert needed in text


@pytest.mark.parametrize("name", ["email.text", "email.html", "slack.text", "discord.text", "plain"])
def test_logs_are_linked_and_mails_say_the_query(name: str, amtool: Path) -> None:
    text = _render(amtool, "user-cost", name)
    assert "http://localhost:3001/explore" in text
    assert ("unwrap cost_usd" in text) is (name in {"email.text", "email.html", "plain"})


# Template → how long it may be for the service to take it whole.
LIMITS = {"discord.text": 4096, "plain": 15_000, "slack.text": 12_000, "msteams.text": 24_000}


@pytest.mark.parametrize("case", ["longest", "hostile"])
@pytest.mark.parametrize("name", LIMITS)
def test_a_message_is_not_refused_for_its_length(name: str, case: str, amtool: Path) -> None:
    text = _render(amtool, case, name)
    assert len(text) <= LIMITS[name]
    assert "heliograph ack" in text


@pytest.mark.parametrize("name", LIMITS)
def test_nor_for_the_number_of_its_alerts(name: str, amtool: Path, tmp_path: Path) -> None:
    case = json.loads((FOLDER / "cases" / "two-users.json").read_text(encoding="utf-8"))
    first = json.dumps(case["alerts"][0])
    case["alerts"] = [json.loads(first.replace("u-4711", f"u-{number}")) for number in range(120)]
    (tmp_path / "many.json").write_text(json.dumps(case), encoding="utf-8")
    text = _render(amtool, tmp_path / "many.json", name)
    assert len(text) <= LIMITS[name]
    assert "heliograph ack" in text
    assert "of 120; all of them: heliograph alerts" in text


def test_a_silence_is_made_out_for_exactly_this(amtool: Path) -> None:
    """Of a group with two models the link names neither, and always the severity: a worse tier is still told."""
    for case, labels in (("two-models", "level severity"), ("user-cost", "severity user_id")):
        asked = parse_qs(urlsplit(_render(amtool, case, "silence").partition("#")[2]).query)["filter"][0]
        names = [name for name, _, _ in (part.partition("=") for part in asked.strip("{}").split(","))]
        assert {"alertname", "job", *labels.split()} <= set(names)
        assert "model" not in names


def test_the_command_is_one_word_after_another_for_a_shell(amtool: Path) -> None:
    """Whatever a label holds stays within its argument: somebody will paste this at three in the morning."""
    case = json.loads((FOLDER / "cases" / "hostile.json").read_text(encoding="utf-8"))
    labels = case["commonLabels"]
    words = shlex.split(_render(amtool, "hostile", "command"))
    assert words[:3] == ["heliograph", "ack", "HighLLMLatency"]
    assert words[3:] == [
        f"--service={labels['job']}",
        f"--env={labels['deployment_environment_name']}",
        f"--match=model={labels['model']}",
        f"--match=tenant={labels['tenant']}",
        *("--for=2h", "--why=..."),
    ]
    in_a_room = _render(amtool, "hostile", "discord.text").rpartition(" or `")[2].removesuffix("`")
    assert "`" not in in_a_room
    assert shlex.split(in_a_room)[3] == f"--service={labels['job']}".replace("`", "?")


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
    for name in ("slack.text", "slack.title"):
        assert "<!channel>" not in _render(amtool, "hostile", name)
        assert "<http://evil" not in _render(amtool, "hostile", name)
    for name in ("discord.text", "discord.title", "msteams.title"):
        assert "](http://evil)" not in _render(amtool, "hostile", name).replace("\\](", "")
        assert "[x](" not in _render(amtool, "hostile", name).partition(" or `")[0]
