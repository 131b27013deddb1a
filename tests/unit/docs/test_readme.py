"""What the README promises is there: its files, commands, extras, ports, targets, and the five lines."""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from itertools import pairwise

import pytest
from markdown_it import MarkdownIt

import heliograph
from heliograph import cli
from heliograph.stack._paths import config_root
from heliograph.stack._ports import Ports

ROOT = config_root()
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
TOKENS = MarkdownIt("commonmark").enable("table").parse(TEXT)
COMMANDS = "\n".join(
    token.content for token in TOKENS if token.type in {"code_block", "fence"} and token.info in {"", "sh", "bash"}
)


def _links() -> list[str]:
    children = (child for token in TOKENS for child in token.children or ())
    return [str(child.attrGet("href")) for child in children if child.type == "link_open"]


@pytest.mark.parametrize("link", sorted({link for link in _links() if "://" not in link}))
def test_a_link_leads_to_a_file(link: str) -> None:
    assert (ROOT / link.partition("#")[0]).exists()


def test_its_sections_come_in_the_order_in_which_a_newcomer_asks() -> None:
    headings = [
        following.content for token, following in pairwise(TOKENS) if token.type == "heading_open" and token.tag == "h2"
    ]
    assert headings == [
        "Two commands",
        "What you will see",
        "Where is…",
        "Your own application, in five lines",
        "The stack",
    ]


def test_every_command_exists() -> None:
    used = set(re.findall(r"(?m)\bheliograph ([a-z][a-z-]*)", COMMANDS))
    assert {"up", "status", "logs", "down", "notify-test"} <= used
    assert used <= cli._COMMANDS.keys()


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"(?m)^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8")))
    used = set(re.findall(r"(?m)^(?:`|\s*)make ([a-z]+)", TEXT)) | set(re.findall(r"`make ([a-z]+)", TEXT))
    assert {"demo", "test"} <= used <= targets


def test_every_extra_exists() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    used = {extra for extras in re.findall(r"\[([a-z,]+)\]'", COMMANDS) for extra in extras.split(",")}
    assert used
    assert used <= project["optional-dependencies"].keys()


def test_every_compose_file_exists() -> None:
    files = re.findall(r"docker compose -f (\S+)", COMMANDS)
    assert files
    assert all((ROOT / file).is_file() for file in files)


def test_every_port_is_one_of_the_stack() -> None:
    section = TEXT[TEXT.index("## The stack") :]
    named = {int(port) for port in re.findall(r"\b(\d{4,5})\b", section)}
    assert {3001, 4317, 4318, 9090} <= named
    assert named <= set(vars(Ports()).values())


def test_the_five_lines_use_what_there_is() -> None:
    """tests/stack runs such an application; here the names and arguments of the page itself are looked at."""
    (code,) = (token.content for token in TOKENS if token.type == "fence" and token.info == "python")
    lines = [line for line in code.splitlines() if line.strip()]
    assert len(lines) <= 5
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    ours = [call for call in calls if ast.unparse(call.func).startswith("heliograph.")]
    assert [ast.unparse(call.func) for call in ours] == ["heliograph.configure", "heliograph.query"]
    for call in ours:
        assert isinstance(call.func, ast.Attribute)
        function = getattr(heliograph, call.func.attr)
        inspect.signature(function).bind(*call.args, **{str(k.arg): k.value for k in call.keywords})


def test_the_page_of_the_demo_is_the_one_that_is_shown() -> None:
    """Its headings stand in the code that prints it."""
    shown = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "instrumentation/heliograph/demo").glob("*.py")
    )
    for heading in (
        "What Heliograph saw",
        "counters in Prometheus, events in Loki, the provider's usage log",
        "the three agree",
        "The slowest call",
        "its log line, found by the trace id",
        "seconds from the fault until the expression was true, the alert fired, ...",
    ):
        assert heading in TEXT
        assert heading in shown
