"""Scenarios that differ in plain numbers: lowered once, then patched.

To validate, lower and lay out a small scenario takes twice as long as a hundred replications of
it. Numbers that are lowered to one array element, on which nothing else depends, are therefore
validated alone and written into the arrays, in which one point after another is computed. All
other changes build a new scenario.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from leakthrough.engine.counts import new_rows
from leakthrough.engine.jobs import Block, Flag, RaidJob, States, run_block
from leakthrough.engine.labels import label, units_of
from leakthrough.engine.layout import RECORDS_OF
from leakthrough.engine.lower_raid import lower
from leakthrough.engine.lowered import AnyJob, AnyModel, job_of
from leakthrough.engine.record import Field, Patch
from leakthrough.engine.state import State, entries_of, new_state
from leakthrough.engine.tables import Tables
from leakthrough.model.campaign import Campaign
from leakthrough.model.discrete import threshold
from leakthrough.model.paths import value_at
from leakthrough.model.scenario import Scenario
from leakthrough.studies.measure import Measure
from leakthrough.studies.rows import RowReader

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]


class _Field(NamedTuple):
    """A field of a record that depends on the number at one path only."""

    records: str
    field: Field

    def value(self, number: Any) -> int:
        """Value of the field for a number."""
        return int(number) if self.field.patch is Patch.WHOLE else threshold(number)

    def fits(self, number: Any) -> bool:
        """Whether only this field changes if the path has this number."""
        if self.field.patch is Patch.WHOLE:
            return type(number) is int
        # A battery tries only magazines that can kill: 0 would change more than a threshold.
        can_be_0 = self.field.patch is not Patch.KILL_CHANCE
        return type(number) in (int, float) and (can_be_0 or number > 0)


FIELDS = {
    field.path: _Field(records, field)
    for records, record in RECORDS_OF.items()
    for field in record.fields
    if field.patch
}
"""Fields that `engine.layout` marks as patchable, by the pattern of their path."""


def field_at(path: str) -> _Field | None:
    """The field that a number at a path sets; None if other array elements may depend on it."""
    steps = path.split(".")
    for pattern, field in FIELDS.items():
        wanted = pattern.split(".")
        if len(wanted) == len(steps) and all(
            one in ("*", other) for one, other in zip(wanted, steps, strict=True)
        ):
            return field
    return None


def is_plain(scenario: AnyModel, path: str, values: Sequence[Any]) -> bool:
    """Whether all values of a path can be patched; those of a campaign cannot."""
    field = field_at(path) if isinstance(scenario, Scenario) else None
    return field is not None and all(map(field.fits, (value_at(scenario, path), *values)))


def _codes(scenario: Scenario, tables: Tables, path: str) -> "Codes":
    """Indices of the records with the number at a path, one for each identical battery."""
    steps = path.split(".")
    if steps[0] == "interceptors":
        names = [interceptor.name for interceptor in scenario.interceptors]
        threats = [threat.name for threat in scenario.threats]
        return np.array([names.index(steps[1]) * len(threats) + threats.index(steps[3])])
    if steps[0] == "pools":
        return np.array([[pool.name for pool in scenario.pools].index(steps[1])])
    layer = next(layer for layer in scenario.layers if layer.name == steps[1])
    if steps[2] == "sensor":
        names = [site.name for site in layer.sites]
        return np.array([n for n, site in enumerate(scenario.sites) if site.name in names])
    rank = [battery.name for battery in layer.batteries].index(steps[3])
    names = [site.batteries[rank].name for site in layer.sites]
    own = [b for b, unit in enumerate(units_of(scenario.sites)) if unit.battery.name in names]
    if steps[4] == "channels":
        return np.array(own, np.int64)
    names = [interceptor.name for interceptor in scenario.interceptors]
    of_battery = np.isin(tables.magazines["battery"], own)
    found: Codes = np.nonzero(
        of_battery & (tables.magazines["interceptor"] == names.index(steps[5]))
    )[0]
    return found


class LoweredScenario:
    """Computes replications of a scenario with other plain numbers at some paths."""

    def __init__(
        self, scenario: Scenario, measures: Sequence[Measure], paths: Sequence[str] = ()
    ) -> None:
        self.tables = lower(scenario)
        self.reader = RowReader(RaidJob(self.tables), label(scenario), measures)
        self.fields = [field_at(path) for path in paths]
        self.codes = [_codes(scenario, self.tables, path) for path in paths]
        self.unused: list[tuple[Tables, State]] = []

    def patch(self, tables: Tables, numbers: Sequence[Any]) -> None:
        """Write the numbers at the paths into tables of this scenario."""
        for field, codes, number in zip(self.fields, self.codes, numbers, strict=True):
            assert field is not None  # noqa: S101 - the caller has asked is_plain
            records = getattr(tables, field.records)
            records[field.field.name][codes] = field.value(number)
            RECORDS_OF[field.records].start(records)

    def job(self, numbers: Sequence[Any]) -> RaidJob:
        """The job with the numbers at the paths."""
        tables = self.tables.copy()
        self.patch(tables, numbers)
        return RaidJob(tables)

    def block(self, numbers: Sequence[Any], seed: int, start: int, stop: int, flag: Flag) -> Block:
        """Counts of replications `start` to `stop` - 1; undefined if the flag was set."""
        try:  # in one step, since other threads take states too
            tables, state = self.unused.pop()
        except IndexError:
            tables = self.tables.copy()
            state = new_state(tables)
        # A raid starts with a copy of the tables' block, which the state shares.
        self.patch(tables, numbers)
        if len(state.entries) < entries_of(tables):
            state = new_state(tables)
        rows = new_rows(tables, stop - start)
        run_block(tables, rows, seed, start, flag, state)
        self.unused.append((tables, state))
        return [rows[np.newaxis]]


class LoweredCampaign:
    """Computes replications of a campaign, which has no plain numbers."""

    def __init__(self, campaign: Campaign, measures: Sequence[Measure]) -> None:
        self.own, labels = job_of(campaign)
        self.reader = RowReader(self.own, labels, measures)
        self.unused: list[States] = []

    def job(self, _: Sequence[Any]) -> AnyJob:
        """The job of all points."""
        return self.own

    def block(self, _: Sequence[Any], seed: int, start: int, stop: int, flag: Flag) -> Block:
        """Counts of replications `start` to `stop` - 1; undefined if the flag was set."""
        try:
            states = self.unused.pop()
        except IndexError:
            states = self.own.new_states()
        rows = self.own.new_rows(stop - start)
        self.own.block(seed, start, rows, flag, states)
        self.unused.append(states)
        return rows


def lowered(
    model: AnyModel, measures: Sequence[Measure], paths: Sequence[str]
) -> LoweredScenario | LoweredCampaign:
    """Lower a scenario, of which the numbers at some paths will be patched, or a campaign."""
    if isinstance(model, Campaign):
        return LoweredCampaign(model, measures)
    return LoweredScenario(model, measures, paths)
