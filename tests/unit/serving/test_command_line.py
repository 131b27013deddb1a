"""Addresses as options, and ends as signals."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap

import click
import pytest

from heliograph.serving._options import HostPort


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("127.0.0.1:4319", ("127.0.0.1", 4319)),
        ("[::1]:0", ("::1", 0)),
        ("localhost:65535", ("localhost", 65535)),
        (("127.0.0.1", 1), ("127.0.0.1", 1)),
    ],
)
def test_addresses_are_read(given: str | tuple[str, int], address: tuple[str, int]) -> None:
    assert HostPort("a:1").convert(given, None, None) == address


@pytest.mark.parametrize(
    "given", ["4319", ":4319", "localhost:", "localhost:65536", "localhost:http", "a:-1", "a:\u0663"]
)
def test_mistakes_are_shown_an_example(given: str) -> None:
    with pytest.raises(click.BadParameter, match=r"such as 127\.0\.0\.1:4319"):
        HostPort("127.0.0.1:4319").convert(given, None, None)


PROGRAM = """
    import signal, threading, time
    from heliograph.serving._until import until_told

    with until_told() as wait:
        threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
        print("runs", flush=True)
        wait()
        print("ends", flush=True)
        {more}
    print("ended", flush=True)
"""


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "more", ["pass", "signal.raise_signal(signal.SIGINT); signal.raise_signal(signal.SIGTERM)"], ids=["once", "again"]
)
def test_either_signal_ends_and_another_one_does_not_break_the_end(first: signal.Signals, more: str) -> None:
    program = textwrap.dedent(PROGRAM).format(more=more)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "runs\n"
        process.send_signal(first)
        assert process.communicate(timeout=10)[0] == "ends\nended\n"
    assert process.returncode == 0
