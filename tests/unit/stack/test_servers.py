from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from heliograph.stack._ports import Ports
from heliograph.stack._servers import SERVERS, Context, Server, plan_server
from heliograph.stack._versions import recipes

if TYPE_CHECKING:
    from heliograph.stack._plan import PlannedServer

LINKS = {
    name: f"https://observe.example/{name}"
    for name in ("alertmanager", "grafana", "inbox", "jaeger", "loki", "otlp", "prometheus", "runbooks")
}


def planned(server: Server) -> PlannedServer:
    context = Context(
        ports=Ports.at(100),
        config=Path("/state/config"),
        data=Path("/state/data") / server.name,
        binary=f"/cache/{server.binary or server.name}",
        links=LINKS,
        retention={"prometheus": "15d", "loki": "14d", "jaeger": "168h"},
        loki_ruler="15s",
        foreign_logs=Path("/state/foreign-logs"),
        grafana_home="/opt/grafana",
    )
    return plan_server(server, context, log=Path("/state/logs") / f"{server.name}.log")


every = pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.name)


@every
def test_no_template_is_left_open(server: Server) -> None:
    plan = planned(server)
    texts = [*plan.argv, *plan.env.values(), plan.ready_url, plan.url]
    assert [text for text in texts if "{" in text or "None" in text] == []


@every
def test_every_port_of_the_row_is_passed_on(server: Server) -> None:
    plan = planned(server)
    said = " ".join([*plan.argv, *plan.env.values()])
    numbers = set(re.findall(r"\d{4,5}", said))
    assert {str(getattr(Ports.at(100), name)) for name in server.ports} <= numbers


@every
def test_no_address_but_loopback_is_listened_on(server: Server) -> None:
    plan = planned(server)
    for text in [*plan.argv, *plan.env.values()]:
        assert "0.0.0.0" not in text
        assert not re.search(r"(^|=):\d", text), f"{text} listens on every address"


@every
def test_readiness_is_asked_on_loopback(server: Server) -> None:
    assert planned(server).ready_url.startswith("http://127.0.0.1:")


@every
def test_every_binary_is_one_we_build_or_one_with_a_reason(server: Server) -> None:
    buildable = {name for recipe in recipes().values() for name in recipe.binaries}
    assert server.binary in buildable or server.name in {"canary", "inbox", "grafana", "meter"}


def test_alertmanager_forms_no_cluster_and_snapshots_silences_often() -> None:
    argv = planned(next(server for server in SERVERS if server.name == "alertmanager")).argv
    assert "--cluster.listen-address=" in argv
    assert "--data.maintenance-interval=30s" in argv


def test_prometheus_keeps_exemplars_and_counters_of_short_lived_processes() -> None:
    argv = planned(next(server for server in SERVERS if server.name == "prometheus")).argv
    assert "--enable-feature=exemplar-storage,st-storage,use-start-timestamps" in argv
    assert "--web.enable-otlp-receiver" in argv
    assert f"--web.external-url={LINKS['prometheus']}" in argv
    assert "--web.route-prefix=/" in argv  # or a path in the external URL would move /api/v1/otlp


def test_the_intake_starts_last_and_stops_before_the_stores() -> None:
    assert SERVERS[-1].name == "collector"
    assert [server.name for server in sorted(SERVERS, key=lambda server: server.stop_rank)][:3] == [
        "canary",
        "meter",
        "collector",
    ]


def test_the_meter_sends_what_it_counts_to_the_collector_which_sends_it_spans() -> None:
    rows = {server.name: planned(server) for server in SERVERS if server.name in {"meter", "collector"}}
    argv = rows["meter"].argv
    assert argv[argv.index("--export") + 1] == f"http://127.0.0.1:{Ports.at(100).otlp_http}"
    assert rows["collector"].env["HELIOGRAPH_METER_URL"] == f"http://{argv[argv.index('--listen') + 1]}"
