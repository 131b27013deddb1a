"""In the program: wait for the first use of a library that calls models, and have the process counted from then on.

Nothing is loaded before: a Python that calls no model pays a few milliseconds. And the program comes first: where it
calls `heliograph.configure()`, or sets up OpenTelemetry, between importing a library and using it, what it set up
counts its calls. So a library is waited for twice: for its import, and then for its first use.

Only the standard library is used here, and as little of it as possible: every Python below the command loads this.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # not typing's, which takes some milliseconds to import
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any, Final

__all__ = ["FIRST_USE", "ON_IMPORT", "adapted", "start", "started"]

FIRST_USE: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "openai._base_client": (("SyncAPIClient", "request"), ("AsyncAPIClient", "request")),
    "anthropic._base_client": (("BaseClient", "__init__"),),
    "groq._base_client": (("BaseClient", "__init__"),),
    "botocore.client": (("BaseClient", "_make_api_call"),),
    "langchain_core.callbacks.base": (("BaseCallbackManager", "__init__"),),
    "langsmith.run_helpers": (("", "_setup_run"),),
    "heliograph.genai._query": (("query", "_begin"),),
    "heliograph.genai._chain": (("chain", "_begin"),),
}
"""Module to the class and method ("": the module's own function) that is called before or around a call of a model."""

ON_IMPORT: Final = frozenset(
    {
        "agents",
        "cohere",
        "crewai",
        "google.genai",
        "haystack",
        "llama_index.core",
        "mistralai",
        "ollama",
        "vertexai",
    }
)
"""Libraries without one such method: the process is counted from their import on."""

_waiting: dict[str, tuple[tuple[str, str], ...]] = {}
"""What is waited for in this process: as FIRST_USE, with nothing for those met on their import."""

_settled = False
"""Whether the process is counted already, or cannot be: nothing is left to wait for."""


def start() -> None:
    """Watch imports from now on; what is imported already is met now."""
    _renew()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_renew)
    _waiting.update(FIRST_USE)
    _waiting.update(dict.fromkeys(ON_IMPORT, ()))
    if "openai=" in os.environ.get("HELIOGRAPH_INSTRUMENTORS", ""):
        # The user chose another distribution's instrumentor: what it wraps lies around what would be waited for.
        del _waiting["openai._base_client"]
        _waiting["openai"] = ()
    sys.meta_path.insert(0, _Finder())
    for name in list(_waiting):
        if name in sys.modules:
            _imported(sys.modules[name])


def adapted(settings: Any) -> Any:  # noqa: ANN401 - `heliograph.telemetry._settings.Settings`
    """Give the settings to start with; heliograph asks, whoever starts it."""
    try:
        from heliograph.run import _attach

        return _attach.adapt(settings)
    except Exception:  # noqa: BLE001 - must not reach the application
        return settings


def started(runtime: Any) -> None:  # noqa: ANN401 - `heliograph.telemetry._runtime.Runtime`
    """Attach to the runtime that was started, and leave what is called from here on as it is."""
    try:
        from heliograph.run import _attach

        _attach.attach(runtime)
    except Exception:  # noqa: BLE001, S110 - must not reach the application
        pass
    _settle()


def _settle() -> None:
    global _settled  # noqa: PLW0603 - one process, one state
    _settled = True


class _Finder:
    """First on `sys.meta_path`: finds nothing itself, and sees to it that what is waited for is met once it ran."""

    def __init__(self) -> None:
        self._searching: set[str] = set()

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Give the spec that the other finders have for a module that is waited for."""
        if name not in _waiting or name in self._searching:
            return None
        self._searching.add(name)
        try:
            for finder in list(sys.meta_path):
                find = getattr(finder, "find_spec", None)
                spec: ModuleSpec | None = find(name, path, target) if find is not None and finder is not self else None
                if spec is not None:
                    _meet(spec)
                    return spec
            return None
        finally:
            self._searching.discard(name)


def _meet(spec: ModuleSpec) -> None:
    """Have `_imported` called when the module has run. The loader, which may load others too, is restored then."""
    loader: Any = spec.loader
    run = getattr(loader, "exec_module", None)
    if run is None:
        return

    def exec_module(module: ModuleType) -> None:
        run(module)
        if module.__name__ == spec.name:
            vars(loader).pop("exec_module", None)
            _imported(module)

    try:
        loader.exec_module = exec_module
    except AttributeError:  # a loader that takes no attributes: then its module is not seen
        return


def _imported(module: ModuleType) -> None:
    try:
        methods = _waiting[module.__name__]
        found = [(getattr(module, owner, None) if owner else module, method) for owner, method in methods]
        if not found or any(method not in vars(owner) for owner, method in found):
            _count()  # another version's inside: earlier than needed rather than too late
            return
        for owner, method in found:
            _wait_for(owner, method)
    except Exception:  # noqa: BLE001, S110 - must not reach the application
        pass


def _wait_for(owner: Any, name: str) -> None:  # noqa: ANN401 - a class of any library
    """Have the process counted before the method runs for the first time.

    It stays in place: taken away at its first call, calls of other threads in that moment would pass uncounted.
    Instrumentors wrap it, or lie within it where they come later; then the first call goes through them once more.
    """
    from functools import wraps

    original: Callable[..., Any] = vars(owner)[name]

    @wraps(original)
    def first(*args: object, **kwargs: object) -> Any:  # noqa: ANN401 - the method's own type
        if _settled:
            return original(*args, **kwargs)
        _count()
        return getattr(owner, name)(*args, **kwargs)

    setattr(owner, name, first)


def _count() -> None:
    """Have the process counted, unless it is; other threads wait until it is done."""
    if _settled:
        return
    with _turn:
        if _settled:
            return  # type: ignore[unreachable] # another thread did it meanwhile
        try:
            from heliograph.run import _attach

            _attach.configure()
        except Exception:  # noqa: BLE001, S110 - must not reach the application
            pass
        finally:
            _settle()


def _renew() -> None:
    """Make the lock that other threads of a forked child's parent may have held, or the first one."""
    global _turn  # noqa: PLW0603 - one process, one lock
    import _thread

    _turn = _thread.RLock()


_turn: Any = None
