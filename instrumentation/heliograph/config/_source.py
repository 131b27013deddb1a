"""One YAML file: its values, and the line on which each stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from heliograph.config._errors import Key, Place, Problem, display

__all__ = ["Source", "read"]


@dataclass
class Source:
    """What a file holds; `data` is empty where it cannot be read, and `problems` say why."""

    data: dict[str, object] = field(default_factory=dict)
    places: dict[Key, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


class _UnreadableError(Exception):
    def __init__(self, what: str, fix: str, line: int = 0) -> None:
        super().__init__(what)
        self.what, self.fix, self.line = what, fix, line


def read(path: Path) -> Source:
    """Read a YAML file (YAML 1.2: `on` and `yes` are text); never raises for what a user may have written."""
    name = display(path)
    try:
        tree = _parse(_text(path))
    except _UnreadableError as error:
        return Source(problems=[Problem((), error.what, error.fix, Place(name, error.line))])
    source = Source(places={(): Place(name, 1)})
    source.data = {str(key): value for key, value in _plain(tree, (), source.places, path).items()}
    return source


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise _UnreadableError("there is no such file", "check the name") from None
    except IsADirectoryError:
        raise _UnreadableError("is a folder", "name a file") from None
    except UnicodeDecodeError:
        raise _UnreadableError("is not in UTF-8", "save it as UTF-8 text") from None
    except OSError as error:
        raise _UnreadableError(f"cannot be read: {error.strerror}", "check its permissions") from None


def _parse(text: str) -> CommentedMap:
    try:
        tree = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        raise _UnreadableError(_sentence(error), _syntax_fix(error), mark.line + 1 if mark else 0) from None
    except (YAMLError, ValueError) as error:  # ValueError: a value that looks like a date and is none
        raise _UnreadableError(f"YAML syntax: {error}", "quote text that looks like something else") from None
    if tree is None:  # an overlay of nothing but comments
        return CommentedMap()
    if not isinstance(tree, CommentedMap):
        raise _UnreadableError("needs `key: value` lines at its top", "start from the shipped heliograph.yaml", 1)
    return tree


def _plain(node: CommentedMap, key: Key, places: dict[Key, Place], path: Path) -> dict[str, object]:
    plain: dict[str, object] = {}
    for name, value in node.items():
        below = (*key, str(name))
        places[below] = Place(display(path), node.lc.key(name)[0] + 1)
        plain[str(name)] = _value(value, below, places, path)
    return plain


def _value(node: object, key: Key, places: dict[Key, Place], path: Path) -> object:
    if isinstance(node, CommentedMap):
        return _plain(node, key, places, path)
    if isinstance(node, CommentedSeq):
        for index in range(len(node)):
            places[(*key, index)] = Place(display(path), node.lc.item(index)[0] + 1)
        return [_value(item, (*key, index), places, path) for index, item in enumerate(node)]
    if isinstance(node, str) and node and (str(key[-1]).endswith("_file") or key == ("prices", "file")):
        # A file that a file names lies beside it, wherever the command was started.
        return str(path.resolve().parent / Path(node).expanduser())
    # ruamel's own kinds of text and numbers remember how they were written; the plain ones do not.
    for kind in (bool, str, int, float):
        if isinstance(node, kind):
            return kind(node)
    return node


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
