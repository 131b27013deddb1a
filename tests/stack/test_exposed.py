"""A stack that others reach lets no one in: tried on the real servers, from outside and from the machine itself."""

from __future__ import annotations

import base64
import json
import os
import secrets
import socket
import ssl
import subprocess
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import grpc
import pytest

from heliograph.demo._story import free_offset
from heliograph.secure._access import context_of, open_url
from heliograph.secure._authority import Authority
from heliograph.secure._folder import Folder
from heliograph.secure._layout import initialise
from heliograph.secure._overlay import Exposed
from heliograph.secure._passwords import NAMES, header_value, password
from heliograph.stack import Stack

from ._exposed import Target, TlsSender, grpc_export, listening, read_json, status_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Value = TypeVar("Value")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="all of 127.0.0.0/8 is this machine on Linux only")

# Not 127.0.0.1, so that what is exposed can be told from what is not.
FRONT = "127.0.0.2"
EXPOSED = {"otlp_grpc", "otlp_http", "prometheus", "alertmanager", "jaeger"}
# Answers anyone on this machine, and keeps nothing of what is sent.
READ_ONLY = {"canary", "collector_health", "collector_metrics", "jaeger_health", "jaeger_metrics"}
# A mailbox is there to be written to. It is on loopback whatever is exposed (docs/security.md).
MAILBOX = {"inbox_smtp", "inbox_http"}

HASTE = """
alerts:
  RunawayAgent: {window: 1m, keep_firing_for: 0s}
"""


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    base = tmp_path_factory.mktemp("exposed")
    folder = Folder(base / "secrets")
    initialise(folder, [FRONT, "observe.example.com"])
    (base / "haste.yaml").write_text(HASTE, encoding="utf-8")
    before = {name: os.environ.get(name) for name in ("HELIOGRAPH_STATE", "HELIOGRAPH_SECRETS")}
    os.environ |= {"HELIOGRAPH_STATE": str(base / "state"), "HELIOGRAPH_SECRETS": str(folder.path)}
    stack = Stack(
        free_offset(),
        overlays=[base / "haste.yaml"],
        exposed=Exposed(str(folder.path), FRONT),
    )
    try:
        stack.up()
        yield Target(stack, folder, FRONT)
    finally:
        stack.down()
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


@pytest.fixture(scope="module")
def token(target: Target) -> str:
    """Give the token of an application of the tenant acme."""
    made = target.tokens.create("shop", "acme").text
    _soon(lambda: target.sender(made).log("warm-up", "the collector knows the token") == 200)
    return made


# --- where it listens -------------------------------------------------------------------------------------------


def test_a_plain_stack_listens_on_loopback_only(bare_stack: Stack) -> None:
    found = list(listening(Target(bare_stack, Folder(Path()), "").pids()))
    assert {port for _, _, port in found} >= {bare_stack.ports.otlp_http, bare_stack.ports.loki_grpc}
    assert [one for one in found if not ip_address(one[1]).is_loopback] == []
    assert {address for _, address, _ in found} <= {"127.0.0.1", "::1"}


def test_only_what_asks_who_is_there_leaves_loopback(target: Target) -> None:
    names = {port: name for name, port in asdict(target.stack.ports).items()}
    found = {(address, names.get(port, str(port))) for _, address, port in listening(target.pids())}
    assert {name for address, name in found if address == FRONT} == EXPOSED
    assert {address for address, name in found if name not in EXPOSED} == {"127.0.0.1"}


# --- writers ----------------------------------------------------------------------------------------------------


def test_telemetry_of_a_writer_arrives_in_every_store(target: Target, token: str) -> None:
    sender, marker = target.sender(token), "arrives-" + secrets.token_hex(4)
    assert [sender.log(marker, marker), sender.span(marker), sender.gauge(marker, "exposed_reading", 1.5)] == [200] * 3
    assert target.grpc_status(f"Bearer {token}") == "OK"
    assert _soon(lambda: _logs(target, marker))[0]["stream"]["heliograph_writer"] == "shop"
    assert _soon(lambda: _traces(target, marker))
    assert _soon(lambda: _samples(target, f'exposed_reading{{job="{marker}"}}'))[0]["value"][1] == "1.5"


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
    assert _soon(lambda: _logs(target, "exposed-app"))


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
    _soon(lambda: target.sender(gone).log("leaver", "still here") == 200)
    target.tokens.revoke("leaver")
    assert _soon(lambda: target.sender(gone).log("leaver", "gone") == 401)
    assert target.grpc_status(f"Bearer {gone}") == "UNAUTHENTICATED"
    assert target.sender(token).log("leaver", "another's") == 200


def test_old_and_new_token_are_accepted_until_the_overlap_is_over(target: Target) -> None:
    old = target.tokens.create("mover", "acme").text
    _soon(lambda: target.sender(old).log("mover", "old") == 200)
    new = target.tokens.rotate("mover", timedelta(seconds=6)).text
    _soon(lambda: target.sender(new).log("mover", "new") == 200)
    assert target.sender(old).log("mover", "old, within the overlap") == 200
    _soon(lambda: [one.writer for one in target.tokens.prune()] == ["mover"])
    assert _soon(lambda: target.sender(old).log("mover", "old, after the overlap") == 401)
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


# --- tenants ----------------------------------------------------------------------------------------------------


def test_what_a_writer_sends_is_its_tenants_whatever_it_claims(target: Target, token: str) -> None:
    sender, marker = target.sender(token), "liar-" + secrets.token_hex(4)
    sender.log(marker, "mine", tenant="globex", **{"heliograph.writer": "bank"})
    # A call as another library reports it; the meter counts it, under the tenant it reads there.
    sender.span(marker, **_call("globex"))
    (stream,) = (one["stream"] for one in _soon(lambda: _logs(target, marker, "mine")))
    assert (stream["tenant"], stream["heliograph_writer"]) == ("acme", "shop")
    (trace,) = _soon(lambda: _traces(target, marker))
    tags = {tag["key"]: tag["value"] for tag in trace["spans"][0]["tags"]}
    assert tags["heliograph.tenant"] == "acme"
    events = _soon(lambda: _lines(target, f'{{service_name="{marker}"}} | event_name="llm.call"'), seconds=60)
    assert {one["stream"]["tenant"] for one in events} == {"acme"}
    counted = _soon(lambda: _samples(target, f'llm_requests_total{{job="{marker}"}}'), seconds=60)
    assert {one["metric"]["tenant"] for one in counted} == {"acme"}


def test_a_writer_without_a_tenant_says_itself_whose_a_call_was(target: Target) -> None:
    many, marker = target.tokens.create("gateway").text, "many-" + secrets.token_hex(4)
    _soon(lambda: target.sender(many).log(marker, "mine", tenant="globex") == 200)
    (stream,) = (one["stream"] for one in _soon(lambda: _logs(target, marker)))
    assert (stream["tenant"], stream["heliograph_writer"]) == ("globex", "gateway")


# --- certificates -----------------------------------------------------------------------------------------------


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
        assert _soon(lambda: "has expired" in _complaint(target), seconds=40)
    finally:
        for name, text in good.items():
            folder.write(f"servers/collector/{name}", text)
    assert _soon(lambda: _complaint(target) == "", seconds=40)
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
    assert _handshake(own, address)
    assert {name: _handshake(context, address) for name, context in _strangers(target, tmp_path).items()} == {
        "nothing": False,
        "another authority's": False,
        "over": False,
        "a server's": False,
    }


# --- readers ----------------------------------------------------------------------------------------------------

READ = {
    "prometheus": ["/api/v1/query?query=up", "/metrics", "/-/ready", "/"],
    "alertmanager": ["/api/v2/alerts", "/metrics", "/-/ready", "/"],
    "jaeger": ["/api/services", "/api/v3/services", "/search", "/"],
}


@pytest.mark.parametrize("server", READ)
def test_an_api_answers_to_its_users_only(target: Target, server: str) -> None:
    base, context = _base(target, server), context_of(target.secrets.server("operator"))
    strangers = {
        "nothing": {},
        "wrong": {"Authorization": "Basic " + base64.b64encode(b"operator:wrong").decode()},
        "no user": {"Authorization": "Basic " + base64.b64encode(b"admin:admin").decode()},
        "Grafana's administrator": {"Authorization": f"Basic {header_value(target.secrets, 'grafana_admin')}"},
        "another's password": {"Authorization": _basic("operator", password(target.secrets, "grafana"))},
    }
    for path in READ[server]:
        assert {who: status_of(base + path, None, headers, context) for who, headers in strangers.items()} == (
            dict.fromkeys(strangers, 401)
        ), path
        known = {"Authorization": f"Basic {header_value(target.secrets, 'operator')}"}
        assert status_of(base + path, None, known, context) in {200, 404}, path


def test_a_user_is_known_where_it_has_business_only(target: Target) -> None:
    context = context_of(target.secrets.server("operator"))
    answers = {
        (user, server): status_of(
            _base(target, server) + READ[server][0],
            None,
            {"Authorization": f"Basic {header_value(target.secrets, user)}"},
            context,
        )
        for user in ("collector", "loki")
        for server in READ
    }
    assert answers == {
        ("collector", "prometheus"): 200,
        ("collector", "alertmanager"): 401,
        ("collector", "jaeger"): 401,
        ("loki", "prometheus"): 401,
        ("loki", "alertmanager"): 200,
        ("loki", "jaeger"): 401,
    }


# --- everything that listens ------------------------------------------------------------------------------------

WRITES = {
    "/v1/logs": {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": "MARK"}}]}]}]},
    "/v1/traces": {"resourceSpans": []},
    "/api/v1/otlp/v1/metrics": {"resourceMetrics": []},
    "/otlp/v1/logs": {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": "MARK"}}]}]}]},
    "/loki/api/v1/push": {"streams": [{"stream": {"service_name": "MARK"}, "values": [["0", "MARK"]]}]},
    "/api/v2/alerts": [{"labels": {"alertname": "MARK"}}],
    "/api/v2/silences": {"matchers": [{"name": "a", "value": "MARK", "isRegex": False}], "createdBy": "x"},
    "/-/reload": {},
    "/-/quit": {},
    "/api/archive/0123456789abcdef": {},
    "/ingester/shutdown": {},
    "/flush": {},
}


def test_nobody_without_a_name_writes_to_anything_that_listens(target: Target) -> None:
    marker = "anonymous-" + secrets.token_hex(4)
    names = {port: name for name, port in asdict(target.stack.ports).items()}
    anyone = ssl.create_default_context()
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
    accepted = set()
    ports = {(address, port) for _, address, port in listening(target.pids())}
    assert len(ports) >= 16
    for address, port in sorted(ports):
        if names.get(port) == "inbox_smtp":
            continue
        for scheme in ("http", "https"):
            for path, body in WRITES.items():
                text = json.dumps(body).replace("MARK", marker).encode()
                try:
                    status = status_of(
                        f"{scheme}://{address}:{port}{path}", text, {"Content-Type": "application/json"}, anyone
                    )
                except (OSError, ValueError):
                    continue  # no answer at all: TLS ended it
                if status < 400:
                    accepted.add(names.get(port, str(port)))
    assert accepted <= READ_ONLY | MAILBOX
    time.sleep(3)
    for query in (f'{{service_name=~".+"}} |= "{marker}"', f'{{service_name="{marker}"}}'):
        assert _lines(target, query) == []
    alerts = read_json(_base(target, "alertmanager") + "/api/v2/alerts", *_operator(target))
    assert marker not in json.dumps(alerts)
    assert all(server.ready and server.restarts == 0 for server in target.stack.status())


def test_who_writes_over_grpc_without_a_certificate_is_cut_off(target: Target) -> None:
    for name in ("jaeger_otlp", "jaeger_grpc", "loki_grpc"):
        for channel in (
            grpc.insecure_channel(f"127.0.0.1:{getattr(target.stack.ports, name)}"),
            grpc.secure_channel(
                f"127.0.0.1:{getattr(target.stack.ports, name)}",
                grpc.ssl_channel_credentials((target.secrets.path / "ca.crt").read_bytes()),
            ),
        ):
            assert grpc_export(channel, None) == "UNAVAILABLE", name


# --- the servers among themselves -------------------------------------------------------------------------------


def test_the_servers_go_on_working_together(target: Target) -> None:
    def targets() -> dict[str, str]:
        found = read_json(_base(target, "prometheus") + "/api/v1/targets", *_operator(target))
        return {one["labels"]["job"]: one["health"] for one in found["data"]["activeTargets"]}

    wanted = dict.fromkeys(("alertmanager", "collector", "jaeger", "loki", "prometheus"), "up")
    assert _soon(lambda: wanted.items() <= targets().items() and {*targets().values()} == {"up"}, seconds=40)
    assert _soon(lambda: "Watchdog" in _alerts(target), seconds=40)


def test_the_canarys_call_is_found_in_every_store(target: Target) -> None:
    def arrived() -> set[tuple[str, str]]:
        found = _samples(target, "heliograph_canary_arrived")
        return {(one["metric"]["signal"], one["value"][1]) for one in found}

    assert _soon(lambda: arrived() == {("traces", "1"), ("metrics", "1"), ("logs", "1")}, seconds=120)


def test_an_alert_of_loki_reaches_alertmanager(target: Target, token: str) -> None:
    call: dict[str, str | int | float] = {
        "event_name": "llm.call",
        "query_call": 50,
        "query_cost_so_far_usd": 4.99,
        "identical_calls": 9,
    }
    assert target.sender(token).log("agent", "llm.call", 0, "prod", **call) == 200
    assert _soon(lambda: "RunawayAgent" in _alerts(target), seconds=90)


@pytest.mark.parametrize(
    ("arguments", "shows"),
    [
        (["status"], "alertmanager"),
        (["alerts", "--all"], "Watchdog"),
        (["reload", "--diff"], "Nothing would change"),
    ],
)
def test_the_command_line_works_with_an_exposed_stack(target: Target, arguments: list[str], shows: str) -> None:
    _soon(lambda: "Watchdog" in _alerts(target), seconds=40)
    command = [sys.executable, "-m", "heliograph", *arguments, "--port-offset", str(target.stack.offset)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, shows in done.stdout) == (0, True), done.stdout + done.stderr


# --- where secrets must not be ----------------------------------------------------------------------------------


def test_no_secret_is_in_a_process_list_a_log_a_queue_or_a_plan(target: Target, token: str) -> None:
    target.sender(token).log("leak", "sent with a token")
    for name in READ:
        status_of(_base(target, name) + "/", None, *_operator(target))
    time.sleep(2)
    hidden = {f"password of {name}": password(target.secrets, name) for name in NAMES}
    hidden |= {f"header of {name}": header_value(target.secrets, name) for name in NAMES}
    hidden |= {f"token {one.id}": one.secret for one in target.tokens.accepted()}
    for path in target.secrets.files():
        if path.suffix == ".key":
            hidden[path.name] = path.read_text().splitlines()[1]
    known = {value.encode(): what for what, value in hidden.items()}
    found = [
        (where, what) for where, content in _everywhere(target) for value, what in known.items() if value in content
    ]
    assert found == []


def _everywhere(target: Target) -> Iterator[tuple[str, bytes]]:
    """Yield all that others may see, or that is written without being meant for secrets."""
    for pid in target.pids():
        for name in ("cmdline", "environ"):
            yield f"{pid}/{name}", Path(f"/proc/{pid}/{name}").read_bytes()
    for path in sorted(target.stack.workspace.root.rglob("*")):
        if path.is_file():
            for content in _written(path):
                yield str(path.relative_to(target.stack.workspace.root)), content


def _written(path: Path) -> Iterator[bytes]:
    """Yield what was written into a file: stores reserve gigabytes of nothing."""
    with path.open("rb") as file:
        end = 0
        while True:
            try:
                begin = os.lseek(file.fileno(), end, os.SEEK_DATA)
            except OSError:  # nothing but a hole is left
                return
            end = os.lseek(file.fileno(), begin, os.SEEK_HOLE)
            yield os.pread(file.fileno(), end - begin, begin)


def test_secrets_are_readable_by_their_owner_alone(target: Target) -> None:
    open_to_others = [path for path in target.secrets.path.rglob("*") if path.stat().st_mode & 0o077]
    assert open_to_others == []
    assert target.secrets.path.stat().st_mode & 0o777 == 0o700


# --- helpers ----------------------------------------------------------------------------------------------------


def _soon(ask: Callable[[], Value], seconds: float = 20) -> Value:
    """Ask until the answer is true; return it."""
    deadline = time.monotonic() + seconds
    while True:
        if answer := ask():
            return answer
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.25)


def _base(target: Target, server: str) -> str:
    host = FRONT if server in EXPOSED else "127.0.0.1"
    return f"https://{host}:{getattr(target.stack.ports, server)}"


def _operator(target: Target) -> tuple[dict[str, str], ssl.SSLContext]:
    header = {"Authorization": f"Basic {header_value(target.secrets, 'operator')}"}
    return header, context_of(target.secrets.server("operator"))


def _basic(user: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()


def _read(target: Target, server: str, path: str) -> Any:
    with open_url(_base(target, server) + path, timeout=10, secrets=target.secrets.path) as answer:
        return json.load(answer)


def _lines(target: Target, query: str) -> list[dict[str, Any]]:
    from urllib.parse import quote

    found: list[dict[str, Any]] = _read(target, "loki", f"/loki/api/v1/query_range?query={quote(query)}")["data"][
        "result"
    ]
    return found


def _logs(target: Target, service: str, text: str = "") -> list[dict[str, Any]]:
    return _lines(target, f'{{service_name="{service}"}} |= "{text}"')


def _traces(target: Target, service: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _read(target, "jaeger", f"/api/traces?service={service}&lookback=1h")["data"]
    return found


def _samples(target: Target, query: str) -> list[dict[str, Any]]:
    from urllib.parse import quote

    found: list[dict[str, Any]] = _read(target, "prometheus", f"/api/v1/query?query={quote(query)}")["data"]["result"]
    return found


def _alerts(target: Target) -> set[str]:
    return {one["labels"]["alertname"] for one in _read(target, "alertmanager", "/api/v2/alerts")}


def _call(tenant: str) -> dict[str, str | int | float]:
    """Give the attributes of a call as OpenLLMetry reports it."""
    return {
        "heliograph.tenant": tenant,
        "traceloop.association.properties.tenant_id": tenant,
        "gen_ai.operation.name": "chat",
        "gen_ai.system": "openai",
        "gen_ai.request.model": "gpt-4.1-mini",
        "gen_ai.response.model": "gpt-4.1-mini-2025-04-14",
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 5,
    }


def _complaint(target: Target) -> str:
    """Return what a client that believes our authority says about the collector's certificate; "" for nothing."""
    try:
        with socket.create_connection((FRONT, target.stack.ports.otlp_http), 5) as plain:
            target.trusting().wrap_socket(plain, server_hostname=FRONT).close()
    except ssl.SSLCertVerificationError as error:
        return str(error)
    return ""


def _handshake(context: ssl.SSLContext, address: tuple[str, int]) -> bool:
    """Say whether the server goes on after the handshake: with TLS 1.3 it is only then that it looks at the client."""
    try:
        with (
            socket.create_connection(address, 5) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
        ):
            connection.settimeout(1.0)
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            connection.recv(1)  # a server that refuses sends an alert, which is an SSLError here
    except TimeoutError:
        return True  # it waits for more
    except OSError:
        return False
    return True
