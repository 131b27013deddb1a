"""Connections over real sockets: their time, their number, and the end of the server."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from heliograph.errors import HeliographError
from heliograph.serving._addresses import listen, url_of
from heliograph.serving._body import BodyError
from heliograph.serving._server import Handler, Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS = 0.3


class Echo(Handler):
    """Answers with the body; `/slow` when the server says so."""

    server: EchoServer
    protocol_version = "HTTP/1.1"
    timeout = 5.0
    seconds = SECONDS

    def do_POST(self) -> None:  # noqa: N802 - the name is http.server's
        try:
            body = self.body(1000)
        except BodyError as error:
            self._answer(error.status, error.reason.encode())
            return
        if self.path == "/slow":
            self.server.begun.set()
            self.server.go_on.wait(5.0)
        if self.path == "/defect":
            raise RuntimeError("a defect")
        self._answer(200 if self.path != "/refused" else 400, body)

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)


class EchoServer(Server):
    def __init__(self, connections: int = 64) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()
        super().__init__(listen(("127.0.0.1", 0), who="The test", hint=""), Echo, name="echo", connections=connections)


@pytest.fixture
def server() -> Iterator[EchoServer]:
    made = EchoServer()
    made.start()
    yield made
    made.go_on.set()
    made.stop()


class Client:
    """One connection, byte by byte."""

    def __init__(self, server: Server) -> None:
        self._socket = socket.create_connection(server.address, 5.0)

    def send(self, content: bytes) -> None:
        self._socket.sendall(content)

    def post(self, path: str, body: bytes = b"hello", *headers: str) -> None:
        length = f"Content-Length: {len(body)}"
        self.send("\r\n".join([f"POST {path} HTTP/1.1", *(headers or (length,)), "", ""]).encode() + body)

    def answer(self) -> tuple[int, bytes]:
        """Give status and body; (0, b"") when the connection ends instead."""
        got = b""
        with contextlib.suppress(ConnectionResetError):
            while b"\r\n\r\n" not in got:
                part = self._socket.recv(1)
                if not part:
                    return 0, got
                got += part
            head = got.decode()
            length = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
            body = b""
            while len(body) < length and (part := self._socket.recv(length - len(body))):
                body += part
            return int(head.split()[1]), body
        return 0, b""

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def connect(server: EchoServer) -> Iterator[Callable[[], Client]]:
    clients: list[Client] = []

    def make() -> Client:
        clients.append(Client(server))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def test_requests_after_one_another_on_one_connection(connect: Callable[[], Client]) -> None:
    client = connect()
    for body in (b"one", b"two"):
        client.post("/", body)
        assert client.answer() == (200, body)


def test_chunks_as_nodes_exporter_sends_them(connect: Callable[[], Client]) -> None:
    client = connect()
    for _ in range(2):
        client.post("/", b"5\r\nhello\r\n", "Transfer-Encoding: chunked")
        time.sleep(0.02)
        client.send(b"6\r\n world\r\n0\r\n\r\n")
        assert client.answer() == (200, b"hello world")


def test_a_connection_goes_on_after_a_refusal_whose_body_was_read(connect: Callable[[], Client]) -> None:
    client = connect()
    client.post("/refused")
    assert client.answer() == (400, b"hello")
    client.post("/")
    assert client.answer() == (200, b"hello")


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        (["Content-Length: 5000"], b"x" * 5000, 413),
        (["X: y"], b"", 411),
        (["Transfer-Encoding: br"], b"", 501),
        (["Transfer-Encoding: chunked"], b"zzz\r\n", 400),
    ],
)
def test_a_connection_ends_after_a_body_that_was_not_read(
    connect: Callable[[], Client], headers: list[str], body: bytes, status: int
) -> None:
    client = connect()
    client.post("/", body, *headers)
    assert client.answer()[0] == status
    assert client.answer()[0] == 0


@pytest.mark.parametrize(
    "beginning", [b"P", b"POST / HTTP/1.1\r\nX: ", b"POST / HTTP/1.1\r\nContent-Length: 900\r\n\r\n"]
)
def test_a_request_that_drips_in_is_cut_off(connect: Callable[[], Client], beginning: bytes) -> None:
    """Slow loris: each read gets a byte in time, the request never ends."""
    client = connect()
    started = time.monotonic()
    client.send(beginning)
    with contextlib.suppress(OSError):
        while time.monotonic() < started + 3.0:
            time.sleep(SECONDS / 10)
            client.send(b"x")
    assert time.monotonic() < started + 2.0
    other = connect()
    other.post("/")
    assert other.answer() == (200, b"hello")


def test_a_connection_that_waits_between_requests_is_not_cut_off(connect: Callable[[], Client]) -> None:
    client = connect()
    for _ in range(2):
        client.post("/")
        assert client.answer() == (200, b"hello")
        time.sleep(SECONDS * 1.5)


def test_one_connection_too_many_is_closed_and_the_next_one_is_served() -> None:
    server = EchoServer(connections=1)
    server.start()
    clients = [Client(server)]
    try:
        clients[0].post("/")
        assert clients[0].answer()[0] == 200
        clients.append(Client(server))
        assert clients[1].answer()[0] == 0
        clients[0].close()
        clients.append(Client(server))
        clients[2].post("/")
        assert clients[2].answer()[0] == 200
    finally:
        for client in clients:
            client.close()
        server.stop()


def test_a_defect_is_logged_and_ends_that_connection_alone(
    connect: Callable[[], Client], caplog: pytest.LogCaptureFixture
) -> None:
    client = connect()
    client.post("/defect")
    assert client.answer()[0] == 0
    assert "a request of" in caplog.text
    other = connect()
    other.post("/")
    assert other.answer()[0] == 200


def test_an_end_answers_what_has_arrived(server: EchoServer, connect: Callable[[], Client]) -> None:
    busy, idle, arriving = connect(), connect(), connect()
    idle.post("/")
    idle.answer()
    arriving.send(b"POST / HTTP/1.1\r\nContent-Length: 900\r\n\r\nhalf")
    busy.post("/slow")
    assert server.begun.wait(5.0)
    end = threading.Thread(target=server.stop, args=(5.0,))
    end.start()
    assert idle.answer()[0] == 0
    assert arriving.answer() == (0, b""), "an answer would be taken for a final one"
    assert end.is_alive()
    server.go_on.set()
    assert busy.answer() == (200, b"hello")
    end.join(5.0)
    assert not end.is_alive()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(server.address, 1.0)


def test_an_end_does_not_wait_longer_than_its_grace(server: EchoServer, connect: Callable[[], Client]) -> None:
    client = connect()
    client.post("/slow")
    assert server.begun.wait(5.0)
    threading.Timer(0.3, server.go_on.set).start()
    started = time.monotonic()
    server.stop(0.05)
    assert client.answer()[0] == 0
    assert time.monotonic() - started < 2.0


def test_a_server_that_was_never_started_ends(server: EchoServer) -> None:
    del server
    other = EchoServer()
    other.stop(1.0)
    other.stop(1.0)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(other.address, 1.0)


def test_an_address_that_cannot_be_had_is_said_plainly(server: EchoServer) -> None:
    with pytest.raises(HeliographError, match=r"The test cannot listen on 127\.0\.0\.1") as caught:
        listen(server.address, who="The test", hint="take another")
    assert caught.value.hint == "take another"
    with pytest.raises(HeliographError, match="cannot listen"):
        listen(("no.such.host.invalid", 1), who="The test", hint="")


def test_urls_of_both_families() -> None:
    assert url_of(("127.0.0.1", 80)) == "http://127.0.0.1:80"
    assert url_of(("::1", 80)) == "http://[::1]:80"
