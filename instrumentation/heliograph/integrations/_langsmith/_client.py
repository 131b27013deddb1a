"""Who sends runs to LangSmith: its own client where there is a key and the mode wants it; nobody otherwise.

| key | mode | runs go |
|---|---|---|
| none | any | nowhere: no connection is made |
| set | `langsmith` (the default), `hybrid` | from langsmith's client, in the background |
| set | `otel` | nowhere from here: over OTLP, with our spans, and on to LangSmith if the collector's overlay is on |

A client's own arguments (`api_key`, `tracing_mode`, ...) count as the variables do.
"""

from __future__ import annotations

import inspect
import logging
import sys
import weakref
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from heliograph.integrations._langsmith import _environment

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping

__all__ = ["LocalClients", "preparing", "sends_anyway"]

_log = logging.getLogger("heliograph.integrations")

# Arguments that bring a way in of their own: a session or headers may carry whatever a gateway wants.
_CREDENTIALS: Final = ("api_key", "api_urls", "headers", "session")
_CALL_CREDENTIALS: Final = ("api_key", "service_key", "authorization", "cookie")

preparing: ContextVar[bool] = ContextVar("heliograph-langsmith-client", default=False)
"""Whether a client that will send nothing is being made on this thread: its missing key is no news."""


class LocalClients:
    """The clients that send nothing."""

    def __init__(self, provider: object) -> None:
        self._provider = provider
        self._clients: weakref.WeakSet[Any] = weakref.WeakSet()

    def __contains__(self, client: object) -> bool:
        return _anchor(client) in self._clients

    def add(self, client: object) -> None:
        """Note that this client is to send nothing.

        Raises:
            TypeError: when it cannot be remembered without keeping it alive.
        """
        self._clients.add(_anchor(client))

    def prepare(self, arguments: MutableMapping[str, Any], accepted: Iterable[str]) -> bool:
        """Adapt the arguments a client is made with, as far as it accepts them; whether it is to send nothing."""
        foreign = arguments.get("otel_tracer_provider") not in {None, self._provider}
        if foreign:
            return False  # spans to a place of the user's own: langsmith does as it is told
        mode = str(arguments.get("tracing_mode") or "").lower() or _environment.mode()
        if "tracing_mode" not in arguments and arguments.get("otel_enabled") is False:
            mode = "langsmith"
        arguments.pop("otel_enabled", None)
        arguments.pop("otel_tracer_provider", None)
        local = mode == "otel" or not _can_authenticate(arguments)
        if "tracing_mode" in accepted:
            # Its exporter makes no spans; for the rest, `hybrid` is what `langsmith` is.
            arguments["tracing_mode"] = "langsmith"
        if local and "auto_batch_tracing" in accepted:
            # No thread, which would begin by asking LangSmith what it can do.
            arguments["auto_batch_tracing"] = False
        return local


def _anchor(client: Any) -> Any:  # noqa: ANN401
    """Give what can be remembered of a client: AsyncClient has no weak references, but its HTTP client has."""
    return client if hasattr(type(client), "__weakref__") else getattr(client, "_client", client)


def sends_anyway(arguments: MutableMapping[str, Any]) -> bool:
    """Whether a single run brings credentials: of its own, or of a replica that it is to be written to."""
    if any(arguments.get(name) for name in _CALL_CREDENTIALS):
        return True
    return any(
        getattr(auth, name, None) for auth in arguments.get("_replica_auths") or () for name in _CALL_CREDENTIALS
    )


def _can_authenticate(arguments: MutableMapping[str, Any]) -> bool:
    if any(arguments.get(name) for name in _CREDENTIALS):
        return True
    if not _environment.asks_for_nothing():
        return True
    return _profile_has_key(arguments)


def _profile_has_key(arguments: MutableMapping[str, Any]) -> bool:
    """Whether somebody logged in to LangSmith on this machine (`~/.langsmith`, from langsmith 0.9 on).

    Where it cannot be found out, nothing is sent: that no key means no connection is the stronger promise.
    """
    module: Any = sys.modules.get("langsmith._internal._profiles")
    load = getattr(module, "load_profile_client_config", None)
    if load is None:
        return False
    try:
        known = inspect.signature(load).parameters
        said = {"profile": arguments.get("profile"), "config_path": arguments.get("profile_config_path")}
        found = load(**{name: value for name, value in said.items() if name in known})
        return any(getattr(found, name, None) for name in ("has_oauth", "api_key", "api_key_env", "api_key_cmd"))
    except Exception:  # noqa: BLE001 - must not reach the application
        _log.warning(
            "LangSmith's profile cannot be read: nothing is sent there without LANGSMITH_API_KEY", exc_info=True
        )
        return False
