"""What a stream brings, chunk by chunk: as little work as can be for each, the rest at the end.

A chunk costs about a microsecond. Kept are references to its texts (64 Ki characters at most, then only their
length), so that tokens can be estimated if the stream ends without usage, and finish reasons. When content is
captured, up to the same bound, the pieces of each choice.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Final

from heliograph import _clock
from heliograph.integrations.openai._answer import completion_attributes, response_attributes, usage_attributes
from heliograph.integrations.openai._estimate import estimate_streamed

if TYPE_CHECKING:
    from opentelemetry.util.types import AttributeValue

__all__ = ["Chunks", "CompletionChunks", "ResponseEvents"]

_log = logging.getLogger("heliograph.integrations")

MOST_KEPT: Final = 65_536
"""Characters of a stream that are kept."""


class Chunks(ABC):
    """What one stream has brought so far.

    `hides` says that the usage chunk was asked for by us: the caller is not to see it. `first_output` is when the
    first chunk with any output came (on `_clock.perf_counter`), `last` when the last chunk came (ns since the epoch).
    """

    __slots__ = ("characters", "complete", "error", "first_output", "hides", "kept", "last", "pieces", "seen", "usage")

    def __init__(self, *, hides: bool = False) -> None:
        self.hides = hides
        self.first_output: float | None = None
        self.last = 0
        self.seen: Any = None
        """The first chunk that names the answer, or the whole answer."""
        self.usage: Any = None
        self.complete = False
        self.error: str | None = None
        self.kept: list[Any] = []
        """Texts; with the choice's index and kind when content is captured (see `_content`)."""
        self.pieces = 0
        """Chunks with output."""
        self.characters = 0

    @abstractmethod
    def take(self, chunk: Any) -> bool:  # noqa: ANN401 - of either major version
        """Look at a chunk; True when the caller is not to see it. Never raises."""

    @abstractmethod
    def attributes(self) -> dict[str, AttributeValue]:
        """Give what is known of the answer, with the usage if it came."""

    def texts(self) -> list[str]:
        """Give the texts that were kept."""
        return [each if isinstance(each, str) else each[2] for each in self.kept]

    def estimate(self) -> int:
        """Estimate the output tokens."""
        return estimate_streamed(self.texts(), self.characters, self.pieces)

    def _output(self, text: str, entry: Any) -> None:  # noqa: ANN401 - what `kept` holds
        if self.first_output is None:
            self.first_output = _clock.perf_counter()
        self.pieces += 1
        if self.characters < MOST_KEPT:
            self.kept.append(entry)
        self.characters += len(text)


class CompletionChunks(Chunks):
    """Chunks of chat completions, and of the legacy ones (whose choices have a `text` and no `delta`)."""

    __slots__ = ("_captures", "_choices", "reasons")

    def __init__(self, *, choices: int = 1, hides: bool = False, captures: bool = False) -> None:
        super().__init__(hides=hides)
        self.reasons: dict[int, str] = {}
        self._choices = choices
        self._captures = captures

    def take(self, chunk: Any) -> bool:  # noqa: ANN401
        """Look at a chunk; True for the usage chunk that only we asked for."""
        try:
            self.last = _clock.time_ns()
            usage = chunk.usage
            if usage is not None:
                self.usage = usage
            elif self.hides:
                # Asked for usage, OpenAI writes "usage": null into every other chunk: unseen by a caller who did not.
                chunk.model_fields_set.discard("usage")
            choices = chunk.choices
            if not choices:
                # The usage; or, from Azure, the verdict on the prompt.
                return self.hides and usage is not None
            if self.seen is None:
                self.seen = chunk
            for choice in choices:
                if choice.finish_reason is not None:
                    index = choice.index
                    self.reasons[index if isinstance(index, int) else 0] = choice.finish_reason
                    self.complete = len(self.reasons) >= self._choices
                self._take(choice)
        except Exception:  # noqa: BLE001 - must not reach the application
            _log.debug("a chunk could not be read", exc_info=True)
        return False

    def _take(self, choice: Any) -> None:  # noqa: ANN401
        delta = getattr(choice, "delta", None)
        text = delta.content if delta is not None else getattr(choice, "text", None)
        if text and isinstance(text, str):  # written out: this is the path of nearly every chunk
            if self.first_output is None:
                self.first_output = _clock.perf_counter()
            self.pieces += 1
            if self.characters < MOST_KEPT:
                self.kept.append((choice.index, "text", text) if self._captures else text)
            self.characters += len(text)
        elif delta is not None:
            self._take_other(choice, delta)

    def _take_other(self, choice: Any, delta: Any) -> None:  # noqa: ANN401
        if delta.tool_calls:
            for call in delta.tool_calls:
                function = call.function
                said = _text(getattr(function, "arguments", None))
                name = _text(getattr(function, "name", None))
                if said or name:
                    self._output(name + said, (choice.index, call, said) if self._captures else name + said)
        elif refusal := _text(delta.refusal):
            self._output(refusal, (choice.index, "text", refusal) if self._captures else refusal)
        elif delta.model_extra:
            # Reasoning in the open, of DeepSeek (`reasoning_content`) and of OpenRouter (`reasoning`).
            thought = _text(delta.model_extra.get("reasoning_content")) or _text(delta.model_extra.get("reasoning"))
            if thought:
                self._output(thought, (choice.index, "reasoning", thought) if self._captures else thought)

    def attributes(self) -> dict[str, AttributeValue]:
        """Give the answer's identity, finish reasons by choice, and usage."""
        said = completion_attributes(self.seen) if self.seen is not None else {}
        if self.reasons:
            said["gen_ai.response.finish_reasons"] = [str(self.reasons[i]) for i in sorted(self.reasons)]
        said.update(usage_attributes(self.usage))
        return said


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


class ResponseEvents(Chunks):
    """Events of the Responses API; the last one brings the whole response."""

    __slots__ = ()

    def take(self, chunk: Any) -> bool:  # noqa: ANN401
        """Look at an event; none is hidden."""
        try:
            self.last = _clock.time_ns()
            kind: str = chunk.type
            if kind.endswith(".delta"):
                text = chunk.delta
                if isinstance(text, str):
                    self._output(text, text)
                return False
            response = getattr(chunk, "response", None)
            if response is not None:
                self.seen = response
                if kind in {"response.completed", "response.incomplete", "response.failed"}:
                    self.complete = True
                    self.usage = response.usage
                    failure = getattr(response, "error", None)
                    if failure is not None:
                        self.error = str(getattr(failure, "code", None) or "_OTHER")
            elif kind == "error":
                self.complete = True
                self.error = str(getattr(chunk, "code", None) or "_OTHER")
        except Exception:  # noqa: BLE001 - must not reach the application
            _log.debug("an event could not be read", exc_info=True)
        return False

    def attributes(self) -> dict[str, AttributeValue]:
        """Give what the newest response in an event says."""
        return response_attributes(self.seen) if self.seen is not None else {}
