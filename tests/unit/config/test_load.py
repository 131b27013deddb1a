"""heliograph.yaml and its overlays: what is read, and what is said of mistakes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from heliograph.config import Config, ConfigError, load, load_for_meter
from heliograph.errors import HeliographError
from heliograph.stack._paths import config_root
from heliograph.stack._ports import Ports

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_the_shipped_file_is_right_and_needs_no_secret() -> None:
    config = load()
    assert config.channels.inbox.enabled
    assert not any(channel.enabled for channel in (config.channels.slack, config.channels.email, config.channels.sms))


# What the incident guide and the boards speak of; others are in heliograph.yaml only.
PROMISED = {
    "HighQueryErrorRate": (5, 15, "2m"),
    "HighLLMErrorRate": (5, 10, "2m"),
    "HighQueryLatency": (30, 60, "5m"),
    "HighLLMLatency": (2, 5, "5m"),
    "HighQuotaUse": (80, 95, "2m"),
    "HighHourlyCost": (10, 25, "5m"),
    "HighHourlyTokens": (100_000, 500_000, "5m"),
    "HighDailyCost": (100, None, "5m"),
    "ServiceDown": (None, None, "1m"),
}


def test_the_shipped_thresholds_are_those_people_expect() -> None:
    alerts = load().plain()["alerts"]
    tiers = {n: (alerts[n].get("warning"), alerts[n].get("critical"), alerts[n]["for"]) for n in PROMISED}
    assert tiers == PROMISED
    assert alerts["HighQueryErrorRate"]["p1"] == 25
    assert [name for name, alert in alerts.items() if not alert.get("confirmed", True)] == [
        "HighLLMLatency",
        "HighHourlyTokens",
    ]


def test_an_overlay_states_only_what_differs(overlay: Callable[..., Path]) -> None:
    config = load(overlays=[overlay("alerts: {HighLLMLatency: {warning: 4, for: 10m}}")])
    shipped = load()
    assert config.alerts.HighLLMLatency.warning == 4
    assert config.alerts.HighLLMLatency.for_ == "10m"
    assert config.alerts.HighLLMLatency.critical == shipped.alerts.HighLLMLatency.critical
    assert config.alerts.HighQueryLatency == shipped.alerts.HighQueryLatency


def test_the_last_overlay_wins_and_lists_are_replaced(overlay: Callable[..., Path]) -> None:
    config = load(
        overlays=[
            overlay(
                "routing: {group_wait: 1s, repeat_interval: 1h}\nchannels: {email: {warning: [a@x.org]}}", "a.yaml"
            ),
            overlay("routing: {group_wait: 2s}\nchannels: {email: {warning: [b@x.org, c@x.org]}}", "b.yaml"),
        ]
    )
    assert (config.routing.group_wait, config.routing.repeat_interval) == ("2s", "1h")
    assert config.channels.email.warning == ["b@x.org", "c@x.org"]


def test_an_overlay_of_comments_changes_nothing(overlay: Callable[..., Path]) -> None:
    assert load(overlays=[overlay("# later\n")]) == load()


def test_links_follow_the_external_address_and_the_usual_ports() -> None:
    ports = Ports()
    links = (
        load()
        .merged({"external_url": "https://obs.example.com/", "links": {"grafana": "https://g.example.com/"}})
        .links
    )
    assert links.model_dump() == {
        "grafana": "https://g.example.com",
        "prometheus": f"https://obs.example.com:{ports.prometheus}",
        "alertmanager": f"https://obs.example.com:{ports.alertmanager}",
        "jaeger": f"https://obs.example.com:{ports.jaeger}",
        "runbooks": f"https://obs.example.com:{ports.inbox_http}/runbooks",
    }


def test_merged_values_pass_the_same_checks_and_leave_the_original_alone() -> None:
    config = load()
    moved = config.merged({"channels": {"inbox": {"smtp": "127.0.0.1:2025"}}})
    assert moved.channels.inbox.smtp == "127.0.0.1:2025"
    assert config.channels.inbox.smtp == "inbox:1025"
    assert moved.merged({"channels": {"inbox": {"enabled": True}}}).channels.inbox.smtp == "127.0.0.1:2025"
    with pytest.raises(ConfigError, match=r"values set by the program.*smtp.*no host and port"):
        config.merged({"channels": {"inbox": {"smtp": "nowhere"}}})


def test_a_price_list_is_relative_to_the_file_that_names_it(
    overlay: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "litellm.json").write_text("{}\n")
    monkeypatch.chdir("/")
    config = load(overlays=[overlay("prices: {file: litellm.json, models: {owl: {input: 2, output: 8}}}")])
    assert config.prices["file"] == str(tmp_path / "litellm.json")
    assert config.prices["models"] == {"owl": {"input": 2, "output": 8}}
    assert config.plain()["prices"]["max_age_days"] == 60


def test_a_name_of_a_secret_is_relative_to_the_file_that_states_it(
    overlay: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hook").write_text("https://hooks.example.com/1\n")
    monkeypatch.chdir("/")
    config = load(overlays=[overlay("channels: {slack: {enabled: true, webhook_url_file: hook}}")])
    assert config.channels.slack.webhook_url_file == str(tmp_path / "hook")


# -- mistakes ----------------------------------------------------------------------------------------------------------

# What someone wrote → line, what is said, and the fix that is offered.
MISTAKES = {
    "unknown key": (
        "alerts:\n  HighLLMLatency:\n    warnig: 3\n",
        3,
        "unknown key 'warnig'",
        "did you mean 'warning'?",
    ),
    "unknown section": ("chanels: {}\n", 1, "unknown key 'chanels'", "did you mean 'channels'?"),
    "unknown alert": ("alerts:\n\n  highllmlatency: {for: 5m}\n", 3, "unknown key", "did you mean 'HighLLMLatency'?"),
    "unknown, nothing like it": (
        "routing: {zzz: 1}\n",
        1,
        "unknown key 'zzz'",
        "known here: group_wait, group_interval",
    ),
    "duration with a long unit": ("routing:\n  group_wait: 5min\n", 2, "'5min' is no duration", "did you mean 5m?"),
    "duration with a blank": ("routing:\n  group_wait: 10 s\n", 2, "'10 s' is no duration", "did you mean 10s?"),
    "duration without a unit": (
        "routing:\n  group_wait: 30\n",
        2,
        "30 is no duration",
        "write the unit: 30s, 30m or 30h?",
    ),
    "duration with a fraction": ("routing:\n  group_wait: 1.5h\n", 2, "'1.5h' is no duration", "write a whole number"),
    "duration that is empty": ("routing:\n  group_wait: ''\n", 2, "'' is no duration", "write a whole number"),
    "duration of zero": ("routing:\n  group_interval: 0s\n", 2, "0s is no length of time", "longer than zero"),
    "number with a percent sign": ("alerts:\n  HighQuotaUse: {warning: 70%}\n", 2, "is text", "write it bare: 70"),
    "number with a dollar sign": ("alerts:\n  HighHourlyCost: {warning: $7.50}\n", 2, "is text", "write it bare: 7.50"),
    "number in words": ("alerts:\n  HighHourlyCost: {warning: ten}\n", 2, "'ten' is no number", "write a number"),
    "number below zero": ("alerts:\n  HighHourlyCost: {warning: -1}\n", 2, "-1", "greater than 0"),
    "number that is a switch": (
        "alerts:\n  HighHourlyCost: {warning: true}\n",
        2,
        "True is no number",
        "write a number",
    ),
    "more than all": ("alerts:\n  HighQuotaUse: {critical: 120}\n", 2, "120 is too much", "less than or equal to 100"),
    "warning above critical": ("alerts:\n  HighLLMLatency: {warning: 5}\n", None, "never be seen", "raise `critical`"),
    "critical above p1": ("alerts:\n  HighQueryErrorRate:\n    critical: 30\n", None, "never be seen", "raise `p1`"),
    "a word for a switch": ("channels:\n  slack: {enabled: yes}\n", 2, "neither true nor false", "write true or false"),
    "a value for a section": ("alerts:\n  ServiceDown: 5m\n", 2, "needs a mapping", "indent its keys below it: for, "),
    "a value for a list": ("channels:\n  email: {critical: a@x.org}\n", 2, "needs a list", "write [one, another]"),
    "nobody to write to": ("channels:\n  email: {critical: []}\n", 2, "is empty", "list at least one"),
    "one bad item of a list": (
        "channels:\n  email:\n    critical:\n      - a@x.org\n      - bob\n",
        5,
        "no e-mail",
        "address",
    ),
    "an address without scheme": ("links:\n  grafana: localhost:3000\n", 2, "no web address", "http://localhost:3001"),
    "a server without a port": (
        "channels:\n  email: {smarthost: mail}\n",
        2,
        "no host and port",
        "smtp.example.com:587",
    ),
    "a phone number without country": ("channels:\n  sms: {numbers: ['0170123']}\n", 2, "phone number", "E.164"),
    "a choice that does not exist": (
        "channels:\n  sms: {via: twilio}\n",
        2,
        "none of the choices",
        "'sns' or 'webhook'",
    ),
    "too slow": ("intervals:\n  evaluation: 1m\n", 2, "too slow", "at most 15s"),
    "a window without samples": (
        "alerts:\n  HighLLMLatency: {window: 10s}\n",
        2,
        "fewer than 4 samples",
        "at least 20s",
    ),
    "a beat that is always late": (
        "alerts:\n  ServiceDown: {heartbeat_age: 5s}\n",
        2,
        "two heartbeats",
        "at least 10s",
    ),
    "a beat never missed": ("alerts:\n  ServiceDown: {heartbeat_lookback: 30s}\n", 2, "never fire", "for example 1h"),
    "nobody is told": ("channels: {inbox: {enabled: false}}\n", 1, "no channel is on", "set `enabled: true`"),
    "nobody to call": ("channels: {sms: {enabled: true, sns: {credentials_file: null}}}\n", None, "is empty", "+49"),
    "no webhook": ("channels:\n  slack: {enabled: true}\n", None, "there is no file", "or switch slack off"),
    "no password": ("channels:\n  email: {enabled: true}\n", None, "there is no file", "or switch email off"),
    "no name of a password": (
        "channels:\n  email:\n    enabled: true\n    password_file: null\n",
        4,
        "names no file, and email is on",
        "name the file",
    ),
    "no key of langsmith": (
        "destinations:\n  langsmith:\n    enabled: true\n    api_key_file: gone\n",
        4,
        "gone, and langsmith is on",
        "or switch langsmith off",
    ),
    "no name of a key": (
        "destinations:\n  langsmith:\n    api_key_file: null\n    enabled: true\n",
        3,
        "names no file, and langsmith is on",
        "name the file",
    ),
    "a destination that does not exist": (
        "destinations:\n  langsmit: {enabled: true}\n",
        2,
        "unknown key 'langsmit'",
        "did you mean 'langsmith'?",
    ),
    "an endpoint that would be doubled": (
        "destinations:\n  langsmith:\n    url: https://smith.example.com/api/v1/otel/\n",
        3,
        "ends with /otel",
        "write https://smith.example.com/api/v1",
    ),
    "a project that no header can hold": (
        'destinations:\n  langsmith: {project: "müller"}\n',
        2,
        "cannot be sent in a header",
        "letters without accents",
    ),
    "a wait without a unit": ("meter: {wait: 10}\n", 1, "10 is no duration", "10s, 10m or 10h?"),
    "a wait of nothing": ("meter: {wait: 0s}\n", 1, "0s is no length of time", "longer than zero"),
    "half an application": ("meter: {applications: 1.5}\n", 1, "1.5 is no whole number", "write a whole number"),
    "no application": ("meter: {applications: 0}\n", 1, "0", "greater than or equal to 1"),
    "a memory shorter than the wait": ("meter: {remember: 10_000}\n", 1, "less than `waiting` (20000)", "20000"),
    "an empty external address": ("external_url:\n", 1, "null is no text", "write text"),
    "a price with a typing error": (
        "prices:\n  models:\n    gpt-4o: {ouptut: 10}\n",
        3,
        "unknown key 'ouptut'",
        "did you mean 'output'?",
    ),
    "a price per token": ("prices:\n  models:\n    owl: {input: 2.5e-06}\n", 3, "USD per token", "USD per million"),
    "a price of text": ("prices:\n  models: {owl: {input: $2}}\n", 2, "'$2' is no price", "write it bare: 2"),
    "a section of prices that does not exist": ("prices:\n  fre: []\n", 2, "unknown key 'fre'", "did you mean 'free'?"),
    "everything free": ("prices:\n  free:\n    - ollama/*\n    - '*'\n", 4, "every model free", "name the provider"),
    "a provider without prices": (
        "prices:\n  providers: {acme: opneai}\n",
        2,
        "has no prices",
        "did you mean 'openai'?",
    ),
    "a file of prices that is not there": ("prices:\n  file: gone.json\n", 2, "there is no file", "or write null"),
    "prices without a mapping": ("prices: 5\n", 1, "needs a mapping, not 5", "models, free, providers"),
    "an age of text": ("prices: {max_age_days: 60d}\n", 1, "no number of days", "above zero"),
    "YAML: a tab": ("routing:\n\tgroup_wait: 1s\n", 2, "YAML syntax", "indent with spaces, not tabs"),
    "YAML: a colon too many": ("a: b: c\n", 1, "YAML syntax", "quote text that holds a colon"),
    "YAML: an open bracket": ("routing: {group_wait: 1s\nalerts: {}\n", 2, "YAML syntax", "brackets"),
    "YAML: the same key twice": ("routing: {}\nrouting: {}\n", 2, "duplicate key", "keep one of the two"),
    "YAML: no mapping": ("- a\n", 1, "needs `key: value` lines", "shipped heliograph.yaml"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_shown_with_its_line_and_a_fix(mistake: str, overlay: Callable[..., Path]) -> None:
    text, line, what, fix = MISTAKES[mistake]
    path = overlay(text)
    with pytest.raises(ConfigError) as raised:
        load(overlays=[path])
    (problem,) = raised.value.problems
    assert what in problem.what
    assert fix in problem.fix
    assert problem.place is not None
    if line is not None:
        assert (problem.place.file, problem.place.line) == (str(path), line)
    else:  # the value that does not go with it stands in the shipped file
        shipped = (config_root() / "heliograph.yaml").read_text(encoding="utf-8").splitlines()
        assert str(problem.key[-1]) in shipped[problem.place.line - 1]


def test_all_mistakes_of_all_files_are_shown_at_once_in_their_order(
    overlay: Callable[..., Path], tmp_path: Path
) -> None:
    files = [
        overlay("alerts:\n  HighLLMLatency: {critical: 1, for: 5}\nintervals: {evaluation: 1m}\nfoo: 1\n", "a.yaml"),
        overlay("a: b: c\n", "b.yaml"),
        tmp_path / "missing.yaml",
    ]
    with pytest.raises(ConfigError) as raised:
        load(overlays=files)
    places = [(str(p.place).rpartition("/")[2], ".".join(map(str, p.key))) for p in raised.value]
    assert places == [
        ("a.yaml:2", "alerts.HighLLMLatency.critical"),
        ("a.yaml:2", "alerts.HighLLMLatency.for"),
        ("a.yaml:3", "intervals.evaluation"),
        ("a.yaml:4", "foo"),
        ("b.yaml:1", ""),
        ("missing.yaml", ""),
    ]
    assert str(raised.value).startswith("the configuration has 6 problems; nothing was written.\n")


def test_a_key_that_is_missing_is_named(tmp_path: Path) -> None:
    text = (config_root() / "heliograph.yaml").read_text(encoding="utf-8")
    (tmp_path / "heliograph.yaml").write_text(
        text.replace("  group_wait: 10s", "  # group_wait: 10s"), encoding="utf-8"
    )
    with pytest.raises(ConfigError) as raised:
        load(tmp_path / "heliograph.yaml")
    (problem,) = raised.value.problems
    assert problem.key == ("routing", "group_wait")
    assert problem.what == "is missing"
    assert problem.place is not None
    assert text.splitlines()[problem.place.line - 1] == "routing:"


def test_secrets_with_one_name_would_overwrite_each_other(overlay: Callable[..., Path], tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "hook").write_text("https://hooks.example.com/1\n")
    rooms = "{warning: {webhook_url_file: a/hook}, critical: {webhook_url_file: b/hook}, enabled: true}"
    with pytest.raises(ConfigError, match=r"critical\.webhook_url_file: has the same file name as .*a/hook"):
        load(overlays=[overlay(f"channels: {{slack: {rooms}}}")])


def test_an_empty_secret_is_none(overlay: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "hook").touch()
    with pytest.raises(ConfigError, match="is empty"):
        load(overlays=[overlay("channels: {slack: {enabled: true, webhook_url_file: hook}}")])


def test_both_rooms_with_a_webhook_of_their_own_need_no_common_one(
    overlay: Callable[..., Path], tmp_path: Path
) -> None:
    for name in ("w", "c"):
        (tmp_path / name).write_text("https://hooks.example.com/1\n")
    rooms = "{warning: {webhook_url_file: w}, critical: {webhook_url_file: c}, enabled: true}"
    assert load(overlays=[overlay(f"channels: {{slack: {rooms}}}")]).channels.slack.enabled


def test_containers_that_differ_may_have_secrets_of_one_name(overlay: Callable[..., Path], tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "key").write_text("s3cr3t\n")
    slack, langsmith = "{enabled: true, webhook_url_file: a/key}", "{enabled: true, api_key_file: b/key}"
    config = load(overlays=[overlay(f"channels: {{slack: {slack}}}\ndestinations: {{langsmith: {langsmith}}}")])
    assert config.destinations.langsmith.api_key_file == str(tmp_path / "b" / "key")


def test_the_meter_minds_its_own_part_only(overlay: Callable[..., Path]) -> None:
    """In its container there are no secrets, and the file may be a later version's."""
    part = load_for_meter(
        [overlay("channels: {slack: {enabled: true}}\nnew_section: 1\nalerts: 5\nmeter: {wait: 20s}")]
    )
    assert part.meter.wait == "20s"
    assert part.intervals == load().intervals
    with pytest.raises(ConfigError) as raised:
        load_for_meter([overlay("meter: {wait: 20}\nprices: {models: {owl: {inputs: 1}}}\nalerts: 5\n")])
    assert [problem.key[0] for problem in raised.value] == ["meter", "prices"]
    with pytest.raises(ConfigError, match="YAML syntax"):
        load_for_meter([overlay("meter: {wait: 20s\n")])


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not in UTF-8"):
        load(overlays=[tmp_path / "my.yaml"])
    with pytest.raises(ConfigError, match="is a folder"):
        load(overlays=[tmp_path])


def test_an_error_is_one_a_person_can_act_on() -> None:
    assert issubclass(ConfigError, HeliographError)
    assert ConfigError(()).exit_code == 2


def test_a_configuration_does_not_change() -> None:
    config: Config = load()
    with pytest.raises(ValueError, match="frozen"):
        config.external_url = "http://elsewhere"
