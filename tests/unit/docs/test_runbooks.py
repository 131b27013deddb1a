"""The runbooks keep their shape: a page for each alert, four sections, links that lead somewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from markdown_it import MarkdownIt
from ruamel.yaml import YAML

from heliograph.config import load
from heliograph.stack._ports import Ports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[3]
RUNBOOKS = ROOT / "docs" / "runbooks"
INDEX = RUNBOOKS / "README.md"
CONFIG = load().plain()
# From the sections `slos` and `budgets`; the test of the notifications is no rule.
OF_SLOS = {"ErrorBudgetBurn"}
OF_BUDGETS = {"CostBudgetBurn", "CostBudgetRunsOut", "CostBudgetSpent"}
ALERTS = {*CONFIG["alerts"], *OF_SLOS, *OF_BUDGETS, "HeliographNotifyTest"}
PAGES = sorted(ALERTS)
FILES = [INDEX, *(RUNBOOKS / f"{name}.md" for name in PAGES)]
SECTIONS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]


@dataclass(frozen=True)
class Page:
    """One file, parsed."""

    path: Path
    tokens: list[Token]

    def headings(self, tag: str) -> list[str]:
        return [
            following.content
            for token, following in zip(self.tokens, self.tokens[1:], strict=False)
            if token.type == "heading_open" and token.tag == tag
        ]

    def blocks(self, language: str) -> list[str]:
        return [token.content for token in self.tokens if token.type == "fence" and token.info.strip() == language]

    def links(self) -> Iterator[str]:
        for token in self.tokens:
            for child in token.children or []:
                if child.type == "link_open":
                    yield str(child.attrGet("href"))

    def anchors(self) -> set[str]:
        """Return the ids that GitHub and the inbox give to the headings."""
        found = [heading for tag in ("h1", "h2", "h3") for heading in self.headings(tag)]
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


@cache
def page(path: Path) -> Page:
    return Page(path, MarkdownIt("commonmark").enable("table").parse(path.read_text(encoding="utf-8")))


def test_there_is_one_page_for_each_alert_and_one_index() -> None:
    assert {path.name for path in RUNBOOKS.iterdir()} == {path.name for path in FILES}


def levels() -> dict[str, set[str]]:
    """Return alert -> levels of its rules, as shipped."""
    found: dict[str, set[str]] = {}
    for path in [*ROOT.glob("prometheus/generated/*.yaml"), *ROOT.glob("loki/generated/*.yaml")]:
        for group in YAML(typ="safe").load(path)["groups"]:
            for rule in group["rules"]:
                if "alert" in rule:
                    found.setdefault(rule["alert"], set()).add(rule["labels"]["level"])
    return found


def test_every_rule_that_alerts_has_its_page_and_every_page_its_rule() -> None:
    assert levels().keys() == ALERTS - {"HeliographNotifyTest"}


@pytest.mark.parametrize("name", PAGES)
def test_the_page_has_its_four_sections_in_order(name: str) -> None:
    it = page(RUNBOOKS / f"{name}.md")
    assert it.headings("h1") == [name]
    assert it.headings("h2") == SECTIONS


def index() -> list[tuple[str, str, str]]:
    """Return the rows of the index: alert, page and levels."""
    return re.findall(
        r"^\| \[(\w+)\]\((\w+)\.md\) \| ([^|]+) \|[^|]+\|[^|]+\|$", INDEX.read_text("utf-8"), re.MULTILINE
    )


def test_the_index_leads_to_every_page_once() -> None:
    assert sorted((name, page) for name, page, _ in index()) == [(name, name) for name in PAGES]


def test_the_index_says_how_soon_somebody_has_to_be_there() -> None:
    shipped = levels()
    for name, _, said in index():
        if name in shipped:
            assert said == ", ".join(sorted(shipped[name])), name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_links_resolve(path: Path) -> None:
    for link in page(path).links():
        target, _, anchor = link.partition("#")
        there = (path.parent / target).resolve() if target else path
        assert there.is_file(), link
        if anchor:
            assert anchor in page(there).anchors(), link


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_block_says_what_it_is_for(path: Path) -> None:
    languages = {token.info.strip() for token in page(path).tokens if token.type == "fence"}
    assert languages <= {"shell", "promql"}


def test_all_pages_ask_for_the_same_variables() -> None:
    """One paste serves all pages."""
    setups = {block for path in FILES for block in page(path).blocks("shell") if block.startswith("SERVICE=")}
    (setup,) = setups
    ports = Ports.at(0)
    assert dict(re.findall(r"(\w+)=http://localhost:(\d+)", setup)) == {
        "PROMETHEUS": str(ports.prometheus),
        "LOKI": str(ports.loki),
        "JAEGER": str(ports.jaeger),
        "ALERTMANAGER": str(ports.alertmanager),
    }


def beginning(name: str) -> str:
    """Return the sections Meaning and Impact of a page."""
    return (RUNBOOKS / f"{name}.md").read_text(encoding="utf-8").split("## Diagnosis")[0]


# `window` (5m), `critical` (40 %): a key of heliograph.yaml, and how it is shipped.
STATED = re.compile(r"`([a-zA-Z_.]+)` \((\d[^)]*)\)")


@pytest.mark.parametrize("name", PAGES)
def test_thresholds_stay_in_heliograph_yaml(name: str) -> None:
    """A number that an operator may change would be wrong on the page from then on."""
    text = STATED.sub("", beginning(name))
    assert not re.search(r"\d+ ?%(?! of queries| of calls| of them)|\$\d|\d+ (?:USD|tokens|dollars)", text)


@pytest.mark.parametrize("name", PAGES)
def test_a_stated_number_is_the_shipped_one(name: str) -> None:
    """Keys are those of the alert's own section, or full ones."""
    own: dict[str, Any] = CONFIG["alerts"].get(name, {})
    if name in OF_SLOS:
        own = CONFIG["slos"]["query-success"]
    for key, stated in STATED.findall(beginning(name)):
        value: Any = own if "." not in key else CONFIG
        for part in key.split("."):
            value = value[part]
        values = value if isinstance(value, list) else [value]
        assert [_number(word.split()[0]) for word in stated.split(", ")] == [_number(value) for value in values], key


def _number(value: object) -> object:
    """Return a number as such, a duration as it is written."""
    text = str(value)
    return float(text) if re.fullmatch(r"[\d.]+", text) else text


@pytest.mark.parametrize("name", ["HighLLMLatency", "HighPipelineLatency", "HighQueryLatency"])
def test_a_slow_page_says_that_slow_ones_are_counted(name: str) -> None:
    """Who reads "at least 5 runs" looks for a fault in traffic, and sets `minimum` as if it were about that."""
    assert re.search(r"`minimum` \(\d+\)[^.:]* (?:were slower|took longer) than that", beginning(name))
