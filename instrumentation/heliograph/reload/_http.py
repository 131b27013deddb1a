"""HTTP to a server on this machine: no proxy, short patience, and its own words when it says no."""

from __future__ import annotations

import http.client
import json
import re
import urllib.error
import urllib.request
from typing import Any

from heliograph.secure._access import open_url

__all__ = ["AbsentError", "RefusedError", "get", "get_json", "post", "sample"]


class AbsentError(Exception):
    """Nobody answers there."""


class RefusedError(Exception):
    """It answered with an error; `status` is HTTP's, the text the server's own."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def get(url: str, *, timeout: float = 5.0) -> str:
    """Return the body; raises AbsentError and RefusedError."""
    return _ask(urllib.request.Request(url), timeout)  # noqa: S310 - http, made here


def get_json(url: str, *, timeout: float = 5.0) -> Any:  # noqa: ANN401 - whatever its JSON is
    """Return the decoded body; raises AbsentError also when it is no JSON: somebody else listens there."""
    try:
        return json.loads(get(url, timeout=timeout))
    except ValueError as error:
        raise AbsentError(f"what answers at {url} is another program") from error


def post(url: str, *, timeout: float = 30.0) -> str:
    """POST without a body; raises AbsentError and RefusedError."""
    return _ask(urllib.request.Request(url, data=b"", method="POST"), timeout)  # noqa: S310 - as above


def _ask(request: urllib.request.Request, timeout: float) -> str:
    try:
        with open_url(request, timeout=timeout) as answer:
            body: bytes = answer.read()
            return body.decode(errors="replace")
    except urllib.error.HTTPError as error:
        raise RefusedError(error.code, error.read(4000).decode(errors="replace").strip()) from error
    except (OSError, http.client.HTTPException) as error:
        raise AbsentError(str(getattr(error, "reason", None) or error)) from error


def sample(metrics: str, name: str) -> float | None:
    """Return the value of a series without labels in a server's `/metrics`, None when it has none."""
    found = re.search(rf"(?m)^{re.escape(name)} (\S+)$", metrics)
    return float(found[1]) if found else None
