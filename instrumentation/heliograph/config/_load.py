"""Read `heliograph.yaml` and its overlays; report everything that is wrong with them at once."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from heliograph.config import _checks
from heliograph.config._errors import ConfigError, Key, Place, Places, Problem
from heliograph.config._model import CanaryPart, Config, MeterPart
from heliograph.config._source import read
from heliograph.stack._paths import config_root
from heliograph.stack._ports import Ports

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails

__all__ = ["build", "load", "load_for_canary", "load_for_meter", "merge", "shipped", "sources", "unchecked"]

_Model = TypeVar("_Model", bound=BaseModel)

# What follows `external_url` in the links that the file leaves open.
_PORTS = Ports()
_LINKS = {
    "grafana": f":{_PORTS.grafana}",
    "prometheus": f":{_PORTS.prometheus}",
    "alertmanager": f":{_PORTS.alertmanager}",
    "jaeger": f":{_PORTS.jaeger}",
    "runbooks": f":{_PORTS.inbox_http}/runbooks",
}

_MISSING = "is missing"


def shipped() -> Path:
    """Return the shipped `heliograph.yaml`."""
    return config_root() / "heliograph.yaml"


def load(path: Path | None = None, overlays: Sequence[Path] = ()) -> Config:
    """Return the configuration in `path` (the shipped `heliograph.yaml` when None) under its `overlays`.

    Overlays are merged deeply, the last one wins; lists are replaced as a whole. Relative names of secret files are
    relative to the file that states them.

    Raises `ConfigError` with every problem of every file.
    """
    data, places = _read([path or shipped(), *overlays], Config)
    return build(data, places)


def sources(overlays: Sequence[Path] = ()) -> tuple[dict[str, Any], Places]:
    """Return the values of the shipped file under its overlays, as they are written, and where each was written.

    Raises `ConfigError` for files that cannot be read.
    """
    return _read([shipped(), *overlays], Config)


def load_for_meter(overlays: Sequence[Path] = ()) -> MeterPart:
    """Return what `heliograph meter` reads of the shipped `heliograph.yaml` under `overlays`.

    Only that part is checked: in a container of its own the meter sees no secrets, and thresholds are not its business.

    Raises `ConfigError`.
    """
    data, places = _read([shipped(), *overlays], MeterPart)
    return _checked(MeterPart, data, places)


def load_for_canary(overlays: Sequence[Path] = ()) -> CanaryPart:
    """Return what `heliograph canary` reads of the shipped `heliograph.yaml` under `overlays`; raises `ConfigError`."""
    data, places = _read([shipped(), *overlays], CanaryPart)
    return _checked(CanaryPart, data, places)


def build(data: Mapping[str, Any], places: Places | None = None) -> Config:
    """Return the checked configuration of plain `data`; `places` say where each value was written."""
    config = _checked(Config, data, places or {})
    config._source = copy.deepcopy(dict(data))  # noqa: SLF001 - our own class
    return config


def unchecked(data: Mapping[str, Any]) -> Config:
    """Return a configuration whose values have the right kinds, whatever holds between them: to see what it renders.

    Raises pydantic's ValidationError.
    """
    config = Config.model_validate(_derived(data))
    config._source = copy.deepcopy(dict(data))  # noqa: SLF001 - our own class
    return config


def _read(files: Sequence[Path], model: type[BaseModel]) -> tuple[dict[str, Any], Places]:
    data: dict[str, Any] = {}
    places: dict[Key, Place] = {}
    problems: list[Problem] = []
    for file in files:
        source = read(file)
        problems += source.problems
        data = merge(data, source.data)
        places.update(source.places)
    if problems and data:
        # A file that could not be read may hold the very keys that now seem missing: say only what is sure.
        problems += [p.at(places) for p in _problems(model, data) if p.what != _MISSING]
    if problems:
        raise ConfigError(problems)
    return data, places


def _checked(model: type[_Model], data: Mapping[str, Any], places: Places) -> _Model:
    if problems := _problems(model, data):
        raise ConfigError(problem.at(places) for problem in problems)
    return model.model_validate(_derived(data))


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return `above` laid over `below`: mappings join, everything else replaces."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = merge(under, value) if isinstance(under, Mapping) and isinstance(value, Mapping) else value
    return merged


def _derived(data: Mapping[str, Any]) -> dict[str, Any]:
    links = data.get("links")
    external = data.get("external_url")
    if not isinstance(links, Mapping):
        return dict(data)
    # A wrong external_url is one problem, not six.
    base = external.rstrip("/") if isinstance(external, str) else "http://localhost"
    known = {name: base + tail for name, tail in _LINKS.items() if name in links and links[name] is None}
    return {**data, "links": {**links, **known}}


def _problems(model: type[BaseModel], data: Mapping[str, Any]) -> list[Problem]:
    problems = [problem for problem in _checks.run(data) if problem.key[0] in model.model_fields]
    try:
        model.model_validate(_derived(data))
    except ValidationError as error:
        problems += [_explain(details) for details in error.errors(include_url=False)]
    return problems


def _explain(details: ErrorDetails) -> Problem:
    """Return pydantic's complaint in words for someone who edits the file."""
    key: Key = details["loc"]
    kind = details["type"]
    context = details.get("ctx", {})
    value = details["input"]
    shown = "a mapping" if isinstance(value, Mapping) else "null" if value is None else repr(value)
    wanted = details["msg"].removeprefix("Input should be ")
    words = {
        "heliograph": (context.get("what"), context.get("fix")),
        "extra_forbidden": (f"unknown key {key[-1]!r}", _nearest(str(key[-1]), _keys_at(key[:-1]))),
        "missing": (_MISSING, "take the line from the shipped heliograph.yaml"),
        "literal_error": (f"{shown} is none of the choices", f"write one of {context.get('expected')}"),
        "model_type": (f"needs a mapping, not {shown}", f"indent its keys below it: {', '.join(_keys_at(key))}"),
        "list_type": (f"needs a list, not {shown}", "write [one, another]"),
        "string_too_short": ("is empty", "write at least a word"),
        "too_short": ("is empty", "list at least one"),
        "string_type": (f"{shown} is no text", "write text, in quotes where it looks like a number"),
        "float_type": (f"{shown} is no number", "write a number"),
        "int_type": (f"{shown} is no whole number", "write a whole number"),
        "bool_type": (f"{shown} is neither true nor false", "write true or false"),
        "less_than_equal": (f"{shown} is too much", f"write a number {wanted}"),
    }
    what, fix = words.get(kind, (f"{shown} does not fit here", f"write {wanted}"))
    return Problem(key, str(what), str(fix))


def _nearest(name: str, known: list[str]) -> str:
    folded = {candidate.lower(): candidate for candidate in known}
    if near := difflib.get_close_matches(name.lower(), folded, n=1, cutoff=0.6):
        return f"did you mean {folded[near[0]]!r}?"
    return f"known here: {', '.join(known)}"


def _keys_at(key: Key) -> list[str]:
    """Return the keys that the model knows below `key`."""
    model: type[BaseModel] | None = Config
    for part in key:
        if model is None:
            return []
        found = next((f for n, f in model.model_fields.items() if (f.alias or n) == part), None)
        annotation: Any = found.annotation if found else None
        model = next((t for t in (annotation, *get_args(annotation)) if _is_model(t)), None)
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def _is_model(candidate: object) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, BaseModel)
