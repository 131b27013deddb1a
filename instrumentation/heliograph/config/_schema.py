"""A JSON schema of heliograph.yaml for editors: shapes from the model, words from the file, defaults as shipped.

It describes a file of one's own laid over the shipped one, so no key of a mapping is required; lists replace as a
whole, so what they list is complete. What must hold between values is not in it: the commands say that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from heliograph.config._comments import Comments, comments_of
from heliograph.config._load import shipped
from heliograph.config._model import Config
from heliograph.config._source import read

if TYPE_CHECKING:
    from heliograph.config._errors import Key

__all__ = ["SCHEMA", "schema", "schema_text"]

SCHEMA = "heliograph.schema.json"
"""Its name beside heliograph.yaml, which names it in its first line."""

_KEPT = (
    *("type", "enum", "const", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("minLength", "maxLength", "minItems", "maxItems", "minProperties", "additionalProperties", "format"),
)


def schema_text() -> str:
    """Return the file."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def schema() -> dict[str, Any]:
    """Return the schema (JSON Schema 2020-12)."""
    path = shipped()
    generated = Config.model_json_schema(by_alias=True)
    maker = _Maker(generated.get("$defs", {}), comments_of(path), read(path).data)
    made = maker.node(generated, (), complete=False)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "heliograph.yaml",
        "description": "Generated from heliograph.yaml and its model by `heliograph generate`. A file of one's own "
        "states only what differs from the shipped one.",
        **{key: value for key, value in made.items() if key not in {"title", "description", "default"}},
    }


class _Maker:
    def __init__(self, definitions: Mapping[str, Any], comments: Comments, data: Mapping[str, Any]) -> None:
        self._definitions = definitions
        self._comments = comments
        self._data = data

    def node(self, raw: Mapping[str, Any], key: Key, *, complete: bool) -> dict[str, Any]:
        """Return the schema of the value at `key`; `complete`: it lies within a list, where nothing is merged."""
        if "$ref" in raw:
            raw = {**self._definitions[raw["$ref"].rsplit("/", 1)[1]], **{k: v for k, v in raw.items() if k != "$ref"}}
        if key == ("prices",):
            raw = {**_prices(), "description": raw.get("description", "")}
        made: dict[str, Any] = {}
        if words := self._words(raw, key):
            made["description"] = words
        if "anyOf" in raw:
            made |= self._either(raw["anyOf"], key, complete=complete)
        made |= {name: raw[name] for name in _KEPT if name in raw}
        if isinstance(raw.get("propertyNames"), Mapping):
            made["propertyNames"] = {name: raw["propertyNames"][name] for name in _KEPT if name in raw["propertyNames"]}
        for pattern, inner in raw.get("patternProperties", {"": raw.get("additionalProperties")}).items():
            made |= self._free_names(pattern, inner, key, complete=complete) if isinstance(inner, Mapping) else {}
        if "properties" in raw:
            made["properties"] = {
                name: self.node(inner, (*key, name), complete=complete) for name, inner in raw["properties"].items()
            }
            if complete and "required" in raw:
                made["required"] = raw["required"]
        if "items" in raw:
            made["items"] = self.node(raw["items"], (*key, 0), complete=True)
        return self._with_default(made, key)

    def _free_names(self, pattern: str, inner: Mapping[str, Any], key: Key, *, complete: bool) -> dict[str, Any]:
        """Return what a mapping with names of the user's own may hold, and the shipped names with their values."""
        value = self._value(key)
        shipped_names = list(value) if isinstance(value, Mapping) else []
        return {
            **({"propertyNames": {"pattern": pattern}} if pattern else {}),
            **(
                {"properties": {name: self.node(inner, (*key, name), complete=complete) for name in shipped_names}}
                if shipped_names
                else {}
            ),
            # The comments of the first shipped entry explain all of them.
            "additionalProperties": _without_defaults(
                self.node(inner, (*key, shipped_names[0] if shipped_names else "*"), complete=complete)
            ),
        }

    def _either(self, options: list[Mapping[str, Any]], key: Key, *, complete: bool) -> dict[str, Any]:
        """Return `X or null` as X whose type may be null, which editors show better than a choice."""
        others = [option for option in options if option.get("type") != "null"]
        if len(others) == 1 < len(options):
            made = self.node(others[0], key, complete=complete)
            return _nullable({name: value for name, value in made.items() if name not in {"description", "default"}})
        return {"anyOf": [self.node(option, key, complete=complete) for option in options]}

    def _words(self, raw: Mapping[str, Any], key: Key) -> str:
        return self._comments.said(key) or " ".join(str(raw.get("description", "")).split())

    def _value(self, key: Key) -> Any:  # noqa: ANN401 - whatever the file says
        value: Any = self._data
        for part in key:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return ...
        return value

    def _with_default(self, made: dict[str, Any], key: Key) -> dict[str, Any]:
        value = self._value(key)
        if value is ... or isinstance(value, Mapping) or any(isinstance(part, int) for part in key):
            return made
        if value is None:
            made = _nullable(made)
        # Where files are named the shipped value would be this machine's path.
        own = isinstance(value, str) and str(key[-1]).endswith("_file")
        return made if own else {**made, "default": value}


def _without_defaults(made: Any) -> Any:  # noqa: ANN401 - a schema, or a part of one
    if isinstance(made, Mapping):
        return {
            name: {key: _without_defaults(inner) for key, inner in value.items()}
            if name == "properties"
            else _without_defaults(value)
            for name, value in made.items()
            if name != "default"
        }
    return made


def _nullable(made: dict[str, Any]) -> dict[str, Any]:
    kinds = made.get("type")
    if kinds is None:
        return made
    listed = kinds if isinstance(kinds, list) else [kinds]
    made = {**made, "type": [*listed, "null"] if "null" not in listed else listed}
    if "enum" in made and None not in made["enum"]:
        made["enum"] = [*made["enum"], None]
    return made


def _prices() -> dict[str, Any]:
    """Return the shape of `prices`, whose rules stand in `heliograph.genai._prices`; the finer ones only there."""
    from heliograph.genai._prices import RATES

    price = {"type": "number", "minimum": 0}
    rates = dict.fromkeys(RATES, price)
    tier = {"type": ["object", "number"]}
    entry = {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": {
            **rates,
            "above": {"type": "object"},
            "tiers": {"type": "object", "additionalProperties": tier},
            "factor": {"type": "number", "exclusiveMinimum": 0},
        },
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "models": {"type": ["object", "null"], "additionalProperties": entry},
            "free": {"type": ["array", "null"], "items": {"type": "string", "minLength": 1}},
            "providers": {"type": ["object", "null"], "additionalProperties": {"type": "string", "minLength": 1}},
            "file": {"type": ["string", "null"], "minLength": 1},
            "max_age_days": {"type": ["number", "null"], "exclusiveMinimum": 0},
        },
    }
