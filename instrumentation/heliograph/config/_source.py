"""One YAML file: its values, and the line on which each stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from heliograph.config._errors import Key, Place, Problem, display

__all__ = ["Source", "read"]


@dataclass
class Source:
    """What a file holds; `data` is empty where it cannot be read, and `problems` say why."""

    data: dict[str, Any] = field(default_factory=dict)
    places: dict[Key, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read(path: Path) -> Source:
    """Read a YAML file (YAML 1.2: `on` and `yes` are text); never raises for what a user may have written."""
    name = display(path)
    source = Source()

    def give_up(what: str, fix: str, line: int = 0) -> Source:
        source.problems.append(Problem((), what, fix, Place(name, line)))
        return source

    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return give_up("there is no such file", "check the name")
    except IsADirectoryError:
        return give_up("is a folder", "name a file")
    except (OSError, UnicodeDecodeError) as error:
        return give_up(f"cannot be read: {error}", "it must be a readable text file in UTF-8")
    try:
        tree = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        return give_up(_sentence(error), _syntax_fix(error), mark.line + 1 if mark else 0)
    except YAMLError as error:
        return give_up(f"is no YAML: {error}", "check the syntax")
    if tree is None:  # an overlay of nothing but comments
        return source
    if not isinstance(tree, CommentedMap):
        return give_up("needs `key: value` lines at its top", "start from the shipped heliograph.yaml", 1)
    source.places[()] = Place(name, 1)
    source.data = _walk(tree, (), name, source.places, path.resolve().parent)
    return source


def _walk(node: Any, key: Key, file: str, places: dict[Key, Place], folder: Path) -> Any:
    if isinstance(node, CommentedMap):
        plain: dict[str, Any] = {}
        for name, value in node.items():
            below = (*key, str(name))
            places[below] = Place(file, node.lc.key(name)[0] + 1)
            plain[str(name)] = _walk(value, below, file, places, folder)
        return plain
    if isinstance(node, CommentedSeq):
        items = []
        for index, value in enumerate(node):
            below = (*key, index)
            places[below] = Place(file, node.lc.item(index)[0] + 1)
            items.append(_walk(value, below, file, places, folder))
        return items
    if isinstance(node, str):
        # A file that a file names lies beside it, wherever the command was started.
        return str(folder / node) if node and str(key[-1]).endswith("_file") else str(node)
    if isinstance(node, bool) or node is None:
        return node
    if isinstance(node, int):
        return int(node)
    return float(node) if isinstance(node, float) else node


def _sentence(error: MarkedYAMLError) -> str:
    problem = str(error.problem or error.context or "cannot be understood").split("\n")[0]
    return f"YAML syntax: {problem}"


def _syntax_fix(error: MarkedYAMLError) -> str:
    problem = str(error.problem or "")
    if "duplicate key" in problem:
        return "keep one of the two"
    if "\\t" in problem:
        return "indent with spaces, not tabs"
    if "mapping values are not allowed" in problem:
        return "quote text that holds a colon, and check the indentation"
    return "check indentation, quotes and brackets on this line and the one above"
