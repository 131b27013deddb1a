"""JSON over HTTP for the operator's tools: the standard library, with timeouts and errors that say who is meant."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from heliograph.errors import HeliographError

__all__ = ["request_json", "request_text"]

_TIMEOUT = 5.0  # seconds

# Everything these tools talk to is on this machine or inside the user's network: no proxy in between.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def request_text(who: str, url: str, *, body: object = None, timeout: float = _TIMEOUT) -> str:
    """GET, or POST `body` as JSON, and return the answer's text.

    `who` names the server in errors. Raises HeliographError when it cannot be reached or refuses.
    """
    if not url.startswith(("http://", "https://")):
        raise HeliographError(f"{url!r} is no web address", hint="write http://host:port", exit_code=2)
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"})  # noqa: S310
    try:
        with _OPENER.open(request, timeout=timeout) as response:
            return str(response.read().decode("utf-8", "replace"))
    except urllib.error.HTTPError as error:
        with error:
            text = error.read(2000).decode("utf-8", "replace").strip()
        raise HeliographError(f"{who} refused {url}", why=f"HTTP {error.code}: {text}") from None
    except (OSError, ValueError) as error:  # URLError is an OSError; a timeout while reading is none of its kind
        why = str(getattr(error, "reason", error))
        raise HeliographError(
            f"{who} cannot be reached at {url}", why=why, hint="is the stack running? See: heliograph status"
        ) from None


def request_json(who: str, url: str, *, body: object = None, timeout: float = _TIMEOUT) -> Any:  # noqa: ANN401 - JSON
    """GET, or POST `body` as JSON, and return the JSON answer (None where it is empty); raises HeliographError."""
    text = request_text(who, url, body=body, timeout=timeout)
    try:
        return json.loads(text) if text.strip() else None
    except ValueError:
        raise HeliographError(f"{who} did not answer {url} with JSON", why=text[:200]) from None
