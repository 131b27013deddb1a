"""The command line's password goes to the stack's own servers only."""

from __future__ import annotations

import threading
import urllib.error
from http.server import BaseHTTPRequestHandler, HTTPServer
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from typing import TYPE_CHECKING

import pytest

from heliograph.secure._access import open_url
from heliograph.secure._authority import Authority
from heliograph.secure._folder import Folder
from heliograph.secure._layout import initialise

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class _Server:
    """Remembers what it was shown; sends whoever asks for /away elsewhere."""

    def __init__(self, certificate: Path | None = None, key: Path | None = None, away: str = "") -> None:
        shown: list[str | None] = []
        self.shown = shown

        class _Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                shown.append(self.headers.get("Authorization"))
                self.send_response(302 if self.path == "/away" else 200)
                if self.path == "/away":
                    self.send_header("Location", away)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.http = HTTPServer(("127.0.0.1", 0), _Handler)
        if certificate is not None:
            context = SSLContext(PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    made = Folder(tmp_path_factory.mktemp("access") / "secrets")
    initialise(made, [])
    return made


@pytest.fixture
def own(folder: Folder) -> Iterator[_Server]:
    plain = _Server()
    server = _Server(folder.path / "api.crt", folder.path / "api.key", f"http://127.0.0.1:{plain.port}/")
    server.elsewhere = plain  # type: ignore[attr-defined]
    yield server
    server.close()
    plain.close()


def test_a_server_of_ours_is_shown_the_password(own: _Server, folder: Folder) -> None:
    with open_url(f"https://127.0.0.1:{own.port}/", timeout=5, secrets=folder.path) as answer:
        assert answer.status == 200
    (shown,) = own.shown
    assert shown
    assert shown.startswith("Basic ")


def test_a_redirection_does_not_take_it_along(own: _Server, folder: Folder) -> None:
    with open_url(f"https://127.0.0.1:{own.port}/away", timeout=5, secrets=folder.path):
        pass
    assert own.elsewhere.shown == [None]  # type: ignore[attr-defined]


def test_nobody_is_shown_it_without_tls(folder: Folder) -> None:
    server = _Server()
    with open_url(f"http://127.0.0.1:{server.port}/", timeout=5, secrets=folder.path):
        pass
    server.close()
    assert server.shown == [None]


def test_a_stranger_at_the_same_address_is_not_even_asked(folder: Folder, tmp_path: Path) -> None:
    certificate, key = Authority.create().server(["127.0.0.1"])
    (tmp_path / "crt").write_text(certificate)
    (tmp_path / "key").write_text(key)
    server = _Server(tmp_path / "crt", tmp_path / "key")
    with pytest.raises(urllib.error.URLError, match="verify failed"):
        open_url(f"https://127.0.0.1:{server.port}/", timeout=5, secrets=folder.path)
    server.close()
    assert server.shown == []
