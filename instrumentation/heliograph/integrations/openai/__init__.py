"""Heliograph's own instrumentor of the `openai` client, for its current major version and the one before.

It serves every endpoint that speaks the protocol. A call is one span of the scope `heliograph.openai`, from the request
(the client's own retries included) to the end of the answer, streamed or not.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from heliograph.telemetry._runtime import Runtime

__all__ = ["SCOPE", "instrument", "is_instrumented", "uninstrument"]

_log = logging.getLogger("heliograph.integrations")

SCOPE: Final = "heliograph.openai"

_MARK: Final = "_heliograph_original"


def instrument(runtime: Runtime) -> bool:
    """Wrap the client; False where it cannot be (an unknown version, or no tracer provider). Once: then True again."""
    if is_instrumented():
        return True
    if runtime.tracers is None:
        return False
    from openai import _base_client, _streaming

    from heliograph._version import __version__
    from heliograph.integrations.openai._client import Requests
    from heliograph.integrations.openai._stream import async_loop, loop

    settings = getattr(runtime, "settings", None)

    def captures() -> bool:
        return settings is not None and bool(settings.captures_content)

    requests = Requests(runtime.tracers.get_tracer(SCOPE, __version__), captures=captures)
    try:
        _replace(_base_client.SyncAPIClient, "request", requests.wrap)
        _replace(_base_client.AsyncAPIClient, "request", requests.wrap_async)
        _replace(_streaming.Stream, "__iter__", loop)
        _replace(_streaming.AsyncStream, "__aiter__", async_loop)
    except (AttributeError, TypeError):
        uninstrument()
        _log.warning("this version of openai has another inside: its calls are not seen", exc_info=True)
        return False
    return True


def is_instrumented() -> bool:
    """Whether the client is wrapped."""
    return any(_MARK in vars(function) for _, _, function in _places())


def uninstrument() -> None:
    """Put the client's own methods back; calls and streams under way still end their spans."""
    for owner, name, function in _places():
        original = vars(function).get(_MARK)
        if original is not None:
            setattr(owner, name, original)


def _replace(owner: Any, name: str, wrap: Callable[[Any], Any]) -> None:  # noqa: ANN401
    original = getattr(owner, name)
    wrapped = wrap(original)
    setattr(wrapped, _MARK, original)
    setattr(owner, name, wrapped)


def _places() -> list[tuple[Any, str, Any]]:
    import sys

    base = sys.modules.get("openai._base_client")
    streams = sys.modules.get("openai._streaming")
    named = (
        (getattr(base, "SyncAPIClient", None), "request"),
        (getattr(base, "AsyncAPIClient", None), "request"),
        (getattr(streams, "Stream", None), "__iter__"),
        (getattr(streams, "AsyncStream", None), "__aiter__"),
    )
    return [(owner, name, getattr(owner, name)) for owner, name in named if hasattr(owner, name)]
