"""Which instrumentor speaks for which library, and when it starts.

Several distributions use one entry point name ("openai", "langchain"); loading all of them gave four spans a
call and twice the tokens. So one is chosen per library: what the user names, else our own where there is one
("heliograph"), else an installed one by the name of its distribution. It is started when the application imports the
library: an application that never does pays nothing.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
import sys
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, Final

import wrapt
from opentelemetry.metrics import NoOpMeterProvider

from heliograph.guard import capture_hook
from heliograph.telemetry._joining import keeps_official_metrics

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from heliograph.telemetry._runtime import Runtime

__all__ = ["OWN", "Choice", "activate", "choose"]

_log = logging.getLogger("heliograph.integrations")
_GROUP: Final = "opentelemetry_instrumentor"

OWN: Final = "heliograph"
"""What our own instrumentors are called where a distribution is named."""


@dataclass(frozen=True, slots=True)
class _Library:
    """A GenAI library: the module whose import starts its instrumentor, and distributions by preference.

    `own` is the module of our instrumentor, with a function `instrument(runtime)`.
    """

    module: str
    preferred: tuple[str, ...]
    own: str | None = None


def _known(module: str, *names: str, vendor: str | None = None, own: str | None = None) -> _Library:
    official = tuple(f"opentelemetry-instrumentation-genai-{name}" for name in names)
    others = tuple(f"opentelemetry-instrumentation-{name}" for name in names)
    return _Library(module, (*official, *((vendor,) if vendor else ()), *others), own)


# The contrib instrumentors ("...-v2") are deprecated and import no longer with the current util-genai;
# OpenLLMetry's ("opentelemetry-instrumentation-<library>") come last.
_LIBRARIES: Final[Mapping[str, _Library]] = {
    "anthropic": _known("anthropic", "anthropic"),
    "bedrock": _known("botocore", "bedrock"),
    "cohere": _known("cohere", "cohere"),
    "crewai": _known("crewai", "crewai"),
    "google_genai": _known(
        "google.genai", "google-genai", "google-generativeai", vendor="opentelemetry-instrumentation-google-genai"
    ),
    "groq": _known("groq", "groq"),
    "haystack": _known("haystack", "haystack"),
    "langchain": _known("langchain_core", "langchain"),
    "llama_index": _known("llama_index.core", "llama-index", "llamaindex"),
    "mistralai": _known("mistralai", "mistralai"),
    "ollama": _known("ollama", "ollama"),
    "openai": _known("openai", "openai", own="heliograph.integrations.openai"),
    "openai_agents": _known("agents", "openai-agents"),
    "vertexai": _known("vertexai", "vertexai", "google-vertexai"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One instrumentor, chosen for one library; `entry` is None for our own."""

    library: str
    module: str
    distribution: str
    entry: EntryPoint | None


def activate(runtime: Runtime) -> None:
    """Start what `configure(instrument=...)` and the environment ask for; say once which that is."""
    wanted = _wanted(runtime.settings.instrument)
    if wanted is not None and not wanted:
        return
    choices = choose(entry_points(group=_GROUP), wanted)
    for choice in choices:
        _start_when_imported(choice, runtime)
    if choices:
        said = ", ".join(f"{choice.library} ({choice.distribution})" for choice in choices)
        _log.info("instrumented on import: %s", said)


def choose(entries: Iterable[EntryPoint], wanted: Mapping[str, str] | None) -> list[Choice]:
    """One instrumentor per library that is installed.

    `wanted` maps a library to a distribution ("heliograph": our own; "" leaves the choice to us); None means every
    GenAI library. A library whose module cannot be found is left out, silently: nobody can import it.
    """
    by_library: dict[str, list[EntryPoint]] = {name: [] for name, known in _LIBRARIES.items() if known.own is not None}
    for entry in entries:
        by_library.setdefault(_library_of(entry), []).append(entry)
    disabled = {name.strip() for name in os.environ.get("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", "").split(",")}
    chosen: list[Choice] = []
    for library, candidates in sorted(by_library.items()):
        known = _LIBRARIES.get(library)
        if "*" in disabled or library in disabled or any(entry.name in disabled for entry in candidates):
            continue
        if wanted is None and known is None:
            continue  # not about models: the user activates those, or names them in `instrument`
        if wanted is not None and library not in wanted:
            continue
        module = known.module if known else library
        if known is not None and not _importable(module):
            continue
        asked = (wanted or {}).get(library, "")
        if known is not None and known.own is not None and asked in {"", OWN}:
            chosen.append(Choice(library, module, OWN, None))
            continue
        best = _best(candidates, known, asked)
        if best is not None:
            chosen.append(Choice(library, module, _distribution(best), best))
    return chosen


def _wanted(asked: bool | Sequence[str]) -> dict[str, str] | None:  # noqa: FBT001 - `configure`'s own argument
    """`library` or `library=distribution`, from HELIOGRAPH_INSTRUMENTORS or else from the argument."""
    given = os.environ.get("HELIOGRAPH_INSTRUMENTORS", "").strip()
    if given:
        asked = [] if given.lower() == "none" else given.split(",")
    if isinstance(asked, bool):
        return None if asked else {}
    pairs = (each.partition("=") for each in asked)
    return {library.strip().replace("-", "_"): distribution.strip() for library, _, distribution in pairs}


def _library_of(entry: EntryPoint) -> str:
    """Name the library an entry point is for: by its distribution's name, since entry point names collide."""
    distribution = _distribution(entry)
    for name, library in _LIBRARIES.items():
        if distribution in library.preferred:
            return name
    return entry.name.replace("-", "_")


def _distribution(entry: EntryPoint) -> str:
    return entry.dist.name.lower().replace("_", "-") if entry.dist is not None else ""


def _best(candidates: Sequence[EntryPoint], known: _Library | None, asked: str) -> EntryPoint | None:
    by_name = {_distribution(entry): entry for entry in candidates}
    if asked:
        if asked not in by_name:
            there = ", ".join(sorted({*by_name, *([OWN] if known is not None and known.own is not None else ())}))
            _log.warning("the instrumentor %s is not installed; there is: %s", asked, there or "none")
            return None
        return by_name[asked]
    for name in known.preferred if known else ():
        if name in by_name:
            return by_name[name]
    return candidates[0]


def _importable(module: str) -> bool:
    """Whether the top-level package exists; nothing is imported."""
    top = module.partition(".")[0]
    if top in sys.modules:
        return True
    try:
        return importlib.util.find_spec(top) is not None
    except (ImportError, ValueError):
        return False


def _start_when_imported(choice: Choice, runtime: Runtime) -> None:
    def start(_: object) -> None:
        try:
            _start(choice, runtime)
        except Exception:  # one instrumentor's defect must not break the application's import  # noqa: BLE001 - must not reach the application
            _log.warning("the instrumentor %s could not be started", choice.distribution, exc_info=True)

    wrapt.register_post_import_hook(start, choice.module)


def _start(choice: Choice, runtime: Runtime) -> None:
    if choice.entry is None:
        if _already(choice):
            _log.info("%s is instrumented already: left as it is", choice.library)
            return
        importlib.import_module(str(_LIBRARIES[choice.library].own)).instrument(runtime)
        return
    instrumentor: Any = choice.entry.load()()
    if getattr(instrumentor, "is_instrumented_by_opentelemetry", False) or _already(choice):
        _log.info("%s is instrumented already: left as it is", choice.library)
        return
    conflict = getattr(instrumentor, "_check_dependency_conflicts", lambda: None)()
    if conflict is not None:
        _log.warning("the instrumentor %s does not fit: %s", choice.distribution, conflict)
        return
    hook = capture_hook(runtime.settings.content)
    instrumentor.instrument(
        **({"completion_hook": hook} if hook is not None else {}),
        tracer_provider=runtime.tracers,
        # Their metrics repeat ours, at a record per streamed chunk and a label per system fingerprint.
        meter_provider=runtime.meters if keeps_official_metrics() else NoOpMeterProvider(),
        logger_provider=runtime.loggers,
        skip_dep_check=True,
    )


# One method per library that every instrumentor wraps. A wrapper there is somebody's instrumentation.
_SIGNS: Final = {
    "openai": ("openai.resources.chat.completions", "Completions", "create"),
    "anthropic": ("anthropic.resources.messages", "Messages", "create"),
}


_WRAPPERS: Final = (wrapt.FunctionWrapper, wrapt.BoundFunctionWrapper)

_NOT_ALWAYS_TOLD: Final = ("langfuse.",)
"""Modules of wrappers that tell of a call only at times (Langfuse's: with a key and with its tracing on).

They are no reason to leave a library alone: a call that they do tell of is counted once all the same.
"""


def _already(choice: Choice) -> bool:
    """Whether another distribution's instrumentor has been at the library (say, by `opentelemetry-instrument`)."""
    sign = _SIGNS.get(choice.library)
    if sign is None:
        return False
    module, owner, method = sign
    function = getattr(getattr(sys.modules.get(module), owner, None), method, None)
    while isinstance(function, _WRAPPERS):
        made_by = getattr(getattr(function, "_self_wrapper", None), "__module__", None) or ""
        if not made_by.startswith(_NOT_ALWAYS_TOLD):
            return True
        function = function.__wrapped__
    return False
