"""What a change does, in an operator's words."""

from __future__ import annotations

from typing import Any

import pytest

from heliograph.config import load, render
from heliograph.config.diff import Change, as_text, compare, unified
from heliograph.config.diff._expressions import differences
from heliograph.config.diff._routing import hearers

CONFIG = load()
FILES = render(CONFIG)

# Overlay → what must be said: (kind, subject, what, old, new). Subjects end where the name is enough.
SAID: dict[str, tuple[dict[str, Any], list[tuple[str, str, str, str, str]]]] = {
    "a threshold": (
        {"alerts": {"HighQueryErrorRate": {"warning": 6}}},
        [("changed", "HighQueryErrorRate (warning, P3)", "threshold", "5", "6")],
    ),
    "how long it must hold": (
        {"alerts": {"HighQueryErrorRate": {"for": "3m", "keep_firing_for": "2m"}}},
        [
            ("changed", "HighQueryErrorRate (warning, P3)", "for", "2m", "3m"),
            ("changed", "HighQueryErrorRate (critical, P1)", "keep_firing_for", "1m", "2m"),
        ],
    ),
    "a minimum": (
        {"alerts": {"HighQueryErrorRate": {"minimum": 9}}},
        [("changed", "HighQueryErrorRate (warning, P3)", "minimum", "5", "9")],
    ),
    "a window": (
        {"alerts": {"HighQueryErrorRate": {"window": "10m"}}},
        [("changed", "HighQueryErrorRate (warning, P3)", "window", "5m", "10m")],
    ),
    "a tier that goes": (
        {"alerts": {"HighQuotaUse": {"critical": None}}},
        [("removed", "HighQuotaUse (critical, P2)", "", "*", "")],
    ),
    "a tier that comes": (
        {"alerts": {"HighDailyCost": {"critical": 500}}},
        [("added", "HighDailyCost (critical, P2)", "", "", "*")],
    ),
    "a team": (
        {"alerts": {"NoTraffic": {"team": "search"}}},
        [("changed", "NoTraffic (critical, P2)", "label team", "on-call", "search")],
    ),
    "a severity": (
        {"alerts": {"NoTraffic": {"severity": "warning"}}},
        [("changed", "NoTraffic (critical, P2)", "label severity", "critical", "warning")],
    ),
    "how often": (
        {"intervals": {"evaluation": "10s"}},
        [("changed", "NoTraffic (critical, P2)", "evaluated every", "5s", "10s")],
    ),
    "grouping": (
        {"routing": {"group_wait": "20s", "repeat_interval": "3h"}},
        [
            ("changed", "every notification", "group_wait", "10s", "20s"),
            ("changed", "every notification", "repeat_interval", "12h", "3h"),
        ],
    ),
    "an address": (
        {"channels": {"inbox": {"address": "other@heliograph.local"}}},
        [
            (
                "changed",
                "receiver inbox",
                "email_configs[0].to",
                "inbox@heliograph.local",
                "other@heliograph.local",
            )
        ],
    ),
    "a promise": (
        {"slos": {"query-success": {"minimum": 30}}},
        [("changed", "ErrorBudgetBurn (critical, P2, query-success, errors, 1h)", "minimum", "20", "30")],
    ),
}


@pytest.mark.parametrize("name", SAID)
def test_it_is_said(name: str) -> None:
    overlay, expected = SAID[name]
    changes = compare(FILES, render(CONFIG.merged(overlay)))
    for kind, subject, what, old, new in expected:
        fits = [c for c in changes if (c.kind, c.subject, c.what) == (kind, subject, what)]
        assert fits, [c for c in changes if not c.minor]
        assert {old, new} - {"*"} <= {fits[0].old, fits[0].new}


def test_nothing_else_is_said_of_a_threshold() -> None:
    changes = compare(FILES, render(CONFIG.merged({"alerts": {"HighQueryErrorRate": {"warning": 6}}})))
    assert {c.what for c in changes if c.area == "alerts"} == {"threshold"}  # its words follow, and are not news
    assert [c for c in changes if c.area in {"routes", "records"}] == []


def test_the_panels_that_draw_a_threshold_are_named() -> None:
    changes = compare(FILES, render(CONFIG.merged({"alerts": {"HighQuotaUse": {"warning": 61}}})))
    boards = [c for c in changes if c.area == "boards" and c.what == "thresholds"]
    assert boards
    assert all("61" in c.new and "61" not in c.old for c in boards)


def test_nothing_differs_from_itself() -> None:
    assert compare(FILES, FILES) == []
    assert list(unified(FILES, FILES)) == []


def test_a_new_label_ends_what_fires() -> None:
    changes = compare(FILES, render(CONFIG.merged({"alerts": {"HighLLMLatency": {"confirmed": True}}})))
    labels = [c for c in changes if c.what == "label severity"]
    assert [(c.old, c.new) for c in labels] == [("warning", "critical")]
    assert "begins anew" in labels[0].note


def test_words_and_links_are_minor() -> None:
    changes = compare(FILES, render(CONFIG.merged({"links": {"runbooks": "https://wiki.example.com"}})))
    assert changes
    assert all(change.minor for change in changes)
    assert any("words and links" in line for line in as_text(changes))
    assert any("wiki.example.com" in line for line in as_text(changes, everything=True))


def test_what_many_have_in_common_is_said_once() -> None:
    changes = compare(FILES, render(CONFIG.merged({"teams": {"default": "platform"}})))
    text = list(as_text(changes))
    assert sum("label team on-call → platform" in line for line in text) == 1


def test_boards_come_and_go() -> None:
    name = next(name for name in FILES if name.startswith("dashboards/"))
    without = {path: text for path, text in FILES.items() if path != name}
    assert [(c.area, c.kind) for c in compare(FILES, without)] == [("boards", "removed")]
    assert [(c.area, c.kind) for c in compare(without, FILES)] == [("boards", "added")]


# -- expressions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("a > 5", "a > 6", [("threshold", "5", "6")]),
        ("a > 5 and b >= 3", "a > 5 and b >= 4", [("minimum", "3", "4")]),
        ("rate(a[5m])", "rate(a[1h])", [("window", "5m", "1h")]),
        ("job:a:rate5m > 1", "job:a:rate1h > 1", [("window", "5m", "1h")]),
        ("24 * a", "12 * a", [("number", "24", "12")]),
        ('a{m="5"} > 1', 'a{m="6"} > 1', [("expression", 'a{m="5"} > 1', 'a{m="6"} > 1')]),
        ("sum(a)", "sum(b)", [("expression", "sum(a)", "sum(b)")]),
        ("a", "a > 1", [("expression", "a", "a > 1")]),
        ("a\n  > 1", "a > 1", []),
    ],
)
def test_differences_of_expressions(old: str, new: str, expected: list[tuple[str, str, str]]) -> None:
    assert list(differences(old, new)) == expected


# -- routes --------------------------------------------------------------------------------------------------------

TREE = {
    "receiver": "nobody",
    "routes": [
        {"receiver": "muted", "matchers": ['severity="info"']},
        {"receiver": "inbox", "continue": True},
        {
            "receiver": "team",
            "matchers": ['team=~"search|ads"'],
            "continue": True,
            "routes": [{"matchers": ['severity!="critical"'], "receiver": "team-warning"}],
        },
        {"receiver": "sms", "matchers": ['severity="critical"', 'level!~"P3|P4"']},
    ],
}


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ({"severity": "info"}, ["muted"]),
        ({"severity": "warning"}, ["inbox"]),
        ({"severity": "critical", "level": "P1"}, ["inbox", "sms"]),
        ({"severity": "critical", "level": "P3"}, ["inbox"]),
        ({"severity": "critical", "level": "P1", "team": "search"}, ["inbox", "team", "sms"]),
        ({"severity": "warning", "team": "ads"}, ["inbox", "team-warning"]),
        ({"severity": "warning", "team": "adsx"}, ["inbox"]),
    ],
)
def test_who_hears_of_it(labels: dict[str, str], receivers: list[str]) -> None:
    assert hearers(TREE, labels) == receivers


def test_who_hears_is_said_by_alert() -> None:
    old = {"alertmanager/generated/a.yaml": FILES["alertmanager/generated/alertmanager.yaml"]}
    rules = {"prometheus/generated/alerts.yaml": FILES["prometheus/generated/alerts.yaml"]}
    silent = {"alertmanager/generated/a.yaml": "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"}
    changes = compare({**old, **rules}, {**silent, **rules})
    told = [c for c in changes if c.what == "goes to"]
    assert Change("routes", "changed", "NoTraffic (critical, P2)", "goes to", "inbox", "nobody") in told
    assert {c.subject for c in changes if c.kind == "removed"} >= {"receiver inbox", "route any alert → inbox"}
