"""Content from OpenTelemetry's own instrumentors, which record none unless an environment variable says so.

They take a completion hook in `instrument(completion_hook=...)` (opentelemetry-util-genai 1.3b0): with one, they
collect the messages, and hand them over before the span ends. So the environment, which child processes inherit and
in which other libraries read the same variable, stays as it is.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from heliograph.guard._policy import ContentPolicy

__all__ = ["CaptureHook", "capture_hook"]

_log = logging.getLogger("heliograph.guard")

_NAMES: Final = {
    "inputs": "gen_ai.input.messages",
    "outputs": "gen_ai.output.messages",
    "system_instruction": "gen_ai.system_instructions",
    "tool_definitions": "gen_ai.tool.definitions",
}


def capture_hook(policy: ContentPolicy) -> CaptureHook | None:
    """Give the hook for instrumentors; None where spans may hold no content, and none must be collected."""
    if not policy.captures_on("spans"):
        return None
    try:
        from opentelemetry.util.genai.completion_hook import load_completion_hook
        from opentelemetry.util.genai.utils import gen_ai_json_dumps
    except ImportError:
        return None
    return CaptureHook(policy, gen_ai_json_dumps, load_completion_hook())


class CaptureHook:
    """Puts messages onto the span, unless the instrumentor did so itself; then calls the hook of the environment."""

    def __init__(self, policy: ContentPolicy, dumps: Callable[..., str], after: Any = None) -> None:  # noqa: ANN401
        self._policy = policy
        self._dumps = dumps
        self._after = after

    def on_completion(self, *, span: Any = None, **content: Any) -> None:  # noqa: ANN401
        """Do what opentelemetry.util.genai's `CompletionHook` promises. Never raises for a reason of ours."""
        if span is not None and span.is_recording():
            present = getattr(span, "attributes", None) or {}
            for argument, name in _NAMES.items():
                if content.get(argument) and name not in present:
                    self._put(span, name, content[argument])
        if self._after is not None:
            self._after.on_completion(span=span, **content)

    def _put(self, span: Any, name: str, messages: Sequence[Any]) -> None:  # noqa: ANN401
        try:
            said = self._policy.clean(name, self._dumps([_plain(each) for each in messages]))
            if said is not None:
                span.set_attribute(name, said)
        except Exception as error:  # noqa: BLE001 - must not reach the application
            _log.debug("%s could not be recorded: %s", name, type(error).__name__)


def _plain(message: Any) -> Any:  # noqa: ANN401
    from dataclasses import asdict, is_dataclass

    return asdict(message) if is_dataclass(message) and not isinstance(message, type) else message
