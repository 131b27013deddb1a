"""Where all of it is tied into langsmith, once the application imports it.

Each tie is on its own: one that a version of langsmith has no place for is left out, and said once.
"""

from __future__ import annotations

import functools
import inspect
import logging
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

import wrapt

from heliograph.integrations._langsmith import _environment
from heliograph.integrations._langsmith._client import LocalClients, preparing, sends_anyway
from heliograph.integrations._langsmith._run import Run, run_of_fields, run_of_tree
from heliograph.integrations._langsmith._sent import Senders, SentMark
from heliograph.integrations._langsmith._spans import RunSpans

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from heliograph.telemetry._runtime import Runtime

__all__ = ["Ties"]

_log = logging.getLogger("heliograph.integrations")

_PROXY: Final[Any] = getattr(wrapt, "BaseObjectProxy", wrapt.ObjectProxy)  # its name since wrapt 2

_telling: ContextVar[bool] = ContextVar("heliograph-langsmith-telling", default=False)
"""Whether a `RunTree` tells its client of itself on this thread: the client's part was seen already."""


class Ties:
    """Wrappers around langsmith's functions, for one runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self._spans = RunSpans(
            runtime.tracers,  # type: ignore[arg-type] # checked by `activate`
            captures_content=runtime.settings.captures_content,
        )
        self._local = LocalClients(runtime.tracers)
        self._mark = SentMark(runtime.tracers)
        self._senders = Senders()

    # -- modules -------------------------------------------------------------------------------------------------

    def variables(self, module: Any) -> None:  # noqa: ANN401
        """Answer for variables that the user did not set. What was asked before, by an earlier import, is forgotten."""

        def answer(wrapped: Callable[..., Any], _: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
            return _environment.otherwise(str(args[0] if args else kwargs.get("name")), wrapped(*args, **kwargs))

        def tie() -> None:
            forget = getattr(module.get_env_var, "cache_clear", None)
            if forget is not None:
                forget()
            wrapt.wrap_function_wrapper(module, "get_env_var", answer)

        _tied("set LANGSMITH_TRACING=true yourself", tie)

    def client(self, module: Any) -> None:  # noqa: ANN401
        """See what the client is told, and keep the one that has no key from sending."""
        accepted = _parameters(module.Client)

        def tie() -> None:
            wrapt.wrap_function_wrapper(module, "Client.__init__", functools.partial(self._make, accepted))
            wrapt.wrap_function_wrapper(module, "Client.create_run", self._create)
            wrapt.wrap_function_wrapper(module, "Client.update_run", self._update)

        _tied("its runs are no spans, and it may try to send them without a key", tie)
        if _environment.mode() != "otel" and not _environment.asks_for_nothing():
            self._mark.set()  # before the first client, which the first run makes: the spans around it started earlier
        _tied(None, lambda: wrapt.wrap_function_wrapper(module, "_validate_api_key_if_hosted", _unless_preparing))

    def async_client(self, module: Any) -> None:  # noqa: ANN401
        """See what the asynchronous client is told."""
        accepted = _parameters(module.AsyncClient)

        def tie() -> None:
            wrapt.wrap_function_wrapper(module, "AsyncClient.__init__", functools.partial(self._make, accepted))
            wrapt.wrap_function_wrapper(module, "AsyncClient.create_run", self._create_async)
            wrapt.wrap_function_wrapper(module, "AsyncClient.update_run", self._update_async)

        _tied("runs of AsyncClient are no spans", tie)

    def trees(self, module: Any) -> None:  # noqa: ANN401
        """See runs begin and end: `@traceable`, `trace`, the wrappers and LangChain's callbacks all pass here."""

        def tie() -> None:
            wrapt.wrap_function_wrapper(module, "RunTree.post", self._post)
            wrapt.wrap_function_wrapper(module, "RunTree.patch", self._patch)

        _tied("runs are spans only once langsmith's client is told of them", tie)

    def helpers(self, module: Any) -> None:  # noqa: ANN401
        """Have the code within a run see the run's span as the current one."""
        _tied(
            "what happens within @traceable may be in other traces",
            lambda: wrapt.wrap_function_wrapper(module, "_setup_run", self._set_up),
        )

        def tie() -> None:
            wrapt.wrap_function_wrapper(module, "trace.__enter__", self._enter)
            wrapt.wrap_function_wrapper(module, "trace.__aenter__", self._enter_async)
            wrapt.wrap_function_wrapper(module, "trace.__aexit__", self._exit_async)

        _tied("what happens within `trace(...)` may be in other traces", tie)
        _tied(None, lambda: wrapt.wrap_function_wrapper(module, "is_async", _is_async))

    # -- clients -------------------------------------------------------------------------------------------------

    def _make(
        self,
        accepted: frozenset[str],
        wrapped: Callable[..., Any],
        instance: Any,  # noqa: ANN401
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        local = False
        try:
            local = self._local.prepare(kwargs, accepted)
        except Exception:  # noqa: BLE001 - must not reach the application
            _log.debug("a langsmith client is as it was asked for", exc_info=True)
        if not local:
            wrapped(*args, **kwargs)
            self._mark.set()
            self._safely(lambda: self._senders.add(instance))
            return
        token = preparing.set(True)
        try:
            wrapped(*args, **kwargs)
        finally:
            preparing.reset(token)
        self._safely(lambda: self._local.add(instance))

    def _create(
        self,
        wrapped: Callable[..., Any],
        instance: Any,  # noqa: ANN401
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:  # noqa: ANN401
        self._see_create(instance, args, kwargs)
        return wrapped(*args, **kwargs) if self._sends(instance, kwargs) else None

    def _update(
        self,
        wrapped: Callable[..., Any],
        instance: Any,  # noqa: ANN401
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:  # noqa: ANN401
        self._see_update(instance, args, kwargs)
        return wrapped(*args, **kwargs) if self._sends(instance, kwargs) else None

    async def _create_async(
        self,
        wrapped: Callable[..., Awaitable[Any]],
        instance: Any,  # noqa: ANN401
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:  # noqa: ANN401
        self._see_create(instance, args, kwargs)
        return await wrapped(*args, **kwargs) if self._sends(instance, kwargs) else None

    async def _update_async(
        self,
        wrapped: Callable[..., Awaitable[Any]],
        instance: Any,  # noqa: ANN401
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:  # noqa: ANN401
        self._see_update(instance, args, kwargs)
        return await wrapped(*args, **kwargs) if self._sends(instance, kwargs) else None

    def _sends(self, client: object, kwargs: dict[str, Any]) -> bool:
        return client not in self._local or sends_anyway(kwargs)

    def _see_create(self, client: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:  # noqa: ANN401
        if _telling.get() or kwargs.get("is_run_ops_buffer_flush") or not kwargs.get("id"):
            return
        fields = {**dict(zip(("name", "inputs", "run_type"), args, strict=False)), **kwargs}
        self._safely(lambda: self._start(run_of_fields(fields), client))

    def _see_update(self, client: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:  # noqa: ANN401
        if _telling.get() or kwargs.get("is_run_ops_buffer_flush"):
            return
        fields = {**kwargs, "id": args[0] if args else kwargs.get("run_id")}
        if fields.get("end_time") is None and fields.get("error") is None and fields.get("outputs") is None:
            return  # news of a run that goes on
        self._safely(lambda: self._end(run_of_fields(fields), client))

    # -- runs ----------------------------------------------------------------------------------------------------

    def _post(self, wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
        # The client is made with the first run: before its span, so that the mark of who sends is on that one, too.
        self._safely(lambda: instance.client)
        self._safely(lambda: self._start(run_of_tree(instance), instance))
        return _told(wrapped, args, kwargs)

    def _patch(self, wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
        try:
            return _told(wrapped, args, kwargs)  # it sets the time of the end, where nobody has
        finally:
            self._safely(lambda: self._end(run_of_tree(instance), instance))

    def _start(self, run: Run, teller: Any) -> None:  # noqa: ANN401
        self._spans.start(run, self._content(run.inputs, teller, "inputs"))

    def _end(self, run: Run, teller: Any) -> None:  # noqa: ANN401
        self._spans.end(run, self._content(run.outputs, teller, "outputs"))

    def _content(self, value: Mapping[str, Any], teller: Any, what: str) -> Mapping[str, Any] | None:  # noqa: ANN401
        """Give inputs or outputs if content is captured, without what the user hides from LangSmith."""
        if not self._spans.captures_content or not value:
            return None
        client = getattr(teller, "ls_client", None) or getattr(teller, "client", teller)
        hidden: Any = getattr(client, f"_hide_run_{what}")(dict(value))
        return hidden if isinstance(hidden, dict) else None

    def _set_up(self, wrapped: Callable[..., Any], _: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
        """Move the run from the caller's context, where its beginning put it, to the one its function runs in."""
        container = wrapped(*args, **kwargs)

        def move() -> None:
            live = self._spans.get(container["new_run"].id) if container["new_run"] is not None else None
            if live is not None:
                live.leave()
                container["context"].run(live.enter, scoped=True)

        self._safely(move)
        return container

    def _enter(self, wrapped: Callable[..., Any], _: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
        tree = wrapped(*args, **kwargs)
        self._safely(lambda: self._be_current(tree))
        return tree

    async def _enter_async(
        self,
        wrapped: Callable[..., Awaitable[Any]],
        _: object,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:  # noqa: ANN401
        """Enter here, too: langsmith sets the run up on another thread, in a copy of the context."""
        tree = await wrapped(*args, **kwargs)
        self._safely(lambda: self._be_current(tree))
        return tree

    def _be_current(self, tree: Any) -> None:  # noqa: ANN401
        live = self._spans.get(tree.id)
        if live is not None:
            live.enter(scoped=True)

    async def _exit_async(
        self,
        wrapped: Callable[..., Awaitable[Any]],
        instance: Any,  # noqa: ANN401
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:  # noqa: ANN401
        tree = getattr(instance, "new_run", None)
        live = self._spans.get(tree.id) if tree is not None else None
        try:
            return await wrapped(*args, **kwargs)
        finally:
            if live is not None:
                self._safely(live.leave)

    @staticmethod
    def _safely(work: Callable[[], object]) -> None:
        try:
            work()
        except Exception:  # noqa: BLE001 - must not reach the application
            _log.debug("a langsmith run is not, or not all, in a span", exc_info=True)


def _told(wrapped: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
    token = _telling.set(True)
    try:
        return wrapped(*args, **kwargs)
    finally:
        _telling.reset(token)


def _unless_preparing(wrapped: Callable[..., Any], _: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
    return None if preparing.get() else wrapped(*args, **kwargs)


def _is_async(wrapped: Callable[..., bool], _: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Look through an instrumentor's wrappers.

    langsmith looks through one only, and takes a coroutine function below two for a plain one: `wrap_openai` around an
    instrumented AsyncOpenAI then ends each run before its call begins.
    """
    function = args[0] if args else kwargs.get("func")
    while isinstance(function, _PROXY):
        function = function.__wrapped__
    return wrapped(*args, **kwargs) or wrapped(function)


_said: Final[set[str]] = set()


def _tied(otherwise: str | None, tie: Callable[[], object]) -> None:
    """Make a tie; where it cannot be made, say once what that means (None: nothing worth saying)."""
    try:
        tie()
    except Exception:  # noqa: BLE001 - must not reach the application
        if otherwise is not None and otherwise not in _said:
            _said.add(otherwise)
            _log.warning("langsmith %s is not as expected: %s", _version(), otherwise, exc_info=True)


def _parameters(kind: Any) -> frozenset[str]:  # noqa: ANN401
    try:
        return frozenset(inspect.signature(kind.__init__).parameters)
    except (TypeError, ValueError):
        return frozenset()


def _version() -> str:
    """Give langsmith's version, if it is imported already."""
    return str(getattr(sys.modules.get("langsmith"), "__version__", "") or "")
