"""HTTP to the servers of a stack, exposed or not: who asks shows its certificate and, where it is due, its password.

The password goes to nobody but a server whose certificate one of the folder's authorities has signed, and which is
asked by one of the names in it.
"""

from __future__ import annotations

import os
import ssl
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

from heliograph.secure._folder import default_folder

if TYPE_CHECKING:
    from urllib.request import OpenerDirector

__all__ = ["SERVER", "context_of", "open_url"]

SERVER: Final = "HELIOGRAPH_SECRETS_DIR"
"""Names the folder of a server that asks others; without it, it is a person who asks."""


def open_url(request: str | Request, *, timeout: float, secrets: Path | None = None) -> Any:  # noqa: ANN401 - urllib's
    """Open it as `urllib.request.urlopen` does, without a proxy; `secrets` is the folder of the stack's secrets.

    Raises what urllib raises: HTTPError, URLError, OSError.
    """
    asked = Request(request) if isinstance(request, str) else request  # noqa: S310 - http(s): the callers make it
    own = _own(secrets)
    if asked.type != "https" or not (own / "client.key").is_file():
        return _opener(None).open(asked, timeout=timeout)
    if urlsplit(asked.full_url).hostname in (own / "hosts").read_text(encoding="utf-8").split():
        password = (own / "password").read_text(encoding="utf-8").strip()
        user = (own / "user").read_text(encoding="utf-8").strip()
        # Not sent again after a redirection, which may lead elsewhere.
        asked.add_unredirected_header("Authorization", "Basic " + b64encode(f"{user}:{password}".encode()).decode())
    return _opener(context_of(own)).open(asked, timeout=timeout)


def _own(secrets: Path | None) -> Path:
    named = os.environ.get(SERVER) if secrets is None else None
    return Path(named) if named else (secrets or default_folder()) / "servers/operator"


def context_of(own: Path) -> ssl.SSLContext:
    """Return what believes the stack's authorities and nobody else, and shows the certificate in this folder."""
    context = ssl.create_default_context(cafile=own / "ca.crt")
    for name in ("api-ca.crt", "front-ca.crt"):
        if (own / name).is_file():
            context.load_verify_locations(own / name)
    context.load_cert_chain(own / "client.crt", own / "client.key")
    return context


def _opener(context: ssl.SSLContext | None) -> OpenerDirector:
    return build_opener(ProxyHandler({}), *([HTTPSHandler(context=context)] if context else []))
