"""The connection between a program and the runner: bounded, never in the way, and proof against what it is sent."""

from __future__ import annotations

import os
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.run._listen import Listener
from heliograph.run._send import LONGEST, Sender

if TYPE_CHECKING:
    from pathlib import Path

HELLO: dict[str, Any] = {"e": "process"}


def heard() -> tuple[list[dict[str, Any]], list[int], Listener]:
    messages: list[dict[str, Any]] = []
    gone: list[int] = []

    def receive(message: dict[str, Any], _: int) -> None:
        messages.append(message)
        if message["e"] == "bad":
            raise ValueError("not as expected")

    return messages, gone, Listener(receive, gone.append)


def test_everything_arrives_in_order_after_one_hello() -> None:
    messages, gone, listener = heard()
    with listener:
        sender = Sender(listener.path, lambda: HELLO)
        for number in range(20_000):
            sender.send({"e": "n", "number": number})
            if number % 1000 == 0:
                sender.flush(5)
        sender.flush(5)
        listener.finish()
    assert messages[0] == HELLO
    assert [each["number"] for each in messages[1:]] == list(range(20_000))
    assert (gone, listener.open, sender.dropped) == ([], 1, 0)


def test_a_runner_that_does_not_read_costs_nothing_but_messages(tmp_path: Path) -> None:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(str(tmp_path / "s"))
    server.listen()
    sender = Sender(str(tmp_path / "s"), lambda: HELLO)
    began = time.monotonic()
    for _ in range(3 * LONGEST):
        sender.send({"e": "n", "text": "x" * 100})
    assert time.monotonic() - began < 20, "it waited"
    assert LONGEST < sender.dropped < 3 * LONGEST
    assert len(sender._waiting) <= LONGEST + 1
    connection, _ = server.accept()
    said = b""

    def read() -> None:
        nonlocal said
        while part := connection.recv(1 << 20):
            said += part

    reader = threading.Thread(target=read)
    reader.start()
    sender.flush(10)
    sender.send({"e": "last"})
    sender.flush(10)
    assert sender._connection is not None
    sender._connection.close()
    reader.join(10)
    assert said.count(b"\n") == 1 + 3 * LONGEST - sender.dropped + 2
    assert f'{{"e":"dropped","total":{sender.dropped}}}'.encode() in said
    connection.close()
    server.close()


def test_a_runner_that_is_gone_is_left_alone(tmp_path: Path) -> None:
    sender = Sender(str(tmp_path / "nobody"), lambda: HELLO)
    for _ in range(3):
        sender.send({"e": "n"})
    began = time.monotonic()
    sender.flush(5)
    assert time.monotonic() - began < 1
    assert not sender._waiting


def test_a_file_that_took_the_connections_number_is_not_written() -> None:
    messages, _, listener = heard()
    with listener:
        sender = Sender(listener.path, lambda: HELLO)
        sender.send({"e": "n"})
        assert sender._connection is not None
        number = sender._connection.fileno()
        one, other = socket.socketpair()
        os.dup2(one.fileno(), number)  # what a daemon that closes everything may do next
        sender.send({"e": "secret"})
        other.setblocking(False)
        with pytest.raises(BlockingIOError):
            other.recv(1)
        one.close()
        other.close()
        sender._connection.close()
        listener.finish()
    assert {each["e"] for each in messages} == {"process", "n"}


def test_a_forked_child_has_a_connection_of_its_own() -> None:
    messages, gone, listener = heard()
    with listener:
        pid = [os.getpid()]
        sender = Sender(listener.path, lambda: {"e": "process", "pid": pid[0]})
        sender.send({"e": "parent"})
        sender.after_fork()  # what a child does
        pid[0] += 1
        sender.send({"e": "child"})
        sender.flush(1)
        listener.finish()
    assert [each["e"] for each in messages] == ["process", "parent", "process", "child"]
    assert gone == [1]


def test_what_is_no_message_is_counted_and_the_next_is_heard() -> None:
    messages, gone, listener = heard()
    with listener:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stranger:
            stranger.connect(listener.path)
            stranger.sendall(b'nonsense\n[1]\n{"e": "bad"}\n\xff\xff\n{"e": "good"}\n{"e": "half')
        listener.finish()
    assert [each["e"] for each in messages] == ["bad", "good"]
    assert listener.malformed == 4
    assert gone == [1]
    assert not os.path.exists(listener.path)  # noqa: PTH110 - a text


def test_only_this_user_can_connect() -> None:
    _, _, listener = heard()
    with listener:
        assert os.stat(os.path.dirname(listener.path)).st_mode & 0o077 == 0  # noqa: PTH116, PTH120
