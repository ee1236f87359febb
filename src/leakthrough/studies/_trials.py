"""A scenario with other values at some paths, measured on common random numbers."""

import concurrent.futures
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from leakthrough._paths import changed
from leakthrough.measures import labelled
from leakthrough.results import COORDINATES
from leakthrough.scenario import Scenario
from leakthrough.simulate import checked_replications, checked_seed
from leakthrough.studies._runs import How, prepared, values
from leakthrough.studies.measure import Measure, measure_of

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]

Executor = concurrent.futures.Executor


def fresh(seed: int) -> int:
    """A seed whose draws have nothing to do with those of another seed."""
    return int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0] >> np.uint64(1))


class Trials:
    """Values of one measure, one number a replication, of a scenario that is changed.

    All changes meet the same draws, so that their differences are those of the changes.

    Parameters
    ----------
    scenario : Scenario
    measure : Measure or str
        One number for all: `by` needs an `of`.
    replications : int
        At least 2: one has no spread.
    seed : int, optional
    how : How
        `progress` shows a bar over the scenarios that are simulated.

    Raises
    ------
    ValueError
        If an argument is not as above.
    """

    def __init__(
        self,
        scenario: Scenario,
        measure: Measure | str,
        replications: int,
        seed: int | None,
        how: How,
    ) -> None:
        self.scenario, self.measure = scenario, measure_of(measure)
        if self.measure.dims:
            text = f"must be one number; of which {self.measure.by}? Say so by `of`"
            raise ValueError(f"measure {self.measure.label}: {text}")
        self.replications = checked_replications(replications, least=2)
        self.seed = checked_seed(seed)
        self.how = how
        self.number = 0
        prepared(scenario, [self.measure])  # before anything runs: it names what there is

    def __enter__(self) -> "Trials":
        from tqdm.auto import tqdm

        self.bar: Any = tqdm(unit="scenario", disable=not self.how.progress)
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def values(self, changes: Mapping[str, object], *, seed: int | None = None) -> "Numbers":
        """Values in each replication; with another seed, on other draws."""
        scenario = changed(self.scenario, changes)
        found = values(
            scenario,
            [self.measure],
            replications=self.replications,
            seed=self.seed if seed is None else seed,
            how=self.how._replace(progress=False),
        )
        self.number += 1
        self.bar.update()
        return found[0][:, 0]

    def check(self, every: Iterable[Mapping[str, object]]) -> None:
        """Raise what any of some changes would, before anything runs."""
        for changes in every:
            prepared(changed(self.scenario, changes), [self.measure])

    def labelled(
        self,
        variables: Mapping[str, xr.Variable],
        coordinates: Mapping[str, Any],
        confidence: float,
    ) -> xr.Dataset:
        """Make a Dataset that says what was studied, and on which draws."""
        own = {
            "seed": ((), np.int64(self.seed), {"long_name": COORDINATES["seed"]}),
            "scenario_digest": (
                (),
                self.scenario.digest,
                {"long_name": COORDINATES["scenario_digest"]},
            ),
            "replications": ((), np.int64(self.replications), {"long_name": "of each scenario"}),
        }
        found = labelled(variables, xr.Dataset(coords={**coordinates, **own}), confidence)
        return found.assign_attrs(measure=self.measure.label, scenario=self.scenario.name)
