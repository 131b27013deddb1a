"""What is fuzzed: bytes go in, and an exception is a find.

The invariants are those of the suite beside this folder; there hypothesis makes inputs from a grammar, here libFuzzer
grows them from seeds by the branches that they reach.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from heliograph.config._errors import Problem

__all__ = ["SEEDS", "TARGETS"]

_LIMIT: Final = 16 * 1024 * 1024


def _answers() -> Callable[[bytes], None]:
    """Read a provider's answer: its first byte chooses the road, the rest is the body."""
    from tests.hostile._applications import ROADS, Instrumented, Provider, seen_by_the_application

    provider = Provider()

    def one(data: bytes) -> None:
        road = ROADS[data[0] % len(ROADS)] if data else ROADS[0]
        body = data[1:]
        if "stream" in road or road == "async":
            provider.stream([_event(line) for line in body.split(b"\n\n") if line])
        else:
            provider.say(body)
        without = seen_by_the_application(provider, road)
        with Instrumented() as ours:
            with_us = seen_by_the_application(provider, road)
        assert with_us == without, f"{road}: the application sees {with_us} instead of {without}"
        assert ours.complaints() == [], f"{road}: {ours.complaints()}"

    return one


def _event(line: bytes) -> Any:
    """Return the event's value where it has one: the provider leaves usage out unless asked, as real ones do."""
    try:
        return json.loads(line.removeprefix(b"data: "))
    except ValueError:
        return line


def _configuration() -> Callable[[bytes], None]:
    """Lay a file over heliograph.yaml: it is read, or refused with a place and a reason."""
    from heliograph.config import ConfigError, load

    file = Path(tempfile.mkdtemp(prefix="heliograph-fuzz-")) / "my.yaml"

    def one(data: bytes) -> None:
        file.write_bytes(data)
        problems: list[Problem] = []
        try:
            load(overlays=[file])
        except ConfigError as error:
            problems = list(error)
        assert all(problem.place is not None and problem.what for problem in problems), "a problem without a place"

    return one


def _meter() -> Callable[[bytes], None]:
    """Send the meter a request: its first byte says whether it is JSON, the rest is the body."""
    from tests.hostile._otlp import JSON, PROTOBUF

    from heliograph.genai._prices import Prices
    from heliograph.meter._request import RefusedError, parse, uncompressed
    from heliograph.meter._service import MeterService, Settings

    prices = Prices()

    def one(data: bytes) -> None:
        now = 0.0
        service = MeterService(Settings(export="http://127.0.0.1:9"), prices=prices, clock=lambda: now)
        refused = None
        try:
            service.take(parse(uncompressed(data[1:], "", _LIMIT), JSON if data[:1] == b"j" else PROTOBUF))
        except RefusedError as error:
            refused = error
        if refused is not None:
            assert refused.reason, "refused without a reason"
            assert 400 <= refused.status < 500, f"refused with {refused.status}"
        now = 60.0
        service.decide_due()
        for record in service.events.first(10**6):
            said = record.log_record.attributes or {}
            for name in ("llm_input_tokens", "llm_output_tokens", "llm_cost_usd"):
                value = said.get(name, 0)
                assert isinstance(value, int | float), f"{name}: {value!r}"
                assert value >= 0, f"{name}: {value!r}"

    return one


def _answer_seeds() -> list[bytes]:
    from tests.hostile._answers import _CHAT, _CHUNKS, _EMBEDDINGS, _EVENTS, _RESPONSE
    from tests.hostile._applications import ROADS

    def lines(events: list[dict[str, object]]) -> bytes:
        return b"\n\n".join(b"data: " + json.dumps(each).encode() for each in events)

    bodies = {
        "chat": json.dumps(_CHAT).encode(),
        "chat stream": lines(_CHUNKS),
        "responses": json.dumps(_RESPONSE).encode(),
        "responses stream": lines(_EVENTS),
        "embeddings": json.dumps(_EMBEDDINGS).encode(),
        "raw": json.dumps(_CHAT).encode(),
        "raw stream": lines(_CHUNKS),
        "async": lines(_CHUNKS),
    }
    return [bytes([number]) + bodies[road] for number, road in enumerate(ROADS)]


def _configuration_seeds() -> list[bytes]:
    from heliograph.stack._paths import config_root

    sections = (config_root() / "heliograph.yaml").read_bytes().split(b"\n\n")
    return [section for section in sections if b":" in section]


def _meter_seeds() -> list[bytes]:
    from tests.hostile._otlp import good, in_protobuf

    return [b"p" + in_protobuf(good(0), good(1)), b"j" + json.dumps({"resourceSpans": [good(0)]}).encode()]


TARGETS: Final[dict[str, Callable[[], Callable[[bytes], None]]]] = {
    "answers": _answers,
    "configuration": _configuration,
    "meter": _meter,
}
SEEDS: Final[dict[str, Callable[[], list[bytes]]]] = {
    "answers": _answer_seeds,
    "configuration": _configuration_seeds,
    "meter": _meter_seeds,
}
