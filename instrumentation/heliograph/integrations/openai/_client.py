"""The one place every call passes: `request` of the client, sync and async.

All resources - `create`, `parse`, `.stream()`, the raw variants, the beta ones - post through it, in openai 2 and 3
alike. What they make of the body, `post_parser` sees first: it is where answers and streams are looked at, also when
the caller parses a raw response later.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from opentelemetry import context as otel_context
from opentelemetry.instrumentation.utils import is_instrumentation_enabled
from opentelemetry.trace import SpanKind, set_span_in_context

from heliograph.integrations.openai import _raw, _same, _stream, _usage_option
from heliograph.integrations.openai._apis import APIS, Api, starting_attributes
from heliograph.integrations.openai._call import OpenCall
from heliograph.integrations.openai._chunks import Chunks, CompletionChunks, ResponseEvents
from heliograph.integrations.openai._endpoint import endpoint_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextvars import Token

    from opentelemetry.trace import Tracer

__all__ = ["Requests"]

_log = logging.getLogger("heliograph.integrations")


class Requests:
    """Wraps `request`: makes a span of each call it knows, and passes everything else through."""

    def __init__(self, tracer: Tracer, *, captures: Callable[[], bool]) -> None:
        self._tracer = tracer
        self._captures = captures

    def wrap(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap `SyncAPIClient.request`."""

        @functools.wraps(original)
        def request(client: Any, cast_to: Any, options: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            sent = self._begin(client, options)
            if sent is None:
                return original(client, cast_to, options, *args, **kwargs)
            try:
                again = None
                try:
                    result = original(client, cast_to, sent.options, *args, **kwargs)
                except Exception as error:
                    again = sent.without_usage(error)
                    if again is None:
                        raise
                if again is not None:
                    result = original(client, cast_to, again, *args, **kwargs)
                    sent.accepted()
            except BaseException as error:
                sent.call.end_with(error)
                raise
            finally:
                sent.leave()
            sent.returned(result)
            return result

        return request

    def wrap_async(self, original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """Wrap `AsyncAPIClient.request`."""

        @functools.wraps(original)
        async def request(client: Any, cast_to: Any, options: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            sent = self._begin(client, options)
            if sent is None:
                return await original(client, cast_to, options, *args, **kwargs)
            try:
                again = None
                try:
                    result = await original(client, cast_to, sent.options, *args, **kwargs)
                except Exception as error:
                    again = sent.without_usage(error)
                    if again is None:
                        raise
                if again is not None:
                    result = await original(client, cast_to, again, *args, **kwargs)
                    sent.accepted()
            except BaseException as error:
                sent.call.end_with(error)
                raise
            finally:
                sent.leave()
            sent.returned(result)
            return result

        return request

    def _begin(self, client: Any, options: Any) -> _Sent | None:  # noqa: ANN401
        """Start the span of a call; None for a request that is none, and where something is unexpected."""
        try:
            api = APIS.get(options.url)
            if api is None or options.method != "post" or not is_instrumentation_enabled():
                return None
            body = options.json_data
            if not isinstance(body, Mapping):
                return None
            return self._start(client, options, api, body)
        except Exception:  # noqa: BLE001 - must not reach the application
            _log.debug("a call goes on unobserved", exc_info=True)
            return None

    def _start(self, client: Any, options: Any, api: Api, body: Mapping[str, Any]) -> _Sent | None:  # noqa: ANN401
        endpoint = endpoint_of(client)
        extra = options.extra_json
        whole = {**body, **extra} if isinstance(extra, Mapping) and extra else body
        model = whole.get("model")
        model = model if isinstance(model, str) and model else None
        stream = whole.get("stream") is True
        span = self._tracer.start_span(
            f"{api.operation} {model}" if model is not None else api.operation,
            kind=SpanKind.CLIENT,
            attributes=starting_attributes(api, whole, endpoint, model, stream=stream),
        )
        if not span.is_recording():
            return None
        call = OpenCall(span, api, whole, endpoint, captures=self._captures())
        try:
            _same.tell_query(span, api.kind, whole)
            sent = _Sent(call, options)
            sent.prepare(body, extra, stream=stream)
        except Exception:
            call.end_early()
            raise
        return sent


class _Sent:
    """A request under way: its call, the options to send, and the context it is sent in."""

    __slots__ = ("_asked", "_parse", "_plain", "_stream", "_token", "call", "options")

    def __init__(self, call: OpenCall, options: Any) -> None:  # noqa: ANN401
        self.call = call
        self.options = options
        self._plain: Any = options
        self._asked = False
        self._stream = False
        self._parse: Callable[[Any], Any] | None = None
        self._token: Token[Any] | None = None

    def prepare(self, body: Mapping[str, Any], extra: object, *, stream: bool) -> None:
        """Copy the options, put in what we need, and make the span current."""
        self._stream = stream
        mode = _raw.mode_of(self.options.headers)
        self.options = self._plain = options = self.options.model_copy()
        if callable(options.post_parser):
            self._parse = options.post_parser
        options.post_parser = self._parsed
        asking = None
        if stream and mode != "stream":  # there the caller may read the bytes: nothing can be hidden
            asking = _usage_option.ask(self.call.api, body, extra, self.call.endpoint)
        if asking is not None:
            self._asked = True
            self.options = options.model_copy(update={"json_data": asking})
        self._token = otel_context.attach(set_span_in_context(self.call.span))

    def leave(self) -> None:
        """Take the span away from the context."""
        if self._token is not None:
            otel_context.detach(self._token)

    def without_usage(self, error: Exception) -> Any:  # noqa: ANN401
        """Give the options to send again if the endpoint refuses to be asked for usage; None otherwise."""
        try:
            if self._asked and _usage_option.refused(error):
                self._asked = False
                self.call.again()
                return self._plain
        except Exception:  # noqa: BLE001 - must not reach the application
            _log.debug("a refusal could not be read", exc_info=True)
        return None

    def accepted(self) -> None:
        """Remember that the endpoint accepts a stream only without the option."""
        _usage_option.remember(self.call.endpoint)

    def returned(self, result: Any) -> None:  # noqa: ANN401
        """End the call, or have its end watched for where the answer is still to be read. Never raises."""
        call = self.call
        try:
            if call.chunks is not None:
                return  # a stream, attached by the parser
            if call.answer is None and _raw.observe(result, call, stream=self._stream):
                return
        except Exception:  # noqa: BLE001 - must not reach the application
            _log.debug("an answer could not be looked at", exc_info=True)
        call.end_well()

    def _parsed(self, value: Any) -> Any:  # noqa: ANN401
        """Look at what the client made of the answer, then do what its resource wants done with it."""
        call = self.call
        try:
            if self._stream and hasattr(value, "_iterator"):
                if not call.ended:
                    _stream.attach(value, call, self._chunks())
            elif call.answer is None:
                call.answer = value
        except Exception:  # noqa: BLE001 - must not reach the application
            _log.debug("an answer could not be looked at", exc_info=True)
        return value if self._parse is None else self._parse(value)

    def _chunks(self) -> Chunks:
        call = self.call
        if call.api.kind == "responses":
            return ResponseEvents()
        choices = call.body.get("n")
        return CompletionChunks(
            choices=choices if isinstance(choices, int) else 1, hides=self._asked, captures=call.captures
        )
