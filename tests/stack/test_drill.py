"""A short drill on the real servers: calm, two faults as expected, and one whose expectations are wrong."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from heliograph.demo._progress import Progress
from heliograph.demo._story import free_offset
from heliograph.drill._faults import Expected, read_drill
from heliograph.drill._judge import CALM
from heliograph.drill._run import DrillRun

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heliograph.drill._judge import Verdict

CRITICAL = {"inbox", "slack-critical", "email-critical", "sms-critical"}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[dict[str, Verdict]]:
    """Run the drill once; verdicts by name of the fault."""
    before = os.environ.get("HELIOGRAPH_STATE")
    os.environ["HELIOGRAPH_STATE"] = str(tmp_path_factory.mktemp("state"))
    drill = read_drill().model_copy(update={"calm": 30.0})
    quota, down = drill.chosen(["quota-nearly-used", "jaeger-down"])
    # The same fault, of which somebody believes that it is an outage.
    belief = {"name": "wrong", "notify": [Expected(alert="ProviderOutage", severity="critical")], "within": 45.0}
    wrong = quota.model_copy(update=belief)
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():  # minutes of silence look like a hang
        run = DrillRun(free_offset(), Progress(Console(force_terminal=False)), drill, [quota, down, wrong])
        try:
            yield {verdict.name: verdict for verdict in run.verdicts()}
        finally:
            run.stack.down()
            if before is None:
                del os.environ["HELIOGRAPH_STATE"]
            else:
                os.environ["HELIOGRAPH_STATE"] = before


def test_nobody_is_told_anything_while_all_is_well(verdicts: dict[str, Verdict]) -> None:
    assert list(map(str, verdicts[CALM].findings)) == []


@pytest.mark.parametrize(
    ("fault", "alert", "job"),
    [("quota-nearly-used", "HighQuotaUse", "research-assistant"), ("jaeger-down", "ServiceDown", "jaeger")],
)
def test_a_fault_reaches_everybody_within_a_minute(
    verdicts: dict[str, Verdict], fault: str, alert: str, job: str
) -> None:
    verdict = verdicts[fault]
    assert list(map(str, verdict.findings)) == []
    (story,) = [s for s in verdict.told if s.severity == "critical"]
    assert (story.name, story.job) == (alert, job)
    assert story.arrived.keys() == story.over.keys() == CRITICAL
    assert story.due is not None
    assert all(0 < at - story.due <= 60 for at in story.arrived.values())


def test_wrong_expectations_are_told_apart(verdicts: dict[str, Verdict]) -> None:
    found = {(finding.kind, finding.text.split(" (")[0]) for finding in verdicts["wrong"].findings}
    assert ("missed", "ProviderOutage critical") in found
    assert ("false alarm", "HighQuotaUse critical research-assistant") in found
