"""docs/configuration.md: its examples work as they stand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from heliograph.config import ConfigError, load
from heliograph.stack._paths import config_root

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (config_root() / "docs" / "configuration.md").read_text(encoding="utf-8")
MISTAKES = re.search(r"```yaml\n([^`]+)```\n\n```text\nheliograph: (.+?)```", PAGE, re.DOTALL)
EXAMPLES = [text for text in re.findall(r"```yaml\n([^`]+)```", PAGE) if not MISTAKES or text != MISTAKES[1]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with every secret that the page names."""
    (tmp_path / "secrets").mkdir()
    for name in re.findall(r"secrets/(\w+)", PAGE):
        (tmp_path / "secrets" / name).write_text("https://hooks.example.com/1\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_is_a_right_overlay(text: str, folder: Path) -> None:
    if "slack: {enabled: true}" in text:  # the name of its file is in the shipped heliograph.yaml
        text = text.replace("{enabled: true}", "{enabled: true, webhook_url_file: secrets/slack_webhook_url}")
    (folder / "my.yaml").write_text(text, encoding="utf-8")
    assert load(overlays=[folder / "my.yaml"]) != load()


def test_the_mistakes_are_reported_in_these_words(folder: Path) -> None:
    assert MISTAKES
    (folder / "my.yaml").write_text(MISTAKES[1], encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load(overlays=[folder / "my.yaml"])
    assert f"{raised.value}\n" == MISTAKES[2]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 7
