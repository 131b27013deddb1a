"""A provider's quota, from the rate-limit headers of an answer.

| provider | headers |
|---|---|
| OpenAI, Azure, Groq, Mistral, ... | `x-ratelimit-{limit,remaining}-{requests,tokens}` |
| Anthropic | `anthropic-ratelimit-{requests,tokens}-{limit,remaining}` |

Sources: https://platform.openai.com/docs/guides/rate-limits, https://docs.anthropic.com/en/api/rate-limits,
https://learn.microsoft.com/azure/ai-services/openai/how-to/quota (Azure sends OpenAI's spelling, and may leave
out the limits).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Quota", "read_quotas"]

Kind = Literal["requests", "tokens"]
_KINDS: Final[tuple[Kind, ...]] = ("requests", "tokens")


@dataclass(frozen=True, slots=True)
class Quota:
    """What is allowed and what is left of one kind; None where the provider does not say."""

    kind: Kind
    limit: float | None
    remaining: float | None


def read_quotas(headers: Mapping[str, str]) -> list[Quota]:
    """Read the quotas; `headers` is matched as given, so it should ignore case (httpx's does)."""
    found: list[Quota] = []
    for kind in _KINDS:
        limit = _first(headers, f"x-ratelimit-limit-{kind}", f"anthropic-ratelimit-{kind}-limit")
        remaining = _first(headers, f"x-ratelimit-remaining-{kind}", f"anthropic-ratelimit-{kind}-remaining")
        if limit is not None or remaining is not None:
            found.append(Quota(kind, limit, remaining))
    return found


def _first(headers: Mapping[str, str], *names: str) -> float | None:
    for name in names:
        given = headers.get(name)
        if given is None:
            continue
        try:
            value = float(given)
        except ValueError:
            continue
        # Some gateways send -1 for "unlimited": no quota, then.
        if 0 <= value < float("inf"):
            return value
    return None
