"""Ask a running inbox what arrived."""

from __future__ import annotations

import json
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

from heliograph.errors import HeliographError

__all__ = ["InboxClient"]


class InboxClient:
    """Reads the inbox at `url`; `timeout` is in seconds."""

    def __init__(self, url: str, timeout: float = 5.0) -> None:
        self._url = url.rstrip("/")
        self._timeout = timeout
        # It is on this machine or a neighbour: a proxy of the environment would only be in the way.
        self._opener = build_opener(ProxyHandler({}))

    def messages(self) -> list[dict[str, Any]]:
        """Return the messages, oldest first, as `GET /api/messages` describes them.

        Raises HeliographError when the inbox does not answer, or something else does.
        """
        try:
            with self._opener.open(f"{self._url}/api/messages", timeout=self._timeout) as answer:
                listed = json.load(answer)
        except HTTPError as error:
            raise self._stranger() from error
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise HeliographError(
                f"The inbox at {self._url} does not answer.", why=str(reason), hint="heliograph status"
            ) from error
        except ValueError as error:
            raise self._stranger() from error
        if not isinstance(listed, list):
            raise self._stranger()
        return listed

    def _stranger(self) -> HeliographError:
        return HeliographError(f"What answers at {self._url} is not an inbox.", hint="heliograph status")
