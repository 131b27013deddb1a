"""The gate: which attributes leave the process, and as what."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

from heliograph.genai._text import sayable
from heliograph.genai.vocabulary import _content as names
from heliograph.guard._carried import carried, fits
from heliograph.guard._content import Cleaner, parameters
from heliograph.guard._kinds import KINDS, Kind, is_secret_name, quotes_model
from heliograph.guard._patterns import SECRET
from heliograph.guard._redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from heliograph.guard._patterns import Pattern

__all__ = ["LONGEST_BODY", "NOT_CAPTURED", "Gate", "Place", "failed"]

_log = logging.getLogger("heliograph.guard")

Place = Literal["spans", "logs"]
NOT_CAPTURED: Final = "[not captured: it quotes the model]"
_LONGEST_TEXT: Final = 16_384
_LONGEST_PLAIN: Final = 32_768
"""Characters of a text that is no content. Looking through 1 MB takes 50 ms, and Loki takes 64 KB of them a line."""
LONGEST_BODY: Final = 131_072
"""Characters of a log record's own text; Loki takes lines of 256 KB."""
_MOST_HARMLESS: Final = 4096
_SHORT: Final = 64
_SLACK: Final = 512
_SCALARS: Final = frozenset({bool, int, float, type(None)})


def failed(error: Exception) -> None:
    """Say that something could not be cleaned: without the error's own text, which may be the value."""
    _log.debug("content could not be cleaned and is left out: %s", type(error).__name__)


class Gate:
    """Cleans attributes. Content may go to `places`: `longest` characters of a text, `largest` of an attribute."""

    def __init__(
        self,
        places: frozenset[Place],
        patterns: Sequence[Pattern],
        redact: Callable[[str], str] | None,
        *,
        longest: int,
        largest: int,
    ) -> None:
        everything = Redactor(patterns, redact)
        self.places = places
        self.credentials = Redactor([pattern for pattern in patterns if pattern.everywhere])
        self.content = Cleaner(everything, longest, largest)
        self.failure = Cleaner(everything, _LONGEST_TEXT, _LONGEST_TEXT)
        # Texts that hold no credential and will come again: names of models, of services. Shared by threads; what one
        # adds while another clears is looked at once more, no worse.
        self._harmless: set[str] = set()

    def attributes(self, attributes: Mapping[str, Any], place: Place) -> dict[str, Any] | None:
        """Give the attributes that may leave; None where these may."""
        texts = self._unknown_texts(attributes)
        if texts is not None and self._are_harmless(texts):
            return None
        store = attributes.get("db.system.name", attributes.get("db.system"))
        kept = {
            name: said
            for name, value in attributes.items()
            if (said := carried(self._named(name, value, place, store))) is not None
        }
        self._conceal(kept)
        return None if kept == dict(attributes) else kept

    def message(self, attributes: Mapping[str, Any], place: Place) -> dict[str, Any] | None:
        """Do so for an event that holds a message: what is not known to be about the message is content."""
        kept: dict[str, Any] = {}
        for name, value in attributes.items():
            if names.is_metadata_of_content(name) or KINDS[name] is Kind.SECRET:
                said = self._named(name, value, place, None)
            elif isinstance(value, (bool, int, float)):
                said = value
            else:
                said = self.body(value, place)
            if said is not None:
                kept[name] = carried(said)
        return None if kept == dict(attributes) else kept

    def body(self, body: Any, place: Place) -> Any:  # noqa: ANN401 - OpenTelemetry's AnyValue
        """Clean the body of a log record that holds a message, or a part of it; None where nothing may be said."""
        if place in self.places:
            return carried(self.content.value(body))
        if not isinstance(body, Mapping):
            return None
        return {
            name: carried(value)
            for name, value in body.items()
            if names.is_metadata_of_content(str(name)) and (value is None or isinstance(value, (str, bool, int, float)))
        }

    def plain(self, value: Any, longest: int = _LONGEST_PLAIN) -> Any:  # noqa: ANN401 - OpenTelemetry's AnyValue
        """Redact credentials in what is no content, and cut it to size."""
        if isinstance(value, str):
            if len(value) <= longest:
                return value if value in self._harmless else sayable(self.credentials.known(value))
            # Beyond the cut, a little is looked at: what is cut in two could not be recognised.
            seen = sayable(self.credentials.known(value[: longest + _SLACK]))
            return seen[: longest - _SLACK] + f"… [{len(value):,} characters]".replace(",", " ")
        if isinstance(value, Mapping):
            return {
                name: (SECRET if isinstance(inner, str) and is_secret_name(str(name)) else self.plain(inner))
                for name, inner in value.items()
            }
        if isinstance(value, (list, tuple)):
            items = [self.plain(each) for each in value]
            return tuple(items) if isinstance(value, tuple) else items
        return carried(value)

    def title(self, name: str) -> str:
        """Redact credentials in the name of a span."""
        if name in self._harmless or self._are_harmless([name]):
            return name
        return sayable(self.credentials.known(name))

    def conceals(self, *texts: object) -> bool:
        """Whether a failure's texts must not be said: the model is quoted, and content is not asked for."""
        return not self.places and any(quotes_model(text) for text in texts)

    def _unknown_texts(self, attributes: Mapping[str, Any]) -> list[str] | None:
        """Collect texts that were not seen before; None where a name, or a value, needs a closer look."""
        texts: list[str] = []
        harmless = self._harmless
        for name, value in attributes.items():
            if value.__class__ is str:
                if KINDS[name]:
                    return None
                if len(value) > _LONGEST_PLAIN:
                    return None
                if value not in harmless:
                    texts.append(value)
            elif value.__class__ is int:
                if not fits(value):
                    return None
            elif value.__class__ not in _SCALARS and (KINDS[name] or not _add_items(value, texts)):
                return None
        return texts

    def _are_harmless(self, texts: Sequence[str]) -> bool:
        joined = "\n".join(texts)
        if sayable(joined) is not joined or (texts and self.credentials.suspects(joined)):
            return False
        if len(self._harmless) > _MOST_HARMLESS:
            self._harmless.clear()
        self._harmless.update(text for text in texts if len(text) <= _SHORT)
        return True

    def _named(self, name: str, value: Any, place: Place, store: object) -> Any:  # noqa: ANN401
        kind = KINDS[name]
        if kind is Kind.QUERY and isinstance(store, str) and store.lower() in names.VECTOR_STORES:
            kind = Kind.CONTENT
        if kind is Kind.CONTENT:
            if isinstance(value, (bool, int, float)):
                return value
            return self.content.value(value) if place in self.places else None
        if kind is Kind.SECRET:
            return _secret(value)
        if kind is Kind.PARAMETERS and isinstance(value, str):
            return self.content.string(value) if place in self.places else parameters(value)
        if kind is Kind.FREE and isinstance(value, str):
            return self.failure.string(value)
        return self.plain(value)

    def _conceal(self, attributes: dict[str, Any]) -> None:
        """Leave out the message of an exception that quotes the model."""
        message = attributes.get("exception.message")
        if not self.conceals(attributes.get("exception.type"), message):
            return
        if isinstance(message, str):
            attributes["exception.message"] = NOT_CAPTURED
        trace = attributes.get("exception.stacktrace")
        if isinstance(trace, str):
            shown = trace.replace(message, NOT_CAPTURED) if isinstance(message, str) and message else trace
            attributes["exception.stacktrace"] = shown if shown != trace else NOT_CAPTURED


def _secret(value: Any) -> Any:  # noqa: ANN401
    """Replace a text, or the values of a header."""
    if isinstance(value, (list, tuple)):
        return tuple(SECRET if isinstance(each, (str, bytes)) else each for each in value)
    return SECRET if value and isinstance(value, (str, bytes, Mapping)) else value


def _add_items(value: Any, texts: list[str]) -> bool:  # noqa: ANN401
    """Add the texts of a sequence of scalars; False where the value is something else."""
    if not isinstance(value, (list, tuple)):
        return False
    for each in value:
        if each.__class__ is str:
            if len(each) > _LONGEST_PLAIN:
                return False
            texts.append(each)
        elif each.__class__ not in _SCALARS or (each.__class__ is int and not fits(each)):
            return False
    return True
