"""The HTTP client below the providers' libraries: quotas from its answers, and retries the libraries hide.

`httpx2` (openai 3) and `httpx` (most others) are wrapped at `Client.send`, once imported. Outside of a model
call's span the wrapper does nothing but look at the current span.
"""

from __future__ import annotations

import importlib
import logging
import weakref
from typing import TYPE_CHECKING, Any, Final

import wrapt
from opentelemetry.trace import get_current_span

from heliograph.genai import _sink
from heliograph.genai import vocabulary as v
from heliograph.genai._exemplars import NO_EXEMPLAR
from heliograph.integrations import _quotas

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from opentelemetry.trace import Span

    from heliograph.telemetry._runtime import Runtime

__all__ = ["activate", "forget"]

_log = logging.getLogger("heliograph.integrations")
_MODULES: Final = ("httpx2", "httpx")
_FIRST_ERROR: Final = 400

_wrapped: set[str] = set()

# The outcome of the last request made within a call's span: None for a success. Entries go with their span.
_last: weakref.WeakKeyDictionary[Span, str | None] = weakref.WeakKeyDictionary()


def activate(runtime: Runtime) -> None:
    """Wrap the clients when they are imported."""
    del runtime
    for module in _MODULES:
        wrapt.register_post_import_hook(_wrap, module)
    wrapt.register_post_import_hook(_load_whole, "openai")


def forget(span: Span) -> None:
    """Forget the outcome of a call's last request: the next one is no retry of the client's."""
    _last.pop(span, None)


def _load_whole(_: object) -> None:
    """Import `httpx2` before the application can use `openai`.

    Our prices' package imports it, on a thread of ours, while the first call is under way; and `openai` 2.54 looks into
    `sys.modules` for it, found half of it there and failed that call.
    """
    try:
        importlib.import_module("httpx2")
    except Exception:  # noqa: BLE001 - must not reach the application
        _log.debug("httpx2 could not be imported", exc_info=True)


def _wrap(module: Any) -> None:  # noqa: ANN401
    if module.__name__ in _wrapped:
        return
    _wrapped.add(module.__name__)
    try:
        for owner, wrapper in (("Client", _send), ("AsyncClient", _send_async)):
            wrapt.wrap_function_wrapper(module, f"{owner}.send", wrapper)
    except Exception:  # an unknown version: no quotas and retries, but a working client  # noqa: BLE001 - must not reach the application
        _log.warning("%s could not be observed: no quotas, no client retries", module.__name__, exc_info=True)


def _send(wrapped: Callable[..., Any], _: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
    span = _call_span()
    if span is None:
        return wrapped(*args, **kwargs)
    _before(span)
    try:
        response = wrapped(*args, **kwargs)
    except BaseException:
        _after(span, None)
        raise
    _after(span, response)
    return response


async def _send_async(
    wrapped: Callable[..., Awaitable[Any]], _: object, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:  # noqa: ANN401
    span = _call_span()
    if span is None:
        return await wrapped(*args, **kwargs)
    _before(span)
    try:
        response = await wrapped(*args, **kwargs)
    except BaseException:
        _after(span, None)
        raise
    _after(span, response)
    return response


def _call_span() -> Span | None:
    """Give the current span, if it is a model call's."""
    span = get_current_span()
    if _quotas.is_own_call(span):
        return span
    attributes = getattr(span, "attributes", None)
    if not attributes or not any(name in attributes for name in v.PROVIDER.names):
        return None
    return span if any(attributes.get(name) in v.COUNTED_OPERATIONS for name in v.OPERATION.names) else None


def _before(span: Span) -> None:
    """Count a retry: a second request within one call, after one that failed."""
    try:
        reason = _last.get(span)
        sink = _sink.current()
        if reason is not None and sink is not None:
            model, provider = _quotas.answering(span)
            labels = {
                "model": sink.labels.model(model),
                "provider": sink.labels.provider(provider),
                "reason": reason,
            }
            sink.instruments.client_retries.add(1, labels, NO_EXEMPLAR)
    except Exception:  # noqa: BLE001 - must not reach the application
        _log.debug("a retry could not be counted", exc_info=True)


def _after(span: Span, response: Any) -> None:  # noqa: ANN401
    """Remember the outcome and report the quotas; `response` is None where none came."""
    try:
        if response is None:
            _last[span] = "connection"
            return
        status = int(response.status_code)
        _last[span] = str(status) if status >= _FIRST_ERROR else None
        _quotas.arrived(span, response.headers, refused=status >= _FIRST_ERROR)
    except Exception:  # noqa: BLE001 - must not reach the application
        _log.debug("an answer's headers could not be read", exc_info=True)
