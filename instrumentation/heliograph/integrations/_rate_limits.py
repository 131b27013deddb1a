"""A provider's quota, from the rate-limit headers of an answer.

| provider | headers |
|---|---|
| OpenAI, Azure, Groq, Together, ... | `x-ratelimit-{limit,remaining}-{requests,tokens}` |
| Anthropic | `anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-{limit,remaining}` |

Sources: https://platform.openai.com/docs/guides/rate-limits, https://docs.anthropic.com/en/api/rate-limits,
https://learn.microsoft.com/azure/ai-services/openai/how-to/quota (Azure sends OpenAI's spelling, and may leave
out the limits).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Quota", "QuotaKind", "read_quotas"]

QuotaKind = Literal["requests", "tokens", "input_tokens", "output_tokens"]
_KINDS: Final[tuple[QuotaKind, ...]] = ("requests", "tokens", "input_tokens", "output_tokens")

_HEADERS: Final[Mapping[str, tuple[str, str]]] = {
    **{f"x-ratelimit-{what}-{kind}": (kind, what) for kind in _KINDS[:2] for what in ("limit", "remaining")},
    **{
        f"anthropic-ratelimit-{kind.replace('_', '-')}-{what}": (kind, what)
        for kind in _KINDS
        for what in ("limit", "remaining")
    },
}
"""Header, in lower case -> (kind, limit or remaining)."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What is allowed and what is left of one kind; None where the provider does not say."""

    kind: QuotaKind
    limit: float | None
    remaining: float | None


def read_quotas(headers: Mapping[str, str]) -> list[Quota]:
    """Read the quotas, in whatever case the headers are spelled; one look at each header."""
    found: dict[tuple[str, str], float] = {}
    for name, given in headers.items():
        place = _HEADERS.get(name.lower())
        value = _number(given) if place is not None else None
        if place is not None and value is not None:
            found.setdefault(place, value)
    if not found:
        return []
    quotas = (Quota(k, found.get((k, "limit")), found.get((k, "remaining"))) for k in _KINDS)
    return [quota for quota in quotas if quota.limit is not None or quota.remaining is not None]


def _number(given: str) -> float | None:
    try:
        value = float(given)
    except ValueError:
        return None
    # Some gateways send -1 for "unlimited": no quota, then.
    return value if 0 <= value < float("inf") else None
