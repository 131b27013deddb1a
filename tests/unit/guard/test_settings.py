"""The strictest of what is said wins."""

from __future__ import annotations

import pytest

from heliograph.guard import ContentPolicy, policy_from

MODE, LENGTH = "HELIOGRAPH_CAPTURE_CONTENT", "HELIOGRAPH_CONTENT_LENGTH"
OFFICIAL = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
BOTH, SPANS, LOGS, NOWHERE = {"spans", "logs"}, {"spans"}, {"logs"}, set[str]()

CASES = [
    # argument, environment, mode, places
    (None, {}, "never", BOTH),
    (False, {}, "never", BOTH),
    (True, {}, "full", BOTH),
    ("truncated", {}, "truncated", BOTH),
    ("FULL", {}, "full", BOTH),
    (None, {MODE: "truncated"}, "truncated", BOTH),
    (None, {MODE: "1"}, "full", BOTH),
    (None, {MODE: " "}, "never", BOTH),
    (True, {MODE: "truncated"}, "truncated", BOTH),
    ("truncated", {MODE: "full"}, "truncated", BOTH),
    (False, {MODE: "full"}, "never", BOTH),
    (True, {MODE: "off"}, "never", BOTH),
    (None, {OFFICIAL: "SPAN_ONLY"}, "full", SPANS),
    (None, {OFFICIAL: "event_only"}, "full", LOGS),
    (None, {OFFICIAL: "span_and_event"}, "full", BOTH),
    (None, {OFFICIAL: "true"}, "full", BOTH),
    (True, {OFFICIAL: "no_content"}, "never", NOWHERE),
    ("truncated", {OFFICIAL: "span_only"}, "truncated", SPANS),
    (False, {OFFICIAL: "span_only"}, "never", SPANS),
]


@pytest.mark.parametrize(("argument", "environ", "mode", "places"), CASES)
def test_mode(argument: bool | str | None, environ: dict[str, str], mode: str, places: set[str]) -> None:
    policy, warnings = policy_from(argument, environ)
    assert (str(policy.mode), set(map(str, policy.places))) == (mode, places)
    assert warnings == []


@pytest.mark.parametrize(
    ("argument", "environ", "says"),
    [
        ("sometimes", {}, "capture_content='sometimes' is none of never, truncated, full"),
        (True, {MODE: "maybe"}, MODE),
        (True, {OFFICIAL: "all"}, OFFICIAL),
    ],
)
def test_what_is_not_understood_captures_nothing(argument: bool | str, environ: dict[str, str], says: str) -> None:
    policy, (warning,) = policy_from(argument, environ)
    assert not policy.captures
    assert says in warning


@pytest.mark.parametrize(("given", "longest"), [("", 2000), ("500", 500), ("0", 2000), ("-3", 2000), ("many", 2000)])
def test_length(given: str, longest: int) -> None:
    policy, warnings = policy_from("truncated", {LENGTH: given})
    assert policy.longest == longest
    assert bool(warnings) is (given not in {"", "500"})


def test_a_policy_of_the_users_own_is_kept_but_for_what_is_stricter() -> None:
    own = ContentPolicy("full", 70, redact=str.upper)
    policy, _ = policy_from(own, {MODE: "truncated", LENGTH: "50"})
    assert (policy.mode, policy.longest, policy.redact) == ("truncated", 50, str.upper)
    assert policy_from(own, {})[0] == own
