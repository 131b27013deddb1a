"""From an argument and the environment to a policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from heliograph.guard._policy import LONGEST, MODES, ContentPolicy, Mode, Place

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["policy_from"]

_MODE: Final = "HELIOGRAPH_CAPTURE_CONTENT"
_LENGTH: Final = "HELIOGRAPH_CONTENT_LENGTH"
_OFFICIAL: Final = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"

# opentelemetry-util-genai 1.3b0 (types.ContentCapturingMode); "true" and "false" are those of the instrumentors before.
_OFFICIAL_PLACES: Final[Mapping[str, tuple[Place, ...]]] = {
    "no_content": (),
    "false": (),
    "span_only": ("spans",),
    "event_only": ("logs",),
    "span_and_event": ("spans", "logs"),
    "true": ("spans", "logs"),
}
_DIGITS: Final = 9
_YES: Final = frozenset({"1", "on", "true", "yes"})
_NO: Final = frozenset({"0", "no", "off", "false"})


def policy_from(
    argument: bool | str | ContentPolicy | None,  # noqa: FBT001 - `configure`'s own argument
    environ: Mapping[str, str],
) -> tuple[ContentPolicy, list[str]]:
    """Combine `configure(capture_content=...)` and the environment; never raises.

    The strictest of what is said wins: the code can forbid what an environment asks for, and an operator what the
    code asks for. None, and an absent or empty variable, say nothing; where all are silent, nothing is captured.
    True is "full". What cannot be understood counts as "never". Returns the policy, and warnings for the user.
    """
    warnings: list[str] = []
    base = argument if isinstance(argument, ContentPolicy) else ContentPolicy()
    said: list[Mode] = []
    if argument is not None:
        said.append(base.mode if isinstance(argument, ContentPolicy) else _mode("capture_content", argument, warnings))
    given = environ.get(_MODE, "").strip()
    if given:
        said.append(_mode(_MODE, given, warnings))
    places = base.places
    official = environ.get(_OFFICIAL, "").strip().lower()
    if official:
        if official not in _OFFICIAL_PLACES:
            warnings.append(
                f"{_OFFICIAL}={official!r} is none of no_content, span_only, event_only, span_and_event: "
                "no content is captured"
            )
        allowed = _OFFICIAL_PLACES.get(official, ())
        said.append("full" if allowed else "never")
        places &= frozenset(allowed)
    mode: Mode = min(said, key=MODES.index, default="never")
    longest = _length(environ.get(_LENGTH, "").strip(), base.longest, warnings)
    return ContentPolicy(mode, longest, base.redact, base.patterns, places), warnings


def _mode(name: str, given: bool | str, warnings: list[str]) -> Mode:  # noqa: FBT001
    if isinstance(given, bool):
        return "full" if given else "never"
    said = str(given).strip().lower()
    for mode in MODES:
        if said == mode:
            return mode
    if said in _YES:
        return "full"
    if said not in _NO:
        warnings.append(f"{name}={given!r} is none of {', '.join(MODES)}: no content is captured")
    return "never"


def _length(given: str, default: int, warnings: list[str]) -> int:
    if not given:
        return default if default > 0 else LONGEST
    if given.isdecimal() and given.isascii() and len(given) < _DIGITS and int(given) > 0:
        return int(given)
    warnings.append(f"{_LENGTH}={given!r} is not a positive number of characters: using {default}")
    return default
