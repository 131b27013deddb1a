"""`heliograph config explain`: where a value comes from, and what changes with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from heliograph.cli import main
from heliograph.config.explain import _effect, explain
from heliograph.errors import HeliographError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from heliograph.config import Config


@pytest.fixture(scope="module", autouse=True)
def _rendered_once() -> Iterator[None]:
    """Render each configuration once: on one side of nearly every comparison is the shipped one."""
    real = _effect._rendered
    known: dict[str, _effect._Rendered] = {}

    def rendered(config: Config) -> _effect._Rendered:
        text = config.model_dump_json()
        if text not in known:
            known[text] = real(config)
        return known[text]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_effect, "_rendered", rendered)
        yield


def test_a_threshold() -> None:
    found = explain("alerts.HighQuotaUse.critical")
    assert (found.value, found.shipped) == (95, 95)
    assert found.place.startswith("heliograph.yaml:")
    assert "wakes someone" in found.words
    assert "rate limit" in found.about
    assert found.kind == "number above 0, at most 100 or null"
    assert found.effect.names("alerts") == ["HighQuotaUse"]
    assert [c.subject for c in found.effect.changes if c.area == "alerts"] == ["HighQuotaUse (critical, P2)"]
    assert found.effect.names("boards")
    assert found.effect.names("routes") == []
    assert "prometheus/generated/alerts.yaml" in found.effect.files
    assert found.effect.settings == {}


def test_an_overlay_has_the_last_word(overlay: Callable[..., Path]) -> None:
    file = overlay("\nalerts:\n  HighQuotaUse: {critical: 90}\n")
    found = explain("HighQuotaUse.critical", [file])
    assert (found.value, found.shipped) == (90, 95)
    assert found.place.endswith("my.yaml:3")
    assert found.shipped_place.startswith("heliograph.yaml:")


def test_a_null_that_follows_from_other_keys() -> None:
    found = explain("links.grafana")
    assert (found.value, found.derived) == (None, "http://localhost:3001")


def test_a_key_that_no_file_states() -> None:
    found = explain("alerts.NoTraffic.team")
    assert (found.value, found.place) == (None, "")
    assert found.effect.names("alerts") == ["NoTraffic"]


def test_a_setting_that_is_read_at_the_start() -> None:
    found = explain("retention.prometheus")
    assert found.effect.settings == {"prometheus": ("--storage.tsdb.retention.time",)}
    assert found.effect.files == ()


def test_a_channel_that_is_off() -> None:
    found = explain("channels.slack.critical.room")
    assert found.effect.only_if == "channels.slack.enabled"
    assert found.effect.names("routes") == ["receiver slack-critical"]


def test_a_section() -> None:
    found = explain("alerts.HighQuotaUse")
    assert found.kind == "section"
    assert "alerts.HighQuotaUse.for" in found.keys
    assert found.effect.names("alerts") == ["HighQuotaUse"]


@pytest.mark.parametrize(
    "key",
    [
        "routing",
        "channels.inbox",
        "slos",
        "burn_rates",
        "budgets",
        "intervals",
        "dashboards",
        "prices",
        "meter",
        "teams",
    ],
)
def test_every_section_changes_something(key: str) -> None:
    found = explain(key)
    assert found.effect.files or found.effect.settings


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("alerts.HighQuotUse.critical", "alerts.HighQuotaUse.critical"),
        ("alerts.HighQuotaUse.critcal", "alerts.HighQuotaUse.critical"),
        ("retention.promtheus", "retention.prometheus"),
        ("keep_firing_for", "alerts.HighQueryErrorRate.keep_firing_for"),
    ],
)
def test_a_typing_error_is_answered_with_close_matches(typed: str, offered: str) -> None:
    with pytest.raises(HeliographError) as raised:
        explain(typed)
    assert offered in str(raised.value.hint)
    assert raised.value.exit_code == 2


def test_something_quite_different_is_answered_with_the_sections() -> None:
    with pytest.raises(HeliographError) as raised:
        explain("zzzzzz")
    assert "alerts" in str(raised.value.hint)


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    main(["config", "explain", "routing.group_wait"])
    out = capsys.readouterr().out
    assert '"10s"  heliograph.yaml:' in out
    assert "every notification" in out
    assert "heliograph reload --config my.yaml" in out
    main(["config", "explain", "routing.group_wait", "--json"])
    plain = json.loads(capsys.readouterr().out)
    assert plain["effect"]["files"] == ["alertmanager/generated/alertmanager.yaml"]
