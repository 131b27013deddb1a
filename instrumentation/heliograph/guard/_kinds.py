"""What the name of an attribute says about its text."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Final

from heliograph.genai.vocabulary import _content as names
from heliograph.guard._patterns import SENSITIVE_NAME

__all__ = ["KINDS", "Kind", "is_secret_name", "quotes_model"]

_MOST: Final = 4096
_SENSITIVE_NAME: Final = re.compile(SENSITIVE_NAME)


class Kind(IntEnum):
    """Kinds of texts, by their names."""

    PLAIN = 0  # only credentials are looked for
    CONTENT = 1
    SECRET = 2
    QUERY = 3  # content where a vector store is asked
    PARAMETERS = 4  # JSON, of which the plain parameters are no content
    FREE = 5  # of a failure: redacted like content, and kept


class _Kinds(dict[str, Kind]):
    """Kinds of names, remembered. Reading and storing are atomic; a name judged twice is judged the same."""

    def __missing__(self, name: str) -> Kind:
        kind = _kind(name)
        if len(self) < _MOST:
            self[name] = kind
        return kind


def _kind(name: str) -> Kind:
    if name in names.PARAMETER_ATTRIBUTES:
        return Kind.PARAMETERS
    if names.is_content(name):
        return Kind.CONTENT
    if is_secret_name(name):
        return Kind.SECRET
    if name in names.QUERY_ATTRIBUTES:
        return Kind.QUERY
    return Kind.FREE if name in names.FREE_TEXTS else Kind.PLAIN


def is_secret_name(name: str) -> bool:
    """Whether what this name says is a secret, whatever it looks like."""
    return _SENSITIVE_NAME.search(name) is not None


def quotes_model(text: object) -> bool:
    """Whether this is the type, or the message, of an exception known to quote what a model answered."""
    return isinstance(text, str) and any(name in text[:256] for name in names.CONTENT_EXCEPTIONS)


KINDS: Final = _Kinds()
