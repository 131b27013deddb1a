from __future__ import annotations

import os
import socket
from collections import Counter
from dataclasses import asdict, fields
from typing import TYPE_CHECKING

import pytest

from heliograph.errors import HeliographError
from heliograph.stack._portcheck import check_ports
from heliograph.stack._ports import MAX_OFFSET, Ports
from heliograph.stack._servers import SERVERS

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_an_offset_moves_every_port() -> None:
    usual, moved = asdict(Ports()), asdict(Ports.at(100))
    assert {name: moved[name] - usual[name] for name in usual} == dict.fromkeys(usual, 100)


def test_the_ports_are_those_that_users_expect() -> None:
    ports = Ports.at(0)
    assert (ports.otlp_grpc, ports.otlp_http, ports.prometheus, ports.grafana) == (4317, 4318, 9090, 3001)
    assert (ports.jaeger, ports.loki, ports.alertmanager, ports.inbox_http) == (16686, 3100, 9093, 8025)


@pytest.mark.parametrize("offset", [0, 100, MAX_OFFSET])
def test_no_two_servers_share_a_port(offset: int) -> None:
    numbers = asdict(Ports.at(offset)).values()
    assert len(set(numbers)) == len(numbers)
    assert max(numbers) <= 65535


@pytest.mark.parametrize("offset", [100, 200, 300])
def test_stacks_a_hundred_apart_do_not_meet(offset: int) -> None:
    assert not set(asdict(Ports()).values()) & set(asdict(Ports.at(offset)).values())


@pytest.mark.parametrize("offset", [-1, MAX_OFFSET + 1])
def test_an_offset_out_of_range_is_wrong_input(offset: int) -> None:
    with pytest.raises(HeliographError, match="out of range") as caught:
        Ports.at(offset)
    assert caught.value.exit_code == 2


def test_every_port_belongs_to_exactly_one_server() -> None:
    used = Counter(port for server in SERVERS for port in server.ports)
    assert used == dict.fromkeys((field.name for field in fields(Ports)), 1)


@pytest.fixture
def squatter() -> Iterator[socket.socket]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener


def _with(**changed: int) -> Ports:
    """Return ports that nobody uses, but for the `changed` ones: all are below those that systems give out."""
    return Ports(**{**asdict(Ports.at(14_000)), **changed})


def test_free_ports_pass() -> None:
    check_ports(SERVERS, _with(), offset=0)


def test_a_taken_port_is_reported_with_server_process_and_a_way_out(squatter: socket.socket) -> None:
    port = squatter.getsockname()[1]
    with pytest.raises(HeliographError) as caught:
        check_ports(SERVERS, _with(loki=port), offset=0)
    assert caught.value.what == "The stack cannot start: a port is taken."
    assert f"port {port} (loki, loki) is used by " in caught.value.why
    assert f"(pid {os.getpid()})" in caught.value.why
    assert "--port-offset 100" in caught.value.hint


def test_all_taken_ports_are_reported_at_once(squatter: socket.socket) -> None:
    port = squatter.getsockname()[1]
    with pytest.raises(HeliographError, match="2 ports are taken") as caught:
        check_ports(SERVERS, _with(loki=port, otlp_http=port), offset=200)
    assert "(collector, otlp http)" in caught.value.why
    assert "--port-offset 300" in caught.value.hint


def test_a_listener_on_every_address_counts_as_taken() -> None:
    with socket.socket() as listener:
        listener.bind(("0.0.0.0", 0))
        listener.listen()
        with pytest.raises(HeliographError, match="taken"):
            check_ports(SERVERS, _with(jaeger=listener.getsockname()[1]), offset=0)


def test_ports_of_servers_that_are_left_out_do_not_matter(squatter: socket.socket) -> None:
    rest = [server for server in SERVERS if server.name != "grafana"]
    check_ports(rest, _with(grafana=squatter.getsockname()[1]), offset=0)


def test_a_connection_that_is_only_closing_does_not_count() -> None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            accepted, _ = listener.accept()
            accepted.close()  # the server closes first: TIME_WAIT stays on its side
    check_ports(SERVERS, _with(prometheus=port), offset=0)
