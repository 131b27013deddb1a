"""The audit against a stand-in for OSV: what is found, what is accepted, and that no answer is never a good one."""

from __future__ import annotations

import http.server
import json
import socket
import threading
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from heliograph.errors import HeliographError
from heliograph.supply import _cli
from heliograph.supply._audit import UNREACHABLE, accepted, audit
from heliograph.supply._component import Component

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLICK = Component("pypi", "click", "8.3.0", "BSD-3-Clause", used_by=("python",))
LOKI = Component("golang", "github.com/grafana/loki/v3", "v3.7.8", "AGPL-3.0-only", used_by=("loki",))
IMAGE = Component("docker", "grafana/grafana", "13.2.3", "AGPL-3.0-only", used_by=("image of grafana",))
ADVISORY = {
    "id": "GO-2026-0001",
    "aliases": ["CVE-2026-1"],
    "summary": "A query can read a file.",
    "affected": [
        {
            "package": {"name": "github.com/grafana/loki/v3", "ecosystem": "Go"},
            "ranges": [{"events": [{"introduced": "0"}, {"fixed": "3.7.9"}]}],
        },
        {"package": {"name": "another"}, "ranges": [{"events": [{"fixed": "9.9.9"}]}]},
    ],
}


class _Osv:
    """Knows of one advisory; `pages` makes it answer the first question in two pieces."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.pages = False
        self.status = 200
        self.answer: Any = None
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked += body["queries"]
                self._say(outer.answer or {"results": [outer.result(query) for query in body["queries"]]})

            def do_GET(self) -> None:
                assert self.path == f"/v1/vulns/{ADVISORY['id']}"
                self._say(ADVISORY)

            def _say(self, value: Any) -> None:
                content = json.dumps(value).encode()
                self.send_response(outer.status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def result(self, query: dict[str, Any]) -> dict[str, Any]:
        if query["package"]["name"] != LOKI.name:
            return {}
        if self.pages and "page_token" not in query:
            return {"next_page_token": "more"}
        return {"vulns": [{"id": ADVISORY["id"]}]}


@pytest.fixture
def osv() -> Iterator[_Osv]:
    stand_in = _Osv()
    yield stand_in
    stand_in.server.shutdown()
    stand_in.server.server_close()


def test_each_part_is_asked_for_in_its_ecosystem(osv: _Osv) -> None:
    audit([CLICK, LOKI, IMAGE], url=osv.url)
    assert osv.asked == [
        {"package": {"name": "click", "ecosystem": "PyPI"}, "version": "8.3.0"},
        {"package": {"name": "github.com/grafana/loki/v3", "ecosystem": "Go"}, "version": "3.7.8"},
    ]


@pytest.mark.parametrize("pages", [False, True])
def test_an_advisory_is_found(osv: _Osv, pages: bool) -> None:
    osv.pages = pages
    (found,) = audit([CLICK, LOKI], url=osv.url)
    assert (found.component, found.id, found.aliases) == (LOKI, "GO-2026-0001", ("CVE-2026-1",))
    assert found.summary == "A query can read a file."
    assert found.fixed == ("3.7.9",)


def _refused_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.mark.parametrize("url", [_refused_port(), "http://no-such-host.invalid"])
def test_data_that_cannot_be_had_is_an_error(url: str) -> None:
    with pytest.raises(HeliographError, match="Nothing was checked") as raised:
        audit([CLICK], url=url)
    assert raised.value.exit_code == UNREACHABLE


@pytest.mark.parametrize("answer", [{"results": []}, {"error": "quota"}, ["a"]])
def test_an_answer_that_says_nothing_is_an_error(osv: _Osv, answer: Any) -> None:
    osv.answer = answer
    with pytest.raises(HeliographError, match="Nothing was checked"):
        audit([CLICK], url=osv.url)


def test_an_error_of_the_server_is_an_error(osv: _Osv) -> None:
    osv.status = 503
    with pytest.raises(HeliographError, match="Nothing was checked"):
        audit([CLICK], url=osv.url)


@pytest.fixture
def two_parts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(_cli, "_parts", lambda: [CLICK, LOKI])
    monkeypatch.setattr(_cli, "config_root", lambda: tmp_path)
    (tmp_path / "sbom").mkdir()
    return tmp_path / "sbom" / "accepted.toml"


@pytest.mark.usefixtures("two_parts")
def test_the_command_fails_for_what_is_found(osv: _Osv) -> None:
    done = CliRunner().invoke(_cli.supply, ["audit", "--osv", osv.url])
    assert done.exit_code == 1
    assert "github.com/grafana/loki/v3 v3.7.8  GO-2026-0001 (CVE-2026-1)" in done.output
    assert "mended in 3.7.9" in done.output
    assert "2 parts, 1 findings, 0 accepted." in done.output


@pytest.mark.parametrize("name", ["GO-2026-0001", "CVE-2026-1"])
def test_what_somebody_has_looked_at_passes(osv: _Osv, two_parts: Path, name: str) -> None:
    two_parts.write_text(f'[[accepted]]\nid = "{name}"\nwhy = "no file is served"\nuntil = 9999-12-31\n')
    done = CliRunner().invoke(_cli.supply, ["audit", "--osv", osv.url, "--json"])
    assert done.exit_code == 0
    (row,) = json.loads(done.output)["findings"]
    assert row["accepted"]
    assert row["component"] == LOKI.purl


@pytest.mark.usefixtures("two_parts")
def test_the_command_never_passes_without_data() -> None:
    done = CliRunner().invoke(_cli.supply, ["audit", "--osv", _refused_port()])
    assert isinstance(done.exception, HeliographError)
    assert done.exception.exit_code == UNREACHABLE
    assert "0 findings" not in done.output


def test_an_acceptance_ends(tmp_path: Path) -> None:
    file = tmp_path / "accepted.toml"
    file.write_text('[[accepted]]\nid = "A"\nwhy = "not used"\nuntil = 2026-12-31\n')
    assert accepted(file, today=date(2026, 12, 31)).keys() == {"A"}
    assert accepted(file, today=date(2027, 1, 1)) == {}
    assert accepted(tmp_path / "none.toml") == {}


@pytest.mark.parametrize(
    "text",
    [
        '[[accepted]]\nid = "A"\nuntil = 2026-12-31\n',
        '[[accepted]]\nid = "A"\nwhy = " "\nuntil = 2026-12-31\n',
        '[[accepted]]\nid = "A"\nwhy = "x"\nuntil = "soon"\n',
        "[[accepted",
    ],
)
def test_an_acceptance_has_a_reason_and_a_day(tmp_path: Path, text: str) -> None:
    file = tmp_path / "accepted.toml"
    file.write_text(text)
    with pytest.raises(HeliographError) as raised:
        accepted(file)
    assert raised.value.exit_code == 2
