"""The runbooks keep their shape: a page for each alert, four sections, links that lead somewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from heliograph.cli import _COMMANDS
from heliograph.stack._ports import Ports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[3]
RUNBOOKS = ROOT / "docs" / "runbooks"
INDEX = RUNBOOKS / "README.md"
ALERTS = {
    "HeliographNotifyTest",
    "HighDailyCost",
    "HighHourlyCost",
    "HighHourlyTokens",
    "HighLLMErrorRate",
    "HighLLMLatency",
    "HighQueryErrorRate",
    "HighQueryLatency",
    "HighQuotaUse",
    "ServiceDown",
}
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


def test_every_rule_that_alerts_has_its_page() -> None:
    rules = (ROOT / "prometheus" / "generated" / "alerts.yaml").read_text(encoding="utf-8")
    assert {*re.findall(r"- alert: (\w+)", rules)} == ALERTS - {"HeliographNotifyTest"}


@pytest.mark.parametrize("name", PAGES)
def test_the_page_has_its_four_sections_in_order(name: str) -> None:
    it = page(RUNBOOKS / f"{name}.md")
    assert it.headings("h1") == [name]
    assert it.headings("h2") == SECTIONS


def test_the_index_leads_to_every_page_once() -> None:
    rows = re.findall(r"^\| \[(\w+)\]\((\w+)\.md\) \|[^|]+\|[^|]+\|$", INDEX.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(rows) == [(name, name) for name in PAGES]


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


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_commands_of_ours_exist(path: Path) -> None:
    named = re.findall(r"(?:`|^)heliograph ([a-z-]+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(named) <= _COMMANDS.keys()


@pytest.mark.parametrize("name", PAGES)
def test_thresholds_stay_in_heliograph_yaml(name: str) -> None:
    """A number that an operator may change would be wrong on the page from then on."""
    text = (RUNBOOKS / f"{name}.md").read_text(encoding="utf-8").split("## Diagnosis")[0]
    assert not re.search(r"\d+ ?%(?! of queries| of calls)|\$\d|\d+ (?:USD|tokens)", text)
