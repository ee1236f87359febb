"""Scenarios that differ in some plain numbers: lowered once, and the numbers put in their places.

To validate, lower and lay out a small scenario takes twice as long as a hundred replications of
it. So numbers whose lowering is one word, on which nothing else depends, are checked alone and
written into a copy of that layout; everything else that varies is built anew.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from leakthrough.engine import kernel as k
from leakthrough.engine.counts import new_carried, new_counts
from leakthrough.engine.jobs import Flag
from leakthrough.engine.labels import label, outermost_first, units_of
from leakthrough.engine.lower_raid import lower
from leakthrough.engine.state import State, new_state
from leakthrough.engine.tables import Tables
from leakthrough.model.discrete import threshold
from leakthrough.model.paths import value_at
from leakthrough.model.scenario import Scenario
from leakthrough.studies.evaluate import RowReader
from leakthrough.studies.measure import Measure

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]


class _Field(NamedTuple):
    """A number of which the kernel reads one word, in each record of a kind."""

    kind: int
    size: int
    column: int
    word: Callable[[Any], int]
    fits: Callable[[Any], bool]  # a number of the kind for which one word is all that changes


def _whole(value: Any) -> bool:
    return type(value) is int


def _chance(value: Any) -> bool:
    return type(value) in (int, float)


def _kills(value: Any) -> bool:
    # a battery tries only magazines that can kill: 0 would change more than a threshold
    return type(value) in (int, float) and value > 0


_MAGAZINE = "layers.*.batteries.*.magazines.*"
FIELDS = {
    f"{_MAGAZINE}.rounds": _Field(k.MAGAZINES, k.MAGAZINE_SIZE, k.MAGAZINE_ROUNDS, int, _whole),
    f"{_MAGAZINE}.reserved": _Field(k.MAGAZINES, k.MAGAZINE_SIZE, k.MAGAZINE_RESERVED, int, _whole),
    "layers.*.batteries.*.channels": _Field(
        k.BATTERIES, k.BATTERY_SIZE, k.BATTERY_CHANNELS, int, _whole
    ),
    "layers.*.sensor.availability": _Field(
        k.LAYERS, k.LAYER_SIZE, k.LAYER_AVAILABILITY, threshold, _chance
    ),
    "interceptors.*.kill_probability.*": _Field(
        k.KILLS, k.KILL_SIZE, k.KILL_THRESHOLD, threshold, _kills
    ),
}


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


class _Place(NamedTuple):
    """Where a number stands."""

    word: Callable[[Any], int]
    words: "Codes"
    magazines: "Codes | None"  # whose rounds it is: what they begin with is carried too


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
        self.state = new_state(self.tables)
        self.reader = RowReader(self.tables, labels, measures)
        self.magazines = np.asarray(self.tables.magazines)
        self.places = [self._place(scenario, path) for path in paths]

    def _place(self, scenario: Scenario, path: str) -> _Place:
        field = field_at(path)
        assert field is not None  # noqa: S101 - the caller has asked is_plain
        codes = _codes(scenario, self.tables, path)
        words = self.state.words[field.kind] + codes * field.size + field.column
        return _Place(field.word, words, codes if path.endswith(".rounds") else None)

    def rows(
        self, numbers: Sequence[Any], seed: int, start: int, stop: int, flag: Flag
    ) -> "npt.NDArray[np.int64]":
        """Counts of the replications from `start` up to `stop`; void if the flag was set."""
        words, magazines = self.state.words.copy(), self.magazines.copy()
        for place, number in zip(self.places, numbers, strict=True):
            words[place.words] = place.word(number)
            if place.magazines is not None:
                magazines["rounds"][place.magazines] = number
        state = State(words, np.zeros_like(self.state.marks), self.state.reals.copy())
        tables = self.tables._replace(magazines=magazines)
        counts, carried = new_counts(tables, stop - start), new_carried(tables, stop - start)
        k.simulate_block(state, counts.rows, carried.rows, seed, start, 0, flag)
        return counts.rows
