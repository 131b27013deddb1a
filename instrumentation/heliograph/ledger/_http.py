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

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Answer", "Connection"]

# https://opentelemetry.io/docs/specs/otel/protocol/exporter/
_CERTIFICATE: Final = "OTEL_EXPORTER_OTLP_CERTIFICATE"
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
        host, port = parts.hostname or "", parts.port
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=os.environ.get(_CERTIFICATE) or None)
            self._http: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, port, timeout=timeout, context=context
            )
        else:
            self._http = http.client.HTTPConnection(host, port, timeout=timeout)

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
