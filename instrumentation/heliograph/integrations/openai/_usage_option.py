"""Asking a stream for its usage, where the caller did not: `stream_options: {"include_usage": true}`.

Without it OpenAI, and most endpoints that speak its language, stream an answer and never say what it cost
(https://platform.openai.com/docs/api-reference/chat/create). Some do not know the option and refuse the request:
they are asked again without it, once, and remembered by their base URL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heliograph.integrations.openai._apis import Api
    from heliograph.integrations.openai._endpoint import Endpoint

__all__ = ["ask", "forget", "refused", "remember"]

_NAME: Final = "stream_options"
_REFUSALS: Final = frozenset({400, 422})
_MOST_REMEMBERED: Final = 1024

_refusing: set[str] = set()
"""Base URLs that refused."""


def ask(api: Api, body: Mapping[str, Any], extra: object, endpoint: Endpoint) -> dict[str, Any] | None:
    """Give the body to send instead, with the option; None where it is not to be added."""
    if (
        not api.usage_on_request
        or body.get("stream") is not True
        or body.get(_NAME) is not None
        or (isinstance(extra, dict) and _NAME in extra)
        or not endpoint.may_be_asked_for_usage
        or endpoint.url in _refusing
    ):
        return None
    return {**body, _NAME: {"include_usage": True}}


def refused(error: BaseException) -> bool:
    """Whether an endpoint answered that it does not know the option."""
    if getattr(error, "status_code", None) not in _REFUSALS:
        return False
    said = f"{getattr(error, 'param', '')} {getattr(error, 'body', '')} {error}"
    return _NAME in said or "include_usage" in said


def remember(endpoint: Endpoint) -> None:
    """Ask this endpoint no more."""
    if len(_refusing) < _MOST_REMEMBERED:
        _refusing.add(endpoint.url)


def forget() -> None:
    """Forget who refused."""
    _refusing.clear()
