"""A real Grafana to try boards in: the demo's own (GRAFANA_HOME), or one that runs elsewhere (GRAFANA_URL).

GRAFANA_URL may hold user and password, or GRAFANA_TOKEN a service account's token; either must be an administrator's,
since data sources are made. What is made there has names of its own and is removed again.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from heliograph.stack import Ports

__all__ = ["Grafana", "borrowed", "is_at_hand"]

_MARK = "heliograph-test"


def is_at_hand() -> bool:
    """Return whether the environment names a Grafana."""
    return bool(os.environ.get("GRAFANA_URL") or os.environ.get("GRAFANA_HOME"))


@dataclass(frozen=True)
class Grafana:
    """A Grafana that has the boards: `boards` is uid of ours → uid there, `sources` type → uid of the data source."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    boards: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)

    def ask(self, path: str, body: dict[str, Any] | None = None, method: str | None = None) -> Any:
        """Return the JSON that Grafana answers; an answer that is an error fails the test, with Grafana's own words."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **self.headers}
        request = urllib.request.Request(f"{self.url}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                text = answer.read()  # empty when a folder was deleted
                return json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            pytest.fail(f"{path}: {error.code} {error.read().decode(errors='replace')[:1000]}")


@contextlib.contextmanager
def borrowed(address: str, ports: Ports, boards: Mapping[str, dict[str, Any]]) -> Iterator[Grafana]:
    """Load the boards into the Grafana at `address`, with data sources that lead to the stack on `ports`."""
    parts = urllib.parse.urlsplit(address)
    url = urllib.parse.urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])).rstrip("/")
    grafana = Grafana(url, _authorization(parts))
    stores = {"prometheus": ports.prometheus, "loki": ports.loki, "jaeger": ports.jaeger}
    mark = f"{_MARK}-{ports.grafana}"
    with contextlib.ExitStack() as undo:
        for kind, port in stores.items():
            source = {"uid": f"{mark}-{kind}", "name": f"{mark}-{kind}", "type": kind, "access": "proxy"}
            grafana.ask("/api/datasources", {**source, "url": f"http://127.0.0.1:{port}"})
            undo.callback(grafana.ask, f"/api/datasources/uid/{mark}-{kind}", method="DELETE")
        grafana.ask("/api/folders", {"uid": mark, "title": mark})
        undo.callback(grafana.ask, f"/api/folders/{mark}", method="DELETE")
        uids = {}
        for board in boards.values():
            # A uid has 40 characters at most.
            uids[board["uid"]] = f"{board['uid'].removeprefix('heliograph-')}-{ports.grafana}-test"
            there = {**board, "id": None, "uid": uids[board["uid"]]}
            grafana.ask("/api/dashboards/db", {"dashboard": there, "folderUid": mark, "overwrite": True})
        yield Grafana(url, grafana.headers, uids, {kind: f"{mark}-{kind}" for kind in stores})


def _authorization(parts: urllib.parse.SplitResult) -> dict[str, str]:
    if token := os.environ.get("GRAFANA_TOKEN"):
        return {"Authorization": f"Bearer {token}"}
    if parts.username is None:
        return {}
    pair = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
