"""One YAML file: its values, and the line on which each stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from heliograph.config._errors import Key, Place, Problem, display
from heliograph.genai._text import sayable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Source", "read"]

_LARGEST: Final = 1_048_576
"""Characters of a file; the shipped one has 25 000."""
_REMEMBERED: Final = 65_536
"""Characters of a file up to which its parsed form is kept (0.5 MB for the shipped one)."""
_MOST: Final = 10_000
"""Values of a file: its aliases (`*name`) can multiply a few lines to billions."""
_BITS: Final = 63


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
    try:
        source.data = _plain(tree, (), source.places, path)
    except _UnreadableError as error:
        return Source(problems=[Problem((), error.what, error.fix, Place(name, error.line))])
    except RecursionError:  # an alias within what it stands for
        return Source(problems=[Problem((), *_TOO_DEEP, Place(name, 0))])
    source.problems = [problem.at(source.places) for problem in _unsayable(source.data, ())]
    return source


_TOO_DEEP: Final = ("is nested too deeply", "write values below each other, and no alias within itself")


def _unsayable(value: object, key: Key) -> Iterator[Problem]:
    """Find what the servers' files cannot say: half a character (an escaped `ud83d`), an integer beyond 64 bits."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if sayable(name) is not name:
                yield Problem(key, f"the name {sayable(name)!r} holds half a character", "write the character itself")
            yield from _unsayable(inner, (*key, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _unsayable(inner, (*key, index))
    elif isinstance(value, str) and sayable(value) is not value:
        yield Problem(key, f"{sayable(value)!r} holds half a character", "write the character itself, not its code")
    elif isinstance(value, int) and value.bit_length() > _BITS:
        yield Problem(key, "is larger than any number here may be", "write a number of 64 bits")


def _text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise _UnreadableError("there is no such file", "check the name") from None
    except IsADirectoryError:
        raise _UnreadableError("is a folder", "name a file") from None
    except UnicodeDecodeError:
        raise _UnreadableError("is not in UTF-8", "save it as UTF-8 text") from None
    except OSError as error:
        raise _UnreadableError(f"cannot be read: {error.strerror}", "check its permissions") from None
    if len(text) > _LARGEST:
        raise _UnreadableError(f"has more than {_LARGEST} characters", "name the file you mean")
    return text


def _parse(text: str) -> CommentedMap:
    return _parse_again(text) if len(text) <= _REMEMBERED else _parse_once(text)


def _parse_once(text: str) -> CommentedMap:
    try:
        tree = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        raise _UnreadableError(_sentence(error), _syntax_fix(error), mark.line + 1 if mark else 0) from None
    except (YAMLError, ValueError) as error:  # ValueError: a value that looks like a date and is none
        raise _UnreadableError(f"YAML syntax: {error}", "quote text that looks like something else") from None
    except RecursionError:
        raise _UnreadableError(*_TOO_DEEP) from None
    except (AttributeError, TypeError, KeyError, AssertionError) as error:  # defects of the parser, at odd input
        raise _UnreadableError(f"cannot be understood: {error}", "write plain `key: value` lines") from None
    if tree is None:  # an overlay of nothing but comments
        return CommentedMap()
    if not isinstance(tree, CommentedMap):
        raise _UnreadableError("needs `key: value` lines at its top", "start from the shipped heliograph.yaml", 1)
    return tree


# One command reads the shipped file up to four times: its values, its comments, its schema. Nobody changes the tree.
_parse_again = lru_cache(maxsize=2)(_parse_once)


def _plain(node: CommentedMap, key: Key, places: dict[Key, Place], path: Path) -> dict[str, object]:
    plain: dict[str, object] = {}
    shown = display(path)
    for name, value in node.items():
        below = (*key, str(name))
        places[below] = _place(node, name, shown) or places.get(key, Place(shown, 0))
        _bound(places)
        plain[str(name)] = _value(value, below, places, path)
    return plain


def _bound(places: dict[Key, Place]) -> None:
    if len(places) > _MOST:
        raise _UnreadableError(f"holds more than {_MOST} values", "write them out instead of by aliases (*name)")


def _place(node: CommentedMap | CommentedSeq, name: object, shown: str) -> Place | None:
    """Find the line of a key, or of an item; None where the parser does not know (`<<`, `!!omap`)."""
    try:
        found = node.lc.key(name) if isinstance(node, CommentedMap) else node.lc.item(name)
        return Place(shown, found[0] + 1)
    except (TypeError, KeyError, AttributeError):
        return None


def _value(node: object, key: Key, places: dict[Key, Place], path: Path) -> object:
    if isinstance(node, CommentedMap):
        return _plain(node, key, places, path)
    if isinstance(node, CommentedSeq):
        for index in range(len(node)):
            places[(*key, index)] = _place(node, index, display(path)) or places[key]
            _bound(places)
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
