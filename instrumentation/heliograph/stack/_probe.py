"""Ask a server over HTTP on loopback whether it serves."""

from __future__ import annotations

import http.client
import urllib.error
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from heliograph.secure._access import open_url

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["answers", "which_answer"]

_HTTP_OK = range(200, 300)


def answers(url: str, *, timeout: float = 1.0, secrets: Path | None = None) -> bool:
    """Say whether a GET ends with a 2xx within `timeout` seconds; `secrets` are those of an exposed stack."""
    try:
        with open_url(url, timeout=timeout, secrets=secrets) as response:
            return bool(response.status in _HTTP_OK)
    except (urllib.error.URLError, OSError, http.client.HTTPException, ValueError):
        return False


def which_answer(urls: Mapping[str, str], *, timeout: float = 1.0, secrets: Path | None = None) -> set[str]:
    """Return the names whose address answers; all are asked at the same time."""
    if not urls:
        return set()
    with ThreadPoolExecutor(max_workers=len(urls)) as pool:
        good = pool.map(lambda url: answers(url, timeout=timeout, secrets=secrets), urls.values())
        return {name for name, ok in zip(urls, good, strict=True) if ok}
