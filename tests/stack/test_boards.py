"""Boards on the real servers once the demo has run: every query has data, and the figures are those of the demo."""

from __future__ import annotations

import json
import math
import re
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.stack._paths import config_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from heliograph.demo._story import Demo
    from heliograph.demo._summary import Summary

STEP = 30  # seconds: what a panel of the width of a screen has over an hour
# What Grafana puts in for its own variables; ours (service, model, ...) stand at "All".
GRAFANA = {"__rate_interval": "1m", "__interval_ms": f"{STEP * 1000}", "__interval": f"{STEP}s", "__range": "1h"}
OWN = {"slower_than": "0", "costlier_than": "0", "service": "..*"}
SECONDS = 900.0

# What a healthy demo has none of. Their queries are run all the same: they must not be refused.
EMPTY = {
    "Came back": "nobody was there in the hour before",
    "Cached input": "prompts may be too short for a cache",
    "Client retries per minute": "the demo's client does not retry",
    "Estimated, 24 h": "the provider reports all tokens",
    "Firing alerts": "the alert is over",
    "Runaway queries": "none runs away",
    "Unpriced tokens per minute, by model": "all models have prices",
    "Unpriced, 24 h": "all models have prices",
    "Wasted per hour, by reason": "failed calls have no usage, so they cost nothing",
}
BOARDS = ("agents", "business", "cost", "llm-overview", "queries")


def _board(name: str) -> dict[str, Any]:
    model: dict[str, Any] = json.loads((config_root() / f"dashboards/generated/{name}.json").read_text())
    return model


def _targets() -> Iterator[Any]:
    for name in BOARDS:
        for panel in _board(name)["panels"]:
            for target in panel.get("targets", []):
                yield pytest.param(panel, target, id=f"{name}-{panel['title']}-{target['refId']}")


def _filled_in(expression: str) -> str:
    return re.sub(r"\$\{?(\w+)\}?", lambda name: (GRAFANA | OWN).get(name[1], ".*"), expression)


def _asked(target: dict[str, Any], demo: Demo) -> list[Any]:
    """Ask as Grafana would, and return what there is to draw."""
    expression, now = _filled_in(target["expr"]), time.time()
    if target["datasource"]["type"] == "loki":
        if target["queryType"] == "instant":
            return demo.loki.query(expression)
        if "legendFormat" in target:
            return demo.loki.points(expression, start=now - SECONDS, end=now, step=STEP)
        return demo.loki.lines(expression, seconds=SECONDS)
    if target["exemplar"]:
        return demo.prometheus.exemplars(expression)
    if target["instant"]:
        samples = demo.prometheus.query(expression)
    else:
        samples = demo.prometheus.points(expression, start=now - SECONDS, end=now, step=STEP)
    return [sample for sample in samples if math.isfinite(sample.value)]


@pytest.mark.parametrize(("panel", "target"), list(_targets()))
def test_panel_has_data(panel: dict[str, Any], target: dict[str, Any], demo: Demo) -> None:
    found = _asked(target, demo)
    assert found or panel["title"] in EMPTY, _filled_in(target["expr"])


@pytest.mark.parametrize("name", BOARDS)
def test_variables_have_values(name: str, demo: Demo) -> None:
    for variable in _board(name)["templating"]["list"]:
        kind, _, inner = variable.get("definition", "").partition("(")
        if kind == "label_values":
            series, _, label = inner.removesuffix(")").rpartition(", ")
            assert [s for s in demo.prometheus.query(_filled_in(series)) if label in s.labels or label == "chain"]
        elif kind == "query_result":
            edges = [s.labels["le"] for s in demo.prometheus.query(_filled_in(inner.removesuffix(")")))]
            assert edges[-1] == "0"
            assert edges == sorted(edges, key=float, reverse=True)


@pytest.mark.parametrize("name", BOARDS)
def test_annotations_are_answered(name: str, demo: Demo) -> None:
    """A deployment: the version that was not there five minutes before, at the time of its first heartbeat."""
    now = time.time()
    found = {}
    for annotation in _board(name)["annotations"]["list"]:
        if "expr" in annotation:
            found[annotation["name"]] = demo.prometheus.points(
                _filled_in(annotation["expr"]), start=now - SECONDS, end=now, step=60
            )
    moments = {(s.labels["job"], s.labels["service_version"]): s.value / 1000 for s in found["Deployments"]}
    assert now - SECONDS < moments["research-assistant", "1.0.0"] < now


# ---------------------------------------------------------------------------------------------------------------------
# Figures. What must be there is known from the provider's own log and from what the application printed.

WITHIN = 0.1
"""Share by which rates may be off a count: of a process that ends, Prometheus adds half of the time between two
exports, at its mean pace. The demo's application lives for one or two minutes only."""


@pytest.fixture(scope="module")
def ledger(demo: Demo) -> list[dict[str, Any]]:
    """Give what the provider billed: a record per answer."""
    return [json.loads(line) for line in demo.usage_log.read_text().splitlines()]


@pytest.fixture(scope="module")
def panel_of(demo: Demo) -> Callable[[str, str], dict[str, float]]:
    """Give a function: board, panel → what it shows, by the labels of its series; of a graph, its sum over the time."""

    def shown(board: str, title: str) -> dict[str, float]:
        panel = next(p for p in _board(board)["panels"] if p["title"] == title)
        (target,) = [t for t in panel["targets"] if not t.get("exemplar")]
        values: Counter[str] = Counter()
        for sample in _asked(target, demo):
            graph = target["datasource"]["type"] == "prometheus" and not target["instant"]
            per_step = {"suffix:/min": STEP / 60, "suffix:/s": STEP}.get(panel["fieldConfig"]["defaults"]["unit"], 1)
            label = " ".join(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            name = " ".join(sample.labels.get(part, "") for part in label.split())
            values[name] += sample.value * (per_step if graph else 1)
        return dict(values)

    return shown


def _soon(shown: Callable[[], dict[str, float]], expected: dict[str, float], within: float = WITHIN) -> None:
    """Totals are computed once a minute: wait for the last of them."""
    deadline = time.monotonic() + 100
    while (found := {k: v for k, v in shown().items() if v}) != pytest.approx(expected, rel=within):
        assert time.monotonic() < deadline, f"{found}, not {expected}"
        time.sleep(2)


def test_overview_shows_the_calls_that_the_provider_billed(panel_of: Any, ledger: Any, summary: Summary) -> None:
    billed = len(ledger)
    statuses = {status: count for status, count in summary.requests.items() if count}
    assert statuses["success"] == billed
    _soon(lambda: panel_of("llm-overview", "Calls per minute by status"), statuses)


def test_overview_shows_the_tokens_that_the_provider_billed(panel_of: Any, ledger: Any) -> None:
    expected: Counter[str] = Counter()
    for record in ledger:
        expected[f"{record['model']} input"] += int(record["usage"]["prompt_tokens"])
        expected[f"{record['model']} output"] += int(record["usage"].get("completion_tokens") or 0)
    _soon(lambda: panel_of("llm-overview", "Tokens per minute by model"), {k: v for k, v in expected.items() if v})


@pytest.mark.parametrize(
    ("board", "title"), [("llm-overview", "Cost by model, 24 h"), ("cost", "By model, 24 h"), ("cost", "Cost, 24 h")]
)
def test_cost_is_what_the_separate_bill_says(board: str, title: str, panel_of: Any, summary: Summary) -> None:
    bill = {model: usd for model, usd in summary.costs.audit.items() if usd}
    _soon(lambda: panel_of(board, title), {"": sum(bill.values())} if title == "Cost, 24 h" else bill)


def test_users_cost_what_their_calls_do(panel_of: Any, summary: Summary) -> None:
    """From the events, so to the cent: the scripts of one call have a user, too."""
    spent = panel_of("cost", "Top 10 users")
    assert sum(spent.values()) == pytest.approx(sum(summary.costs.audit.values()), rel=1e-9)


def test_tenants_cost_what_all_do(panel_of: Any, summary: Summary) -> None:
    """The scripts of one call have no tenant: their series is without a name."""
    _soon(lambda: {"": sum(panel_of("cost", "By tenant, 24 h").values())}, {"": sum(summary.costs.audit.values())})


@pytest.fixture(scope="module")
def asked(summary: Summary) -> int:
    """Give how many questions the application printed an end of."""
    return summary.answered + summary.failed


ONE_SHOTS = 2
USERS = 5  # who take turns, and the one of the scripts


def test_queries_are_those_that_were_printed(panel_of: Any, asked: int) -> None:
    _soon(lambda: panel_of("queries", "Queries, 24 h"), {"": asked + ONE_SHOTS})


def test_failed_queries_are_those_that_were_printed(panel_of: Any, summary: Summary) -> None:
    found = panel_of("queries", "Failed queries per minute, by error")
    assert sum(found.values()) == pytest.approx(summary.failed, rel=WITHIN)


def test_users_asked_in_turns(panel_of: Any, asked: int) -> None:
    found = panel_of("queries", "Top 10 users")
    assert found.pop("cron") == ONE_SHOTS
    assert set(found) == {f"user-{n}" for n in range(USERS)}
    assert sum(found.values()) == asked
    assert max(found.values()) - min(found.values()) <= 1


def test_chains_ran_once_a_question(panel_of: Any, asked: int) -> None:
    """Each way of asking is a chain, around all others."""
    runs = panel_of("agents", "Runs per minute by chain")
    assert runs["research"] + runs.get("agent", 0) >= (1 - WITHIN) * asked


def test_steps_are_counted_for_each_query(panel_of: Any, asked: int) -> None:
    """The last bucket holds all."""
    steps = panel_of("agents", "Steps per query, spread")
    assert steps["+Inf"] == pytest.approx(asked + ONE_SHOTS, rel=WITHIN)


def test_nobody_goes_round_in_circles(panel_of: Any) -> None:
    assert panel_of("agents", "Most repeated call")[""] >= 1


def test_users_and_sessions_are_counted_once(panel_of: Any) -> None:
    assert panel_of("business", "Users") == {"": USERS + 1}
    assert panel_of("business", "Sessions") == {"": USERS}  # the scripts have none


def test_queries_per_user_are_queries_by_users(panel_of: Any, asked: int) -> None:
    assert panel_of("business", "Queries per user")[""] == pytest.approx((asked + ONE_SHOTS) / (USERS + 1))


def test_cost_per_query_is_cost_by_queries(panel_of: Any, asked: int, summary: Summary) -> None:
    mean = sum(summary.costs.audit.values()) / (asked + ONE_SHOTS)
    _soon(lambda: panel_of("business", "Cost per query"), {"": mean})
