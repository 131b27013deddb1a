"""One call on its way: a span that ends exactly once, whatever becomes of the call."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.trace import Status, StatusCode

from heliograph import _clock
from heliograph.genai import vocabulary as v
from heliograph.integrations import _quotas, _transport
from heliograph.integrations.openai import _content, _left
from heliograph.integrations.openai._answer import completion_attributes, response_attributes
from heliograph.integrations.openai._estimate import estimate_input, estimate_output

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opentelemetry.trace import Span
    from opentelemetry.util.types import AttributeValue

    from heliograph.integrations.openai._apis import Api
    from heliograph.integrations.openai._chunks import Chunks
    from heliograph.integrations.openai._endpoint import Endpoint

__all__ = ["OpenCall"]

_log = logging.getLogger("heliograph.integrations")

_LEFT: Final = (asyncio.CancelledError, GeneratorExit, KeyboardInterrupt, SystemExit)
"""Raised where the caller went away: no error of the provider's."""


class OpenCall:
    """One call between its start and its end. No method raises; every `end_*` after the first does nothing.

    `answer` is the whole answer, where one was seen; `chunks` what a stream has brought so far. `ended` is set before
    the span ends, under a lock: a stream may be closed by one thread while another reads it.
    """

    __slots__ = (
        "__weakref__",
        "_lock",
        "_releases",
        "answer",
        "api",
        "body",
        "captures",
        "chunks",
        "ended",
        "endpoint",
        "loops",
        "span",
        "started",
    )

    def __init__(self, span: Span, api: Api, body: Mapping[str, Any], endpoint: Endpoint, *, captures: bool) -> None:
        self.span = span
        self.api = api
        self.body = body
        self.endpoint = endpoint
        self.captures = captures
        self.started = _clock.perf_counter()
        self.answer: Any = None
        self.chunks: Chunks | None = None
        self.ended = False
        self.loops = 0
        self._lock = threading.Lock()
        self._releases: list[Callable[[], object]] = []

    def on_end(self, release: Callable[[], object]) -> None:
        """Have `release` called when the call has ended: hooks on the client's objects go then."""
        self._releases.append(release)

    def release(self) -> None:
        """Take the hooks away."""
        releases, self._releases = self._releases, []
        for release in releases:
            release()

    def loop(self) -> int:
        """Note that a loop over the stream begins; give its number. The newest one is the one that reads."""
        _left.resumed(self)
        self.loops += 1
        return self.loops

    def end_well(self) -> None:
        """End the span: the answer is complete, or the stream has come to its end."""
        self._end(None)

    def end_with(self, error: BaseException) -> None:
        """End the span: the client raised `error` instead of answering, or within the stream."""
        if isinstance(error, _LEFT):
            self.end_early()
        else:
            self._end(error)

    def end_early(self, *, at: int | None = None) -> None:
        """End the span at `at` (ns since the epoch; None: now): the caller has left.

        Where the stream had said all by then, the answer is complete.
        """
        chunks = self.chunks
        self._end(None, left=chunks is None or not chunks.complete, at=at)

    def _end(self, error: BaseException | None, *, left: bool = False, at: int | None = None) -> None:
        if not self._is_first():
            return
        span = self.span
        said: dict[str, AttributeValue] = {}
        # One after the other: what cannot be read takes nothing of the rest along, above all not the failure.
        for read in (self._put_answer, self._put_tokens, self._put_content):
            try:
                read(said)
            except Exception:  # noqa: BLE001 - must not reach the application
                _log.debug("an answer could not be read", exc_info=True)
        try:
            if left:
                said[v.CALL_STATUS.name] = "cancelled"
            failure = None if left else self._failure(error)
            if failure is not None:
                said[v.ERROR_TYPE.name] = failure[0]
                span.set_status(Status(StatusCode.ERROR, failure[1]))
            span.set_attributes(said)
        except Exception:  # noqa: BLE001 - must not reach the application
            _log.debug("a call's outcome could not be told", exc_info=True)
        try:
            span.end(at)
            self.release()
            model, asked = said.get("gen_ai.response.model"), self.body.get("model")
            _quotas.released(span, self.endpoint.provider, str(asked or ""), str(model) if model else None)
        except Exception:  # noqa: BLE001 - must not reach the application
            _log.debug("a call's end could not be told", exc_info=True)

    def _is_first(self) -> bool:
        with self._lock:
            first, self.ended = not self.ended, True
            return first

    def _put_answer(self, said: dict[str, AttributeValue]) -> None:
        chunks, answer = self.chunks, self.answer
        if chunks is not None:
            if chunks.first_output is not None:
                said["gen_ai.response.time_to_first_chunk"] = chunks.first_output - self.started
            said.update(chunks.attributes())
        elif answer is not None:
            said.update(response_attributes(answer) if self.api.kind == "responses" else completion_attributes(answer))

    def _put_content(self, said: dict[str, AttributeValue]) -> None:
        if self.captures:
            said.update(_content.attributes(self.api.kind, self.body, self.answer, self.chunks))

    def _put_tokens(self, said: dict[str, AttributeValue]) -> None:
        """Put in the tokens that nobody reported, from the texts that were seen."""
        answer = self.answer
        if (self.chunks is None and answer is None) or "gen_ai.usage.input_tokens" in said:
            return
        if isinstance(answer, str) or getattr(answer, "error", None) is not None:
            return  # no answer of a model's
        if getattr(answer, "status", None) in {"queued", "in_progress"}:
            return  # it will be answered in the background
        said["gen_ai.usage.input_tokens"] = estimate_input(self.api.kind, self.body)
        if self.api.kind != "embeddings":
            said["gen_ai.usage.output_tokens"] = (
                self.chunks.estimate() if self.chunks is not None else estimate_output(self.api.kind, self.answer)
            )
        said[v.USAGE_ESTIMATED.name] = True

    def _failure(self, error: BaseException | None) -> tuple[str, str] | None:
        """Give `error.type` and the status's description; the message is left out, since it may quote the prompt."""
        if error is not None:
            kind = type(error).__qualname__
            status, code = getattr(error, "status_code", None), getattr(error, "code", None)
            return kind, " ".join(str(each) for each in (status, code) if each) or kind
        if self.api.kind != "responses":
            return None
        told = self.chunks.error if self.chunks is not None else getattr(self.answer, "error", None)
        if told is None:
            return None
        code = told if isinstance(told, str) else str(getattr(told, "code", None) or "_OTHER")
        return code, code

    def disown(self) -> None:
        """Leave the end to another process: this one is a fork of it."""
        self._lock = threading.Lock()
        self.ended = True

    def again(self) -> None:
        """Note that we send the request once more: the refusal before it is no retry of the client's."""
        _transport.forget(self.span)
