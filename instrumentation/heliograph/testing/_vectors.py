"""Embeddings by hashing: texts that share words (or parts of words) point the same way.

The hashing trick (Weinberger et al. 2009, "Feature Hashing for Large Scale Multitask Learning"): each feature adds +1
or -1 at one place of the vector, both given by its hash. Features are word stems, weighted more, and groups of three
letters, so that "metric" and "metrics" are near. Lexical, not semantic; deterministic on every machine.
"""

from __future__ import annotations

import base64
import math
import sys
from array import array
from collections import Counter
from zlib import crc32

from heliograph.testing._answer import stems

__all__ = ["embed", "to_base64"]

_STEM_WEIGHT = 3.0


def embed(text: str, dimensions: int) -> list[float]:
    """Return a vector of `dimensions` floats and length 1."""
    features: Counter[str] = Counter()
    for stem in stems(text):
        features[stem] += _STEM_WEIGHT  # type: ignore[assignment] # a Counter holds floats as well
        padded = f"<{stem}>"
        for i in range(len(padded) - 2):
            features[padded[i : i + 3]] += 1
    vector = [0.0] * dimensions
    for feature, weight in features.items():
        # surrogatepass: JSON may carry halves of characters, which UTF-8 alone refuses.
        digest = crc32(feature.encode("utf-8", "surrogatepass"))
        sign = 1.0 if digest & 1 else -1.0
        vector[(digest >> 1) % dimensions] += sign * math.sqrt(weight)
    length = math.sqrt(sum(x * x for x in vector))
    if not length:  # no words: a fixed direction rather than a division by zero
        vector[0] = length = 1.0
    return [x / length for x in vector]


def to_base64(vector: list[float]) -> str:
    """Return the vector as the API's `encoding_format: base64` does: little-endian 32-bit floats."""
    floats = array("f", vector)
    if sys.byteorder == "big":
        floats.byteswap()
    return base64.b64encode(floats.tobytes()).decode()
