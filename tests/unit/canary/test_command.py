"""`heliograph canary` as a command: options, answers, exit status. No stack is needed to fail."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys

import pytest
from tests._ports import free_port


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "heliograph", "canary", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "OTEL_SDK_DISABLED": "true", "HELIOGRAPH_EXIT_TIMEOUT": "1"},
    )


@pytest.mark.parametrize("arguments", [["--json"], ["--within", "5"], ["--once", "--within", "0"], ["--loki", "x"]])
def test_wrong_options_are_told(arguments: list[str]) -> None:
    done = _run(*arguments)
    assert done.returncode == 2
    assert "Error:" in done.stderr


def test_nothing_arrives_where_nothing_listens() -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    stores = [text for name in ("export", "prometheus", "loki", "jaeger") for text in (f"--{name}", nowhere)]
    done = _run("--once", "--json", "--within", "1", *stores)
    assert done.returncode == 1, done.stderr
    said = json.loads(done.stdout)
    assert not said["arrived"]
    assert len(said["trace_id"]) == 32
    assert set(said["trace_id"]) != {"0"}, "OTEL_SDK_DISABLED is for applications"
    assert {one["signal"]: one["store"] for one in said["signals"]} == {
        "traces": "Jaeger",
        "metrics": "Prometheus",
        "logs": "Loki",
    }
    for one in said["signals"]:
        assert one["seconds"] is None
        assert "does not answer" in one["why"]


def test_a_taken_port_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = _run("--listen", f"127.0.0.1:{taken.getsockname()[1]}", "--export", "http://127.0.0.1:9")
    assert done.returncode == 1
    assert "cannot listen" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_import_is_light() -> None:
    script = (
        "import sys, heliograph.canary._cli\n"
        "sys.exit(', '.join(sorted({'opentelemetry.sdk', 'pydantic', 'requests', 'psutil'} & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
