"""The gate: what of a span or a log record leaves the process."""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from heliograph.genai.vocabulary import _content as names
from heliograph.guard._content import UNREADABLE, Cleaner, is_secret_name, parameters
from heliograph.guard._patterns import PATTERNS, SECRET, Pattern
from heliograph.guard._redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.sdk._logs import ReadableLogRecord
    from opentelemetry.sdk.trace import Event, ReadableSpan
    from opentelemetry.trace import Link, Status

__all__ = ["LONGEST", "MODES", "ContentPolicy", "Mode", "Place"]

_log = logging.getLogger("heliograph.guard")

Mode = Literal["never", "truncated", "full"]
Place = Literal["spans", "logs"]
MODES: Final[tuple[Mode, ...]] = ("never", "truncated", "full")
LONGEST: Final = 2000
"""Characters that `truncated` keeps of each text, by default."""
_LARGEST: Final[Mapping[Mode, int]] = {"never": 0, "truncated": 32_768, "full": 262_144}
_LONGEST_TEXT: Final = 16_384
_NOT_CAPTURED: Final = "[not captured: it quotes the model]"
_MOST_NAMES: Final = 4096
_MOST_HARMLESS: Final = 4096
_SHORT: Final = 64

# What a name means. Zero is the ordinary case: only credentials are looked for in its text.
_CONTENT, _SECRET, _QUERY, _PARAMETERS, _FREE = 1, 2, 3, 4, 5


class _Kinds(dict[str, int]):
    """Kinds of names, remembered. Reading and storing are atomic; a name judged twice is judged the same."""

    def __missing__(self, name: str) -> int:
        kind = _kind(name)
        if len(self) < _MOST_NAMES:
            self[name] = kind
        return kind


def _kind(name: str) -> int:
    if name in names.PARAMETER_ATTRIBUTES:
        return _PARAMETERS
    if names.is_content(name):
        return _CONTENT
    if is_secret_name(name):
        return _SECRET
    if name in names.QUERY_ATTRIBUTES or name == "db.operation.parameter":
        return _QUERY
    return _FREE if name in names.FREE_TEXTS else 0


_KINDS: Final = _Kinds()


@dataclass(frozen=True)
class ContentPolicy:
    """How much of prompts and answers leaves the process, and what is redacted in them and elsewhere.

    `mode`: "never" leaves content out, "truncated" keeps `longest` characters of each text, "full" all of it (an
    attribute holds at most 32 768 characters when truncated, 262 144 otherwise). `redact` gets each text of content
    and of exceptions before the patterns do and returns what may be said; where it raises, the text is left out and
    counted. `patterns` are what is redacted; `heliograph.guard.PATTERNS` by default. `places`: where content may
    go, "spans" (with their events), "logs" (records of instrumentors), or both.

    Methods never raise, and return what they were given where there is nothing to do.
    """

    mode: Mode = "never"
    longest: int = LONGEST
    redact: Callable[[str], str] | None = None
    patterns: tuple[Pattern, ...] = PATTERNS
    places: frozenset[Place] = frozenset(("spans", "logs"))

    _everywhere: Redactor = field(init=False, repr=False, compare=False)
    _content: Cleaner = field(init=False, repr=False, compare=False)
    _free: Cleaner = field(init=False, repr=False, compare=False)
    # Texts that hold no credential and will come again: names of models, of services. Shared by threads; what one
    # adds while another clears is looked at once more, no worse.
    _harmless: set[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f"mode is {self.mode!r}, not one of {', '.join(MODES)}")
        if self.longest < 1:
            raise ValueError(f"longest is {self.longest}, not a positive number of characters")
        credentials = [pattern for pattern in self.patterns if pattern.everywhere]
        largest = _LARGEST[self.mode]
        everything = Redactor(self.patterns, self.redact)
        object.__setattr__(self, "patterns", tuple(self.patterns))
        object.__setattr__(self, "_everywhere", Redactor(credentials))
        object.__setattr__(
            self, "_content", Cleaner(everything, self.longest if self.mode == "truncated" else largest, largest)
        )
        object.__setattr__(self, "_free", Cleaner(everything, _LONGEST_TEXT, _LONGEST_TEXT))
        object.__setattr__(self, "_harmless", set())

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what was given; the rest is made again."""
        return ContentPolicy, (self.mode, self.longest, self.redact, self.patterns, self.places)

    @property
    def captures(self) -> bool:
        """Whether any content may leave the process."""
        return self.mode != "never" and bool(self.places)

    def captures_on(self, place: Place) -> bool:
        """Whether content may leave the process there."""
        return self.mode != "never" and place in self.places

    def clean(self, name: str, value: Any, place: Place = "spans") -> Any:  # noqa: ANN401 - an attribute's value
        """Give the value that may be said under this name; None where it must not be said at all."""
        try:
            changed = self._attributes({name: value}, place)
        except Exception as error:  # noqa: BLE001 - must not reach the application; what failed is not said
            _failed(error)
            return None
        return value if changed is None else changed.get(name)

    def text(self, text: str) -> str:
        """Redact credentials in a text that is no content: a log line, say."""
        return self._everywhere.known(text)

    def attributes(self, attributes: Mapping[str, Any], place: Place = "spans") -> dict[str, Any] | None:
        """Give the attributes that may leave; None where these may, as they are."""
        try:
            return self._attributes(attributes, place)
        except Exception as error:  # noqa: BLE001 - must not reach the application; what failed is not said
            _failed(error)
            return {name: value for name, value in attributes.items() if isinstance(value, (bool, int, float))}

    def span(self, span: ReadableSpan, added: Mapping[str, Any] | None = None) -> ReadableSpan:
        """Give the span that may leave: with `added` attributes, otherwise clean; the same one where it was so."""
        return self._span(span, added or {}, None)

    def finished(self, span: ReadableSpan, added: Mapping[str, Any], status: Status | None = None) -> ReadableSpan:
        """Do what `span` does, with another status where one is given."""
        return self._span(span, added, status)

    def log(self, record: ReadableLogRecord) -> ReadableLogRecord:
        """Give the log record that may leave; the same one where it was clean. The original is not touched."""
        said = record.log_record
        try:
            body, attributes = self._log(said.event_name, said.body, said.attributes or {})
        except Exception as error:  # noqa: BLE001 - must not reach the application; what failed is not said
            _failed(error)
            body, attributes = UNREADABLE, {}
        if body is said.body and attributes is None:
            return record
        changed = copy.copy(said)
        changed.body = body
        if attributes is not None:
            changed.attributes = attributes
        return replace(record, log_record=changed)

    # -- attributes ----------------------------------------------------------------------------------------------

    def _attributes(self, attributes: Mapping[str, Any], place: Place) -> dict[str, Any] | None:  # noqa: C901 - the hot path, in one piece
        plain = True
        texts: list[str] = []
        harmless = self._harmless
        for name, value in attributes.items():
            if value.__class__ is str:
                if _KINDS[name]:
                    plain = False
                    break
                if value not in harmless:
                    texts.append(value)
            elif value.__class__ in _SCALARS:
                continue
            elif _KINDS[name] or not _is_plain_sequence(value, texts):
                plain = False
                break
        if plain and (not texts or not self._everywhere.suspects("\n".join(texts))):
            if len(harmless) > _MOST_HARMLESS:
                harmless.clear()
            harmless.update(text for text in texts if len(text) <= _SHORT)
            return None
        kept: dict[str, Any] = {}
        store = attributes.get("db.system.name", attributes.get("db.system"))
        for name, value in attributes.items():
            new = self._named(name, value, place, store)
            if new is not None:
                kept[name] = new
        self._conceal(kept)
        return None if kept == dict(attributes) else kept

    def _named(self, name: str, value: Any, place: Place, store: object) -> Any:  # noqa: ANN401
        kind = _KINDS[name]
        if kind == _QUERY:
            kind = _CONTENT if isinstance(store, str) and store.lower() in names.VECTOR_STORES else 0
        if kind == _CONTENT:
            if isinstance(value, (bool, int, float)):
                return value
            return self._content.value(value) if self.captures_on(place) else None
        if kind == _SECRET:
            return SECRET if isinstance(value, (str, bytes)) and value else self._secrets(value)
        if kind == _PARAMETERS and isinstance(value, str):
            return self._content.string(value) if self.captures_on(place) else parameters(value)
        if kind == _FREE and isinstance(value, str):
            return self._free.string(value)
        return self._plain(value)

    def _plain(self, value: Any) -> Any:  # noqa: ANN401
        """Redact credentials in a value that is no content."""
        if isinstance(value, str):
            return value if value in self._harmless else self._everywhere.known(value)
        if isinstance(value, Mapping):
            return {
                name: (SECRET if isinstance(inner, str) and is_secret_name(str(name)) else self._plain(inner))
                for name, inner in value.items()
            }
        if isinstance(value, (list, tuple)):
            items = [self._plain(each) for each in value]
            return tuple(items) if isinstance(value, tuple) else items
        return value

    @staticmethod
    def _secrets(value: Any) -> Any:  # noqa: ANN401
        """Replace what a header, say, has as its values."""
        if isinstance(value, (list, tuple)):
            return tuple(SECRET if isinstance(each, (str, bytes)) else each for each in value)
        return SECRET if isinstance(value, Mapping) else value

    def _conceal(self, attributes: dict[str, Any]) -> None:
        """Leave out the message of an exception that quotes the model, unless content is asked for."""
        message = attributes.get("exception.message")
        kind = attributes.get("exception.type")
        if self.mode != "never" or not (_quotes_model(kind) or _quotes_model(message)):
            return
        if isinstance(message, str):
            attributes["exception.message"] = _NOT_CAPTURED
        trace = attributes.get("exception.stacktrace")
        if isinstance(trace, str):
            shown = trace.replace(message, _NOT_CAPTURED) if isinstance(message, str) and message else trace
            attributes["exception.stacktrace"] = shown if shown != trace else _NOT_CAPTURED

    # -- spans ---------------------------------------------------------------------------------------------------

    def _span(self, span: ReadableSpan, added: Mapping[str, Any], status: Status | None) -> ReadableSpan:
        given = _fast(span)
        attributes = self.attributes(given)
        events = self._events(span.events) if span.events else None
        links = self._links(span.links) if span.links else None
        said = status or span.status
        shown = self._status(said)
        name = self._name(span.name)
        untouched = attributes is None and events is None and links is None
        if untouched and not added and shown is span.status and name == span.name:
            return span
        from opentelemetry.sdk.trace import ReadableSpan as Made

        return Made(
            name=name,
            context=span.context,
            parent=span.parent,
            resource=span.resource,
            attributes={**(given if attributes is None else attributes), **added},
            events=span.events if events is None else events,
            links=span.links if links is None else links,
            kind=span.kind,
            status=shown,
            start_time=span.start_time,
            end_time=span.end_time,
            instrumentation_scope=span.instrumentation_scope,
        )

    def _name(self, name: str) -> str:
        if name in self._harmless:
            return name
        said = self._everywhere.known(name)
        if said == name and len(name) <= _SHORT and len(self._harmless) <= _MOST_HARMLESS:
            self._harmless.add(name)
        return said

    def _events(self, events: Sequence[Event]) -> list[Event] | None:
        from opentelemetry.sdk.trace import Event as Made

        made: list[Event] = []
        changed = False
        for event in events:
            given = event.attributes or {}
            if names.is_content_event(event.name):
                attributes: dict[str, Any] | None = self._message(given, "spans")
            else:
                attributes = self.attributes(given)
            if attributes is None:
                made.append(event)
            else:
                changed = True
                made.append(Made(event.name, attributes, event.timestamp))
        return made if changed else None

    def _message(self, attributes: Mapping[str, Any], place: Place) -> dict[str, Any]:
        """Clean the attributes of an event that holds a message: what is not known to be about it is content."""
        kept: dict[str, Any] = {}
        for name, value in attributes.items():
            if names.is_metadata_of_content(name) or _KINDS[name] == _SECRET:
                new = self._named(name, value, place, None)
            elif isinstance(value, (bool, int, float)):
                new = value
            else:
                new = self._content.value(value) if self.captures_on(place) else None
            if new is not None:
                kept[name] = new
        return kept

    def _links(self, links: Sequence[Link]) -> list[Link] | None:
        from opentelemetry.trace import Link as Made

        cleaned = [self.attributes(link.attributes) if link.attributes else None for link in links]
        if all(each is None for each in cleaned):
            return None
        return [
            link if attributes is None else Made(link.context, attributes)
            for link, attributes in zip(links, cleaned, strict=True)
        ]

    def _status(self, status: Status) -> Status:
        text = status.description
        if not text:
            return status
        from opentelemetry.trace import Status as Made

        if self.mode == "never" and _quotes_model(text):
            return Made(status.status_code, _NOT_CAPTURED)
        clean = self._free.string(text)
        return status if clean == text else Made(status.status_code, clean)

    # -- logs ----------------------------------------------------------------------------------------------------

    def _log(
        self,
        event_name: str | None,
        body: Any,  # noqa: ANN401
        attributes: Mapping[str, Any],
    ) -> tuple[Any, dict[str, Any] | None]:
        """Clean a record: its body, and its attributes (None where they may stay)."""
        said = event_name or attributes.get("event.name") or attributes.get("event_name")
        if not (isinstance(said, str) and names.is_content_event(said)):
            new = self._plain(body)
            return (body if new == body else new), self._attributes(attributes, "logs")
        kept = self._message(attributes, "logs")
        if self.captures_on("logs"):
            new = self._content.value(body)
        elif isinstance(body, Mapping):
            new = {
                name: value
                for name, value in body.items()
                if names.is_metadata_of_content(str(name))
                and (value is None or isinstance(value, (str, bool, int, float)))
            }
        else:
            new = None
        return (body if new == body else new), (None if kept == dict(attributes) else kept)


_SCALARS: Final = frozenset({bool, int, float, type(None)})


def _is_plain_sequence(value: Any, texts: list[str]) -> bool:  # noqa: ANN401
    """Whether the value is a sequence of scalars; its texts are added to `texts`."""
    if not isinstance(value, (list, tuple)):
        return False
    for each in value:
        if type(each) is str:
            texts.append(each)
        elif each.__class__ not in _SCALARS:
            return False
    return True


def _fast(span: ReadableSpan) -> Mapping[str, Any]:
    """Give the attributes as a dictionary: the SDK's mapping takes a lock for each item that is read."""
    inner = getattr(getattr(span, "_attributes", None), "_dict", None)
    return inner if isinstance(inner, dict) else dict(span.attributes or {})


def _quotes_model(text: object) -> bool:
    return isinstance(text, str) and any(name in text[:256] for name in names.CONTENT_EXCEPTIONS)


def _failed(error: Exception) -> None:
    # Without the error's own text, which may be the value.
    _log.debug("content could not be cleaned and is left out: %s", type(error).__name__)
