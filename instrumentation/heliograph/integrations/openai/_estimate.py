"""Tokens of texts, where the provider reported none: no vocabulary is downloaded, and the time is bounded.

A text is cut as tokenizers cut it before they merge, and each kind of piece is given a typical number of tokens.
Longer texts are judged by three samples of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from heliograph.integrations.openai._content import texts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from heliograph.integrations.openai._apis import Kind

__all__ = ["estimate_input", "estimate_output", "estimate_streamed", "estimate_text"]

SAMPLED: Final = 6_000
"""Characters that are looked at; a text of more is judged by three samples of a third of this."""

PER_MESSAGE: Final = 4
"""Tokens around each message: role, marks and line end (OpenAI's cookbook, "How to count tokens")."""

PER_ANSWER: Final = 3
"""Tokens that prime every answer (as above)."""

_PIECE: Final = re.compile(
    r"""
      (?P<latin>[ ]?[A-Za-z]+)
    | (?P<digits>[ ]?[0-9]+)
    | (?P<cjk>[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]+)
    | (?P<letters>[ ]?[^\W\d_]+)
    | (?P<space>\s+)
    | (?P<marks>[ ]?[^\w\s]+|_+|.)
    """,
    re.VERBOSE | re.DOTALL,
)


def estimate_text(text: str) -> float:
    """Estimate the tokens of one text."""
    if len(text) <= SAMPLED:
        return _tokens(text)
    third = SAMPLED // 3
    middle = (len(text) - third) // 2
    sample = (text[:third], text[middle : middle + third], text[-third:])
    return sum(map(_tokens, sample)) * len(text) / SAMPLED


def estimate_input(kind: Kind, body: Mapping[str, Any]) -> int:
    """Estimate what a request's texts come to, roles and tools included."""
    given = body.get({"chat": "messages", "text": "prompt"}.get(kind, "input"))
    if kind in {"embeddings", "text"}:
        return _embedded(given)
    tokens = PER_ANSWER + _all(texts_of(given))
    tokens += PER_MESSAGE * (len(given) if isinstance(given, (list, tuple)) else 1)
    instructions = body.get("instructions")
    if isinstance(instructions, str):
        tokens += PER_MESSAGE + estimate_text(instructions)
    tools = body.get("tools")
    if tools:
        tokens += estimate_text(str(tools))
    return round(tokens)


def estimate_output(kind: Kind, answer: Any) -> int:  # noqa: ANN401 - of either major version
    """Estimate what an answer's texts come to."""
    texts: list[str] = []
    for item in getattr(answer, "output" if kind == "responses" else "choices", None) or ():
        message = getattr(item, "message", None) or item
        content = getattr(message, "content", None)
        parts = content if isinstance(content, (list, tuple)) else ()
        texts += [text for part in parts if isinstance(text := getattr(part, "text", None), str)]
        texts += [content] if isinstance(content, str) else []
        for name in ("text", "refusal", "arguments"):
            value = getattr(message, name, None)
            texts += [value] if isinstance(value, str) else []
        for call in getattr(message, "tool_calls", None) or ():
            function = getattr(call, "function", None)
            texts += [str(getattr(function, "name", "")), str(getattr(function, "arguments", ""))]
    return round(_all(texts))


def estimate_streamed(texts: Sequence[str], characters: int, pieces: int) -> int:
    """Estimate the tokens of a streamed answer of `characters` that came in `pieces`; `texts` is its beginning.

    Most servers send one token a chunk. If the number of chunks is near the estimate, it is the better one.
    """
    kept = sum(map(len, texts))
    if not kept:
        return 0
    guess = estimate_text("".join(texts)) * max(characters, kept) / kept
    return pieces if guess / _NEAR <= pieces <= guess * _NEAR else round(guess)


_NEAR: Final = 1.5


def _embedded(given: object) -> int:
    """Count an input of embeddings or a legacy prompt: texts, or tokens as they are."""
    if isinstance(given, (list, tuple)):
        if given and all(isinstance(each, int) for each in given):
            return len(given)
        return sum(_embedded(each) for each in given)
    return round(estimate_text(given)) if isinstance(given, str) else 0


def _all(texts: Iterable[str]) -> float:
    return sum(map(estimate_text, texts))


def _tokens(text: str) -> float:
    total = 0.0
    for match in _PIECE.finditer(text):
        piece = match.group()
        weigh = _WEIGHTS[match.lastgroup or "marks"]
        total += weigh(len(piece) - (piece[0] == " "))
    return total


def _latin(length: int) -> float:
    return 1.0 if length <= 7 else length / 6  # noqa: PLR2004


_WEIGHTS: Final[Mapping[str, Callable[[int], float]]] = {
    "latin": _latin,
    "digits": lambda length: float(-(-length // 3)),
    "cjk": lambda length: length * 0.8,
    "letters": lambda length: max(1.0, length / 3),
    "space": lambda length: 1.0 if length > 1 else 0.5,
    "marks": lambda length: float(-(-length // 2)),
}
