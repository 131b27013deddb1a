"""Which beginning of a prompt was seen before, as OpenAI's prompt caching counts it.

Prompts of 1 024 tokens or more are cached by prefix, in steps of 128 tokens, per model, and forgotten after minutes
without use (https://platform.openai.com/docs/guides/prompt-caching).
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["PromptCache"]

_STEP = 128  # tokens
_SECONDS = 600.0
_MAX_PREFIXES = 20_000  # forgets the ones unused for longest: about 2 MB


class PromptCache:
    """Remembers prefixes of prompts; safe to use from several threads."""

    def __init__(self, minimum: int = 1024, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._minimum = minimum
        self._clock = clock
        self._seen: OrderedDict[bytes, float] = OrderedDict()
        self._lock = threading.Lock()

    def use(self, model: str, tokens: Sequence[str]) -> int:
        """Return how many of the first `tokens` are cached, and remember all of them."""
        if len(tokens) < self._minimum:
            return 0
        digest = hashlib.blake2b(model.encode("utf-8", "surrogatepass"), digest_size=16)
        cached = 0
        now = self._clock()
        with self._lock:
            for end in range(_STEP, len(tokens) + 1, _STEP):
                digest.update("".join(tokens[end - _STEP : end]).encode("utf-8", "surrogatepass"))
                prefix = digest.digest()
                if end >= self._minimum:
                    last = self._seen.pop(prefix, None)
                    if last is not None and now - last <= _SECONDS:
                        cached = end
                    self._seen[prefix] = now
            while len(self._seen) > _MAX_PREFIXES:
                self._seen.popitem(last=False)
        return cached
