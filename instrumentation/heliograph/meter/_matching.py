"""Which of the spans seen tell of the same call as a given one.

Spans of one service that lie around each other are not the question here: there the inner ones count, however many
they are. This is about spans side by side: of an application and the gateway it calls, of two libraries that do not
know of each other, of layers in different traces.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from heliograph.meter._same import SAME_ANSWER, SAME_USAGE, encloses, family, likeness, worthless
from heliograph.meter._sighting import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heliograph.meter._memory import Memory
    from heliograph.meter._sighting import Sighting

__all__ = ["is_covered", "is_of_kind", "same_call"]

_MOST: Final = 16
"""Spans that are considered together: a trace with more calls at one moment is compared in part."""
_FOLLOWED: Final = 6
"""Likeliest spans of each, whose own likeliest are asked for in turn: who else may want it."""


def is_covered(memory: Memory, sighting: Sighting) -> bool:
    """Whether the call holds one of its own service and kind that counts instead.

    A call with usage is covered by one with usage only: tokens are never lost to attempts without any.
    """
    call = sighting.call
    within = [one.call for one in memory.inner(sighting) if one.call is not None and is_of_kind(one, sighting)]
    return bool(within) and call is not None and (not call.has_usage or any(inner.has_usage for inner in within))


def is_of_kind(one: Sighting, other: Sighting) -> bool:
    """Whether two calls are of one service and kind: then one around the other tells of the same."""
    if one.call is None or other.call is None:
        return False
    return one.application.service == other.application.service and family(one.call) == family(other.call)


def same_call(memory: Memory, sighting: Sighting, *, note: bool) -> list[Sighting]:
    """List the spans that tell of this call, itself first; `note` in each which layers told of it, for good.

    Each layer tells of a call once. A gateway that tried twice behind one call of an application reports two calls:
    the likelier one is the application's, the other is an attempt of the gateway's own.
    """
    edges: dict[tuple[Sighting, Sighting], int] = {}
    found, todo = [sighting], [sighting]
    while todo:
        one = todo.pop()
        related = sorted(_related(memory, one), key=lambda found: _surest_first(one, found[0], found[1]))
        for place, (other, score) in enumerate(related):
            if (other, one) not in edges:
                edges[one, other] = score
            if place < _FOLLOWED and other not in found and len(found) < _MOST:
                found.append(other)
                todo.append(other)
    if not edges:
        return found
    return _group(memory, sighting, _matched(edges), note=note)


def _related(memory: Memory, sighting: Sighting) -> Iterator[tuple[Sighting, int]]:
    service = sighting.application.service
    nested = [span for span in (*memory.ancestors(sighting), *memory.inner(sighting)) if span.call is not None]
    foreign = [span for span in nested if span.application.service != service]
    answered = memory.same_answer(sighting)
    trusted = not worthless(answered)
    rated: dict[Sighting, int] = {}
    for others, is_nested in ((foreign, True), (answered, False), (None, False)):
        if others is None and any(score >= SAME_USAGE for score in rated.values()):
            break  # where one is known to tell of this call, none is sought that might
        for other in memory.twins(sighting) if others is None else others:
            if other is sighting or other in rated or (not is_nested and other in nested):
                continue
            score = likeness(sighting, other, nested=is_nested, trusted=trusted)
            if score and other.state is not State.COVERED and not is_covered(memory, other):
                rated[other] = score
    yield from rated.items()


def _matched(edges: dict[tuple[Sighting, Sighting], int]) -> list[tuple[Sighting, Sighting]]:
    """Take the surest pairs first; of equally sure ones, one that holds the other, then those closest in time."""
    taken = []
    told: dict[Sighting, set[object]] = {}
    for edge in sorted(edges, key=lambda pair: _surest_first(pair[0], pair[1], edges[pair])):
        one, other = edge
        by_one, by_other = told.setdefault(one, set(one.told_by)), told.setdefault(other, set(other.told_by))
        if edges[edge] == SAME_ANSWER or (other.layer not in by_one and one.layer not in by_other):
            by_one.add(other.layer)
            by_other.add(one.layer)
            taken.append(edge)
    return taken


def _surest_first(
    one: Sighting, other: Sighting, score: int
) -> tuple[int, bool, int, tuple[int, int], tuple[int, int]]:
    aside = not (encloses(one, other, foreign=False) or encloses(other, one, foreign=False))
    apart = abs(one.started - other.started) + abs(one.ended - other.ended)
    return -score, aside, apart, min(one.key, other.key), max(one.key, other.key)


def _group(memory: Memory, sighting: Sighting, edges: list[tuple[Sighting, Sighting]], *, note: bool) -> list[Sighting]:
    group = [sighting]
    for member in group:  # grows while it is walked
        for one, other in edges:
            if member in (one, other):
                if note:
                    one.told_by = (*one.told_by, other.layer)
                    other.told_by = (*other.told_by, one.layer)
                    memory.changed(one)
                    memory.changed(other)
                far = other if member is one else one
                if far not in group:
                    group.append(far)
    return group
