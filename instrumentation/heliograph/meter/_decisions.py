"""Who counts: of all the spans that tell of one call, one, under the name of the application nearest to the user."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from heliograph.genai._run import QueryIds
from heliograph.meter._matching import is_covered, is_of_kind, same_call
from heliograph.meter._sighting import ID_SPECS, State

if TYPE_CHECKING:
    from heliograph.genai._call import Call
    from heliograph.meter._memory import Memory
    from heliograph.meter._sighting import Sighting

__all__ = ["REASONS", "Counted", "Reason", "Repeated", "decide"]

Reason = Literal["resent", "encloses", "enclosed", "same_answer", "other_service", "other_library", "metered_at_home"]
REASONS: Final[tuple[Reason, ...]] = (
    "resent",
    "encloses",
    "enclosed",
    "same_answer",
    "other_service",
    "other_library",
    "metered_at_home",
)
"""Why a call span is not counted: it came before; it holds the calls that count, or is within one that counted; the
provider's response id, another service, or another library of the service tells of the same call; the application
counted it."""

_KNOWN: Final = frozenset({State.COUNTED, State.REPEATED, State.HOME})


@dataclass(frozen=True, slots=True)
class Counted:
    """A call to count under the application of `sighting`."""

    sighting: Sighting
    call: Call
    ids: QueryIds | None
    chain: str | None


@dataclass(frozen=True, slots=True)
class Repeated:
    """A call span that is not counted."""

    sighting: Sighting
    reason: Reason


def decide(memory: Memory, sighting: Sighting) -> list[Counted | Repeated]:
    """Decide a waiting call, together with all waiting spans that tell of the same one."""
    if is_covered(memory, sighting):
        sighting.state = State.COVERED
        memory.decided(sighting)
        return [Repeated(sighting, "encloses")]
    around = _counted_around(memory, sighting)
    if around is not None:
        sighting.state = State.REPEATED
        memory.decided(sighting)
        return [Repeated(sighting, "metered_at_home" if around.state is State.HOME else "enclosed")]
    group = same_call(memory, sighting, note=True)
    waiting = [member for member in group if member.state is State.WAITING]
    known = _known(group, waiting)
    chosen = None if known else _nearest_to_the_user(memory, waiting)
    outcome: list[Counted | Repeated] = []
    for member in waiting:
        memory.decided(member)
        if member is chosen:
            continue
        member.state = State.REPEATED
        outcome.append(Repeated(member, _reason(member, known or [chosen or member])))
    if chosen is not None:
        chosen.state = State.COUNTED
        ids, chain = _ids(memory, chosen, group)
        outcome.append(Counted(chosen, _with_usage(chosen, waiting), ids, chain))
    return outcome


def _counted_around(memory: Memory, sighting: Sighting) -> Sighting | None:
    """Find a call of the same service and kind around this one that was counted, or will be, with all that it tells."""
    for above in memory.ancestors(sighting):
        if is_of_kind(above, sighting) and _tells_all(memory, above, sighting):
            return above
    return None


def _tells_all(memory: Memory, above: Sighting, sighting: Sighting) -> bool:
    """Whether counting `above` leaves nothing of the call within it to count."""
    inner, outer = sighting.call, above.call
    if inner is None or outer is None or above.state is State.HOME:
        return outer is not None
    if not inner.has_usage and inner.status != "success" and outer.status == "success":
        return False  # an attempt that failed is an attempt all the same
    if above.state is State.WAITING:
        return not is_covered(memory, above)
    return above.state in _KNOWN and (outer.has_usage or not inner.has_usage)


def _known(group: list[Sighting], waiting: list[Sighting]) -> list[Sighting]:
    """List those of the group that were counted.

    One without usage is none where another knows the usage now: two counts are better than one without tokens.
    """
    known = [one for one in group if one.state in _KNOWN]
    told = any(one.call is not None and one.call.has_usage for one in known)
    asked = any(one.call is not None and one.call.has_usage for one in waiting)
    return known if told or not asked or any(one.state is State.HOME for one in known) else []


def _nearest_to_the_user(memory: Memory, group: list[Sighting]) -> Sighting:
    """Choose the outermost service and, of its libraries, the one nearest to the provider that knows the usage."""
    outermost = min(group, key=lambda one: _distance(memory, one, group))
    own = [one for one in group if one.application.service == outermost.application.service]
    return min(own, key=lambda one: (one.call is None or not one.call.has_usage, one.ended - one.started, one.key))


def _distance(memory: Memory, one: Sighting, group: list[Sighting]) -> tuple[bool, int, int, int]:
    """Rate how far from the user a span is: within another, or of a layer that began later in the trace.

    Of many equal calls at one moment, pairs may be found crosswise: then the times of a pair tell nothing.
    """
    within = any(above in group for above in memory.ancestors(one))
    one_trace = all(other.key[0] == one.key[0] for other in group)
    return within, memory.layer_began(one) if one_trace else one.started, one.started, -one.ended


def _with_usage(chosen: Sighting, group: list[Sighting]) -> Call:
    """Return the chosen span's call, with the usage of another span that tells of it where it has none itself."""
    call = chosen.call
    if call is None:  # only calls wait
        raise ValueError("a span that is no call was chosen")
    if call.has_usage:
        return call
    lenders = sorted(group, key=lambda one: one.ended - one.started)
    lender = next((one.call for one in lenders if one.call is not None and one.call.has_usage), None)
    if lender is None:
        return call
    unnamed = call.model in {"unknown", call.requested_model}
    return replace(
        call.with_usage_of(lender),
        model=lender.model if unnamed and lender.model != "unknown" else call.model,
        service_tier=call.service_tier or lender.service_tier,
        finish_reason=call.finish_reason or lender.finish_reason,
        response_id=call.response_id or lender.response_id,
    )


def _reason(sighting: Sighting, others: list[Sighting]) -> Reason:
    if any(other.state is State.HOME for other in others):
        return "metered_at_home"
    answer = sighting.call.response_id if sighting.call is not None else None
    if answer and any(other.call is not None and other.call.response_id == answer for other in others):
        return "same_answer"
    service = sighting.application.service
    return "other_library" if any(one.application.service == service for one in others) else "other_service"


def _ids(memory: Memory, chosen: Sighting, group: list[Sighting]) -> tuple[QueryIds | None, str | None]:
    """Take each id from the nearest span that has it: the call's own, those around it, those of the same call."""
    found: list[str | None] = [None] * len(ID_SPECS)
    for start in (chosen, *(one for one in group if one is not chosen)):
        for span in (start, *memory.ancestors(start)):
            if span.ids is not None:
                found = [known or own for known, own in zip(found, span.ids, strict=True)]
    user, session, tenant, query_type, chain, prompt, version = found
    if not any(found):
        return None, None
    ids = QueryIds(
        query_type=query_type or "default",
        user_id=user,
        session_id=session,
        tenant=tenant,
        chain=chain,
        prompt_name=prompt,
        prompt_version=version,
    )
    return ids, chain
