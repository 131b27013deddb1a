"""Verdicts on what was seen: found, missed, untold, late, false alarm, silenced, misrouted, unresolved."""

from __future__ import annotations

from typing import Any

import pytest

from heliograph.demo._alerts import AlertStory
from heliograph.drill._faults import Drill
from heliograph.drill._judge import Seen, judge, judge_calm

FAULT = 1000.0
HEALED = FAULT + 60
QUIET = HEALED + 40

DRILL = Drill.model_validate({
    "receivers": {"critical": ["inbox", "sms-critical"], "warning": ["inbox", "slack-warning"]},
    "at_most": 60,
    "calm": 30,
    "linger": 5,
    "application": {},
    "faults": [
        {
            "name": "provider-down",
            "what": "The provider is down.",
            "do": [{"action": "provider", "kind": "500"}],
            "notify": [{"alert": "Outage", "severity": "critical"}],
            "silenced": [{"alert": "Symptom"}],
            "may": [{"alert": "Sometimes", "why": "it depends"}],
            "over_within": 180,
        },
        {
            "name": "channel-refuses",
            "what": "A channel refuses.",
            "do": [{"action": "channel", "receiver": "sms-critical"}],
            "notify": [{"alert": "Outage", "severity": "critical", "receivers": ["inbox"]}],
        },
        {
            "name": "server-down",
            "what": "One server of two is down.",
            "do": [{"action": "server", "server": "loki"}],
            "notify": [{"alert": "ServiceDown", "severity": "critical", "job": "loki"}],
        },
    ],
})  # fmt: skip


def story(name: str = "Outage", severity: str = "critical", **changes: Any) -> AlertStory:
    """Tell of an alert that was true after 10 s, due 10 s later, everywhere after 30 s, and over in time."""
    channels = DRILL.receivers[severity]
    said: dict[str, Any] = {
        "true": FAULT + 10,
        "hold": 10.0,
        "firing": FAULT + 21,
        "ended": HEALED + 20,
        "arrived": dict.fromkeys(channels, FAULT + 30),
        "over": dict.fromkeys(channels, HEALED + 30),
    }
    return AlertStory(name, severity, FAULT, **(said | changes))


UNHEARD: dict[str, Any] = {"arrived": {}, "over": {}}


def findings(fault: str, *stories: AlertStory, quiet: float | None = QUIET, error: str = "") -> list[str]:
    (chosen,) = DRILL.chosen([fault])
    return [str(f) for f in judge(chosen, Seen(FAULT, list(stories), HEALED, quiet, error), DRILL).findings]


def test_an_expected_alert_at_all_its_receivers_is_as_it_must_be() -> None:
    assert findings("provider-down", story()) == []


@pytest.mark.parametrize(
    ("stories", "expected"),
    [
        pytest.param([], ["missed: Outage critical"], id="nothing fired"),
        pytest.param(
            [story(severity="warning")], ["missed: Outage critical"], id="only its warning fired"
        ),
        pytest.param(
            [story(arrived={"inbox": FAULT + 30}, over={})],
            ["untold: Outage critical at sms-critical"],
            id="one receiver heard nothing",
        ),
        pytest.param(
            [story(**UNHEARD, silenced=FAULT + 25)],
            [
                "untold: Outage critical at inbox, held back by Alertmanager",
                "untold: Outage critical at sms-critical, held back by Alertmanager",
            ],
            id="held back although expected",
        ),
        pytest.param(
            [story(arrived={"inbox": FAULT + 30, "sms-critical": FAULT + 81})],
            ["late: Outage critical at sms-critical: 61 s after it was due"],
            id="a minute and a second after due",
        ),
        pytest.param([story(arrived={"inbox": FAULT + 30, "sms-critical": FAULT + 80})], [], id="a minute after due"),
        pytest.param(
            [story(), story("Other")], ["false alarm: Other critical (at inbox, sms-critical)"], id="nobody expected it"
        ),
        pytest.param([story(), story("Symptom", **UNHEARD)], [], id="a symptom that was silenced"),
        pytest.param(
            [story(), story("Symptom")], ["false alarm: Symptom critical (at inbox, sms-critical)"], id="a symptom told"
        ),
        pytest.param(
            [story(), story("Other", **UNHEARD)],
            ["unforeseen: Other critical fired, and nobody heard of it"],
            id="fired unheard, and unknown",
        ),
        pytest.param([story(), story("Sometimes")], [], id="one that may arrive did"),
        pytest.param([story(), story(severity="warning", **UNHEARD)], [], id="its warning was silenced"),
        pytest.param([story(), story(severity="warning")], [], id="its warning arrived on the way"),
        pytest.param(
            [story(), story(severity="warning", arrived={"inbox": FAULT + 90, "sms-critical": FAULT + 90})],
            ["misrouted: Outage warning at sms-critical"],
            id="a warning as a text message",
        ),
    ],
)  # fmt: skip
def test_verdicts(stories: list[AlertStory], expected: list[str]) -> None:
    assert findings("provider-down", *stories) == expected


def test_receivers_may_be_stated_for_one_alert() -> None:
    assert findings("channel-refuses", story(arrived={"inbox": FAULT + 30})) == []


def test_the_same_alert_of_another_job_is_a_false_alarm() -> None:
    stories = [story("ServiceDown", job="loki"), story("ServiceDown", job="jaeger")]
    assert findings("server-down", *stories) == ["false alarm: ServiceDown critical jaeger (at inbox, sms-critical)"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        pytest.param({"ended": None}, "still firing: Outage critical", id="it still fires"),
        pytest.param(
            {"over": {"inbox": HEALED + 30}},
            "nobody said that it is over: Outage critical at sms-critical",
            id="one receiver does not know",
        ),
        pytest.param({}, "an alert is pending, or the application does not answer", id="something is pending"),
    ],
)
def test_what_is_not_over_in_time_is_unresolved(changes: dict[str, Any], told: str) -> None:
    assert findings("provider-down", story(**changes), quiet=None) == [
        f"unresolved: 180 s after the healing; {told}"
    ]  # fmt: skip


def test_an_error_of_the_drill_itself_is_a_finding_and_hides_none() -> None:
    assert findings("provider-down", quiet=None, error="loki did not come back") == [
        "missed: Outage critical",
        "error: loki did not come back",
    ]


def test_the_slowest_message_is_told() -> None:
    (fault, *_) = DRILL.chosen(["provider-down"])
    seen = Seen(FAULT, [story(arrived={"inbox": FAULT + 25, "sms-critical": FAULT + 47})], HEALED, QUIET)
    assert judge(fault, seen, DRILL).slowest == 27


@pytest.mark.parametrize(
    ("stories", "expected"),
    [
        ([], []),
        ([story()], ["false alarm: Outage critical (at inbox, sms-critical)"]),
        ([story(**UNHEARD)], ["false alarm: Outage critical (fired)"]),
    ],
    ids=["nothing", "told", "only fired"],
)
def test_a_calm_time_has_no_alert_at_all(stories: list[AlertStory], expected: list[str]) -> None:
    assert [str(f) for f in judge_calm(Seen(FAULT, stories)).findings] == expected
