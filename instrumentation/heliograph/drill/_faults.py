"""The faults of a drill, and what is expected of each: read from `faults.yaml`, never changed by a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, ValidationError
from ruamel.yaml import YAML

from heliograph.config._section import Section
from heliograph.drill._actions import Action, Traffic  # noqa: TC001 - pydantic reads the annotations
from heliograph.errors import HeliographError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heliograph.demo._alerts import AlertStory

__all__ = ["FAULTS", "Drill", "Expected", "Fault", "read_drill"]

FAULTS = Path(__file__).with_name("faults.yaml")
"""The faults that are packaged."""

Severity = Literal["critical", "warning"]


class Expected(Section):
    """One alert of a fault; severity or job None: any."""

    alert: str
    severity: Severity | None = None
    job: str | None = None
    receivers: list[str] | None = None
    """Who must hear of it; None: everybody that `Drill.receivers` names for its severity."""
    why: str = ""

    def fits(self, story: AlertStory) -> bool:
        """Say whether it is about this alert."""
        return (
            story.name == self.alert
            and self.severity in {None, story.severity}
            and (self.job is None or story.job in {self.job, ""})
        )

    def __str__(self) -> str:
        return " ".join(filter(None, (self.alert, self.severity, self.job)))


class Fault(Section):
    """Something that is broken, and who must hear of it."""

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    what: str
    """One sentence: what is wrong, in an operator's words."""
    do: list[Action] = Field(min_length=1)
    """Done in this order, healed in the reverse one."""
    notify: list[Expected] = Field(min_length=1)
    """These alerts must arrive, at every receiver of theirs."""
    silenced: list[Expected] = Field(default_factory=list)
    """These may be true, or fire; nobody may hear of them."""
    may: list[Expected] = Field(default_factory=list)
    """These may arrive, too: it depends on the moment. Each says why."""
    within: float = Field(default=120.0, gt=0)
    """Seconds from the fault to the last message of `notify`."""
    over_within: float = Field(default=180.0, gt=0)
    """Seconds from the healing until every alert has ended and everybody who heard of it knows."""


class Drill(Section):
    """All faults, and what holds for all of them."""

    receivers: dict[str, list[str]]
    """critical, warning → who must hear of an alert of that severity, and nobody else may."""
    at_most: float = Field(gt=0)
    """Seconds that a message may take once its expression was true for its `for`."""
    calm: float = Field(gt=0)
    """Seconds without a fault, before the first one, in which nothing may be heard of."""
    linger: float = Field(ge=0)
    """Seconds that a fault goes on after the last message that it must cause: what else does it set off?"""
    application: Traffic
    """How the research assistant runs while nothing is wrong."""
    faults: list[Fault]
    not_drilled: dict[str, str] = Field(default_factory=dict)
    """Alert → why no fault here causes it."""

    def chosen(self, names: Iterable[str]) -> list[Fault]:
        """Return the faults of these names, in the order of the file; all of them where none is named."""
        wanted = list(names)
        known = {fault.name for fault in self.faults}
        if unknown := [name for name in wanted if name not in known]:
            raise HeliographError(
                f"there is no fault named {unknown[0]!r}", hint="heliograph drill --list", exit_code=2
            )
        return [fault for fault in self.faults if not wanted or fault.name in wanted]


def read_drill(path: Path = FAULTS) -> Drill:
    """Read a file of faults; raises HeliographError for anything that it must not say."""
    try:
        return Drill.model_validate(YAML(typ="safe", pure=True).load(path))
    except (OSError, ValidationError) as error:
        raise HeliographError(f"{path} cannot be used", why=str(error), exit_code=2) from error
