"""A WSGI application, as gunicorn serves it. Each request is a query of two calls, one of them on a thread."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from calls import ask

import heliograph

if TYPE_CHECKING:
    from collections.abc import Callable

heliograph.configure(service_name="app")


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    if environ["PATH_INFO"] == "/ask":
        with heliograph.query("ask", user_id=environ["QUERY_STRING"].removeprefix("user=")), heliograph.chain("web"):
            ask()
            thread = threading.Thread(target=ask)
            thread.start()
            thread.join()
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
