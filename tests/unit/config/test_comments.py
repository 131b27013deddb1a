"""Which comment belongs to which key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heliograph.config._comments import comments_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TEXT = """\
# Of the file.

# Of a,
# in two lines.
a:
  # -- A heading --

  # Above b.
  b: 1  # beside b
  c: "x # y"  # beside c
  d: "x # y"
  e: {f: 1, g: 2}  # beside e
# ------------
# Of h.
#   b  what b is
#      laid out
h:
  i:
    b: 2

# Not of j: a line is between.

j: 3
"""


def test_comments_find_their_keys(overlay: Callable[..., Path]) -> None:
    comments = comments_of(overlay(TEXT))
    said = {key: comments.of(key) for key in {*comments.above, *comments.beside}}
    assert said == {
        ("a",): "Of a, in two lines.",
        ("a", "b"): "beside b\nAbove b.",
        ("a", "c"): "beside c",
        ("a", "e"): "beside e",
        ("h",): "Of h.\n  b  what b is\n     laid out",
    }


def test_a_section_explains_words_within_it(overlay: Callable[..., Path]) -> None:
    comments = comments_of(overlay(TEXT))
    assert comments.meaning(("h", "i", "b")) == "what b is"
    assert comments.meaning(("a", "b")) == ""
