"""The policy that users choose, and what it does to what leaves the process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from heliograph.guard._gate import Gate, Place, failed
from heliograph.guard._patterns import PATTERNS, Pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opentelemetry.sdk._logs import ReadableLogRecord
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import Status

__all__ = ["LONGEST", "MODES", "ContentPolicy", "Mode", "Place"]

Mode = Literal["never", "truncated", "full"]
MODES: Final[tuple[Mode, ...]] = ("never", "truncated", "full")
LONGEST: Final = 2000
"""Characters that `truncated` keeps of each text, by default."""
_LARGEST: Final[Mapping[Mode, int]] = {"never": 0, "truncated": 32_768, "full": 262_144}
_PLACES: Final[frozenset[Place]] = frozenset(("spans", "logs"))


@dataclass(frozen=True)
class ContentPolicy:
    """How much of prompts and answers leaves the process, and what is redacted in them and elsewhere.

    `mode`: "never" leaves content out, "truncated" keeps `longest` characters of each text, "full" all of it (an
    attribute holds at most 32 768 characters when truncated, 262 144 otherwise). `redact` gets each text of content
    and of exceptions before the patterns do and returns what may be said; where it raises, the text is left out and
    counted. `patterns` are what is redacted; `heliograph.guard.PATTERNS` by default. `places`: where content may
    go, "spans" (with their events), "logs" (records of instrumentors), or both.

    Methods never raise, do no I/O, and return what they were given where there is nothing to do.
    """

    mode: Mode = "never"
    longest: int = LONGEST
    redact: Callable[[str], str] | None = None
    patterns: tuple[Pattern, ...] = PATTERNS
    places: frozenset[Place] = _PLACES
    _gate: Gate = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f"mode is {self.mode!r}, not one of {', '.join(MODES)}")
        if self.longest < 1:
            raise ValueError(f"longest is {self.longest}, not a positive number of characters")
        object.__setattr__(self, "patterns", tuple(self.patterns))
        largest = _LARGEST[self.mode]
        gate = Gate(
            frozenset() if self.mode == "never" else self.places,
            self.patterns,
            self.redact,
            longest=self.longest if self.mode == "truncated" else largest,
            largest=largest,
        )
        object.__setattr__(self, "_gate", gate)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what was given; the rest is made again."""
        return ContentPolicy, (self.mode, self.longest, self.redact, self.patterns, self.places)

    @property
    def captures(self) -> bool:
        """Whether any content may leave the process."""
        return bool(self._gate.places)

    def captures_on(self, place: Place) -> bool:
        """Whether content may leave the process there."""
        return place in self._gate.places

    def clean(self, name: str, value: Any, place: Place = "spans") -> Any:  # noqa: ANN401 - an attribute's value
        """Give the value that may be said under this name; None where it must not be said at all."""
        changed = self.attributes({name: value}, place)
        return value if changed is None else changed.get(name)

    def text(self, text: str) -> str:
        """Redact credentials in a text that is no content: a log line, say."""
        return self._gate.credentials.known(text)

    def attributes(self, attributes: Mapping[str, Any], place: Place = "spans") -> dict[str, Any] | None:
        """Give the attributes that may leave; None where these may, as they are."""
        try:
            return self._gate.attributes(attributes, place)
        except Exception as error:  # noqa: BLE001 - must not reach the application; what failed is not said
            failed(error)
            return {name: value for name, value in attributes.items() if isinstance(value, (bool, int, float))}

    def span(
        self, span: ReadableSpan, added: Mapping[str, Any] | None = None, status: Status | None = None
    ) -> ReadableSpan:
        """Give the span that may leave: clean, with `added` attributes and another `status` where there is one.

        It is the same span where it was clean and nothing is added; otherwise a new one. `added` is not looked at.
        """
        from heliograph.guard._records import clean_span

        return clean_span(self._gate, span, added or {}, status)

    def log(self, record: ReadableLogRecord) -> ReadableLogRecord:
        """Give the log record that may leave: the same one where it was clean, otherwise a new one."""
        from heliograph.guard._records import clean_log

        return clean_log(self._gate, record)
