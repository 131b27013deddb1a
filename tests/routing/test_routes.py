"""Who hears of which alert, asked of the real amtool."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from heliograph.config import Config, load, render

pytestmark = pytest.mark.stack

SECRETS = ("slack_webhook_url", "smtp_password", "aws_credentials", "gateway_url")

# Labels of an alert → receivers, in this order, with every channel on.
ALL_ON = {
    "severity=critical level=P1 alertname=ServiceDown job=a": [
        "inbox",
        "slack-critical",
        "email-critical",
        "sms-critical",
    ],
    "severity=critical level=P2 alertname=HighHourlyCost job=a": [
        *("inbox", "slack-critical", "email-critical", "sms-critical")
    ],
    "severity=warning level=P3 alertname=HighHourlyCost job=a": ["inbox", "slack-warning", "email-warning"],
    "severity=warning level=P4 alertname=HighDailyCost job=a": ["inbox", "slack-warning", "email-warning"],
    # A rule of the user's own, with a severity of the user's own or none: better heard than lost.
    "severity=page alertname=Mine": ["inbox", "slack-warning", "email-warning"],
    "alertname=Mine": ["inbox", "slack-warning", "email-warning"],
    "severity=info alertname=Mine": ["nobody"],
    # `heliograph notify-test`: one channel and nothing else, whatever the severity.
    "alertname=HeliographNotifyTest channel=inbox severity=critical": ["inbox"],
    "alertname=HeliographNotifyTest channel=slack severity=critical": ["slack-critical", "slack-warning"],
    "alertname=HeliographNotifyTest channel=slack-warning severity=critical": ["slack-warning"],
    "alertname=HeliographNotifyTest channel=email": ["email-critical", "email-warning"],
    "alertname=HeliographNotifyTest channel=email-critical": ["email-critical"],
    "alertname=HeliographNotifyTest channel=sms severity=warning": ["sms-critical"],
    "alertname=HeliographNotifyTest channel=pigeon severity=critical": ["nobody"],
    "alertname=HeliographNotifyTest severity=critical": ["nobody"],
}

AS_SHIPPED = {
    "severity=critical level=P1 alertname=ServiceDown job=a": ["inbox"],
    "severity=warning level=P3 alertname=HighHourlyCost job=a": ["inbox"],
    "alertname=Mine": ["inbox"],
    "severity=info alertname=Mine": ["nobody"],
    "alertname=HeliographNotifyTest channel=inbox": ["inbox"],
    "alertname=HeliographNotifyTest channel=slack": ["nobody"],
}

NO_INBOX = {
    "severity=critical alertname=ServiceDown": ["slack-critical"],
    "severity=warning alertname=HighHourlyCost": ["slack-warning"],
    "alertname=Mine": ["slack-warning"],
    "alertname=HeliographNotifyTest channel=inbox": ["nobody"],
}


def _with(folder: Path, channels: dict[str, Any]) -> Config:
    for name in SECRETS:
        (folder / name).write_text("https://hooks.example.com/x\n", encoding="utf-8")
    files = {
        "slack": {"webhook_url_file": str(folder / "slack_webhook_url")},
        "email": {"password_file": str(folder / "smtp_password")},
        "sms": {
            "sns": {"credentials_file": str(folder / "aws_credentials")},
            "webhook_url_file": str(folder / "gateway_url"),
            "numbers": ["+491701234567", "+491701234568"],
        },
    }
    return load().merged({"channels": files}).merged({"channels": channels, "paths": {"secrets": None}})


CONFIGS: dict[str, dict[str, Any]] = {
    "as shipped": {},
    "all on": {name: {"enabled": True} for name in ("slack", "email", "sms")},
    "sms by webhook": {"sms": {"enabled": True, "via": "webhook"}},
    "no inbox": {"inbox": {"enabled": False}, "slack": {"enabled": True}},
    "mail without password": {"email": {"enabled": True, "username": None, "password_file": None}},
}


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the rendered alertmanager.yaml of each entry in CONFIGS."""
    folder = tmp_path_factory.mktemp("routing")
    templates = Path(__file__).resolve().parents[2] / "alertmanager" / "templates"
    rendered = {}
    for name, channels in CONFIGS.items():
        config = _with(folder, channels).merged({"paths": {"templates": str(templates)}})
        rendered[name] = folder / f"{name.replace(' ', '-')}.yaml"
        rendered[name].write_text(render(config)["alertmanager/generated/alertmanager.yaml"], encoding="utf-8")
    return rendered


@pytest.mark.parametrize("name", CONFIGS)
def test_amtool_accepts(name: str, files: dict[str, Path], amtool: Path) -> None:
    done = subprocess.run([amtool, "check-config", files[name]], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 templates" in done.stdout


@pytest.mark.parametrize(
    ("name", "labels", "receivers"),
    [
        pytest.param(name, labels, receivers, id=f"{name}: {labels}")
        for name, table in (("all on", ALL_ON), ("as shipped", AS_SHIPPED), ("no inbox", NO_INBOX))
        for labels, receivers in table.items()
    ],
)
def test_route(name: str, labels: str, receivers: list[str], files: dict[str, Path], amtool: Path) -> None:
    done = subprocess.run(
        [amtool, "config", "routes", "test", f"--config.file={files[name]}", *labels.split()],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().split(",") == receivers
