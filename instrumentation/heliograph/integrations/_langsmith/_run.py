"""What LangSmith was told of a run, in one notation: from a `RunTree`, or from the arguments of its client."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

__all__ = ["Run", "nanoseconds", "run_id_of", "run_of_fields", "run_of_tree"]


@dataclass(frozen=True, slots=True)
class Run:
    """One run, as far as it is known. Times are nanoseconds since the epoch.

    https://docs.langchain.com/langsmith/run-data-format
    """

    id: uuid.UUID
    trace_id: uuid.UUID
    parent_id: uuid.UUID | None = None
    name: str = ""
    kind: str = ""
    project: str | None = None
    start: int | None = None
    end: int | None = None
    error: str | None = None
    tags: tuple[str, ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    events: tuple[Mapping[str, Any], ...] = ()

    def after(self, start: Run) -> Run:
        """Complete what was told at the end, which need not be all, by what was told at the start."""
        return replace(
            self,
            name=self.name or start.name,
            kind=self.kind or start.kind,
            project=self.project or start.project,
            start=self.start or start.start,
            tags=self.tags or start.tags,
            inputs=self.inputs or start.inputs,
            extra={**start.extra, **self.extra},
            events=self.events or start.events,
        )

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What the user and the frameworks say about the run: `trace(..., metadata=)`, `ls_model_name`, ..."""
        return _mapping(self.extra.get("metadata"))

    @property
    def invocation(self) -> Mapping[str, Any]:
        """The parameters a model was called with, as frameworks note them."""
        places = (self.extra, self.metadata)
        found: dict[str, Any] = {}
        for place in places:
            for name in ("invocation_params", "ls_invocation_params"):
                found |= _mapping(place.get(name))
        return found


def run_of_tree(tree: Any) -> Run:  # noqa: ANN401 - a langsmith.RunTree, which must not be imported for it
    """Read a `RunTree`.

    Raises:
        AttributeError, ValueError: when it is not one.
    """
    return _run({name: getattr(tree, name, None) for name in _FIELDS} | {"id": tree.id})


def run_of_fields(fields: Mapping[str, Any]) -> Run:
    """Read the arguments of `create_run` or `update_run`.

    Raises:
        KeyError, ValueError: when they do not say which run it is.
    """
    return _run(fields)


def run_id_of(value: Any) -> uuid.UUID | None:  # noqa: ANN401 - strings and UUIDs are both accepted by langsmith
    """Read an id; None for none."""
    if value is None or value == "":
        return None
    return value if isinstance(value, uuid.UUID) else uuid.UUID(str(value))


_FIELDS = (
    "trace_id",
    "parent_run_id",
    "name",
    "run_type",
    "session_name",
    "start_time",
    "end_time",
    "error",
    "tags",
    "inputs",
    "outputs",
    "extra",
    "events",
    "dotted_order",
)


def _run(fields: Mapping[str, Any]) -> Run:
    identity = run_id_of(fields["id"])
    if identity is None:
        msg = "a run without an id"
        raise ValueError(msg)
    tags, events = fields.get("tags"), fields.get("events")
    return Run(
        id=identity,
        trace_id=run_id_of(fields.get("trace_id")) or _root(fields.get("dotted_order")) or identity,
        parent_id=run_id_of(fields.get("parent_run_id")),
        name=str(fields.get("name") or ""),
        kind=str(getattr(fields.get("run_type"), "value", fields.get("run_type")) or ""),
        project=fields.get("session_name") or fields.get("project_name"),
        start=nanoseconds(fields.get("start_time")),
        end=nanoseconds(fields.get("end_time")),
        error=str(fields["error"]) if fields.get("error") else None,
        tags=tuple(str(tag) for tag in tags) if isinstance(tags, Sequence) and not isinstance(tags, str) else (),
        inputs=_mapping(fields.get("inputs")),
        outputs=_mapping(fields.get("outputs")),
        extra=_mapping(fields.get("extra")),
        events=tuple(each for each in events if isinstance(each, Mapping)) if isinstance(events, Sequence) else (),
    )


def nanoseconds(moment: Any) -> int | None:  # noqa: ANN401 - a datetime, its ISO text, or nothing
    """Read a time; one without a zone is UTC, as everywhere in langsmith."""
    if isinstance(moment, str):
        try:
            moment = dt.datetime.fromisoformat(moment)
        except ValueError:
            return None
    if not isinstance(moment, dt.datetime):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    # Integers throughout: a float of this size is exact to 256 ns only.
    microseconds: int = (moment - _EPOCH) // dt.timedelta(microseconds=1)
    return microseconds * 1000


_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def _root(order: Any) -> uuid.UUID | None:  # noqa: ANN401
    """Read the trace id off a dotted order: `<time>Z<id of the root>.<time>Z<id>...`."""
    if not isinstance(order, str) or not order:
        return None
    try:
        return uuid.UUID(order.split(".", 1)[0].rsplit("Z", 1)[-1])
    except ValueError:
        return None


def _mapping(value: Any) -> Mapping[str, Any]:  # noqa: ANN401
    return value if isinstance(value, Mapping) else {}
