"""Answer a question from the passages in the prompt: sentences that share its words, each with its source.

No model, and no chance: the same prompt always has the same answer, and every word of it stands in the prompt, so that
a test can say what must come out. Passages are taken as prompts commonly give them, with a number in brackets::

    [1] click: options
    Options are added to commands with the option decorator. ...

    Question: How do I add an option?
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["answer", "marked_passages", "question_of", "stems"]

_SENTENCES = 3  # at most this many are quoted
_MIN_WORDS, _MAX_WORDS = 4, 60  # a heading is no sentence, and a table neither
_STEM = 6  # letters: "instrument", "instruments" and "instrumentation" are one word

_MARK = re.compile(r"^\[(\w{1,12})\]\s*(.*)$")
_QUESTION = re.compile(r"^\s*question\s*:\s*(.+)$", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?:])\s+(?=[A-Z`\"'(*])")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]+")
_STOP_WORDS = frozenset(
    "about all also am an and any are as at be because been but by can could did do does doing for from get"  # noqa: SIM905 - easier to read than a hundred strings
    " give had has have he her his how if in into is it its just like make me more most much must my no not of"
    " off on one only or other our out over own please question same say she should show so some such tell than"
    " that the their them then there these they this those through to up us use used using was way we well were"
    " what when where which while who why will with without would you your".split()
)


def stems(text: str) -> list[str]:
    """Return the words of `text` that carry meaning, cut to their first letters."""
    words = (word.lower() for word in _WORD.findall(text))
    return [word[:_STEM] for word in words if word not in _STOP_WORDS and len(word) > 1]


def question_of(text: str) -> str:
    """Return what a prompt asks: its `Question:` line, else its last line with a question mark, else its last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in reversed(lines):
        if found := _QUESTION.match(line):
            return found.group(1)
    asking = [line for line in lines if line.endswith("?")]
    return (asking or lines or [""])[-1]


def marked_passages(text: str) -> str:
    """Return `text` from its first passage with a mark like `[1]` on, nothing if there is none."""
    lines = text.splitlines()
    first = next((i for i, line in enumerate(lines) if _MARK.match(line)), len(lines))
    return "\n".join(lines[first:])


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: str
    source: str
    position: int
    words: frozenset[str]


def answer(texts: Sequence[str]) -> str:
    """Answer the question in the last of `texts` (messages, oldest first) with sentences found in any of them."""
    if not texts:
        return "Nothing was asked."
    question = question_of(texts[-1])
    asked = frozenset(stems(question))
    sentences = [sentence for sentence in _sentences(texts) if question not in sentence.text]
    if not sentences:
        return f"There are no passages to answer from: {question}"
    weights = _weights(sentences)
    scored = sorted(((_score(s, asked, weights), s) for s in sentences), key=lambda pair: (-pair[0], pair[1].position))
    best: list[_Sentence] = []
    for score, sentence in scored:
        # A sentence that says what another has said already adds nothing.
        if score > 0 and all(sentence.words != other.words for other in best):
            best.append(sentence)
        if len(best) == _SENTENCES:
            break
    if not best:
        return f"The passages do not answer: {question}"
    best.sort(key=lambda sentence: sentence.position)
    return " ".join(f"{s.text} [{s.source}]" if s.source else s.text for s in best)


def _sentences(texts: Sequence[str]) -> list[_Sentence]:
    found: list[_Sentence] = []
    for text in texts:
        source = ""
        for block in re.split(r"\n\s*\n|\n(?=\s*[-*] )|\n(?=\[\w{1,12}\])", text):
            lines = block.strip().split("\n")
            if mark := _MARK.match(lines[0]):
                source = mark.group(1)
                lines = lines[1:]  # the rest of that line is the title
            if any(_QUESTION.match(line) for line in lines):
                continue
            for sentence in _SENTENCE_END.split(" ".join(" ".join(lines).split())):
                if _MIN_WORDS <= len(sentence.split()) <= _MAX_WORDS:
                    words = frozenset(stems(sentence))
                    found.append(_Sentence(sentence.strip(" -*#>"), source, len(found), words))
    return found


def _weights(sentences: list[_Sentence]) -> dict[str, float]:
    """Return how much each word says: the rarer, the more (inverse document frequency)."""
    frequency = Counter(word for sentence in sentences for word in sentence.words)
    return {word: math.log(1 + len(sentences) / n) for word, n in frequency.items()}


def _score(sentence: _Sentence, asked: frozenset[str], weights: dict[str, float]) -> float:
    shared = sum(weights[word] for word in sentence.words & asked)
    return shared / math.sqrt(8 + len(sentence.words))  # of two that say the same, the shorter
