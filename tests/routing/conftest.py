"""The real amtool and the real Alertmanager."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from tests._ports import free_port

from heliograph.config import load, render
from heliograph.stack._build import binary
from heliograph.stack._paths import config_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

OVER = {"startsAt": "2025-12-31T00:00:00Z", "endsAt": "2026-01-01T00:00:00Z"}


@pytest.fixture(scope="session")
def amtool() -> Path:
    """Return the amtool of the pinned Alertmanager."""
    return binary("amtool")


class Alertmanager:
    """A running Alertmanager, over its API."""

    def __init__(self, url: str, log: Path) -> None:
        self.url = url
        self.log = log

    def post(self, *alerts: dict[str, str], annotations: dict[str, str] | None = None) -> None:
        """Hand over alerts by their labels; they fire until they are ended."""
        self.ask("alerts", [{"labels": labels, "annotations": annotations or {}} for labels in alerts])

    def end(self, *alerts: dict[str, str]) -> None:
        self.ask("alerts", [{"labels": labels, **OVER} for labels in alerts])

    def status(self, labels: dict[str, str]) -> dict[str, Any]:
        """Return what Alertmanager says of the one alert with exactly these labels."""
        filters = "&".join(
            "filter=" + urllib.parse.quote(f"{n}={json.dumps(v, ensure_ascii=False)}") for n, v in labels.items()
        )
        (found,) = [alert for alert in self.ask(f"alerts?{filters}") if alert["labels"] == labels]
        status: dict[str, Any] = found["status"]
        return status

    def ask(self, path: str, body: object = None, method: str | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/api/v2/{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            content = answer.read()
        return json.loads(content) if content else None


@contextlib.contextmanager
def _running(folder: Path, overlay: dict[str, Any]) -> Iterator[Alertmanager]:
    folder.mkdir(parents=True, exist_ok=True)
    config = (
        load()
        .merged({"paths": {"templates": str(config_root() / "alertmanager" / "templates"), "secrets": None}})
        .merged(overlay)
    )
    file = folder / "alertmanager.yaml"
    file.write_text(render(config)["alertmanager/generated/alertmanager.yaml"], encoding="utf-8")
    url = f"http://127.0.0.1:{free_port()}"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                binary("alertmanager"),
                f"--config.file={file}",
                f"--storage.path={folder / 'data'}",
                f"--web.listen-address={url.removeprefix('http://')}",
                "--cluster.listen-address=",
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{url}/-/ready", timeout=5).close()
                break
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.05)
        yield Alertmanager(url, folder / "log")
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="session")
def run_alertmanager() -> Callable[..., contextlib.AbstractContextManager[Alertmanager]]:
    """Return what runs the real Alertmanager in a folder, with an overlay on heliograph.yaml."""
    return _running
