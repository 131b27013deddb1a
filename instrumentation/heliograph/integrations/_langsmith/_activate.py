"""What is set up before anybody knows whether the application will use langsmith: as little as can be."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any, Final

import wrapt

from heliograph.integrations._langsmith import _environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from heliograph.integrations._langsmith._hooks import Ties
    from heliograph.telemetry._runtime import Runtime

__all__ = ["activate"]

_log = logging.getLogger("heliograph.integrations")

_MODULES: Final[Mapping[str, str]] = {
    "langsmith.utils": "variables",
    "langsmith.client": "client",
    "langsmith.async_client": "async_client",
    "langsmith.run_trees": "trees",
    "langsmith.run_helpers": "helpers",
}
"""Module -> the method of `Ties` that ties into it."""


def activate(runtime: Runtime) -> None:
    """Prepare langsmith when it is imported; leave it alone if the user switched its tracing off."""
    if _environment.switched_off() or runtime.tracers is None:
        return

    @functools.cache
    def ties() -> Ties:
        from heliograph.integrations._langsmith._hooks import Ties

        return Ties(runtime)

    for module, name in _MODULES.items():
        wrapt.register_post_import_hook(_hook(ties, name), module)


def _hook(ties: Callable[[], Ties], name: str) -> Callable[[Any], None]:
    def tie(module: Any) -> None:  # noqa: ANN401
        try:
            getattr(ties(), name)(module)
        except Exception:  # noqa: BLE001 - must not reach the application, whose import this is
            _log.warning("%s could not be observed: its runs are not seen", module.__name__, exc_info=True)

    return tie
