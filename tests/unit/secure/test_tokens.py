"""Tokens of writers: a list that the collector reads, rotated with overlap, shown once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from heliograph.errors import HeliographError
from heliograph.secure import _tokens
from heliograph.secure._folder import Folder
from heliograph.secure._tokens import Tokens

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2030, 1, 1, tzinfo=UTC)


class _Clock(datetime):
    at = NOW

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
        del tz
        return cls.at


@pytest.fixture
def tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tokens:
    monkeypatch.setattr(_tokens, "datetime", _Clock)
    monkeypatch.setattr(_Clock, "at", NOW)
    return Tokens(Folder(tmp_path))


def listed(tmp_path: Path) -> list[str]:
    """Give the tokens as the collector reads them: the first word of each line (bearertokenauth 0.152)."""
    lines = (tmp_path / "servers/collector/otlp_tokens").read_text().splitlines()
    return [line.split()[0] for line in lines]


def test_a_token_names_writer_and_tenant(tokens: Tokens, tmp_path: Path) -> None:
    made = tokens.create("shop", "acme")
    assert made.text.startswith("hgw.shop.acme.")
    assert listed(tmp_path)[:-1] == [made.text]
    assert tokens.create("gateway").text.startswith("hgw.gateway..")


def test_the_list_never_becomes_empty(tokens: Tokens, tmp_path: Path) -> None:
    made = tokens.create("shop")
    tokens.revoke("shop")
    (nobody,) = listed(tmp_path)
    assert nobody != made.text
    assert len(nobody) > 40


def test_nobody_can_guess_the_last_line(tokens: Tokens, tmp_path: Path) -> None:
    tokens.create("shop")
    first = listed(tmp_path)[-1]
    tokens.create("bank")
    assert listed(tmp_path)[-1] != first


def test_rotation_accepts_both_for_the_overlap(tokens: Tokens, tmp_path: Path) -> None:
    old = tokens.create("shop", "acme")
    other = tokens.create("bank")
    new = tokens.rotate("shop", timedelta(hours=24))
    assert new.tenant == "acme"
    assert {*listed(tmp_path)[:-1]} == {old.text, new.text, other.text}
    _Clock.at = NOW + timedelta(hours=23, minutes=59)
    assert tokens.prune() == []
    _Clock.at = NOW + timedelta(hours=24)
    assert [one.id for one in tokens.prune()] == [old.id]
    assert {*listed(tmp_path)[:-1]} == {new.text, other.text}


def test_a_second_rotation_does_not_lengthen_the_first_ones_overlap(tokens: Tokens) -> None:
    oldest = tokens.create("shop")
    tokens.rotate("shop", timedelta(hours=1))
    tokens.rotate("shop", timedelta(hours=24))
    _Clock.at = NOW + timedelta(hours=2)
    assert oldest.id in {one.id for one in tokens.prune()}
    assert len(tokens.accepted()) == 2


def test_rotation_without_overlap_ends_the_old_one_at_once(tokens: Tokens, tmp_path: Path) -> None:
    tokens.create("shop")
    new = tokens.rotate("shop", timedelta(0))
    assert listed(tmp_path)[:-1] == [new.text]


def test_any_change_takes_along_what_has_expired(tokens: Tokens, tmp_path: Path) -> None:
    old = tokens.create("shop")
    tokens.rotate("shop", timedelta(hours=1))
    _Clock.at = NOW + timedelta(hours=2)
    tokens.create("bank")
    assert old.text not in listed(tmp_path)


def test_one_of_a_writers_tokens_can_be_revoked_by_its_id(tokens: Tokens, tmp_path: Path) -> None:
    old = tokens.create("shop")
    new = tokens.rotate("shop", timedelta(hours=1))
    tokens.revoke(old.id)
    assert listed(tmp_path)[:-1] == [new.text]


@pytest.mark.parametrize("name", ["", "a.b", "a b", "../x", "a\nb", "-a", "x" * 64, "ä"])
def test_a_name_cannot_break_the_token_or_the_list(tokens: Tokens, name: str) -> None:
    with pytest.raises(HeliographError, match="cannot be the name of a writer"):
        tokens.create(name)
    if name:
        with pytest.raises(HeliographError, match="cannot be the name of a tenant"):
            tokens.create("shop", name)


def test_a_second_token_is_a_rotation(tokens: Tokens) -> None:
    tokens.create("shop")
    with pytest.raises(HeliographError, match="shop has a token") as told:
        tokens.create("shop")
    assert told.value.hint == "heliograph tokens rotate shop"


def test_what_is_not_there_cannot_be_rotated_or_revoked(tokens: Tokens) -> None:
    with pytest.raises(HeliographError, match="has no token"):
        tokens.rotate("shop", timedelta(hours=1))
    with pytest.raises(HeliographError, match="No token is called"):
        tokens.revoke("shop")


def test_a_traceback_shows_no_secret(tokens: Tokens) -> None:
    made = tokens.create("shop", "acme")
    assert made.secret not in repr(made)
    assert "secret" not in made.shown()
