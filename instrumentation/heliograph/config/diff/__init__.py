"""What a change does to rules, routes and boards, in an operator's words."""

from heliograph.config.diff._changes import Change
from heliograph.config.diff._compare import compare, unified
from heliograph.config.diff._text import as_plain, as_text

__all__ = ["Change", "as_plain", "as_text", "compare", "unified"]
