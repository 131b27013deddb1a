"""Ask the servers' own tools about a configuration before anything is replaced by it.

promtool and amtool come with their servers (`heliograph build`); where they are not built, the server itself judges,
and the old files come back when it says no. Expressions in Loki's rules are read by the running Loki.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from ruamel.yaml import YAML

from heliograph.errors import HeliographError
from heliograph.reload._http import AbsentError, RefusedError, get
from heliograph.stack._build import NotBuiltError, binary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["precheck"]

# tool → arguments, the file it starts from
_TOOLS = {
    "promtool": (("check", "config"), "prometheus/prometheus.yml"),
    "amtool": (("check-config",), "alertmanager/generated/alertmanager.yaml"),
}


def precheck(files: Mapping[str, str], *, loki: str = "", templates: str = "") -> list[str]:
    """Return what was checked, one line each.

    `files` are all files of the servers, by path; `loki` is the address of a running Loki; `templates` the folder of
    Alertmanager's templates as the files name it, which are checked as `files` hold them.

    Raises HeliographError with the tool's words for what is wrong.
    """
    checked = []
    with tempfile.TemporaryDirectory(prefix="heliograph-check-") as folder:
        for path, text in files.items():
            target = Path(folder) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if templates and path.startswith("alertmanager/generated/"):
                text = text.replace(templates, f"{folder}/alertmanager/templates")  # noqa: PLW2901 - the same text
            target.write_text(text, encoding="utf-8")
        for tool, (arguments, path) in _TOOLS.items():
            try:
                program = binary(tool)
            except NotBuiltError:
                checked.append(f"{tool} is not built on this machine: its server will judge")
                continue
            _run([str(program), *arguments, f"{folder}/{path}"], folder)
            checked.append(f"{tool} accepts it")
    if loki and (count := _loki(files, loki)):
        checked.append(f"loki reads all {count} expressions")
    return checked


def _run(command: list[str], folder: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        lines = (done.stdout + done.stderr).replace(f"{folder}/", "").splitlines()
        telling = [line.strip() for line in lines if re.search(r"FAILED|rror|found \d", line)] or lines[-8:]
        raise HeliographError(
            f"{Path(command[0]).name} refuses the new configuration; nothing was replaced.",
            why="\n        ".join(telling[:12]),
        )


def _loki(files: Mapping[str, str], url: str) -> int:
    count = 0
    for path, name, expression in _expressions(files):
        try:
            get(f"{url}/loki/api/v1/format_query?{urlencode({'query': expression})}")
        except AbsentError:
            return 0
        except RefusedError as error:
            raise HeliographError(
                f"Loki cannot read the expression of {name}; nothing was replaced.", why=f"{path}: {error}"
            ) from None
        count += 1
    return count


def _expressions(files: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for path, text in files.items():
        if path.startswith(("loki/rules/", "loki/generated/")):
            for group in (YAML(typ="safe", pure=True).load(text) or {}).get("groups") or []:
                for rule in group["rules"]:
                    yield path, str(rule.get("alert") or rule.get("record")), rule["expr"]
