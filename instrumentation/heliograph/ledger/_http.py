"""One HTTP/1.1 connection that is kept open; used by one thread at a time.

Plain `http.client`: no proxy of the environment stands between a measurement and what it measures.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import os
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from heliograph.errors import HeliographError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from urllib.parse import SplitResult

__all__ = ["Answer", "Connection"]

# https://opentelemetry.io/docs/specs/otel/protocol/exporter/
_CERTIFICATE: Final = "OTEL_EXPORTER_OTLP_CERTIFICATE"
_CLIENT_CERTIFICATE: Final = "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"
_CLIENT_KEY: Final = "OTEL_EXPORTER_OTLP_CLIENT_KEY"
_HEADERS: Final = "OTEL_EXPORTER_OTLP_HEADERS"


@dataclass(frozen=True)
class Answer:
    """Status, body and the headers that matter here."""

    status: int
    body: bytes
    kind: str
    """Content-Type."""
    retry_after: str


class Connection:
    """Requests to one base address, whose name and password, if it has them, sign in."""

    def __init__(self, base: str, *, timeout: float, headers: Mapping[str, str] | None = None) -> None:
        parts = urlsplit(base)
        self._path = parts.path.rstrip("/")
        self._headers = dict(headers or {})
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        self._http = _connection(parts, timeout)

    @classmethod
    def to_collector(cls, base: str, *, timeout: float) -> Connection:
        """Return a connection with the headers that an application of this environment would send."""
        pairs = (pair.partition("=") for pair in os.environ.get(_HEADERS, "").split(",") if "=" in pair)
        return cls(base, timeout=timeout, headers={k.strip(): unquote(v.strip()) for k, _, v in pairs})

    def ask(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> Answer:
        """Send a request and read the whole answer; raises OSError or HTTPException, after which it connects anew."""
        headers = self._headers | ({"Content-Type": kind} if kind else {})
        try:
            self._http.request(method, self._path + path, body=body, headers=headers)
            answer = self._http.getresponse()
            text = answer.read()
        except BaseException:
            self.close()
            raise
        return Answer(
            answer.status, text, answer.headers.get("Content-Type", ""), answer.headers.get("Retry-After", "")
        )

    def close(self) -> None:
        """Close it; the next request opens it again."""
        with contextlib.suppress(OSError):
            self._http.close()


def _connection(parts: SplitResult, timeout: float) -> http.client.HTTPConnection:
    """Return a connection that is not open yet; raises HeliographError for what can never become one."""
    shown = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    try:
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise HeliographError(f"This is no address: {shown}", why=str(error), exit_code=2) from None
    if not host or parts.scheme not in {"http", "https"}:
        raise HeliographError(f"This is no address: {shown}", hint="for example http://localhost:4318", exit_code=2)
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=timeout)
    authorities, own = os.environ.get(_CERTIFICATE), os.environ.get(_CLIENT_CERTIFICATE)
    try:
        context = ssl.create_default_context(cafile=authorities or None)
        if own:
            context.load_cert_chain(own, os.environ.get(_CLIENT_KEY) or None)
    except OSError as error:
        files = ", ".join(file for file in (authorities, own) if file)
        raise HeliographError(f"A certificate cannot be used: {files}", why=str(error), exit_code=2) from None
    return http.client.HTTPSConnection(host, port, timeout=timeout, context=context)
