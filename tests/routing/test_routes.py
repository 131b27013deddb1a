"""Who hears of which alert, asked of the real amtool."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from heliograph.config import Config, load, render

pytestmark = pytest.mark.stack

KINDS = ("slack", "email", "sms", "pagerduty", "opsgenie", "msteams", "discord", "telegram", "webhook")
ROOMS = ("slack", "email", "msteams", "discord", "telegram")  # a room, or people, for each severity

CRITICAL = [f"{kind}-critical" for kind in KINDS]
WARNING = [f"{kind}-warning" for kind in KINDS if kind not in {"sms", "pagerduty"}]

# Labels of an alert → receivers, in this order, with every channel on.
ALL_ON = {
    "severity=critical level=P1 alertname=ServiceDown job=a": ["inbox", *CRITICAL],
    "severity=critical level=P2 alertname=HighHourlyCost job=a": ["inbox", *CRITICAL],
    "severity=warning level=P3 alertname=HighHourlyCost job=a": ["inbox", *WARNING],
    "severity=warning level=P4 alertname=HighDailyCost job=a": ["inbox", *WARNING],
    # A rule of the user's own, with a severity of the user's own or none: better heard than lost.
    "severity=page alertname=Mine": ["inbox", *WARNING],
    "alertname=Mine": ["inbox", *WARNING],
    "severity=info alertname=Mine": ["nobody"],
    # The dead man's switch: one receiver, and it alone, whatever else the alert says.
    "alertname=Watchdog severity=info": ["deadman"],
    "alertname=Watchdog severity=critical level=P1 team=search tenant=acme": ["deadman"],
    # `heliograph notify-test`: one channel and nothing else, whatever the severity.
    "alertname=HeliographNotifyTest channel=inbox severity=critical": ["inbox"],
    "alertname=HeliographNotifyTest channel=deadman": ["deadman"],
    **{
        f"alertname=HeliographNotifyTest channel={kind} severity=critical": [f"{kind}-critical", f"{kind}-warning"]
        for kind in (*ROOMS, "opsgenie", "webhook")
    },
    "alertname=HeliographNotifyTest channel=slack-warning severity=critical": ["slack-warning"],
    "alertname=HeliographNotifyTest channel=email-critical": ["email-critical"],
    "alertname=HeliographNotifyTest channel=sms severity=warning": ["sms-critical"],
    "alertname=HeliographNotifyTest channel=pagerduty": ["pagerduty-critical"],
    "alertname=HeliographNotifyTest channel=slack team=search": ["nobody"],
    "alertname=HeliographNotifyTest channel=pigeon severity=critical": ["nobody"],
    "alertname=HeliographNotifyTest severity=critical": ["nobody"],
}

AS_SHIPPED = {
    "severity=critical level=P1 alertname=ServiceDown job=a": ["inbox"],
    "severity=warning level=P3 alertname=HighHourlyCost job=a": ["inbox"],
    "alertname=Mine": ["inbox"],
    "severity=info alertname=Mine": ["nobody"],
    "severity=info alertname=Watchdog": ["nobody"],
    "alertname=HeliographNotifyTest channel=inbox": ["inbox"],
    "alertname=HeliographNotifyTest channel=slack": ["nobody"],
    "alertname=HeliographNotifyTest channel=deadman": ["nobody"],
}

NO_INBOX = {
    "severity=critical alertname=ServiceDown": ["slack-critical"],
    "severity=warning alertname=HighHourlyCost": ["slack-warning"],
    "alertname=Mine": ["slack-warning"],
    "alertname=HeliographNotifyTest channel=inbox": ["nobody"],
}

# search.v2 has rooms of its own in Slack, people on call, and PagerDuty; `data` gets Slack next to everybody's.
TEAMS = {
    "team=on-call severity=critical": [
        *("inbox", "slack-critical", "email-critical", "pagerduty-critical"),
    ],
    "team=on-call severity=warning": ["inbox", "slack-warning", "email-warning"],
    "team=search.v2 severity=critical": [
        *(
            "inbox",
            "slack-critical-team-search.v2",
            "email-critical-team-search.v2",
            "pagerduty-critical-team-search.v2",
        ),
    ],
    # It has said nothing of warnings by mail: those go where all go.
    "team=search.v2 severity=warning": ["inbox", "email-warning", "slack-warning-team-search.v2"],
    "team=searchxv2 severity=warning": ["inbox", "slack-warning", "email-warning"],
    "team=data severity=critical": [
        *("inbox", "slack-critical", "email-critical", "pagerduty-critical", "slack-critical-team-data"),
    ],
    "team=data severity=warning": ["inbox", "slack-warning", "email-warning"],
    # Tenants: always next to everybody's, and next to the team's.
    "tenant=acme severity=critical": [
        *("inbox", "slack-critical", "email-critical", "pagerduty-critical", "email-critical-tenant-acme"),
    ],
    "tenant=acme severity=warning": ["inbox", "slack-warning", "email-warning"],
    "tenant=acme team=search.v2 severity=critical": [
        *(
            "inbox",
            "slack-critical-team-search.v2",
            "email-critical-team-search.v2",
            "pagerduty-critical-team-search.v2",
        ),
        "email-critical-tenant-acme",
    ],
    "tenant=globex severity=critical": ["inbox", "slack-critical", "email-critical", "pagerduty-critical"],
    'tenant=a"b|c severity=warning': ["inbox", "slack-warning", "email-warning", 'webhook-warning-tenant-a"b|c'],
    "tenant=b severity=warning": ["inbox", "slack-warning", "email-warning"],
    "severity=info team=search.v2 tenant=acme": ["nobody"],
    "alertname=HeliographNotifyTest channel=slack team=search.v2": [
        *("slack-critical-team-search.v2", "slack-warning-team-search.v2"),
    ],
    "alertname=HeliographNotifyTest channel=email-critical tenant=acme": ["email-critical-tenant-acme"],
    "alertname=HeliographNotifyTest channel=slack": ["slack-critical", "slack-warning"],
}

# Times change when something is sent, never where; test_times.py asks when.
HOURS = {
    "severity=critical level=P1 job=a": ["inbox", "slack-critical"],
    "severity=critical level=P3 job=a": ["inbox", "slack-critical"],
    "severity=warning level=P3 job=a": ["inbox", "slack-warning"],
    "severity=warning level=P3 job=a chain=index": ["inbox", "slack-warning"],
    "severity=critical job=a chain=index": ["inbox", "slack-critical"],
    "alertname=Mine": ["inbox", "slack-warning"],
    "severity=info": ["nobody"],
}


def _overlay(folder: Path, chosen: dict[str, Any]) -> dict[str, Any]:
    """Return `chosen` with a file for each secret."""

    def secret(name: str) -> str:
        (folder / name).write_text("https://hooks.example.com/x\n", encoding="utf-8")
        return str(folder / name)

    channels = {
        "slack": {"webhook_url_file": secret("slack")},
        "email": {"password_file": secret("smtp")},
        "sms": {
            "sns": {"credentials_file": secret("aws")},
            "webhook_url_file": secret("gateway"),
            "numbers": ["+491701234567", "+491701234568"],
        },
        "pagerduty": {"routing_key_file": secret("pagerduty")},
        "opsgenie": {"api_key_file": secret("opsgenie")},
        "msteams": {"webhook_url_file": secret("msteams")},
        "discord": {"webhook_url_file": secret("discord")},
        "telegram": {"bot_token_file": secret("telegram"), "chat": -100123},
        "webhook": {"url_file": secret("webhook")},
        "deadman": {"url_file": secret("deadman")},
    }
    own = secret("own")
    return {"channels": channels, "own": own, **chosen}


ON = {"enabled": True}
CONFIGS: dict[str, dict[str, Any]] = {
    "as shipped": {},
    "all on": {"channels": dict.fromkeys((*KINDS, "deadman"), ON)},
    "sms by webhook": {"channels": {"sms": {"enabled": True, "via": "webhook"}}},
    "no inbox": {"channels": {"inbox": {"enabled": False}, "slack": ON}},
    "mail without password": {"channels": {"email": {"enabled": True, "username": None, "password_file": None}}},
    "webhook with a password": {"channels": {"webhook": {"enabled": True, "username": "me", "password_file": "OWN"}}},
    "webhook with a token": {"channels": {"webhook": {"enabled": True, "bearer_token_file": "OWN"}}},
    "teams": {
        "channels": dict.fromkeys(("slack", "email", "pagerduty"), ON),
        "teams": {
            "channels": {
                "search.v2": {
                    "slack": {"webhook_url_file": "OWN"},
                    "email": {"critical": ["search@example.com"]},
                    "pagerduty": {"routing_key_file": "OWN"},
                },
                "data": {"replace": False, "slack": {"critical": {"room": "#data"}}},
            }
        },
        "routing": {
            "tenants": {
                "acme": {"email": {"critical": ["acme@example.com"]}},
                'a"b|c': {"webhook": {"url_file": "OWN", "severities": ["warning"]}},
            }
        },
    },
    "hours": {
        "channels": {"slack": ON},
        "routing": {
            "time_zone": "Europe/Berlin",
            "business_hours": [{"weekdays": ["monday:friday"], "times": ["09:00-17:00"]}],
            "mute_times": {
                "rebuild": {"match": {"chain": "index|reindex"}, "when": [{"times": ["02:00-04:00"]}]},
                "again": {"match": {"chain": "index|reindex"}, "when": [{"days_of_month": ["1:3", "-1"]}]},
                "holidays": {"match": {"severity": "warning"}, "when": [{"months": ["december"], "years": ["2026"]}]},
                "everything": {"match": {}, "when": [{"weekdays": ["sunday"], "times": ["03:00-03:10"]}]},
            },
        },
    },
}


def _filled(node: Any, own: str) -> Any:
    if isinstance(node, dict):
        return {key: _filled(value, own) for key, value in node.items()}
    return own if node == "OWN" else node


def _with(folder: Path, chosen: dict[str, Any]) -> Config:
    overlay = _overlay(folder, {})
    own = overlay.pop("own")
    return load().merged(overlay).merged({**_filled(chosen, own), "paths": {"secrets": None}})


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the rendered alertmanager.yaml of each entry in CONFIGS."""
    folder = tmp_path_factory.mktemp("routing")
    templates = Path(__file__).resolve().parents[2] / "alertmanager" / "templates"
    rendered = {}
    for name, chosen in CONFIGS.items():
        config = _with(folder, chosen).merged({"paths": {"templates": str(templates), "secrets": None}})
        rendered[name] = folder / f"{name.replace(' ', '-')}.yaml"
        rendered[name].write_text(render(config)["alertmanager/generated/alertmanager.yaml"], encoding="utf-8")
    return rendered


@pytest.mark.parametrize("name", CONFIGS)
def test_amtool_accepts(name: str, files: dict[str, Path], amtool: Path) -> None:
    done = subprocess.run([amtool, "check-config", files[name]], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 templates" in done.stdout


def _receivers(amtool: Path, file: Path, labels: list[str]) -> list[str]:
    command: list[str | Path] = [amtool, "config", "routes", "test", f"--config.file={file}", *labels]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().split(",")


TABLES = {"all on": ALL_ON, "as shipped": AS_SHIPPED, "no inbox": NO_INBOX, "teams": TEAMS, "hours": HOURS}


@pytest.mark.parametrize(
    ("name", "labels", "receivers"),
    [
        pytest.param(name, labels, receivers, id=f"{name}: {labels}")
        for name, table in TABLES.items()
        for labels, receivers in table.items()
    ],
)
def test_route(name: str, labels: str, receivers: list[str], files: dict[str, Path], amtool: Path) -> None:
    assert _receivers(amtool, files[name], [_for_amtool(pair) for pair in labels.split()]) == receivers


def _for_amtool(pair: str) -> str:
    name, _, value = pair.partition("=")
    return f"{name}={json.dumps(value)}" if not value.isalnum() else pair


# Every alert there is goes where its severity, team and tenant say, and by nothing else.
ALERTS = [*load().plain()["alerts"], "ErrorBudgetBurn", "CostBudgetBurn", "CostBudgetRunsOut", "CostBudgetSpent"]


def test_critical_alerts_may_be_repeated_sooner(tmp_path: Path) -> None:
    chosen = {"channels": {"slack": ON}, "routing": {"repeat_critical": "1h"}}
    text = render(_with(tmp_path, chosen))["alertmanager/generated/alertmanager.yaml"]
    routes = YAML(typ="safe", pure=True).load(text)["route"]["routes"]
    repeats = {route["receiver"]: route.get("repeat_interval") for route in routes if route["receiver"] != "nobody"}
    assert repeats == {"inbox": None, "slack-critical": "1h", "slack-warning": None}


SEVERAL = (
    "team=on-call severity=warning",
    "team=data severity=critical",
    "tenant=acme team=search.v2 severity=critical",
)


@pytest.mark.parametrize("labels", SEVERAL)
def test_every_alert_goes_the_same_way(labels: str, files: dict[str, Path], amtool: Path) -> None:
    pairs = [_for_amtool(pair) for pair in labels.split()]
    names = [name for name in ALERTS if name != "Watchdog"]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda name: _receivers(amtool, files["teams"], [f"alertname={name}", *pairs]), names))
    assert dict(zip(names, found, strict=True)) == dict.fromkeys(names, TEAMS[labels])
