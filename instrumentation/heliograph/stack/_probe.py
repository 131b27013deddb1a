"""Ask a server over HTTP on loopback whether it serves."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["answers", "which_answer"]

# No proxy: the environment may name one, and it would be asked for 127.0.0.1.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_HTTP_OK = range(200, 300)


def answers(url: str, *, timeout: float = 1.0) -> bool:
    """Say whether a GET ends with a 2xx within `timeout` seconds."""
    try:
        with _opener.open(url, timeout=timeout) as response:
            return response.status in _HTTP_OK
    except (urllib.error.URLError, OSError, http.client.HTTPException, ValueError):
        return False


def which_answer(urls: Mapping[str, str], *, timeout: float = 1.0) -> set[str]:
    """Return the names whose address answers; all are asked at the same time."""
    if not urls:
        return set()
    with ThreadPoolExecutor(max_workers=len(urls)) as pool:
        good = pool.map(lambda url: answers(url, timeout=timeout), urls.values())
        return {name for name, ok in zip(urls, good, strict=True) if ok}
