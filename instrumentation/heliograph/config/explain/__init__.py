"""What a key of heliograph.yaml means, what it is, and what changes when it does."""

from heliograph.config.explain._effect import Effect
from heliograph.config.explain._explain import Explanation, explain

__all__ = ["Effect", "Explanation", "explain"]
