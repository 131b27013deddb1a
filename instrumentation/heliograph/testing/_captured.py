"""What a capture gives: calls, queries, spans, logs and metrics of one test, as plain objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import format_span_id, format_trace_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.sdk.trace import ReadableSpan

__all__ = ["CapturedCall", "CapturedLog", "CapturedQuery", "CapturedSpan", "Tokens"]


@dataclass(frozen=True, slots=True)
class Tokens:
    """Token counts; cached, cache-written and reasoning tokens are subsets of input and output."""

    input: int = 0
    output: int = 0
    cached: int = 0
    cache_write: int = 0
    reasoning: int = 0

    @property
    def total(self) -> int:
        """Input and output."""
        return self.input + self.output

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(
            self.input + other.input,
            self.output + other.output,
            self.cached + other.cached,
            self.cache_write + other.cache_write,
            self.reasoning + other.reasoning,
        )


@dataclass(frozen=True, slots=True)
class CapturedLog:
    """One log record: an event of ours (`name` is "llm.call", ...) or a line of the application's (`name` is "")."""

    name: str
    body: str
    severity: str
    attributes: Mapping[str, Any]
    trace_id: str
    span_id: str


class _Event:
    def __init__(self, log: CapturedLog) -> None:
        self._said = log.attributes
        self.trace_id = log.trace_id

    def _text(self, name: str) -> str | None:
        value = self._said.get(name)
        return None if value is None else str(value)

    @property
    def status(self) -> str:
        """success, error or cancelled."""
        return str(self._said["status"])

    @property
    def error_type(self) -> str | None:
        """Class of the error, None without one."""
        return self._text("error_type")

    @property
    def user_id(self) -> str | None:
        """Of the query around."""
        return self._text("user_id")

    @property
    def session_id(self) -> str | None:
        """Of the query around."""
        return self._text("session_id")

    @property
    def tenant(self) -> str | None:
        """Of the query around."""
        return self._text("tenant")

    @property
    def chain(self) -> str | None:
        """The innermost chain around."""
        return self._text("chain")

    @property
    def attributes(self) -> Mapping[str, Any]:
        """All fields of the event, as docs/vocabulary.md names them."""
        return self._said


class CapturedCall(_Event):
    """One call of a model that was counted."""

    @property
    def model(self) -> str:
        """The model that answered, or the one asked for where none did."""
        return str(self._said["model"])

    @property
    def provider(self) -> str:
        """openai, anthropic, ..."""
        return str(self._said["provider"])

    @property
    def operation(self) -> str:
        """chat, embeddings, ..."""
        return str(self._said["operation"])

    @property
    def tokens(self) -> Tokens:
        """Tokens billed; 0 where they are not known."""
        return Tokens(
            input=int(self._said.get("llm_input_tokens", 0)),
            output=int(self._said.get("llm_output_tokens", 0)),
            cached=int(self._said.get("llm_cached_tokens", 0)),
            cache_write=int(self._said.get("llm_cache_write_tokens", 0)),
            reasoning=int(self._said.get("llm_reasoning_tokens", 0)),
        )

    @property
    def cost_usd(self) -> float | None:
        """US dollars; None where it is not known."""
        cost = self._said.get("llm_cost_usd")
        return None if cost is None else float(cost)

    @property
    def unpriced(self) -> bool:
        """Whether tokens were billed for which no price is known."""
        return bool(self._said.get("unpriced"))

    @property
    def latency(self) -> float:
        """Seconds."""
        return float(self._said["llm_latency_seconds"])

    @property
    def time_to_first_token(self) -> float | None:
        """Seconds; None for an answer that was not streamed."""
        said = self._said.get("llm_time_to_first_token_seconds")
        return None if said is None else float(said)

    @property
    def finish_reason(self) -> str | None:
        """Why the model stopped."""
        return self._text("finish_reason")

    def __repr__(self) -> str:
        cost = self.cost_usd
        paid = "cost unknown" if cost is None else f"{cost:.6f} USD"
        return (
            f"<call {self.operation} {self.model}: {self.status}, {self.tokens.input} + {self.tokens.output} "
            f"tokens, {paid}>"
        )


class CapturedQuery(_Event):
    """One `heliograph.query` that ended."""

    @property
    def query_type(self) -> str:
        """The name it was given."""
        return str(self._said["query_type"])

    @property
    def cost_usd(self) -> float:
        """US dollars of all calls within."""
        return float(self._said["query_cost_usd"])

    @property
    def calls(self) -> int:
        """How many calls of models it took."""
        return int(self._said["llm_calls"])

    @property
    def latency(self) -> float:
        """Seconds."""
        return float(self._said["query_latency_seconds"])

    def __repr__(self) -> str:
        return f"<query {self.query_type}: {self.status}, {self.calls} calls, {self.cost_usd:.6f} USD>"


class CapturedSpan:
    """One finished span, as it would have been exported."""

    def __init__(self, span: ReadableSpan) -> None:
        self._span = span

    @property
    def name(self) -> str:
        """The span's name."""
        return self._span.name

    @property
    def attributes(self) -> Mapping[str, Any]:
        """The span's attributes; prompts and answers are not among them unless their capture is switched on."""
        return self._span.attributes or {}

    @property
    def trace_id(self) -> str:
        """32 hexadecimal digits."""
        return format_trace_id(self._span.context.trace_id) if self._span.context else ""

    @property
    def span_id(self) -> str:
        """16 hexadecimal digits."""
        return format_span_id(self._span.context.span_id) if self._span.context else ""

    @property
    def parent_id(self) -> str | None:
        """The parent's span id; None at the root."""
        return format_span_id(self._span.parent.span_id) if self._span.parent else None

    @property
    def failed(self) -> bool:
        """Whether its status is an error."""
        return not self._span.status.is_ok

    @property
    def seconds(self) -> float:
        """How long it took."""
        return ((self._span.end_time or 0) - (self._span.start_time or 0)) / 1e9

    @property
    def raw(self) -> ReadableSpan:
        """OpenTelemetry's own object."""
        return self._span

    def __repr__(self) -> str:
        return f"<span {self.name!r}{' failed' if self.failed else ''} {self.seconds * 1000:.1f} ms>"
