"""Make the answer to a prompt: text, a tool call or structured output, and what it costs in tokens."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from heliograph.testing import _tokens
from heliograph.testing._answer import answer, marked_passages, question_of, stems
from heliograph.testing._ledger import Usage
from heliograph.testing._prompt import Message
from heliograph.testing._schema import fill

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from heliograph.testing._prompt import Prompt, Tool
    from heliograph.testing._prompt_cache import PromptCache

__all__ = ["Generated", "generate"]

_REASONING = {"none": 0, "minimal": 0, "low": 64, "medium": 192, "high": 640, "xhigh": 1280}  # tokens by effort


@dataclass(frozen=True, slots=True)
class Generated:
    """An answer: its tokens, one by one, and why it ended. `tool` is set when the tokens are its arguments (JSON)."""

    tokens: Sequence[str]
    finish: Literal["stop", "length", "tool_calls", "content_filter"]
    usage: Usage
    tool: str | None = None

    @property
    def text(self) -> str:
        """The whole answer."""
        return "".join(self.tokens)


def generate(
    prompt: Prompt, cache: PromptCache, *, own: Callable[[str], str] | None = None, faults: Collection[str] = ()
) -> Generated:
    """Answer the prompt. Of the `faults`, `filter` stops an answer half-way, and `loop` calls a tool without end.

    `own` is a user's way to answer: it takes the text of the last user message.
    Raises ApiError 400 for a prompt that is longer than the model's context window.
    """
    asked = prompt.tokens()
    prompt.check_length(len(asked))
    cached = cache.use(prompt.model.name, asked)
    tool = _chosen_tool(prompt, loops="loop" in faults)
    finish: Literal["stop", "length", "tool_calls", "content_filter"] = "stop"
    if tool is not None:
        finish = "tool_calls"
        text = json.dumps(fill(tool.parameters, question_of(_last(prompt, "user"))), ensure_ascii=False)
    else:
        text = own(_last(prompt, "user")) if own else answer([message.text for message in _with_passages(prompt)])
        if prompt.schema is not None:
            text = json.dumps(fill(prompt.schema, text) if prompt.schema else {"answer": text}, ensure_ascii=False)
        for mark in prompt.stop:
            text = text.split(mark, 1)[0]
    tokens = _tokens.split(text)
    reasoning = _REASONING.get(prompt.effort, 192) if prompt.model.reasons else 0
    if "filter" in faults and tool is None:
        tokens, finish = tokens[: len(tokens) // 2], "content_filter"
    if prompt.max_tokens is not None and reasoning + len(tokens) > prompt.max_tokens:
        reasoning = min(reasoning, prompt.max_tokens)
        tokens, finish = tokens[: prompt.max_tokens - reasoning], "length"
    completion = (reasoning + len(tokens)) * prompt.n
    usage = Usage(len(asked), cached, completion, reasoning * prompt.n)
    return Generated(tokens, finish, usage, tool.name if tool else None)


def _last(prompt: Prompt, role: str) -> str:
    texts = [message.text for message in prompt.messages if message.role == role]
    return texts[-1] if texts else prompt.messages[-1].text


def _with_passages(prompt: Prompt) -> list[Message]:
    """Return the messages to answer from, with the last user message at the end: it holds the question."""
    users = [i for i, message in enumerate(prompt.messages) if message.role == "user"]
    if not users:
        return list(prompt.messages)
    # Tools and users bring the passages. Instructions and earlier answers are nothing to quote from, but some prompts
    # have their passages below the instructions: those are marked.
    sources = [
        Message(message.role, message.text if message.role in {"tool", "user"} else marked_passages(message.text))
        for i, message in enumerate(prompt.messages)
        if message.role not in {"assistant", "function"} and i != users[-1]
    ]
    return [*sources, prompt.messages[users[-1]]]


def _chosen_tool(prompt: Prompt, *, loops: bool) -> Tool | None:
    """Return the tool to call: the one demanded, or the one whose words are those of the question.

    Each is called once for a question, the best one first; who `loops` calls the last one again.
    """
    if not prompt.tools or prompt.tool_choice == "none":
        return None
    by_name = {tool.name: tool for tool in prompt.tools}
    if prompt.tool_choice in by_name:
        return by_name[prompt.tool_choice]
    called = _called_for_the_question(prompt)
    if loops and called and called[-1] in by_name:
        return by_name[called[-1]]
    must = loops or prompt.tool_choice == "required"
    left = [tool for tool in prompt.tools if tool.name not in called]
    if not left and not must:  # answer from what they said
        return None
    asked = set(stems(question_of(_last(prompt, "user"))))
    shared = [
        (len(asked & set(stems(f"{tool.name} {tool.description}".replace("_", " ")))), tool)
        for tool in left or prompt.tools
    ]
    most, best = max(shared, key=lambda pair: pair[0])
    return best if most or must else None


def _called_for_the_question(prompt: Prompt) -> list[str]:
    """Name the tools that have been called since the last user message, in order."""
    called: list[str] = []
    for message in prompt.messages:
        called = [] if message.role == "user" else [*called, *message.calls]
    return called
