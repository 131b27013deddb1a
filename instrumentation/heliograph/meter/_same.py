"""How surely two spans tell of one and the same call.

Both are calls. Facts used, from the strongest to the weakest: the provider's id of the answer; being one around the
other in one trace, with the same usage; the same with the usage known on one side only, or on none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

# The application and the meter tell calls apart by the same words.
from heliograph.genai._dedupe import _is_framework
from heliograph.genai._twins import kind_of, models_agree

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heliograph.genai._call import Call
    from heliograph.meter._sighting import Sighting

__all__ = ["SAME_ANSWER", "encloses", "family", "likeness", "worthless"]

SAME_ANSWER: Final = 4
SAME_USAGE: Final = 3
SAME_OUTCOME: Final = 2
COMPATIBLE: Final = 1

SKEW: Final = 1_000_000_000
"""Nanoseconds by which clocks of two machines may differ, when times decide."""
_SURE_ID: Final = 20
"""Characters from which on an id is no accident. Some local servers number their answers from 0 to 999."""


def likeness(one: Sighting, other: Sighting, *, nested: bool, trusted: bool = True) -> int:
    """Rate how surely two calls are one, from 0 (they are two) to SAME_ANSWER.

    `nested` says that one is an ancestor of the other. Where it is not known - spans between them are no GenAI spans,
    or a library makes siblings of them - their times must fit.
    """
    if one.call is None or other.call is None:
        return 0
    if _same_answer(one, other, trusted=trusted):
        return SAME_ANSWER
    foreign = one.application.service != other.application.service
    if one.key[0] != other.key[0] or one.layer == other.layer:
        return 0
    if family(one.call) != family(other.call):
        return 0
    if not nested and not (encloses(one, other, foreign=foreign) or encloses(other, one, foreign=foreign)):
        return 0
    return _by_content(one.call, other.call, nested=nested, foreign=foreign)


def encloses(outer: Sighting, inner: Sighting, *, foreign: bool) -> bool:
    """Whether one span's time holds the other's; `foreign` allows for clocks that differ."""
    slack = SKEW if foreign else 0
    return outer.started - slack <= inner.started and inner.ended <= outer.ended + slack


def worthless(sightings: Iterable[Sighting]) -> bool:
    """Whether one layer has given the same response id to different answers, as broken endpoints do to all."""
    told: dict[object, tuple[int, int]] = {}
    for one in sightings:
        usage = _usage(one.call) if one.call is not None else None
        if usage is not None and told.setdefault(one.layer, usage) != usage:
            return True
    return False


def _same_answer(one: Sighting, other: Sighting, *, trusted: bool) -> bool:
    """Apply the rules of `heliograph.genai._dedupe` for one response id, which hold within an application."""
    a, b = one.call, other.call
    if a is None or b is None or not a.response_id or a.response_id != b.response_id or family(a) != family(b):
        return False
    unique = trusted and len(a.response_id) >= _SURE_ID
    agree = _usage(a) is None or _usage(b) is None or _usage(a) == _usage(b)
    if one.layer == other.layer:
        return unique and agree and _is_framework(one.scope)
    overlap = one.started <= other.ended + SKEW and other.started <= one.ended + SKEW
    return (agree or overlap) if unique else (agree and overlap)


def _by_content(a: Call, b: Call, *, nested: bool, foreign: bool) -> int:
    alike = a.status == b.status
    if _usage(a) and _usage(b):
        if _usage(a) == _usage(b):
            return SAME_USAGE if models_agree(a, b) or nested else 0
        # One of the two may count cached tokens apart. Two answers with ids of their own are two answers.
        different = a.response_id and b.response_id
        return COMPATIBLE if nested and foreign and alike and not different and models_agree(a, b) else 0
    if not models_agree(a, b):
        return 0
    if foreign:
        return SAME_OUTCOME if alike else COMPATIBLE
    # Siblings within one service, without usage: only failures, which seldom have any.
    return SAME_OUTCOME if alike and a.status == "error" else 0


def _usage(call: Call) -> tuple[int, int] | None:
    """Return input and output tokens; None where there are none: two zeros say nothing."""
    known = call.input_tokens or 0, call.output_tokens or 0
    return known if any(known) else None


def family(call: Call) -> str:
    """Name the kind of the call: a chat may hold an embedding, and both count."""
    return kind_of(call.operation)
