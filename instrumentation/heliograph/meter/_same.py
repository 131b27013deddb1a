"""How surely two spans tell of one and the same call.

Both are calls. Facts used, from the strongest to the weakest: the provider's id of the answer; being one around the
other in one trace, with the same usage; the same with the usage known on one side only, or on none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from heliograph.genai._call import Call
    from heliograph.meter._sighting import Sighting

__all__ = ["SAME_ANSWER", "encloses", "likeness"]

SAME_ANSWER: Final = 4
SAME_USAGE: Final = 3
SAME_OUTCOME: Final = 2
COMPATIBLE: Final = 1

SKEW: Final = 1_000_000_000
"""Nanoseconds by which clocks of two machines may differ, when times decide."""
_NEARBY: Final = 60_000_000_000
"""Two spans with one response id tell of one call when less than these nanoseconds lie between them."""
_SURE_ID: Final = 20
"""Characters from which on an id is no accident. Some local servers number their answers from 0 to 999."""

_TEXT: Final = frozenset({"chat", "text_completion", "generate_content"})
_RELEASE: Final = re.compile(r"([-@:](\d{8}|\d{4}-\d{2}-\d{2}|\d{4}|latest|v\d+(:\d+)?))+$")


def likeness(one: Sighting, other: Sighting, *, nested: bool) -> int:
    """Rate how surely two calls are one, from 0 (they are two) to SAME_ANSWER.

    `nested` says that one is an ancestor of the other. Where it is not known - spans between them are no GenAI spans,
    or a library makes siblings of them - their times must fit.
    """
    if one.call is None or other.call is None:
        return 0
    if _same_answer(one, other):
        return SAME_ANSWER
    foreign = one.application.service != other.application.service
    if one.key[0] != other.key[0] or one.layer == other.layer:
        return 0
    if _family(one.call) != _family(other.call):
        return 0
    if not nested and not (encloses(one, other, foreign=foreign) or encloses(other, one, foreign=foreign)):
        return 0
    return _by_content(one.call, other.call, nested=nested, foreign=foreign)


def encloses(outer: Sighting, inner: Sighting, *, foreign: bool) -> bool:
    """Whether one span's time holds the other's; `foreign` allows for clocks that differ."""
    slack = SKEW if foreign else 0
    return outer.started - slack <= inner.started and inner.ended <= outer.ended + slack


def _same_answer(one: Sighting, other: Sighting) -> bool:
    a, b = one.call, other.call
    if a is None or b is None or not a.response_id or a.response_id != b.response_id:
        return False
    if one.started > other.ended + _NEARBY or other.started > one.ended + _NEARBY:
        return False
    return len(a.response_id) >= _SURE_ID or not (_usage(a) and _usage(b)) or _usage(a) == _usage(b)


def _by_content(a: Call, b: Call, *, nested: bool, foreign: bool) -> int:
    alike = a.status == b.status
    if _usage(a) and _usage(b):
        if _usage(a) == _usage(b):
            return SAME_USAGE if _models_agree(a, b) or nested else 0
        # One of the two may count cached tokens apart. Two answers with ids of their own are two answers.
        different = a.response_id and b.response_id
        return COMPATIBLE if nested and foreign and alike and not different and _models_agree(a, b) else 0
    if not _models_agree(a, b):
        return 0
    if foreign:
        return SAME_OUTCOME if alike else COMPATIBLE
    # Siblings within one service, without usage: only failures, which seldom have any.
    return SAME_OUTCOME if alike and a.status == "error" else 0


def _usage(call: Call) -> tuple[int, int] | None:
    """Return input and output tokens; None where there are none: two zeros say nothing."""
    known = call.input_tokens or 0, call.output_tokens or 0
    return known if any(known) else None


def _family(call: Call) -> str:
    return "text" if call.operation in _TEXT else call.operation


def _models_agree(a: Call, b: Call) -> bool:
    """Whether some name of one is some name of the other, but for vendor prefixes and dates."""
    names, others = _names(a), _names(b)
    return not names or not others or not names.isdisjoint(others)


def _names(call: Call) -> set[str]:
    given = {name for name in (call.model, call.requested_model) if name and name != "unknown"}
    return {_RELEASE.sub("", name.rsplit("/", 1)[-1].lower()) for name in given}
