"""What reaches the meter: always taken or refused with a reason, never a defect; and the spans beside it count."""

from __future__ import annotations

import gzip
import json
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.genai._prices import Prices
from heliograph.meter._request import RefusedError, parse, uncompressed
from heliograph.meter._service import MeterService, Settings

from ._answers import JUNK, mutated
from ._fuzz import fuzz
from ._otlp import JSON, PROTOBUF, Request, corpus, field_of, good, in_protobuf

LIMIT: Final = 16 * 1024 * 1024
PRICES: Final = Prices()
CORPUS: Final = corpus()
REQUEST: Final = {"resourceSpans": [good(0), good(1)]}
quick = fuzz(150)


class Meter:
    """The meter between its two threads: what it takes, and what it has counted."""

    def __init__(self) -> None:
        self.now = 0.0
        self.service = MeterService(Settings(export="http://127.0.0.1:9"), prices=PRICES, clock=lambda: self.now)

    def take(self, request: Request) -> str:
        """Say what became of a request: `taken`, or the label of the refusal. Anything else is raised."""
        try:
            body = uncompressed(request.body, request.headers.get("Content-Encoding", ""), LIMIT)
            self.service.take(parse(body, request.kind))
        except RefusedError as error:
            refused = error
        else:
            return "taken"
        assert refused.reason
        assert 400 <= refused.status < 500
        return refused.label

    def calls(self) -> list[dict[str, Any]]:
        """Decide all that waits; give the events."""
        self.now += 60.0
        self.service.decide_due()
        return [dict(record.log_record.attributes or {}) for record in self.service.events.first(10**6)]


@pytest.mark.parametrize("name", CORPUS)
def test_a_bad_request_ends_well_and_the_next_one_counts(name: str) -> None:
    meter = Meter()
    meter.take(CORPUS[name])
    assert meter.take(Request(in_protobuf(good(7)))) == "taken"
    events = meter.calls()
    assert events
    assert all(event.get("llm_input_tokens", 0) in {0, 1000} for event in events)


def test_bytes_changed_anywhere_in_protobuf() -> None:
    whole = in_protobuf(good(0), good(1))

    @quick
    @given(at=st.integers(0, len(whole) - 1), put=st.binary(max_size=6), drop=st.integers(0, 8), packed=st.booleans())
    def check(at: int, put: bytes, drop: int, *, packed: bool) -> None:
        body = whole[:at] + put + whole[at + drop :]
        headers = {"Content-Encoding": "gzip"} if packed else {}
        meter = Meter()
        meter.take(Request(gzip.compress(body, 1) if packed else body, PROTOBUF, headers))
        for event in meter.calls():
            assert event.get("llm_input_tokens", 0) >= 0
            assert event.get("llm_cost_usd", 0.0) >= 0

    check()


def test_any_json_in_place_of_any_part() -> None:
    @quick
    @given(mutated(REQUEST) | JUNK)
    def check(said: Any) -> None:
        meter = Meter()
        meter.take(Request(json.dumps(said).encode(), JSON))
        for event in meter.calls():
            assert event.get("llm_input_tokens", 0) >= 0

    check()


MILLION: Final = {
    "spans": Request(field_of(0x0A, field_of(0x12, b"\x12\x00" * 1_000_000))),
    "scopes": Request(field_of(0x0A, b"\x12\x00" * 1_000_000)),
    "resources": Request(b"\x0a\x00" * 1_000_000),
    "spans in JSON": Request(b'{"resourceSpans":[{"scopeSpans":[{"spans":[' + b"{}," * 999_990 + b"{}]}]}]}", JSON),
    "resources in JSON": Request(b'{"resourceSpans":[' + b"{}," * 1_000_000 + b"{}]}", JSON),
}


@pytest.mark.parametrize("part", MILLION)
def test_a_request_of_a_million_empty_parts_is_refused_before_anything_is_made_of_them(part: str) -> None:
    assert Meter().take(MILLION[part]) == "too_large"


def test_a_request_as_full_as_real_ones_get_is_taken_whole() -> None:
    spans = 5_000
    meter = Meter()
    assert meter.take(Request(in_protobuf(*(good(number) for number in range(spans))))) == "taken"
    assert len(meter.calls()) == spans
