"""Applications write with a token, and as the tenant that the token says."""

from __future__ import annotations

import base64
import os
import secrets
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from heliograph.secure._folder import Folder
from heliograph.secure._layout import initialise
from heliograph.stack import Stack

from ._ask import call, lines, logs, samples, soon, traces
from ._target import Target, TlsSender

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="all of 127.0.0.0/8 is this machine on Linux only")


def test_telemetry_of_a_writer_arrives_in_every_store(target: Target, token: str) -> None:
    sender, marker = target.sender(token), "arrives-" + secrets.token_hex(4)
    assert [sender.log(marker, marker), sender.span(marker), sender.gauge(marker, "exposed_reading", 1.5)] == [200] * 3
    assert target.grpc_status(f"Bearer {token}") == "OK"
    assert soon(lambda: logs(target, marker))[0]["stream"]["heliograph_writer"] == "shop"
    assert soon(lambda: traces(target, marker))
    assert soon(lambda: samples(target, f'exposed_reading{{job="{marker}"}}'))[0]["value"][1] == "1.5"


def test_an_application_with_the_package_needs_three_variables(target: Target, token: str) -> None:
    program = """
import heliograph, logging
heliograph.configure(service_name="exposed-app")
logging.getLogger("app").warning("over TLS, with a token")
heliograph.shutdown()
"""
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": target.otlp,
        "OTEL_EXPORTER_OTLP_HEADERS": f"Authorization=Bearer%20{token}",
        "OTEL_EXPORTER_OTLP_CERTIFICATE": str(target.secrets.path / "front-ca.crt"),
    }
    inherited = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "HOME") if name in os.environ}
    subprocess.run([sys.executable, "-c", program], env=inherited | variables, check=True, timeout=60)
    assert soon(lambda: logs(target, "exposed-app"))


def _wrong(token: str) -> dict[str, str | None]:
    return {
        "no token": None,
        "empty": "",
        "no scheme": token,
        "wrong": "Bearer " + token[:-1] + ("A" if token[-1] != "A" else "B"),
        "the name alone": "Bearer hgw.shop.acme.",
        "another tenant": "Bearer " + token.replace(".acme.", ".globex."),
        "a password": "Basic " + base64.b64encode(f"shop:{token}".encode()).decode(),
        "the line of the file": f"Bearer {token} 12345678",
        "two": f"Bearer {token}, Bearer {token}",
    }


@pytest.mark.parametrize("name", _wrong("x.acme.x"))
def test_a_writer_without_a_right_token_is_refused(target: Target, token: str, name: str) -> None:
    authorization = _wrong(token)[name]
    sender = TlsSender(target.otlp, target.trusting(), authorization)
    assert [sender.log("refused", name), sender.span("refused"), sender.gauge("refused", "refused", 1)] == [401] * 3
    assert target.grpc_status(authorization) == "UNAUTHENTICATED"


def test_a_revoked_token_is_refused_and_others_go_on(target: Target, token: str) -> None:
    gone = target.tokens.create("leaver", "acme").text
    soon(lambda: target.sender(gone).log("leaver", "still here") == 200)
    target.tokens.revoke("leaver")
    assert soon(lambda: target.sender(gone).log("leaver", "gone") == 401)
    assert target.grpc_status(f"Bearer {gone}") == "UNAUTHENTICATED"
    assert target.sender(token).log("leaver", "another's") == 200


def test_old_and_new_token_are_accepted_until_the_overlap_is_over(target: Target) -> None:
    old = target.tokens.create("mover", "acme").text
    soon(lambda: target.sender(old).log("mover", "old") == 200)
    new = target.tokens.rotate("mover", timedelta(seconds=6)).text
    soon(lambda: target.sender(new).log("mover", "new") == 200)
    assert target.sender(old).log("mover", "old, within the overlap") == 200
    soon(lambda: [one.writer for one in target.tokens.prune()] == ["mover"])
    assert soon(lambda: target.sender(old).log("mover", "old, after the overlap") == 401)
    assert target.sender(new).log("mover", "new, after the overlap") == 200


def test_the_last_token_can_be_revoked(tmp_path: Path) -> None:
    """The collector keeps its old list when the file becomes empty: it never does."""
    folder = Folder(tmp_path)
    initialise(folder, [])
    target = Target(Stack(0), folder, "")
    made = target.tokens.create("only").text
    target.tokens.revoke("only")
    listed = folder.read("servers/collector/otlp_tokens")
    assert listed
    assert made not in listed


def test_what_a_writer_sends_is_its_tenants_whatever_it_claims(target: Target, token: str) -> None:
    sender, marker = target.sender(token), "liar-" + secrets.token_hex(4)
    sender.log(marker, "mine", tenant="globex", **{"heliograph.writer": "bank"})
    # A call as another library reports it; the meter counts it, under the tenant it reads there.
    sender.span(marker, **call("globex"))
    (stream,) = (one["stream"] for one in soon(lambda: logs(target, marker, "mine")))
    assert (stream["tenant"], stream["heliograph_writer"]) == ("acme", "shop")
    (trace,) = soon(lambda: traces(target, marker))
    tags = {tag["key"]: tag["value"] for tag in trace["spans"][0]["tags"]}
    assert tags["heliograph.tenant"] == "acme"
    events = soon(lambda: lines(target, f'{{service_name="{marker}"}} | event_name="llm.call"'), seconds=60)
    assert {one["stream"]["tenant"] for one in events} == {"acme"}
    counted = soon(lambda: samples(target, f'llm_requests_total{{job="{marker}"}}'), seconds=60)
    assert {one["metric"]["tenant"] for one in counted} == {"acme"}


def test_a_writer_without_a_tenant_says_itself_whose_a_call_was(target: Target) -> None:
    many, marker = target.tokens.create("gateway").text, "many-" + secrets.token_hex(4)
    soon(lambda: target.sender(many).log(marker, "mine", tenant="globex") == 200)
    (stream,) = (one["stream"] for one in soon(lambda: logs(target, marker)))
    assert (stream["tenant"], stream["heliograph_writer"]) == ("globex", "gateway")
