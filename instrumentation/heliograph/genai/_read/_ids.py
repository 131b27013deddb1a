"""Whose call it was, from the span itself: for applications that do not use the package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heliograph.genai import _text
from heliograph.genai import vocabulary as v
from heliograph.genai._plain import attributes_of
from heliograph.genai._read._values import first
from heliograph.genai._run import QueryIds

if TYPE_CHECKING:
    from heliograph.genai._read._span import Readable

__all__ = ["read_ids"]


def read_ids(span: Readable) -> QueryIds:
    """Read user, session, tenant, kind of query, chain and prompt in any dialect; each at most 256 characters."""
    attributes = attributes_of(span)

    def short(spec: v.AttributeSpec) -> str | None:
        return _text.short(first(attributes, spec))

    return QueryIds(
        query_type=short(v.QUERY_TYPE) or "default",
        user_id=short(v.USER_ID),
        session_id=short(v.SESSION_ID),
        tenant=short(v.TENANT),
        chain=short(v.CHAIN),
        prompt_name=short(v.PROMPT_NAME),
        prompt_version=short(v.PROMPT_VERSION),
    )
