"""Fill a JSON schema: arguments of a tool call and structured output, from the words of the prompt."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["fill"]

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_MAX_DEPTH = 8  # a schema that refers to itself ends here


def fill(schema: Mapping[str, Any], text: str) -> object:
    """Return a value that satisfies the `schema`: strings hold `text`, numbers the first number in it.

    Of the keywords, those that OpenAI's structured outputs allow are understood (`type`, `properties`, `items`,
    `enum`, `const`, `anyOf`, `$ref` into the schema, bounds of numbers and of arrays). The same input always gives
    the same value.
    """
    return _Filler(schema, text).value(schema, 0)


class _Filler:
    def __init__(self, root: Mapping[str, Any], text: str) -> None:
        self._root = root
        self._text = text
        number = _NUMBER.search(text)
        self._number = float(number.group()) if number else 1.0

    def value(self, schema: Mapping[str, Any], depth: int) -> object:
        schema = self._resolve(schema)
        if "const" in schema:
            return schema["const"]
        if choices := schema.get("enum"):
            return next((c for c in choices if str(c).lower() in self._text.lower()), choices[0])
        if options := schema.get("anyOf") or schema.get("oneOf"):
            return self.value(options[0] if depth < _MAX_DEPTH else options[-1], depth + 1)
        return self._of_type(schema, depth)

    def _of_type(self, schema: Mapping[str, Any], depth: int) -> object:
        kind = schema.get("type") or ("object" if "properties" in schema else "string")
        if isinstance(kind, list):
            kind = kind[0]
        if kind == "object":
            properties = schema.get("properties", {})
            names = properties if depth < _MAX_DEPTH else schema.get("required", ())
            return {name: self.value(properties.get(name, {}), depth + 1) for name in names}
        if kind == "array":
            size = max(int(schema.get("minItems", 0)), 1 if depth < _MAX_DEPTH else 0)
            return [self.value(schema.get("items", {}), depth + 1) for _ in range(size)]
        number = self._bounded(schema)
        return {"integer": int(number), "number": number, "boolean": True, "null": None}.get(kind, self._text)

    def _bounded(self, schema: Mapping[str, Any]) -> float:
        low = schema.get("minimum", self._number)
        high = schema.get("maximum", self._number)
        return float(min(max(self._number, low), high))

    def _resolve(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        for _ in range(_MAX_DEPTH):
            reference = schema.get("$ref")
            if not isinstance(reference, str):
                break
            target: Any = self._root
            for part in reference.removeprefix("#").strip("/").split("/"):
                target = target.get(part, {}) if isinstance(target, dict) and part else target
            schema = target
        return schema
