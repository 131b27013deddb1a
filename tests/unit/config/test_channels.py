"""Channels, teams, tenants and times: what is a mistake, where it stands, and which file is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from heliograph.config import ConfigError, load

if TYPE_CHECKING:
    from pathlib import Path


def problems(folder: Path, text: str) -> str:
    (folder / "my.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load(overlays=[folder / "my.yaml"])
    return str(raised.value)


# A channel that is on without its file → the key that names it.
MISSING = {
    "pagerduty": "routing_key_file",
    "opsgenie": "api_key_file",
    "msteams": "webhook_url_file",
    "discord": "webhook_url_file",
    "webhook": "url_file",
    "deadman": "url_file",
    "slack": "webhook_url_file",
    "email": "password_file",
}


@pytest.mark.parametrize("channel", MISSING)
def test_a_channel_without_its_file_names_the_file(channel: str, tmp_path: Path) -> None:
    key = f"{channel}.{MISSING[channel]}"
    said = problems(tmp_path, f"channels:\n  {channel}:\n    enabled: true\n    {MISSING[channel]}: secrets/nothing\n")
    assert f"my.yaml:4: channels.{key}: there is no file" in said
    assert f"secrets/nothing, and {channel} is on" in said
    said = problems(tmp_path, f"channels:\n  {channel}:\n    enabled: true\n    {MISSING[channel]}: null\n")
    assert f"my.yaml:4: channels.{key}: names no file, and {channel} is on" in said


# The overlay → words of the problem.
MISTAKES = {
    "telegram without chat": (
        "channels: {telegram: {enabled: true, bot_token_file: here}}",
        "channels.telegram.chat: names no chat, and telegram is on",
    ),
    "two kinds of authorization": (
        "channels: {webhook: {enabled: true, url_file: here, bearer_token_file: here, username: me}}",
        "channels.webhook.username: stands next to bearer_token_file",
    ),
    "a name without its password": (
        "channels: {webhook: {enabled: true, url_file: here, username: me}}",
        "channels.webhook.password_file: names no file",
    ),
    "only the dead man's switch": (
        "channels: {inbox: {enabled: false}, deadman: {enabled: true, url_file: here}}",
        "no channel is on: nobody would be told",
    ),
    "a severity that is none": (
        "channels: {pagerduty: {severities: [page]}}",
        "channels.pagerduty.severities.0: 'page' is none of the choices",
    ),
    "a team's file is missing": (
        "teams: {channels: {search: {pagerduty: {routing_key_file: nothing}}}}",
        "and pagerduty of search is on",
    ),
    "a team's room without any webhook": (
        "channels: {slack: {webhook_url_file: null}}\nteams: {channels: {search: {slack: {warning: {room: '#s'}}}}}",
        "channels.slack.webhook_url_file: names no file",
    ),
    "a team's people without a mail server's password": (
        "teams: {channels: {search: {email: {critical: [a@example.com]}}}}",
        "channels.email.password_file: there is no file",
    ),
    "a tenant's chat without a bot": (
        "routing: {tenants: {acme: {telegram: {chat: -1}}}}",
        "channels.telegram.bot_token_file: there is no file",
    ),
    "an unknown channel of a team": ("teams: {channels: {search: {pigeon: {}}}}", "unknown key 'pigeon'"),
    "over midnight": (
        'routing: {business_hours: [{times: ["22:00-06:00"]}]}',
        'over midnight, write two: "22:00-24:00" and "00:00-06:00"',
    ),
    "no time of day": ('routing: {business_hours: [{times: ["9-17"]}]}', "'9-17' is no time of day"),
    "no weekday": ("routing: {business_hours: [{weekdays: [mon]}]}", "'mon' is no weekday"),
    "over the weekend": ('routing: {business_hours: [{weekdays: ["friday:monday"]}]}', "over the end of the week"),
    "no day of a month": (
        "routing: {mute_times: {x: {match: {}, when: [{days_of_month: ['32']}]}}}",
        "no day of a month",
    ),
    "no month": ("routing: {mute_times: {x: {match: {}, when: [{months: [dec]}]}}}", "'dec' is no month"),
    "no year": ("routing: {mute_times: {x: {match: {}, when: [{years: ['26']}]}}}", "'26' is no year"),
    "no hours at all": ("routing: {business_hours: []}", "routing.business_hours: is empty"),
    "no regular expression": (
        "routing: {mute_times: {x: {match: {job: '('}, when: [{months: ['12']}]}}}",
        "'(' is no regular expression",
    ),
    "no label": ("routing: {mute_times: {x: {match: {a-b: c}, when: [{months: ['12']}]}}}", "'a-b' is no label"),
    "a name that is taken": (
        "routing: {mute_times: {business-hours: {match: {}, when: [{months: ['12']}]}}}",
        "is the name of routing.business_hours",
    ),
    "too many conditions": (
        "routing:\n  mute_times:\n"
        + "".join(f"    m{n}: {{match: {{job: j{n}}}, when: [{{months: ['12']}}]}}\n" for n in range(5)),
        "more than 4 different `match`",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / "here").write_text("secret\n", encoding="utf-8")
    text, words = MISTAKES[name]
    assert words in problems(tmp_path, text)


def test_what_is_right_is_accepted(tmp_path: Path) -> None:
    for name in ("hook", "bot", "key", "own"):
        (tmp_path / name).write_text("secret\n", encoding="utf-8")
    (tmp_path / "my.yaml").write_text(
        """
channels:
  slack: {enabled: true, webhook_url_file: hook}
  telegram: {enabled: true, bot_token_file: bot, warning: {chat: -1}, critical: {chat: -2}}
teams:
  channels:
    search:
      slack: {warning: {room: "#search"}, critical: {webhook_url_file: own}}
      pagerduty: {routing_key_file: key}
routing:
  time_zone: Europe/Berlin
  business_hours: [{weekdays: ["Monday:Friday"], times: ["09:00-12:00", "13:00-24:00"]}]
  mute_times:
    holidays: {match: {}, when: [{months: [december], days_of_month: ["24:26", "-1"], years: ["2026:2027"]}]}
  tenants: {"acme & co": {telegram: {chat: -3}}}
""",
        encoding="utf-8",
    )
    config = load(overlays=[tmp_path / "my.yaml"])
    assert config.teams.channels["search"].replace
    assert config.routing.business_hours
    assert config.routing.business_hours[0].weekdays == ["monday:friday"]
