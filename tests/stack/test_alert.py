"""A real fault became a real notification, and its end did too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from heliograph.demo._alerts import AlertStory
    from heliograph.demo._story import Demo
    from heliograph.demo._summary import Summary


@pytest.fixture
def alert(summary: Summary) -> AlertStory:
    return next(s for s in summary.alerts if (s.name, s.severity) == ("HighLLMErrorRate", "critical"))


@pytest.fixture
def messages(demo: Demo, alert: AlertStory) -> list[dict[str, Any]]:
    return [m for m in demo.inbox.messages() if any(a.get("alertname") == alert.name for a in m["alerts"])]


def test_the_person_was_told_within_a_minute_of_the_expression_being_true(alert: AlertStory) -> None:
    assert alert.true is not None
    assert alert.mailed is not None
    assert alert.posted is not None
    assert max(alert.mailed, alert.posted) - alert.true < 60


def test_the_mail_comes_from_alertmanager_and_has_what_one_needs_at_3_am(
    demo: Demo, messages: list[dict[str, Any]], alert: AlertStory
) -> None:
    mails = [m for m in messages if m["channel"] == "mail" and m["status"] == "firing"]
    assert mails
    text = mails[0]["subject"] + mails[0]["body"]
    for needed in (alert.name, "research-assistant", f"/runbooks/{alert.name}", "/d/heliograph-llm-overview"):
        assert needed in text
    assert demo.stack.urls["alertmanager"] in text


def test_the_webhook_body_is_alertmanagers(demo: Demo, messages: list[dict[str, Any]], alert: AlertStory) -> None:
    body = next(m["body"] for m in messages if m["channel"] == "webhook" and m["status"] == "firing")
    assert body["version"] == "4"
    assert body["externalURL"] == demo.stack.urls["alertmanager"]
    critical = [a for a in body["alerts"] if a["labels"]["severity"] == alert.severity]
    assert critical[0]["labels"]["job"] == "research-assistant"
    assert critical[0]["annotations"]["summary"]
    assert critical[0]["annotations"]["runbook_url"].endswith(f"/runbooks/{alert.name}")


def test_the_end_was_told_on_both_channels(messages: list[dict[str, Any]]) -> None:
    assert {m["channel"] for m in messages if m["status"] == "resolved"} == {"mail", "webhook"}
