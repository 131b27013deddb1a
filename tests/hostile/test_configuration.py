"""A heliograph.yaml that means ill, or is merely odd: an error with its file and line, never a traceback or a hang."""

from __future__ import annotations

import json
import re
import subprocess
import time
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from heliograph.config import load, render
from heliograph.config._errors import ConfigError
from heliograph.config._load import shipped

from ._fuzz import fuzz

if TYPE_CHECKING:
    from pathlib import Path


def _bomb(of: str) -> str:
    """Nine lines of nine times the line before: 387 million values."""
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]" if of == "lists" else "a: &a {x: 1}"]
    for above, name in zip("abcdefghi", "bcdefghij", strict=True):
        nine = [f"*{above}"] * 9 if of == "lists" else [f"k{i}: *{above} " for i in range(9)]
        lines.append(f"{name}: &{name} " + ("[%s]" if of == "lists" else "{%s}") % ", ".join(nine))
    return "\n".join(lines)


# What is in the file -> a part of what is said of it, after the file's name.
REFUSED: Final = {
    "a bomb of lists": (_bomb("lists"), "holds more than 10000 values"),
    "a bomb of mappings": (_bomb("mappings"), "problem"),
    "an alias within itself": ("meter: &a {b: *a}", "unknown key 'b'"),
    "a merge with itself": ("meter: &a\n  <<: *a\n", "cannot be understood"),
    "mappings without end": ("a: " + "{a: " * 1000 + "1" + "}" * 1000, "nested too deeply"),
    "a list without end": ("a: " + "[" * 1000, "nested too deeply"),
    "a file without end": ("#" + "x" * 2_000_000, "more than 1048576 characters"),
    "an ordered mapping": ("meter: !!omap [wait: 5]", "meter"),
    "a merge of several": ("x: &x {wait: nope}\nmeter:\n  <<: [*x, *x]\n", "my.yaml:2: meter.wait: 'nope'"),
    "a number of 400 digits": ("meter: {waiting: 1%s}" % ("0" * 400), "my.yaml:1: meter.waiting: is larger than"),
    "a number of 5000 digits": ("meter: {waiting: %s}" % ("9" * 5000), "my.yaml"),
    "half a character": ('external_url: "http://\\ud83d"', "my.yaml:1: external_url: 'http://\ufffd' holds half"),
    "no number": ("alerts: {HighLLMErrorRate: {warning: .nan, critical: .inf}}", "HighLLMErrorRate.critical"),
    "a duration past all clocks": (
        "retention: {loki: 99999999999y}",
        "my.yaml:1: retention.loki: 99999999999y is longer",
    ),
    "twice the same key": ("meter: {wait: 1s, wait: 2s}", "my.yaml:1: YAML syntax: found duplicate key"),
    "tabs": ("meter:\n\twait: 1s", "my.yaml:2: YAML syntax"),
    "an object of Python's": ("meter: !!python/object/apply:os.system [id]", "meter"),
    "two documents": ("meter: {}\n---\nmeter: {}", "my.yaml"),
    "NUL": ("external_url: \0", "my.yaml"),
    "keys of other kinds": ("1: x\n? [a]\n: b\nnull: c\n", "my.yaml"),
    "a name that leads out of a Jsonnet string": (
        "teams: {default: \"a' + (import '/etc/passwd') + '\"}",
        "is no name",
    ),
    "a name with a template in it": ('teams: {default: "{{ .CommonLabels }}"}', "my.yaml:1: teams.default"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_meant_is_refused_by_file_line_and_key(name: str, tmp_path: Path) -> None:
    text, said = REFUSED[name]
    file = tmp_path / "my.yaml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    started = time.perf_counter()
    with pytest.raises(ConfigError) as error:
        load(overlays=[file])
    assert time.perf_counter() - started < 20, "on a busy machine; idle, the bombs take two seconds"
    assert said in str(error.value)
    assert "my.yaml" in str(error.value)


LINES: Final = shipped().read_text(encoding="utf-8").splitlines(keepends=True)
ODD: Final = (
    "[",
    "{",
    "&a ",
    "*a",
    "<<: ",
    "!!",
    "'",
    '"',
    "\t",
    "\0",
    "- ",
    ": ",
    "? ",
    "|",
    ">",
    "%",
    "#",
    "\x85",
    "...",
)


@st.composite
def _spoilt(draw: st.DrawFn) -> str:
    """Take a part of the shipped file and change some characters of it."""
    start = draw(st.integers(0, len(LINES) - 2))
    text = "".join(LINES[start : start + draw(st.integers(1, 25))])
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.sampled_from(ODD) | st.text(max_size=2)) + text[at + draw(st.integers(0, 6)) :]
    return text


@fuzz(25)
@given(text=_spoilt())
def test_a_spoilt_file_is_read_or_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "my.yaml"
    file.write_bytes(text.encode("utf-8", "replace"))
    try:
        load(overlays=[file])
    except ConfigError as error:
        for problem in error:
            assert problem.place is not None
            assert problem.what


# Texts that mean something to YAML, Jsonnet, PromQL, Go's templates, printf or a shell.
VALUES: Final = (
    *('a"b', "a\\b", "a'b", "a\nb", "{{ . }}", "{{ $labels.x }}", "$1", "%s", "%(x)s", 'x"} or vector(1) #', "`id`"),
    *("a: b", "- a", "&a", "#x", "|||", "a\x85b", "a\u2028b", "\u202e", "\x07", "${__all}", "null", "1e3", " x "),
)


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Render everything once, with each of the values as a room, and two as tenants that have limits of their own."""
    folder = tmp_path_factory.mktemp("generated")
    (folder / "secret").write_text("https://hooks.example.com/x")

    def escaped(index: int) -> dict[str, Any]:
        return {"match": {"tenant": re.escape(VALUES[index])}, "warning": 7, "critical": None}

    own: dict[str, Any] = {
        f"team-{index}": {"slack": {"webhook_url_file": str(folder / "secret"), "warning": {"room": value}}}
        for index, value in enumerate(VALUES)
    }
    overlay = {
        "channels": {"slack": {"enabled": True, "webhook_url_file": str(folder / "secret")}},
        "teams": {"channels": own},
        "alerts": {"HighLLMErrorRate": {"overrides": [escaped(0)]}, "HighTenantCost": {"overrides": [escaped(15)]}},
    }
    (folder / "my.yaml").write_text(json.dumps(overlay), encoding="utf-8")
    return render(load(overlays=[folder / "my.yaml"]))


def test_rooms_are_in_the_generated_routing_as_they_were_written(generated: dict[str, str]) -> None:
    routing = YAML(typ="safe").load(generated["alertmanager/generated/alertmanager.yaml"])
    rooms = {each.get("channel") for receiver in routing["receivers"] for each in receiver.get("slack_configs", ())}
    assert set(VALUES) <= rooms


def test_what_is_generated_is_one_document_that_promtool_reads(generated: dict[str, str], tmp_path: Path) -> None:
    from heliograph.stack._build import binary

    for name, text in generated.items():
        document = json.loads(text) if name.endswith(".json") else YAML(typ="safe").load(text)
        assert document, name
    for name in ("alerts", "records"):
        file = tmp_path / f"{name}.yaml"
        file.write_text(generated[f"prometheus/generated/{name}.yaml"], encoding="utf-8")
        done = subprocess.run([binary("promtool"), "check", "rules", file], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
