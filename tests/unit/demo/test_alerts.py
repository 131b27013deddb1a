"""The demo's table of times, from what Prometheus and the inbox say."""

from __future__ import annotations

from typing import Any

import pytest

from heliograph.demo._alerts import Watch, moment

FAULT = moment("2026-11-21T10:00:00Z")


def pending(state: str = "pending", hold: float = 0.0, **labels: str) -> dict[str, Any]:
    named = {"alertname": "HighLLMErrorRate", "severity": "critical"} | labels
    return {"labels": named, "state": state, "activeAt": "2026-11-21T10:00:07.123456789Z", "hold": hold}


def message(channel: str, status: str, at: str, name: str = "HighLLMErrorRate") -> dict[str, Any]:
    alert = {"alertname": name, "severity": "critical"}
    return {"channel": channel, "status": status, "received_at": f"2026-11-21T{at}Z", "alerts": [alert]}


def test_an_alert_is_followed_from_its_first_truth_to_its_end() -> None:
    watch = Watch(FAULT)
    watch.look([pending()], now=FAULT + 8)
    watch.look([pending("firing")], now=FAULT + 18)
    watch.look([pending("firing")], now=FAULT + 20)
    watch.read(
        [
            message("webhook", "firing", "10:00:28.000"),
            message("mail", "firing", "10:00:28.250"),
            message("mail", "firing", "10:00:38.250"),
            message("mail", "resolved", "10:02:00.000"),
        ]
    )
    (story,) = watch.stories
    assert story.true == pytest.approx(FAULT + 7.123456)
    times = (story.firing, story.posted, story.mailed, story.resolved)
    assert times == (FAULT + 18, FAULT + 28, FAULT + 28.25, FAULT + 120)


def test_an_alert_that_never_fired_is_not_told_of() -> None:
    watch = Watch(FAULT)
    watch.look([pending()], now=FAULT + 8)
    assert watch.stories == []
    assert watch.story("HighLLMErrorRate", "critical").firing is None


def test_warning_and_critical_of_one_name_are_two_stories() -> None:
    watch = Watch(FAULT)
    watch.look([pending("firing"), pending("firing", severity="warning")], now=FAULT + 9)
    assert {story.severity for story in watch.stories} == {"critical", "warning"}


def test_messages_from_before_the_fault_do_not_count() -> None:
    watch = Watch(FAULT)
    watch.read([message("mail", "firing", "09:59:59.000")])
    assert watch.stories == []


def test_a_message_is_awaited_from_the_moment_its_for_has_elapsed() -> None:
    watch = Watch(FAULT)
    watch.look([pending(hold=10.0)], now=FAULT + 8)
    late = pending("firing", hold=10.0) | {"activeAt": "2026-11-21T10:00:30Z"}
    watch.look([late], now=FAULT + 41)
    (story,) = watch.stories
    assert story.due == FAULT + 40  # of the time that led to the firing, not of a first one that came to nothing


def test_an_alert_that_is_no_longer_listed_has_ended_and_may_come_back() -> None:
    watch = Watch(FAULT)
    watch.look([pending("firing")], now=FAULT + 8)
    watch.look([], now=FAULT + 20)
    (story,) = watch.stories
    assert story.ended == FAULT + 20
    watch.look([pending("firing")], now=FAULT + 30)
    assert story.ended is None


def test_a_message_that_it_fires_again_takes_back_that_it_is_over() -> None:
    watch = Watch(FAULT)
    messages = [
        message("mail", "firing", "10:00:28.000"),
        message("mail", "resolved", "10:01:00.000"),
        message("mail", "firing", "10:01:30.000"),
    ]
    watch.read(messages)
    (story,) = watch.stories
    assert (story.mailed, story.resolved) == (FAULT + 28, None)
    messages.append(message("mail", "resolved", "10:02:00.000"))
    for _ in range(2):  # the list is read again and again
        watch.read(messages)
    assert (story.mailed, story.resolved) == (FAULT + 28, FAULT + 120)


def test_a_text_message_without_a_job_is_about_every_story_of_its_name() -> None:
    watch = Watch(FAULT)
    watch.look([pending("firing", job="a"), pending("firing", job="b")], now=FAULT + 20)
    watch.read([message("sms", "firing", "10:00:28.000")])
    assert [story.arrived for story in watch.stories] == [{"sms": FAULT + 28}] * 2


def test_a_text_message_that_names_a_job_is_about_no_other() -> None:
    watch = Watch(FAULT)
    watch.look([pending("firing", job="loki"), pending("firing", job="loki-canary")], now=FAULT + 20)
    watch.read([message("slack", "firing", "10:00:28.000") | {"text": "[P1 CRITICAL] HighLLMErrorRate loki: 12 %"}])
    assert {story.job: story.arrived for story in watch.stories} == {"loki": {"slack": FAULT + 28}, "loki-canary": {}}


def test_what_alertmanager_holds_back_is_noted_once() -> None:
    watch = Watch(FAULT)
    labels = {"alertname": "HighLLMErrorRate", "severity": "critical"}
    watch.look([pending("firing")], now=FAULT + 20)
    watch.suppressed([labels], now=FAULT + 21)
    watch.suppressed([labels], now=FAULT + 25)
    assert [story.silenced for story in watch.stories] == [FAULT + 21]
