"""Options that many commands have are the same in all of them: `heliograph/_options.py` is their home."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import click
import pytest

from heliograph import cli
from heliograph._options import Url
from heliograph.stack._ports import MAX_OFFSET

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVERS = {"--alertmanager", "--collector", "--export", "--inbox", "--jaeger", "--loki", "--prometheus"}


def _commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        for below, one in command.commands.items():
            yield from _commands(one, f"{name} {below}")


def _options() -> list[tuple[str, str, click.Option]]:
    loaded = {
        name: getattr(importlib.import_module(module), attribute)
        for name, (module, attribute, _) in cli._COMMANDS.items()
    }
    return [
        (name, flag, option)
        for top, command in loaded.items()
        for name, one in _commands(command, top)
        for option in one.params
        if isinstance(option, click.Option)
        for flag in option.opts
    ]


OPTIONS = _options()


def of(*flags: str) -> list[Any]:
    found = [(name, option) for name, flag, option in OPTIONS if flag in flags]
    assert len(found) > 1
    return [pytest.param(name, option, id=f"{name} {option.opts[-1]}") for name, option in found]


@pytest.mark.parametrize(("name", "option"), of("--config"))
def test_files_are_laid_over_heliograph_yaml(name: str, option: click.Option) -> None:
    assert (option.name, option.multiple, option.metavar) == ("overlays", True, "FILE"), name
    assert option.help
    assert option.help.startswith("Lay FILE over heliograph.yaml")
    assert option.help.endswith("; repeat for several, the last one wins.")


@pytest.mark.parametrize(("name", "option"), of(*SERVERS))
def test_an_address_is_checked(name: str, option: click.Option) -> None:
    assert isinstance(option.type, Url), name


@pytest.mark.parametrize(("name", "option"), of("--port-offset"))
def test_an_offset_leaves_every_port_a_port(name: str, option: click.Option) -> None:
    assert isinstance(option.type, click.IntRange)
    assert (option.name, option.type.min, option.type.max) == ("offset", 0, MAX_OFFSET), name


@pytest.mark.parametrize(
    ("given", "address"),
    [("http://h:1/", "http://h:1"), ("https://h", "https://h"), ("https://h/prefix/", "https://h/prefix")],
)
def test_an_address_is_taken_without_its_last_slash(given: str, address: str) -> None:
    assert Url().convert(given, None, None) == address


@pytest.mark.parametrize("given", ["h:1", "ftp://h", "http://", "http://h:x", "http://h:0", ""])
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(click.BadParameter, match="is not an address such as"):
        Url().convert(given, None, None)
