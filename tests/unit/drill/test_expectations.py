"""The packaged faults: everything they name exists, and every alert has a fault or a reason why not."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, get_args

import pytest
from ruamel.yaml import YAML

from heliograph.config import load, render
from heliograph.drill._actions import Beside, Deploy, Provider
from heliograph.drill._faults import FAULTS, Drill, Expected, Fault, read_drill
from heliograph.drill._receivers import DEADMAN, Receivers
from heliograph.drill._run import OVERLAY
from heliograph.errors import HeliographError
from heliograph.stack._paths import config_root
from heliograph.testing._faults import FaultKind
from research_assistant.options import options_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DRILL = read_drill()
EXPECTED = [(fault.name, e) for fault in DRILL.faults for e in [*fault.notify, *fault.silenced, *fault.may]]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what the servers of a drill read, by name of the file."""
    folder = tmp_path_factory.mktemp("channels")
    channels = folder / "channels.yaml"
    receivers = Receivers(beats=1)
    with receivers:
        YAML().dump({"channels": receivers.overlay(folder)}, channels)
    config = load(overlays=[config_root() / OVERLAY, channels])
    return {name: text for name, text in render(config).items() if name.endswith(".yaml")}


@pytest.fixture(scope="module")
def rules(files: dict[str, Any]) -> set[tuple[str, str]]:
    """Return name and severity of every alert that the drill's stack can send."""
    return set(_rules(files))


def _rules(files: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, text in files.items():
        if name.startswith(("prometheus/", "loki/")):
            for group in YAML(typ="safe", pure=True).load(text).get("groups") or []:
                for rule in group["rules"]:
                    if "alert" in rule:
                        yield rule["alert"], rule["labels"]["severity"]


@pytest.fixture(scope="module")
def receivers(files: dict[str, Any]) -> set[str]:
    alertmanager = YAML(typ="safe", pure=True).load(files["alertmanager/generated/alertmanager.yaml"])
    return {receiver["name"] for receiver in alertmanager["receivers"]}


def test_there_are_at_least_twenty_faults_each_of_its_own_name() -> None:
    names = Counter(fault.name for fault in DRILL.faults)
    assert len(names) >= 20
    assert set(names.values()) == {1}


@pytest.mark.parametrize(("fault", "expected"), EXPECTED, ids=[f"{name}: {e}" for name, e in EXPECTED])
def test_every_expected_alert_can_be_sent(fault: str, expected: Expected, rules: set[tuple[str, str]]) -> None:
    del fault
    if expected.receivers == [DEADMAN]:
        assert expected.alert == "Watchdog"  # missed by the receiver outside, and a page whatever its severity here
        return
    severities = {severity for name, severity in rules if name == expected.alert}
    assert severities, f"{expected.alert} is no alert of heliograph.yaml"
    assert expected.severity in {None, *severities}


def test_every_receiver_exists(receivers: set[str]) -> None:
    stated = {r for _, e in EXPECTED for r in e.receivers or []}
    assert {*stated, *(r for listed in DRILL.receivers.values() for r in listed)} <= receivers


def test_every_receiver_that_hears_of_alerts_is_looked_at(receivers: set[str]) -> None:
    assert receivers - {"nobody"} == {DEADMAN, *(r for listed in DRILL.receivers.values() for r in listed)}


def test_every_alert_has_a_fault_or_a_reason_why_not(rules: set[tuple[str, str]]) -> None:
    drilled = {e.alert for fault in DRILL.faults for e in fault.notify}
    names = {name for name, _ in rules}
    assert names - drilled - DRILL.not_drilled.keys() == set()
    assert DRILL.not_drilled.keys() & drilled == set()
    assert DRILL.not_drilled.keys() <= names


def test_what_may_arrive_says_why() -> None:
    assert [str(e) for fault in DRILL.faults for e in fault.may if not e.why] == []


@pytest.mark.parametrize("fault", DRILL.faults, ids=[fault.name for fault in DRILL.faults])
def test_a_fault_is_told_in_one_sentence_of_an_operator(fault: Fault) -> None:
    assert fault.what.endswith(".")
    assert len(fault.what) <= 100


def test_the_application_takes_what_the_faults_deploy() -> None:
    for fault in DRILL.faults:
        for action in fault.do:
            if isinstance(action, Deploy | Beside):
                options_of(action.over(DRILL.application).arguments())
    assert options_of(DRILL.application.arguments()).duration == 0


def test_the_double_knows_every_fault_of_the_provider() -> None:
    kinds = get_args(Provider.model_fields["kind"].annotation)
    assert set(kinds) == set(get_args(FaultKind))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"do": [{"action": "post-alert"}]}, "action"),
        ({"notify": []}, "notify"),
        ({"alerts": ["X"]}, "alerts"),
    ],
    ids=["an action that is none", "a fault that nobody must hear of", "a key that is none"],
)
def test_a_mistake_in_a_file_of_faults_is_told(tmp_path: Path, change: dict[str, Any], word: str) -> None:
    data = YAML(typ="safe", pure=True).load(FAULTS)
    data["faults"] = [data["faults"][0] | change]
    path = tmp_path / "faults.yaml"
    YAML().dump(data, path)
    with pytest.raises(HeliographError, match=word):
        read_drill(path)


def test_an_unknown_fault_is_told() -> None:
    with pytest.raises(HeliographError, match="no fault named 'provider-5000'"):
        DRILL.chosen(["provider-5000"])


def test_chosen_faults_keep_the_order_of_the_file() -> None:
    first, second, *_ = (fault.name for fault in DRILL.faults)
    assert [fault.name for fault in DRILL.chosen([second, first])] == [first, second]


def test_a_drill_is_what_the_file_says() -> None:
    assert isinstance(DRILL, Drill)
    assert DRILL.at_most == 60  # the promise: a minute from due to told


def test_who_must_hear_of_it_is_told_by_its_severity() -> None:
    # Without one, an alert's warning would have to arrive that its critical rightly holds back.
    assert [str(e) for fault in DRILL.faults for e in fault.notify if e.severity is None] == []
