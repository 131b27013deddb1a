"""An agent: the model chooses tools until it can answer. What is Heliograph's is marked with (H)."""

from __future__ import annotations

import itertools
import json
import logging
from typing import TYPE_CHECKING, Any

from opentelemetry import trace

import heliograph
from research_assistant.retrieval import numbered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import openai

    from research_assistant.retrieval import Index, Retriever

log = logging.getLogger("research_assistant")
tracer = trace.get_tracer("research_assistant")

PROMPT_NAME, PROMPT_VERSION = "agent", "1"
PROMPT = "Find out with the tools, then answer in two sentences and cite the passages as [1], [2]."


def _tool(name: str, description: str, **texts: str) -> Any:  # noqa: ANN401 - the client's own type is a long one
    parameters = {
        "type": "object",
        "properties": {text: {"type": "string", "description": meaning} for text, meaning in texts.items()},
        "required": list(texts),
        "additionalProperties": False,
    }
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


TOOLS = [
    _tool("search_documents", "Search the passages of all documents.", query="What to look for."),
    _tool(
        "read_document",
        "Read the beginning of one document: how to install, define, create or write something with a library.",
        title="Its title, or words of it.",
    ),
    _tool("list_documents", "List the titles of all documents, Python packages for the most part."),
]


class Agent:
    """Works on a question in steps of one call of the model each, at most `max_steps` of them; 0: no limit.

    Without a limit, a model that never comes to an answer makes it run away.
    """

    def __init__(self, client: openai.OpenAI, index: Index, retriever: Retriever, *, max_steps: int = 8) -> None:
        self._client = client
        self._max_steps = max_steps
        self._tools: Mapping[str, Callable[..., str]] = {
            "search_documents": lambda query: numbered(retriever.find(query)),
            "read_document": lambda title: _read(index, title),
            "list_documents": lambda: "\n".join(index.titles()),
        }

    def ask(
        self,
        question: str,
        *,
        model: str,
        user: str,
        session: str,
        tenant: str,
        query_type: str = "agent",
    ) -> str:
        """Return the answer, or an apology after `max_steps`; what the provider or the index raises goes on."""
        with heliograph.query(  # (H)
            query_type,
            user_id=user,
            session_id=session,
            tenant=tenant,
            chain="agent",
            prompt_name=PROMPT_NAME,
            prompt_version=PROMPT_VERSION,
        ) as query:
            answer = self._work(question, model=model)
            if answer is None:
                query.fail("StepLimit")  # (H) no exception, and yet no answer
                return f"I could not find out within {self._max_steps} steps."
            return answer

    @heliograph.chain("agent")  # (H)
    def _work(self, question: str, *, model: str) -> str | None:
        messages: list[Any] = [{"role": "system", "content": PROMPT}, {"role": "user", "content": question}]
        for step in itertools.count(1):
            done = self._client.chat.completions.create(
                model=model, messages=messages, tools=TOOLS, tool_choice="required" if step == 1 else "auto"
            )
            message = done.choices[0].message
            if not message.tool_calls:
                log.info("answered after %d steps with %s", step, model)
                return message.content or ""
            if step == self._max_steps:
                break
            messages += [message, *(self._run(call) for call in message.tool_calls)]
        log.warning("gave up after %d steps with %s", self._max_steps, model)
        return None

    def _run(self, call: Any) -> dict[str, str]:  # noqa: ANN401 - of either major version of the client
        """Run one tool; what it cannot find is told to the model, and anything else ends the query."""
        name = call.function.name
        said = {  # OpenTelemetry's names for the run of a tool: Heliograph counts it as any instrumentor's
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": name,
            "gen_ai.tool.call.id": call.id,
        }
        try:
            with tracer.start_as_current_span(f"execute_tool {name}", attributes=said):
                result = self._tools[name](**json.loads(call.function.arguments or "{}"))
        except (LookupError, TypeError) as error:  # no such tool, document or argument
            result = f"Error: {error}"
        return {"role": "tool", "tool_call_id": call.id, "content": result}


def _read(index: Index, title: str) -> str:
    passages = index.document(title)
    if not passages:
        raise LookupError(f"no document is called {title}")
    return numbered(passages)
