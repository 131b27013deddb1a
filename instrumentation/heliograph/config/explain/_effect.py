"""What changes when a value does: everything is rendered once with the value in force and once with another."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from heliograph.config._load import merge, unchecked
from heliograph.config.diff import Change, compare
from heliograph.config.explain._other import others
from heliograph.stack._stack import Stack
from heliograph.stack._workspace import reader_at_start

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from heliograph.config._errors import Key
    from heliograph.config._model import Config
    from heliograph.stack._plan import Plan

__all__ = ["Effect", "effect_of"]

_PLACE = Path("/heliograph-explain")  # where the stack would lie: it only has to be the same on both sides


@dataclass(frozen=True)
class Effect:
    """What depends on a value."""

    tried: Any = None
    """What was rendered instead of the value in force; None for a section, of which every value was changed."""
    files: tuple[str, ...] = ()
    """Files that differ and that servers read while they run."""
    changes: tuple[Change, ...] = ()
    settings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Server → its options, variables and files that differ and that it reads at its start only."""
    only_if: str = ""
    """The switch that must be on for any of this."""

    def names(self, area: str) -> list[str]:
        """Return the names of what differs in `alerts`, `records`, `routes` or `boards`."""
        return list(dict.fromkeys(change.name for change in self.changes if change.area == area))


def effect_of(data: Mapping[str, Any], keys: Sequence[tuple[Key, Mapping[str, Any]]]) -> Effect:
    """Return what differs when each of these keys (with its node of the schema) has another value than in `data`."""
    found = _compare(data, keys)
    if found.files or found.settings:
        return found
    switches = [switch for key, _ in keys for switch in _switches(data, key)]
    if not switches:
        return found
    on: Mapping[str, Any] = data
    for switch in dict.fromkeys(switches):
        on = merge(on, _at(switch, value=True))
    with_it = _compare(on, keys)
    only_if = ", ".join(".".join(map(str, switch)) for switch in dict.fromkeys(switches))
    return Effect(with_it.tried, with_it.files, with_it.changes, with_it.settings, only_if)


def _compare(data: Mapping[str, Any], keys: Sequence[tuple[Key, Mapping[str, Any]]]) -> Effect:
    changed: Mapping[str, Any] = data
    tried: Any = None
    for key, node in keys:
        for other in others(node, _value(data, key)):
            attempt = merge(changed, _at(key, value=other))
            try:
                unchecked(attempt)
            except ValidationError:
                continue
            changed, tried = attempt, other
            break
    before, after = _rendered(unchecked(data)), _rendered(unchecked(changed))
    changes = compare(before.files, after.files)
    settings = _settings(before, after)
    differ = {path for path in {*before.files, *after.files} if before.files.get(path) != after.files.get(path)}
    hot = sorted(_shown(path) for path in differ if reader_at_start(path) is None)
    return Effect(tried if len(keys) == 1 else None, tuple(hot), tuple(changes), settings)


@dataclass(frozen=True)
class _Rendered:
    files: Mapping[str, str]
    plan: Plan


def _rendered(config: Config) -> _Rendered:
    stack = Stack(0, _PLACE)
    settings = stack.workspace.settings_of(config, stack.ports, check=False)
    plan = stack.plan_of(settings, {})
    return _Rendered(stack.workspace.files(settings, stack.ports, plan.names), plan)


def _settings(before: _Rendered, after: _Rendered) -> dict[str, tuple[str, ...]]:
    old = {server.name: server for server in before.plan.servers}
    new = {server.name: server for server in after.plan.servers}
    found: dict[str, set[str]] = {name: {"whether it runs"} for name in {*old} ^ {*new}}
    for name in {*old} & {*new}:
        options = {argument.split("=", 1)[0] for argument in {*old[name].argv} ^ {*new[name].argv}}
        variables = {
            key for key in {*old[name].env, *new[name].env} if old[name].env.get(key) != new[name].env.get(key)
        }
        if options | variables:
            found[name] = options | variables
    for path in {*before.files, *after.files}:
        reader = reader_at_start(path)
        if reader in new and before.files.get(path) != after.files.get(path):
            found.setdefault(str(reader), set()).add(path)
    return {name: tuple(sorted(what)) for name, what in sorted(found.items())}


def _switches(data: Mapping[str, Any], key: Key) -> list[Key]:
    """Return the switches around a key that are off."""
    around = [(*key[:length], "enabled") for length in range(1, len(key))]
    return [switch for switch in around if switch != key and _value(data, switch) is False]


def _value(data: object, key: Key) -> Any:  # noqa: ANN401 - whatever the file says
    for part in key:
        data = data.get(part) if isinstance(data, dict) else None
    return data


def _at(key: Key, *, value: object) -> dict[str, Any]:
    for part in reversed(key):
        value = {str(part): value}
    assert isinstance(value, dict)  # noqa: S101 - no key is empty
    return value


def _shown(path: str) -> str:
    return path.replace("loki/rules/fake/", "loki/generated/")
