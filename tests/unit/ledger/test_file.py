"""The ledger as a file."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from heliograph.errors import HeliographError
from heliograph.ledger import Plan, Targets
from heliograph.ledger._client import Delivery
from heliograph.ledger._file import Head, Record, Row, Writer, read

if TYPE_CHECKING:
    from pathlib import Path

HEAD = Head(
    "abcdef0123456789",
    1_795_269_384.123456,
    Plan(spans=10, logs=10, points=10, duration=5, senders=1),
    Targets("http://c:1", "http://j:2", "http://l:3", "https://p:4/prefix"),
)
START = HEAD.started


def _write(path: Path) -> None:
    spans, logs, _ = HEAD.plan.courses(HEAD.run, START)
    writer = Writer(path, HEAD)
    writer.request(spans, 0, 5, Delivery("acknowledged", START + 1, START + 2, retries=Counter({"HTTP 503": 2})))
    writer.request(spans, 5, 5, Delivery("acknowledged", START + 3, START + 4, "too long", 1, Counter({"HTTP 503": 1})))
    writer.request(logs, 0, 5, Delivery("refused", START + 1, START + 1.5, "HTTP 400 no"))
    writer.visible("spans", 0.25)
    writer.happened("at 2.0 s: loki stopped")
    writer.ended(1.5)
    writer.close()


def test_what_is_written_is_read(tmp_path: Path) -> None:
    _write(tmp_path / "new folder" / "ledger.jsonl")
    record = read(tmp_path / "new folder" / "ledger.jsonl")
    assert record.head == HEAD
    assert record.rows == [
        Row("spans", 0, 0, 5, "acknowledged"),
        Row("spans", 0, 5, 5, "acknowledged", 1, "too long"),
        Row("logs", 0, 0, 5, "refused", 0, "HTTP 400 no"),
    ]
    assert record.retries == {"spans": {"HTTP 503": 3}}
    assert record.visible == {"spans": [0.25]}
    assert record.happened == ["at 2.0 s: loki stopped"]
    assert record.cpu == 1.5
    assert record.last == pytest.approx(START + 4, abs=0.001)
    assert record.behind["spans"] == pytest.approx(3 - 0.9, abs=0.01), "record 9 was due after 0.9 s"


def test_requests_in_a_row_with_the_same_fate_are_kept_as_one() -> None:
    record = Record(HEAD)
    for row in (
        Row("logs", 0, 0, 5, "acknowledged"),
        Row("logs", 1, 0, 5, "acknowledged"),
        Row("logs", 0, 5, 5, "acknowledged"),
        Row("spans", 0, 10, 5, "acknowledged"),
        Row("logs", 0, 10, 5, "acknowledged", rejected=1),
        Row("logs", 0, 15, 5, "acknowledged"),
        Row("logs", 0, 20, 5, "refused", reason="a"),
        Row("logs", 0, 25, 5, "refused", reason="b"),
        Row("logs", 0, 35, 5, "refused", reason="b"),
    ):
        record.add(row)
    assert [(r.signal, r.sender, r.first, r.count) for r in record.rows] == [
        ("logs", 0, 0, 10),
        ("logs", 1, 0, 5),
        ("spans", 0, 10, 5),
        ("logs", 0, 10, 5),
        ("logs", 0, 15, 5),
        ("logs", 0, 20, 5),
        ("logs", 0, 25, 5),
        ("logs", 0, 35, 5),
    ]


def test_a_run_that_was_cut_off_is_read_as_far_as_it_went(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    _write(path)
    whole = path.read_text().splitlines(keepends=True)
    path.write_text("".join(whole[:2]) + whole[2][:40])
    record = read(path)
    assert record.rows == [Row("spans", 0, 0, 5, "acknowledged")]
    assert record.cpu == 0


def test_no_password_is_written(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    targets = Targets("http://u:secret-1@c:1", "http://u:secret-2@j", "http://l", "http://p")
    Writer(path, Head("abcdef0123456789", START, Plan(), targets)).close()
    assert "secret" not in path.read_text()
    assert read(path).head.targets == Targets("http://c:1", "http://j", "http://l", "http://p")


def test_an_earlier_ledger_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    _write(path)
    before = path.read_text()
    with pytest.raises(HeliographError, match="There is a ledger already") as error:
        Writer(path, HEAD)
    assert error.value.exit_code == 2
    assert path.read_text() == before


@pytest.mark.parametrize("text", ["", "hello\n", "{}\n", '{"kind":"run","format":2}\n', "[1]\n"])
def test_what_is_no_ledger_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_text(text)
    with pytest.raises(HeliographError, match="no ledger") as error:
        read(path)
    assert error.value.exit_code == 2


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(HeliographError, match="cannot be read"):
        read(tmp_path / "nothing.jsonl")
