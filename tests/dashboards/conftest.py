"""Boards, panels and queries as they are rendered: a test that names one of them as an argument runs once for each."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.config import load, render

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Json = dict[str, Any]


@dataclass(frozen=True)
class Board:
    """A board: its file without `.json`, and its model."""

    name: str
    model: Json

    @property
    def panels(self) -> Iterator[Json]:
        """All panels, those within rows included, without the rows."""
        for panel in self.model["panels"]:
            yield from (each for each in (panel, *panel.get("panels", [])) if each["type"] != "row")

    @property
    def variables(self) -> dict[str, Json]:
        """The variables by name."""
        return {variable["name"]: variable for variable in self.model["templating"]["list"]}


@dataclass(frozen=True)
class Query:
    """One target of one panel."""

    board: Board
    panel: Json
    target: Json

    @property
    def expr(self) -> str:
        """PromQL or LogQL, with Grafana's variables in it."""
        return str(self.target["expr"])

    @property
    def windows(self) -> set[str]:
        """Everything in square brackets."""
        return set(re.findall(r"\[([^\]]+)\]", self.expr))


@cache
def rendered() -> Mapping[str, str]:
    """Every generated file, from heliograph.yaml as it is shipped."""
    return render(load())


@cache
def boards() -> tuple[Board, ...]:
    """Every board."""
    files = {name: text for name, text in rendered().items() if name.startswith("dashboards/generated/")}
    return tuple(Board(name.rpartition("/")[2].removesuffix(".json"), json.loads(text)) for name, text in files.items())


def queries(kind: str) -> Iterator[Any]:
    """Every target for a kind of data source, as parameters."""
    for board in boards():
        for panel in board.panels:
            for target in panel["targets"]:
                if target["datasource"]["type"] == kind:
                    name = f"{board.name}: {panel['title']} {target['refId']}"
                    yield pytest.param(Query(board, panel, target), id=name)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`board`, `panel` (with `of`, its board), `promql` and `logql` stand for each of their kind."""
    wanted = set(metafunc.fixturenames)
    if "panel" in wanted:
        pairs = [(b, p) for b in boards() for p in b.panels]
        ids = [f"{b.name}: {p['title']}" for b, p in pairs]
        if "of" in wanted:
            metafunc.parametrize(("of", "panel"), pairs, ids=ids)
        else:
            metafunc.parametrize("panel", [p for _, p in pairs], ids=ids)
    if "board" in wanted:
        metafunc.parametrize("board", boards(), ids=[b.name for b in boards()])
    for argument, kind in (("promql", "prometheus"), ("logql", "loki")):
        if argument in wanted:
            metafunc.parametrize(argument, list(queries(kind)))


@pytest.fixture(scope="session")
def by_name() -> dict[str, Board]:
    """Give the boards by name."""
    return {board.name: board for board in boards()}


@pytest.fixture(scope="session")
def files() -> Mapping[str, str]:
    """Give every generated file."""
    return rendered()
