"""Secrets on the disk: private from their first byte, made once, never written over unasked, never shown."""

from __future__ import annotations

import json
import re
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from heliograph import cli
from heliograph.errors import HeliographError
from heliograph.secure import _passwords
from heliograph.secure._authority import Authority, checked_name, look
from heliograph.secure._folder import Folder, default_folder
from heliograph.secure._layout import INNER_NAMES, initialise, lay_out, renew
from heliograph.secure._overlay import Exposed, check
from heliograph.secure._passwords import NAMES, password, rotate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "observe.example.com"


@pytest.fixture(scope="module", autouse=True)
def _quick_hashes() -> Iterator[None]:
    """Hash at bcrypt's lowest cost: a dozen hashes, 0.07 s each at ours, are made whenever files are laid out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_passwords, "_ROUNDS", 4)
        yield


@pytest.fixture(scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = Folder(tmp_path_factory.mktemp("made") / "secrets")
    initialise(folder, [NAME])
    return folder


@pytest.fixture
def folder(_made: Folder, tmp_path: Path) -> Folder:
    """Copy it."""
    import shutil

    shutil.copytree(_made.path, tmp_path / "secrets")
    return Folder(tmp_path / "secrets")


def heliograph(*arguments: str) -> int:
    try:
        cli.main([*arguments])
    except SystemExit as leave:
        return int(leave.code or 0)
    return 0


def content(folder: Folder) -> dict[str, bytes]:
    return {path.relative_to(folder.path).as_posix(): path.read_bytes() for path in folder.files()}


# --- the disk ---------------------------------------------------------------------------------------------------


def test_everything_is_its_owners_alone(folder: Folder) -> None:
    assert {path.stat().st_mode & 0o777 for path in folder.files()} == {0o600}


def test_a_file_is_private_before_anything_stands_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    modes = []
    real = os.fdopen

    def watched(descriptor: int, *arguments: object, **more: object) -> object:
        modes.append(os.fstat(descriptor).st_mode & 0o777)
        return real(descriptor, *arguments, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "fdopen", watched)
    Folder(tmp_path / "new").write("secret", "x")
    assert modes == [0o600]


def test_what_is_there_stays_as_it_is(folder: Folder) -> None:
    before = content(folder)
    assert initialise(folder, ["another.example.com"]) == []
    after = content(folder)
    kept = {name for name in before if not name.endswith(("web.yml", "htpasswd", "otlp_tokens"))}  # salted anew
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}


def test_names_are_not_changed_silently(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    before = folder.read("front.crt")
    assert heliograph("certs", "init", "another.example.com", "--folder", str(folder.path)) == 2
    assert "heliograph certs renew another.example.com" in capsys.readouterr().err
    assert folder.read("front.crt") == before
    assert heliograph("certs", "init", NAME, "--folder", str(folder.path)) == 0


def test_the_folder_is_named_by_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HELIOGRAPH_SECRETS", str(tmp_path))
    assert default_folder() == tmp_path


@pytest.mark.parametrize("command", [["secrets", "list"], ["tokens", "list"], ["certs", "list"], ["certs", "renew"]])
def test_without_secrets_there_is_a_hint(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert heliograph(*command, "--folder", str(tmp_path / "none")) == 2
    assert "heliograph secrets init" in capsys.readouterr().err


def test_no_server_has_what_is_the_operators(folder: Folder) -> None:
    keys = {path.read_text() for path in folder.files() if path.name in {"ca.key", "tokens.json"}}
    copies = [path for path in folder.files() if "servers" in path.parts and path.read_text() in keys]
    assert copies == []
    for name in NAMES:
        secret = password(folder, name)
        holders = {path.parent.name for path in folder.files() if secret in path.read_text()} - {"passwords"}
        expected = {"grafana_admin": {"grafana"}, "grafana_metrics": {"grafana", "prometheus"}}.get(name, {name})
        assert holders == expected, name


# --- certificates -----------------------------------------------------------------------------------------------


def test_a_certificate_has_the_names_that_were_given_and_those_that_servers_use(folder: Folder) -> None:
    found = look(folder.path / "front.crt")
    assert {*found.names} == {NAME, *INNER_NAMES}
    assert found.authority is False
    assert 395 <= found.days <= 397
    assert look(folder.path / "ca.crt").authority is True


def test_a_renewal_keeps_the_authority_and_the_names(folder: Folder) -> None:
    before = content(folder)
    renew(folder)
    after = content(folder)
    changed = {name for name in before if before[name] != after[name] and name.endswith(".crt")}
    assert "ca.crt" not in changed
    assert {"front.crt", "servers/loki/inner.crt", "servers/collector/client.crt"} <= changed
    assert {*look(folder.path / "front.crt").names} == {NAME, *INNER_NAMES}


def test_what_ends_soon_is_told(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    assert heliograph("certs", "list", "--folder", str(folder.path)) == 0
    authority = Authority.read(folder.read("ca.crt"), folder.read("ca.key"))
    folder.write("front.crt", authority.server([NAME], days=29)[0])
    capsys.readouterr()
    assert heliograph("certs", "list", "--json", "--folder", str(folder.path)) == 1
    listed = {one["file"]: one["days"] for one in json.loads(capsys.readouterr().out)}
    assert listed["front.crt"] == 28


def test_a_stack_is_not_started_with_a_certificate_that_is_over(folder: Folder) -> None:
    check(Exposed(str(folder.path)))
    authority = Authority.read(folder.read("ca.crt"), folder.read("ca.key"))
    past = authority.server([NAME], days=1, starts=datetime.now(UTC) - timedelta(days=3))[0]
    folder.write("servers/meter/client.crt", past)
    with pytest.raises(HeliographError, match=r"certificate is over: servers/meter/client\.crt"):
        check(Exposed(str(folder.path)))


def test_a_stack_is_not_started_at_an_address_that_its_certificate_does_not_name(folder: Folder) -> None:
    with pytest.raises(HeliographError, match=r"not for 192\.0\.2\.7"):
        check(Exposed(str(folder.path), "192.0.2.7"))
    with pytest.raises(HeliographError, match="no IP address"):
        check(Exposed(str(folder.path), "observe"))


def test_a_certificate_of_yours_is_shown_to_applications_and_others_keep_ours(folder: Folder, tmp_path: Path) -> None:
    yours = Authority.create()
    certificate, key = yours.server(["shop.example.com"])
    for name, text in (("cert", certificate), ("key", key), ("ca", yours.pem()[0])):
        (tmp_path / name).write_text(text)
    options = [f"--{name}={tmp_path / name}" for name in ("cert", "key", "ca")]
    assert heliograph("certs", "use", *options, "--folder", str(folder.path)) == 0
    assert folder.read("servers/collector/front.crt") + "\n" == certificate
    assert folder.read("front-ca.crt") + "\n" == yours.pem()[0]
    assert look(folder.server("prometheus") / "api.crt").issuer == look(folder.path / "ca.crt").issuer
    assert {"shop.example.com", "127.0.0.1", "prometheus"} <= {*look(folder.server("prometheus") / "api.crt").names}
    lay_out(folder)
    assert folder.read("servers/collector/front.crt") + "\n" == certificate
    assert heliograph("certs", "renew", "--folder", str(folder.path)) == 0  # yours is not ours to renew
    assert folder.read("servers/collector/front.crt") + "\n" == certificate


def test_a_key_of_another_certificate_is_refused(folder: Folder, tmp_path: Path) -> None:
    yours = Authority.create()
    (tmp_path / "cert").write_text(yours.server(["a.example.com"])[0])
    (tmp_path / "key").write_text(yours.server(["a.example.com"])[1])
    (tmp_path / "ca").write_text(yours.pem()[0])
    options = [f"--{name}={tmp_path / name}" for name in ("cert", "key", "ca")]
    before = content(folder)
    assert heliograph("certs", "use", *options, "--folder", str(folder.path)) == 2
    assert content(folder) == before


@pytest.mark.parametrize("name", ["../../etc", "a b", "", "x" * 300, "-oops", "a\nb", "über.example.com/", "host;id"])
def test_a_name_is_a_host_or_an_address(name: str) -> None:
    with pytest.raises(HeliographError, match="neither a host name nor an IP address"):
        checked_name(name)


def test_names_that_are_good() -> None:
    assert [checked_name(name) for name in ("Observe.Example.com", "192.0.2.7", "2001:db8::7", "*.example.com")] == [
        "observe.example.com",
        "192.0.2.7",
        "2001:db8::7",
        "*.example.com",
    ]


def test_openssl_believes_what_our_authority_signs(folder: Folder) -> None:
    context = ssl.create_default_context(cafile=folder.path / "ca.crt")
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder.path / "front.crt", folder.path / "front.key")
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = context.wrap_bio(to_client, to_server, server_hostname=NAME)
    other = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (one, other, one, other):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    assert one.version() == "TLSv1.3"


# --- passwords --------------------------------------------------------------------------------------------------


def test_passwords_are_long_random_and_all_different(folder: Folder) -> None:
    found = {password(folder, name) for name in NAMES}
    assert len(found) == len(NAMES)
    assert all(re.fullmatch(r"[\w-]{43}", one) for one in found)


def test_a_rotation_changes_one_users_and_its_hashes(folder: Folder) -> None:
    import bcrypt

    before = {name: password(folder, name) for name in NAMES}
    assert heliograph("secrets", "rotate", "grafana", "--folder", str(folder.path)) == 0
    after = {name: password(folder, name) for name in NAMES}
    assert {name for name in NAMES if before[name] != after[name]} == {"grafana"}
    hashed = re.search(r"grafana: (\S+)", folder.read("servers/prometheus/web.yml"))
    assert hashed
    assert bcrypt.checkpw(after["grafana"].encode(), hashed[1].encode())
    assert not bcrypt.checkpw(before["grafana"].encode(), hashed[1].encode())


def test_an_unknown_user_has_no_password(folder: Folder) -> None:
    with pytest.raises(HeliographError, match="no user 'admin'"):
        rotate(folder, "admin")
    assert heliograph("secrets", "show", "../tokens.json", "--folder", str(folder.path)) == 2


def test_lists_show_no_secret(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    assert heliograph("tokens", "create", "shop", "--folder", str(folder.path)) == 0
    token = capsys.readouterr().out.strip()
    for command in ("secrets", "tokens", "certs"):
        for form in ((), ("--json",)):
            assert heliograph(command, "list", *form, "--folder", str(folder.path)) == 0
    shown = "".join(capsys.readouterr())
    hidden = [token.split(".")[-1], *(password(folder, name) for name in NAMES)]
    assert [one for one in hidden if one in shown] == []
    assert "shop" in shown
    assert "grafana_admin" in shown
