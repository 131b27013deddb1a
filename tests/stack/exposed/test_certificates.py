"""TLS: what is not spoken, whom nobody believes, and a certificate that is over."""

from __future__ import annotations

import socket
import ssl
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import grpc
import pytest

from heliograph.secure._access import context_of
from heliograph.secure._authority import Authority

from ._ask import complaint, handshake, soon
from ._target import EXPOSED, FRONT, Target, grpc_export, status_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="all of 127.0.0.0/8 is this machine on Linux only")


def test_plain_text_is_not_taken_on_a_port_with_tls(target: Target, token: str) -> None:
    for name in ("otlp_http", "prometheus", "alertmanager", "jaeger"):
        url = f"http://{FRONT}:{getattr(target.stack.ports, name)}/"
        assert status_of(url, b"{}", {"Authorization": f"Bearer {token}"}) == 400, name
    channel = grpc.insecure_channel(f"{FRONT}:{target.stack.ports.otlp_grpc}")
    assert grpc_export(channel, f"Bearer {token}") == "UNAVAILABLE"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_versions_of_tls_are_not_spoken(target: Target, version: ssl.TLSVersion) -> None:
    for name in EXPOSED:
        context = target.trusting()
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        with pytest.raises(OSError), socket.create_connection((FRONT, getattr(target.stack.ports, name)), 5) as plain:  # noqa: PT011
            context.wrap_socket(plain, server_hostname=FRONT)


def test_a_client_does_not_believe_a_certificate_for_another_name(target: Target, token: str) -> None:
    """127.0.0.3 leads to nobody; the name is asked of the server at 127.0.0.2."""
    assert target.grpc_status(f"Bearer {token}", name="observe.example.com") == "OK"
    assert target.grpc_status(f"Bearer {token}", name="elsewhere.example.com") == "UNAVAILABLE"
    with (
        pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"),
        socket.create_connection((FRONT, target.stack.ports.otlp_http), 5) as plain,
    ):
        target.trusting().wrap_socket(plain, server_hostname="elsewhere.example.com")


def test_a_client_does_not_believe_another_authority(target: Target, tmp_path: Path) -> None:
    (tmp_path / "other.crt").write_text(Authority.create().pem()[0])
    context = ssl.create_default_context(cafile=tmp_path / "other.crt")
    with (
        pytest.raises(ssl.SSLCertVerificationError, match="verify failed"),
        socket.create_connection((FRONT, target.stack.ports.otlp_http), 5) as plain,
    ):
        context.wrap_socket(plain, server_hostname=FRONT)


def test_a_certificate_that_is_over_is_not_believed_and_its_renewal_is_without_a_restart(
    target: Target, token: str
) -> None:
    folder = target.secrets
    authority = Authority.read(folder.read("ca.crt"), folder.read("ca.key"))
    good = {name: folder.read(f"servers/collector/{name}") + "\n" for name in ("front.key", "front.crt")}
    over, key = authority.server([FRONT], days=1, starts=datetime.now(UTC) - timedelta(days=2))
    pid = target.stack.identity("collector")
    try:
        folder.write("servers/collector/front.key", key)
        folder.write("servers/collector/front.crt", over)
        assert soon(lambda: "has expired" in complaint(target), seconds=40)
    finally:
        for name, text in good.items():
            folder.write(f"servers/collector/{name}", text)
    assert soon(lambda: complaint(target) == "", seconds=40)
    assert target.sender(token).log("renewed", "renewed") == 200
    assert target.stack.identity("collector") == pid


# Who shows what to a server that asks for a client certificate.
def _strangers(target: Target, folder: Path) -> dict[str, ssl.SSLContext]:
    ours = Authority.read(target.secrets.read("ca.crt"), target.secrets.read("ca.key"))
    pairs = {
        "nothing": None,
        "another authority's": Authority.create().client("stranger"),
        "over": ours.client("former", days=0),
        "a server's": ours.server(["stranger"]),
    }
    found = {}
    for name, pair in pairs.items():
        context = ssl.create_default_context(cafile=target.secrets.path / "ca.crt")
        if pair is not None:
            (folder / "client.crt").write_text(pair[0])
            (folder / "client.key").write_text(pair[1])
            context.load_cert_chain(folder / "client.crt", folder / "client.key")
        found[name] = context
    return found


@pytest.mark.parametrize("port", ["loki", "loki_grpc", "jaeger_otlp", "jaeger_grpc", "otlp_inner", "meter"])
def test_the_servers_among_themselves_ask_for_a_certificate(target: Target, tmp_path: Path, port: str) -> None:
    address = ("127.0.0.1", getattr(target.stack.ports, port))
    own = context_of(target.secrets.server("operator"))
    assert handshake(own, address)
    assert {name: handshake(context, address) for name, context in _strangers(target, tmp_path).items()} == {
        "nothing": False,
        "another authority's": False,
        "over": False,
        "a server's": False,
    }
