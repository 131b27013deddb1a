"""What a stranger may send: it hurts at most its own span, and memory stays bounded."""

from __future__ import annotations

import gc
import gzip
import json
import logging
import time
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.meter._request import JSON, RefusedError, parse, uncompressed
from heliograph.meter._sighting import Sighting

if TYPE_CHECKING:
    from collections.abc import Callable

Bench = Any  # tests/unit/meter/conftest.py
HOUR = 3_600_000_000_000


def s(name: str, **said: Any) -> dict[str, Any]:
    return {"name": name, **said}


def take(bench: Bench, *described: dict[str, Any]) -> tuple[int, str]:
    answer: tuple[int, str] = bench.service.take(parse(json.dumps({"resourceSpans": list(described)}).encode(), JSON))
    bench.move_to(bench.now + 11.0)
    return answer


def the_span(described: dict[str, Any]) -> dict[str, Any]:
    span: dict[str, Any] = described["scopeSpans"][0]["spans"][0]
    return span


# --- encodings


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("zlib", zlib.compress),
        ("identity", bytes),
        ("", bytes),
    ],
)
def test_encodings_of_the_collectors_own_receiver(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    """https://github.com/open-telemetry/opentelemetry-collector/blob/main/config/confighttp: all that zlib can read."""
    assert uncompressed(pack(b"x" * 1000), encoding, 1000) == b"x" * 1000


def test_every_member_of_a_gzip_is_read() -> None:
    """RFC 1952, 2.2: a file is a series of members. The second one was lost, with a 200."""
    body = gzip.compress(b"one") + gzip.compress(b"two") + gzip.compress(b"")
    assert uncompressed(body, "gzip", 6) == b"onetwo"
    with pytest.raises(RefusedError, match="at most 5 bytes"):
        uncompressed(body, "gzip", 5)
    with pytest.raises(RefusedError, match="no gzip"):
        uncompressed(gzip.compress(b"one") + b"garbage", "gzip", 100)


# --- JSON


def test_half_a_character_in_json_spoils_nothing(bench: Bench, describe: Any) -> None:
    r"""JavaScript cuts texts between two halves of a character; JSON.stringify sends the half as `\\ud83d`."""
    half = describe("half")
    the_span(half)["attributes"].append({"key": "user.id", "value": {"stringValue": "ada \ud83d"}})
    assert take(bench, half, describe("whole", trace="other")) == (0, "")
    assert {event.get("user_id") for event in bench.events()} == {"ada \ufffd", None}


def test_json_that_is_no_utf8_spoils_nothing_but_that_text(bench: Bench, describe: Any) -> None:
    one = describe("one", user__id="MARK")
    content = json.dumps({"resourceSpans": [one]}).encode().replace(b"MARK", b"\xff\xfe")
    assert bench.service.take(parse(content, JSON)) == (0, "")
    bench.move_to(11.0)
    (event,) = bench.events()
    assert event["user_id"] == "\ufffd\ufffd"


@pytest.mark.parametrize(
    "spoil",
    [
        {"startTimeUnixNano": "yesterday"},
        {"endTimeUnixNano": -1},
        {"endTimeUnixNano": str(2**64)},
        {"name": 5},
        {"attributes": [{"key": "n", "value": {"intValue": str(2**63)}}]},
        {"attributes": [{"key": "n", "value": {"intValue": 1.5}}]},
        {"attributes": [{"key": "n", "value": {"stringValue": 5}}]},
        {"attributes": "none"},
        {"events": [{"timeUnixNano": {}}]},
    ],
    ids=str,
)
def test_a_span_of_json_that_cannot_be_read_is_left_out_alone(
    bench: Bench, describe: Any, spoil: dict[str, Any]
) -> None:
    bad = describe("bad")
    the_span(bad).update(spoil)
    rejected, why = take(bench, bad, describe("good"))
    assert rejected == 1
    assert "cannot be read" in why
    assert bench.metrics()["shop"]["llm_requests"] == 1


# --- times


@pytest.mark.parametrize(
    ("start", "end", "latency"),
    [
        (0, 0, 0.0),
        (None, 0, 0.0),
        (0, None, 0.0),
        (1, None, 0.0),
        (None, 2**64 - 1, 0.0),
        (2**64 - 1_000_000, 2**64 - 1_000_000, 0.0),
        (10 * HOUR, 10 * HOUR + 2_000_000_000, 2.0),
    ],
    ids=[
        "no times",
        "no end",
        "no start",
        "a start that cannot be",
        "an end that cannot be",
        "near the end of all numbers",
        "a clock that is ahead",
    ],
)
def test_times_that_cannot_be_spoil_neither_latency_nor_the_event(
    bench: Bench, describe: Any, start: int | None, end: int | None, latency: float
) -> None:
    """One event with a time beyond 64 bits took its whole batch along: 512 events of any application."""
    now = time.time_ns()
    bad = describe("bad")
    span = the_span(bad)
    ahead = start is not None and end is not None and 1 < start < 2**62
    span["startTimeUnixNano"] = str(now - HOUR if start is None else now + start if ahead else start)
    span["endTimeUnixNano"] = str(now - HOUR if end is None else now + end if ahead else end)
    take(bench, bad)
    (event,) = bench.events()
    assert event["llm_latency_seconds"] == latency
    assert now - HOUR <= event["at"] <= time.time_ns() + 1_000_000


# --- sizes


@pytest.mark.parametrize(
    "name",
    [
        "gen_ai.request.model",
        "gen_ai.response.model",
        "gen_ai.response.id",
        "gen_ai.response.finish_reasons",
        "openai.response.service_tier",
        "error.type",
        "gen_ai.provider.name",
        "user.id",
        "scope",
    ],
)
def test_a_text_without_end_is_not_kept(bench: Bench, describe: Any, name: str) -> None:
    """30 000 spans are remembered: with texts of a megabyte that would be 30 GB."""
    long = "x" * 100_000
    one = describe("one", **({name: long} if name != "scope" else {}))
    if name == "scope":
        one["scopeSpans"][0]["scope"]["name"] = long
    if name == "error.type":
        the_span(one)["status"] = {"code": 2}
    take(bench, one)
    (kept,) = bench.service.room._memory._seen.values()
    held = [kept.scope, *(getattr(kept.call, field) for field in kept.call.__slots__)]
    assert max(len(value) for value in held if isinstance(value, str)) <= 256
    (event,) = bench.events()
    assert max(len(value) for value in event.values() if isinstance(value, str)) <= 1500


def test_long_response_ids_that_differ_at_their_ends_are_two_answers(bench: Bench, describe: Any) -> None:
    """LiteLLM's are base64 of its own route, the model's id and, at last, the provider's id."""
    route = "resp_" + "bGl0ZWxsbTpjdXN0b21fbGxtX3Byb3ZpZGVy" * 8
    take(bench, *(describe(f"call{i}", lib=f"lib{i}", trace=f"t{i}", answer=f"{route}{i}") for i in range(2)))
    assert len(bench.events()) == 2


def test_calls_beneath_a_span_that_never_comes_are_forgotten_like_others(
    bench_with: Callable[..., Bench],
) -> None:
    """The parent of a call is mostly an HTTP server's span, of which the meter never hears."""
    bench = bench_with(changes={"remembered": 100, "waiting": 10})
    for trace in range(60):
        bench.send(*(s(f"{trace}-{i}", trace=f"t{trace}", parent=f"http{trace}") for i in range(20)))
        bench.service.events.drop(len(bench.service.events))
    gc.collect()
    alive = sum(isinstance(thing, Sighting) for thing in gc.get_objects())
    assert alive <= 400


def test_counters_of_applications_that_went_are_gone(bench_with: Callable[..., Bench]) -> None:
    from opentelemetry.sdk.metrics import MeterProvider

    bench = bench_with(changes={"idle": 5.0, "wait": 0.0})
    gc.collect()
    before = sum(isinstance(thing, MeterProvider) for thing in gc.get_objects())
    for i in range(5):
        bench.send(s(f"call{i}", trace=f"t{i}", app=f"app{i}"))
        bench.move_to(bench.now + 1.0)
        bench.now += 1.0
        for _, taken in bench.service._readers():
            taken()
        bench.now += 60.0
        bench.service.applications.remove_idle(bench.now)
    gc.collect()
    assert len(bench.service.applications) == 0
    assert sum(isinstance(thing, MeterProvider) for thing in gc.get_objects()) <= before


# --- trace states


@pytest.mark.parametrize("state", ["Bad Key=x,heliograph=a1b2c3d4", "heliograph=a1b2c3d4,=", "x=y , heliograph=a1b2"])
def test_the_mark_is_found_beside_what_is_no_trace_state(
    bench: Bench, describe: Any, caplog: pytest.LogCaptureFixture, state: str
) -> None:
    """One member that another vendor got wrong made the whole state unreadable, and the call count twice."""
    with caplog.at_level(logging.WARNING):
        take(bench, describe("gateway", state=state))
    assert bench.events() == []
    assert bench.service.tally.repeated["metered_at_home"] == 1
    assert caplog.text == "", "nobody's spans write the meter's log"


@pytest.mark.parametrize("state", ["", "x=y", "xheliograph=1", "heliograph", "heliograph=", "Bad Key=\xff"])
def test_other_trace_states_are_no_mark(
    bench: Bench, describe: Any, caplog: pytest.LogCaptureFixture, state: str
) -> None:
    with caplog.at_level(logging.WARNING):
        take(bench, describe("call", state=state))
    assert len(bench.events()) == 1
    assert caplog.text == ""
