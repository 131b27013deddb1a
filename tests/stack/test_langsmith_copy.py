"""The collector's copy to LangSmith: each LLM trace once, and no trouble there is trouble for anybody else."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from heliograph.genai import vocabulary as v
from heliograph.stack import Stack
from heliograph.stack._build import binary
from heliograph.stack._servers import SERVERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heliograph.stack._plan import PlannedServer

from tests._ports import free_ports

from ._langsmith import KEY, ROOT, Collector, Smith, running, wait

LLM = {"gen_ai.operation.name": "chat"}


SENT = {v.LANGSMITH_SENT.name: True}


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Collector]:
    with running(tmp_path, ROOT / "collector/langsmith.yaml") as made:
        yield made


def test_llm_traces_are_copied_whole_and_once(collector: Collector) -> None:
    collector.send(
        [("request", {}), ("query answer", {}), ("chat", LLM)],
        [("health check", {}), ("select 1", {"db.system": "sqlite"})],
        [("sent by the application", SENT), ("its call", {**LLM, **SENT})],
        [("around it", {}), ("marked below", {**LLM, **SENT})],
    )
    collector.send([("run", {"langsmith.span.kind": "chain"})], [(f"with {KEY}", {**LLM, "note": f"key {KEY}"})])
    assert collector.answers == [200, 200]
    expected = {"request", "query answer", "chat", "run", "with [SECRET REDACTED]"}
    assert wait(lambda: collector.smith.spans.keys() >= expected)
    assert wait(lambda: collector.jaeger.spans.total() == 11)
    time.sleep(1.5)  # anything that should not be there would come now
    assert collector.smith.spans == dict.fromkeys(expected, 1)
    assert set(collector.jaeger.spans.values()) == {1}
    assert collector.smith.heads == {("/otel/v1/traces", KEY, "assistant")}
    assert KEY not in collector.log.read_text()
    assert [body for body in collector.smith.bodies if KEY.encode() in body] == []

    collector.key.write_text("another\n")  # a key is replaced without a restart

    def arrives() -> bool:
        collector.send([("later", LLM)])
        return any(key == "another" for _, key, _ in collector.smith.heads)

    assert wait(arrives)


# A project's name is text: neither YAML nor a variable of the collector's.
@pytest.mark.parametrize("project", ["assistant", "${env:HOME} #1: $5 {a}"])
def test_heliograph_yaml_switches_the_copy_on(tmp_path: Path, project: str) -> None:
    folder = tmp_path / "of ${USER}"
    folder.mkdir()

    def plan(smith: Smith) -> PlannedServer:
        overlay = folder / "my.yaml"
        langsmith = {"enabled": True, "api_key_file": "key", "project": project, "url": smith.url}
        overlay.write_text(json.dumps({"destinations": {"langsmith": langsmith}}))
        stack = Stack(state=tmp_path / "state", overlays=[overlay])
        stack.workspace.prepare()
        settings = stack._settings()
        rows = [row for row in SERVERS if row.name == "collector"]
        stack.workspace.write(settings, stack.ports, ["collector"])
        (planned,) = stack._plan(rows, {"collector": str(binary("collector"))}, settings).servers
        return planned

    with running(folder, plan=plan) as collector:
        collector.send([("request", {}), ("chat", LLM)], [("health check", {})])
        assert wait(lambda: collector.smith.spans.total() == 2)
        assert wait(lambda: collector.jaeger.spans.total() == 3)
        assert collector.smith.spans == {"request": 1, "chat": 1}
        assert collector.smith.heads == {("/otel/v1/traces", KEY, project)}
        seen = [Path(f"/proc/{collector.pid}/{name}") for name in ("cmdline", "environ")]
        written = [path for path in (tmp_path / "state").rglob("*") if path.is_file()]
        assert written
        for path in [*(path for path in seen if path.exists()), *written, collector.log]:
            assert KEY.encode() not in path.read_bytes(), path


TROUBLE: dict[str, dict[str, Any]] = {
    "unavailable": {"status": 503},
    "wrong key": {"status": 401},
    "hangs": {"delay": 30.0},
}


@pytest.mark.parametrize("name", TROUBLE)
def test_trouble_at_langsmith_refuses_and_repeats_nothing(collector: Collector, name: str) -> None:
    for attribute, value in TROUBLE[name].items():
        setattr(collector.smith, attribute, value)
    started = time.monotonic()
    rounds = 60
    for number in range(rounds):  # 60 requests of 50 kB in 3 s: fifteen times the queue
        collector.send([(f"call {number}", LLM)], filler=50_000)
        time.sleep(0.05)
    assert collector.answers == [200] * rounds
    assert time.monotonic() - started < rounds * 0.05 + 5
    assert wait(lambda: collector.jaeger.spans.total() >= rounds)
    if name != "wrong key":  # a wrong key is given up on at once: nothing ever waits
        assert wait(lambda: collector.metric("otelcol_exporter_enqueue_failed_spans") > 0)
    else:
        assert wait(lambda: collector.metric("otelcol_exporter_send_failed_spans") > 0)
    assert collector.jaeger.spans == {f"call {number}": 1 for number in range(rounds)}


def load(name: str) -> Any:
    return YAML(typ="safe", pure=True).load(ROOT / name)


def test_the_overlay_keeps_the_extensions_of_the_main_file() -> None:
    """The collector replaces lists when it merges files."""
    main, overlay = load("collector/otelcol.yaml"), load("collector/langsmith.yaml")
    own = list(overlay["extensions"])
    assert overlay["service"]["extensions"] == [*main["service"]["extensions"], *own]
    assert overlay["service"]["pipelines"].keys().isdisjoint(main["service"]["pipelines"])
    assert overlay["exporters"].keys().isdisjoint(main["exporters"])
    pipeline = overlay["service"]["pipelines"]["traces/langsmith"]
    # Whatever keeps credentials from the stores keeps them from LangSmith, by whatever kind of processor. Jaeger's
    # limits are its own.
    kept = [name for name in main["service"]["pipelines"]["traces"]["processors"] if not name.endswith("/fits_jaeger")]
    assert pipeline["processors"] == [*kept, "tail_sampling/langsmith"]


def test_the_optional_destination_gives_up_and_never_waits() -> None:
    exporter = load("collector/langsmith.yaml")["exporters"]["otlp_http/langsmith"]
    assert exporter["retry_on_failure"]["max_elapsed_time"] == "30s"
    queue = exporter["sending_queue"]
    assert queue["block_on_overflow"] is False
    assert "storage" not in queue


def test_the_key_is_read_by_default_where_docker_compose_puts_it() -> None:
    (secret,) = load("docker-compose.langsmith.yml")["services"]["collector"]["secrets"]
    overlay = (ROOT / "collector/langsmith.yaml").read_text()
    assert f"HELIOGRAPH_LANGSMITH_API_KEY_FILE:-/run/secrets/{secret}" in overlay


def test_a_missing_key_file_stops_the_start_and_is_named(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            binary("collector"),
            f"--config={ROOT}/collector/otelcol.yaml",
            f"--config={ROOT}/collector/langsmith.yaml",
        ],
        env={
            "HELIOGRAPH_LANGSMITH_API_KEY_FILE": str(tmp_path / "no-such-key"),
            "HELIOGRAPH_QUEUE_DIR": str(tmp_path / "queue"),
            **{
                f"HELIOGRAPH_{name}_PORT": str(port)
                for name, port in zip(
                    ("OTLP_HTTP", "OTLP_GRPC", "COLLECTOR_HEALTH", "COLLECTOR_METRICS"), free_ports(4), strict=True
                )
            },
        },
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode != 0
    assert "no-such-key" in done.stderr


def test_what_isolates_is_the_sampler(tmp_path: Path) -> None:
    """The same overlay without it: a full queue answers 503, as design.md warns."""
    yaml = YAML(typ="safe", pure=True)
    overlay = yaml.load(ROOT / "collector/langsmith.yaml")
    overlay["service"]["pipelines"]["traces/langsmith"]["processors"].remove("tail_sampling/langsmith")
    naive = tmp_path / "naive.yaml"
    with naive.open("w") as file:
        yaml.dump(overlay, file)
    with running(tmp_path, naive) as collector:
        collector.smith.delay = 30.0
        for number in range(40):
            collector.send([(f"call {number}", LLM)], filler=50_000)
            if collector.answers[-1] != 200:
                break
        assert collector.answers[-1] == 503
