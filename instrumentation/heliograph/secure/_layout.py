"""Lay out for each server what it may know, and nothing else: a folder of its own, mounted as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from heliograph.secure._authority import Authority, checked_name, look
from heliograph.secure._passwords import ADMIN, METRICS, USERS, create_missing, header_value, htpasswd, password
from heliograph.secure._tokens import Tokens, for_collector

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heliograph.secure._folder import Folder

__all__ = ["INNER_NAMES", "initialise", "lay_out", "renew", "use_front"]

INNER_NAMES: Final = (
    "localhost",
    "127.0.0.1",
    "::1",
    "alertmanager",
    "collector",
    "grafana",
    "inbox",
    "jaeger",
    "loki",
    "meter",
    "prometheus",
)
"""How the servers call each other: natively by loopback, in Docker by the name of the service."""

_SHOWS_API: Final = ("prometheus", "alertmanager", "jaeger", "grafana")
_SHOWS_INNER: Final = ("collector", "loki", "jaeger", "meter")
_IS_CLIENT: Final = ("collector", "prometheus", "loki", "grafana", "meter", "canary", "operator")
_ASKS: Final = ("canary", "operator")
"""Who asks through `heliograph.secure.open_url`."""


def initialise(folder: Folder, names: Sequence[str], *, docker: bool = False) -> list[str]:
    """Make what is missing and lay everything out; return what was made. What is there stays as it is."""
    made = []
    if docker:
        folder.write("docker", "The servers' copies are readable for the users of containers.\n")
    if not (folder.path / "ca.crt").is_file():
        certificate, key = Authority.create().pem()
        folder.write("ca.key", key)
        folder.write("ca.crt", certificate)
        made.append("authority")
    if not (folder.path / "front.crt").is_file():
        _sign_front(folder, names)
        made.append("front certificate")
    made += [f"password of {name}" for name in create_missing(folder)]
    lay_out(folder)
    return made


def renew(folder: Folder, names: Sequence[str] = ()) -> None:
    """Sign anew what we signed, for the same names or these; a front certificate of yours is yours to renew."""
    if folder.read("front-ca.crt") == folder.read("ca.crt"):
        _sign_front(folder, names or look(folder.path / "front.crt").names)
    lay_out(folder, renew=True)


def use_front(folder: Folder, certificate: str, key: str, authority: str) -> None:
    """Show people and applications this certificate instead of one of ours."""
    folder.write("front.key", key)
    folder.write("front.crt", certificate)
    folder.write("front-ca.crt", authority)
    lay_out(folder)


def lay_out(folder: Folder, *, renew: bool = False) -> None:
    """Write the servers' folders; their own certificates are signed when they are missing or with `renew`."""
    authority = Authority.read(folder.read("ca.crt"), folder.read("ca.key"))
    _choose_api(folder, authority, renew=renew)
    for name in sorted({*_SHOWS_API, *_SHOWS_INNER, *_IS_CLIENT}):
        _copy(folder, name, "ca.crt", "api-ca.crt")
        if name in _SHOWS_API:
            _copy(folder, name, "api.key", "api.crt")
        for kind, wanted in (("inner", name in _SHOWS_INNER), ("client", name in _IS_CLIENT)):
            if wanted and (renew or not (folder.server(name) / f"{kind}.crt").is_file()):
                pem = authority.server(INNER_NAMES) if kind == "inner" else authority.client(f"heliograph {name}")
                folder.write(f"servers/{name}/{kind}.key", pem[1])
                folder.write(f"servers/{name}/{kind}.crt", pem[0])
    _copy(folder, "collector", "front.key", "front.crt")
    _copy(folder, "operator", "front-ca.crt")
    for name in _ASKS:
        # To whom it shows its password: nobody who has no certificate for these names.
        folder.write(f"servers/{name}/hosts", "\n".join(look(folder.path / "api.crt").names) + "\n")
        folder.write(f"servers/{name}/user", name + "\n")
    for name in USERS:
        folder.write(f"servers/{name}/password", password(folder, name) + "\n")
    # Loki reads no password from a file, but what stands behind `Basic ` it does.
    folder.write("servers/loki/authorization", header_value(folder, "loki"))
    folder.write("servers/grafana/admin_password", password(folder, ADMIN) + "\n")
    for name in ("grafana", "prometheus"):
        folder.write(f"servers/{name}/{METRICS}", password(folder, METRICS) + "\n")
    for name in ("prometheus", "alertmanager"):
        folder.write(f"servers/{name}/web.yml", _web(htpasswd(folder, name)))
    folder.write(
        "servers/jaeger/htpasswd",
        "".join(f"{user}:{hashed}\n" for user, hashed in htpasswd(folder, "jaeger").items()),
    )
    folder.write("servers/collector/otlp_tokens", for_collector(Tokens(folder).accepted()))


def _sign_front(folder: Folder, names: Sequence[str]) -> None:
    authority = Authority.read(folder.read("ca.crt"), folder.read("ca.key"))
    certificate, key = authority.server([*(checked_name(name) for name in names), *INNER_NAMES])
    folder.write("front.key", key)
    folder.write("front.crt", certificate)
    folder.write("front-ca.crt", folder.read("ca.crt") + "\n")


def _choose_api(folder: Folder, authority: Authority, *, renew: bool) -> None:
    """Decide on the certificate of the APIs: the front one where it also has the names that servers use.

    A public authority signs no `127.0.0.1` and no `prometheus`; then the APIs show one of ours.
    """
    front = look(folder.path / "front.crt")
    if {*INNER_NAMES} <= {*front.names}:
        for ending in (".key", ".crt", "-ca.crt"):
            folder.write(f"api{ending}", folder.read(f"front{ending}") + "\n")
        return
    current = folder.path / "api.crt"
    if renew or not current.is_file() or not {*front.names} <= {*look(current).names}:
        certificate, key = authority.server([*(name for name in front.names), *INNER_NAMES])
        folder.write("api.key", key)
        folder.write("api.crt", certificate)
        folder.write("api-ca.crt", folder.read("ca.crt") + "\n")


def _copy(folder: Folder, server: str, *names: str) -> None:
    for name in names:
        folder.write(f"servers/{server}/{name}", folder.read(name) + "\n")


def _web(users: dict[str, str]) -> str:
    """Return the web configuration of Prometheus and Alertmanager; paths are relative to its own folder."""
    lines = [f"  {user}: {hashed}" for user, hashed in users.items()]
    return "\n".join(
        [
            "tls_server_config:",
            "  cert_file: api.crt",
            "  key_file: api.key",
            "  min_version: TLS12",
            "basic_auth_users:",
            *lines,
            "",
        ]
    )
