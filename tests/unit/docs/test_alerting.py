"""docs/alerting.md: its examples work as they stand, its commands exist, and its tables say what is rendered."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from heliograph import cli
from heliograph.config import load, render
from heliograph.stack._paths import config_root

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (config_root() / "docs" / "alerting.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^ *```yaml\n(.+?)^ *```", PAGE, re.DOTALL | re.MULTILINE)
COMMANDS = [
    line
    for block in re.findall(r"```shell\n(.+?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("heliograph ")
]


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_is_a_right_overlay(text: str, tmp_path: Path) -> None:
    for name in re.findall(r"secrets/(\w+)", PAGE):
        (tmp_path / "secrets").mkdir(exist_ok=True)
        (tmp_path / "secrets" / name).write_text("https://hooks.example.com/1\n", encoding="utf-8")
    # What a team borrows of the general channels has its secrets beside the shipped file.
    files = "email: {password_file: secrets/smtp_password}, slack: {webhook_url_file: secrets/slack_webhook_url}"
    (tmp_path / "below.yaml").write_text(f"channels: {{{files}}}", encoding="utf-8")
    (tmp_path / "my.yaml").write_text(text, encoding="utf-8")
    overlays = [tmp_path / "below.yaml", tmp_path / "my.yaml"]
    assert load(overlays=overlays) != load()


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_takes_these_options(line: str) -> None:
    _, name, *arguments = shlex.split(line, comments=True)
    module, attribute, _ = cli._COMMANDS[name]
    command = getattr(__import__(module, fromlist=[attribute]), attribute)
    command.make_context(name, arguments)


def test_every_channel_has_a_section_and_an_overlay_for_docker() -> None:
    titles = {
        "slack": "Slack",
        "email": "E-mail",
        "sms": "Text messages",
        "pagerduty": "PagerDuty",
        "opsgenie": "Opsgenie",
        "msteams": "Microsoft Teams",
        "discord": "Discord",
        "telegram": "Telegram",
        "webhook": "A webhook of your own",
        "inbox": "The inbox",
        "deadman": "The dead man's switch",
    }
    assert titles.keys() == load().plain()["channels"].keys()
    headings = re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    assert set(titles.values()) <= set(headings)
    missing = [name for name in titles if not (config_root() / f"docker-compose.{name}.yml").exists()]
    assert missing == ["inbox"]


def test_the_table_of_inhibition_names_every_alert_of_the_rules() -> None:
    table = PAGE.partition("## What silences what")[2].partition("\n## ")[0]
    text = render(load())["alertmanager/generated/alertmanager.yaml"]
    rules = YAML(typ="safe", pure=True).load(text)["inhibit_rules"]
    matchers = " ".join(matcher for rule in rules for matcher in rule["source_matchers"] + rule["target_matchers"])
    named = {name for found in re.findall(r'alertname=~?"([^"]+)"', matchers) for name in found.split("|")}
    assert {name for name in named if f"`{name}`" not in table} == set()


def test_every_alert_that_a_rule_names_exists() -> None:
    alerts = {*load().plain()["alerts"], "ErrorBudgetBurn", "CostBudgetBurn", "CostBudgetRunsOut", "CostBudgetSpent"}
    text = render(load())["alertmanager/generated/alertmanager.yaml"]
    named = {name for found in re.findall(r'alertname=~?"([^"]+)"', text) for name in found.split("|")}
    assert named - alerts == {"HeliographNotifyTest"}


@pytest.mark.parametrize("anchor", sorted(set(re.findall(r"\]\(#([^)]+)\)", PAGE))))
def test_a_link_within_the_page_leads_to_a_heading(anchor: str) -> None:
    headings = re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    assert anchor in {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
