"""Scenarios that differ in some plain numbers: lowered once, and the numbers put in their places.

To validate, lower and lay out a small scenario takes twice as long as a hundred replications of
it. So numbers whose lowering is one word, on which nothing else depends, are checked alone and
written into a copy of that layout; everything else that varies is built anew.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from leakthrough.engine.counts import new_counts
from leakthrough.engine.jobs import Flag, run_block
from leakthrough.engine.labels import label, outermost_first, units_of
from leakthrough.engine.layout import Field, Patch
from leakthrough.engine.lower_raid import lower
from leakthrough.engine.state import new_state
from leakthrough.engine.tables import RECORDS_OF, Tables
from leakthrough.model.discrete import threshold
from leakthrough.model.paths import value_at
from leakthrough.model.scenario import Scenario
from leakthrough.studies.evaluate import RowReader
from leakthrough.studies.measure import Measure

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]


def _whole(value: Any) -> bool:
    return type(value) is int


def _chance(value: Any) -> bool:
    return type(value) in (int, float)


def _positive_chance(value: Any) -> bool:
    # a battery tries only magazines that can kill: 0 would change more than a threshold
    return type(value) in (int, float) and value > 0


class _Field(NamedTuple):
    """A field of a record that a number at a path alone decides."""

    records: str
    field: Field

    @property
    def value(self) -> Callable[[Any], int]:
        """How the field follows from the number."""
        return int if self.field.patch is Patch.WHOLE else threshold

    @property
    def fits(self) -> Callable[[Any], bool]:
        """Whether a number is one for which this field is all that changes."""
        return _FITS[self.field.patch or Patch.WHOLE]


_FITS = {Patch.WHOLE: _whole, Patch.CHANCE: _chance, Patch.KILL_CHANCE: _positive_chance}
FIELDS = {
    field.path: _Field(records, field)
    for records, record in RECORDS_OF.items()
    for field in record.fields
    if field.patch
}
"""Fields that may be patched, as `engine.layout` says, by the pattern of their path."""


def field_at(path: str) -> _Field | None:
    """Return what is known of the numbers at a path, None where more than a word may depend."""
    steps = path.split(".")
    for pattern, field in FIELDS.items():
        wanted = pattern.split(".")
        if len(wanted) == len(steps) and all(
            one in ("*", other) for one, other in zip(wanted, steps, strict=True)
        ):
            return field
    return None


def is_plain(scenario: Scenario, path: str, values: Sequence[Any]) -> bool:
    """Whether only one number varies at a path, which nothing else depends on."""
    field = field_at(path)
    return field is not None and all(map(field.fits, (value_at(scenario, path), *values)))


def _codes(scenario: Scenario, tables: Tables, path: str) -> "Codes":
    """Which records of its kind hold the number at a path: one of each identical battery."""
    steps = path.split(".")
    if steps[0] == "interceptors":
        names = [interceptor.name for interceptor in scenario.interceptors]
        threats = [threat.name for threat in scenario.threats]
        return np.array([names.index(steps[1]) * len(threats) + threats.index(steps[3])])
    layers = outermost_first(scenario)
    if steps[2] == "sensor":
        return np.array([[layer.name for layer in layers].index(steps[1])])
    own = [b for b, unit in enumerate(units_of(layers)) if unit.battery.name == steps[3]]
    if steps[4] == "channels":
        return np.array(own, np.int64)
    names = [interceptor.name for interceptor in scenario.interceptors]
    of_battery = np.isin(tables.magazines["battery"], own)
    found: Codes = np.nonzero(
        of_battery & (tables.magazines["interceptor"] == names.index(steps[5]))
    )[0]
    return found


class LoweredScenario:
    """Computes replications of a scenario in which some plain numbers are exchanged.

    Parameters
    ----------
    scenario : Scenario
    measures : sequence of Measure
    paths : sequence of str
        Those of the numbers.
    """

    def __init__(
        self, scenario: Scenario, measures: Sequence[Measure], paths: Sequence[str] = ()
    ) -> None:
        self.tables, labels = lower(scenario), label(scenario)
        self.reader = RowReader(self.tables, labels, measures)
        self.fields = [field_at(path) for path in paths]
        self.codes = [_codes(scenario, self.tables, path) for path in paths]

    def patched(self, numbers: Sequence[Any]) -> Tables:
        """Tables with other numbers at the paths."""
        tables = self.tables.copy()
        for field, codes, number in zip(self.fields, self.codes, numbers, strict=True):
            assert field is not None  # noqa: S101 - the caller has asked is_plain
            records = getattr(tables, field.records)
            records[field.field.name][codes] = field.value(number)
            RECORDS_OF[field.records].start(records)
        return tables

    def rows(
        self, numbers: Sequence[Any], seed: int, start: int, stop: int, flag: Flag
    ) -> "npt.NDArray[np.int64]":
        """Counts of the replications from `start` up to `stop`; void if the flag was set."""
        tables = self.patched(numbers)
        rows = new_counts(tables, stop - start).rows
        run_block(tables, rows, seed, start, flag, new_state(tables))
        return rows
