"""The servers, the canary and the command line go on working with all of it on."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ._ask import alerts, operator, samples, soon, url_of
from ._target import Target, read_json

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="all of 127.0.0.0/8 is this machine on Linux only")


def test_the_servers_go_on_working_together(target: Target) -> None:
    def targets() -> dict[str, str]:
        found = read_json(url_of(target, "prometheus") + "/api/v1/targets", *operator(target))
        return {one["labels"]["job"]: one["health"] for one in found["data"]["activeTargets"]}

    wanted = dict.fromkeys(("alertmanager", "collector", "jaeger", "loki", "prometheus"), "up")
    assert soon(lambda: wanted.items() <= targets().items() and {*targets().values()} == {"up"}, seconds=40)
    assert soon(lambda: "Watchdog" in alerts(target), seconds=40)


def test_the_canarys_call_is_found_in_every_store(target: Target) -> None:
    def arrived() -> set[tuple[str, str]]:
        found = samples(target, "heliograph_canary_arrived")
        return {(one["metric"]["signal"], one["value"][1]) for one in found}

    assert soon(lambda: arrived() == {("traces", "1"), ("metrics", "1"), ("logs", "1")}, seconds=120)


def test_an_alert_of_loki_reaches_alertmanager(target: Target, token: str) -> None:
    call: dict[str, str | int | float] = {
        "event_name": "llm.call",
        "query_call": 50,
        "query_cost_so_far_usd": 4.99,
        "identical_calls": 9,
    }
    assert target.sender(token).log("agent", "llm.call", 0, "prod", **call) == 200
    assert soon(lambda: "RunawayAgent" in alerts(target), seconds=90)


@pytest.mark.parametrize(
    ("arguments", "shows"),
    [
        (["status"], "alertmanager"),
        (["alerts", "--all"], "Watchdog"),
        (["reload", "--diff"], "Nothing would change"),
    ],
)
def test_the_command_line_works_with_an_exposed_stack(target: Target, arguments: list[str], shows: str) -> None:
    soon(lambda: "Watchdog" in alerts(target), seconds=40)
    command = [sys.executable, "-m", "heliograph", *arguments, "--port-offset", str(target.stack.offset)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, shows in done.stdout) == (0, True), done.stdout + done.stderr
