"""The spool's records: what is whole in a file is found, what is behind each other is one request."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from heliograph.telemetry._spool._encoding import encoders
from heliograph.telemetry._spool._records import pack, scan
from heliograph.telemetry._spool._sending import Loose, divider, halves, total

if TYPE_CHECKING:
    from heliograph.telemetry._spool._sending import Kept

from ._spooled import names_in, spans


def _file(*payloads: bytes) -> bytes:
    return b"".join(pack("traces", payload, 3) for payload in payloads)


WHOLE = _file(b"one", b"two", b"three")


@pytest.mark.parametrize(
    ("data", "whole", "damaged"),
    [
        (b"", [], 0),
        (WHOLE, [b"one", b"two", b"three"], 0),
        (WHOLE[:-1], [b"one", b"two"], 1),
        (WHOLE[: -len(b"three")], [b"one", b"two"], 1),
        (WHOLE[: -len(b"three") - 1], [b"one", b"two"], 0),
        (b"noise" + WHOLE, [b"one", b"two", b"three"], 0),
        (_file(b"one") + b"\0" * 500 + _file(b"two"), [b"one", b"two"], 0),
        (WHOLE.replace(b"one", b"onE"), [b"two", b"three"], 1),
        (_file(b"one")[:12] + b"\xff\xff\x00\x00" + _file(b"one")[16:] + _file(b"two"), [b"two"], 1),
        (b"HGS1" * 50, [], 0),
        (os.urandom(4096), [], 0),
    ],
    ids=[
        "empty",
        "whole",
        "cut-in-payload",
        "cut-behind-header",
        "cut-in-header",
        "noise-before",
        "hole",
        "flipped",
        "wrong-length",
        "magic-only",
        "random",
    ],
)
def test_whatever_became_of_a_file_what_is_whole_is_found(data: bytes, whole: list[bytes], damaged: int) -> None:
    found = list(scan(data, "traces"))
    assert [each.payload for each in found if each.payload is not None] == whole
    assert len([each for each in found if each.payload is None]) == damaged


def test_another_signals_records_are_not_ours() -> None:
    assert not list(scan(WHOLE, "logs"))


def test_records_behind_each_other_are_one_request() -> None:
    encode = encoders()["traces"]
    assert names_in(encode(spans("a", "b")) + encode(spans("c"))) == ["a", "b", "c"]


def test_a_record_is_divided_down_to_single_items() -> None:
    def down(record: Kept) -> list[str]:
        parts = halves("traces", record)
        return [name for part in parts for name in down(part)] if parts else names_in(record.read())

    whole = Loose(encoders()["traces"](spans(*"abcdefg")), 7)
    assert down(whole) == list("abcdefg")
    first, count, second = divider("traces")([whole, whole]) or ([], 0, [])
    assert (total(first), count, total(second)) == (7, 7, 7)
    assert divider("traces")([Loose(b"", 1)]) is None
