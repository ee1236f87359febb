"""A lowered scenario: the records of `engine.layout`, filled and linked."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from leakthrough.engine.codes import NO_LIMIT, NO_REACH
from leakthrough.engine.layout import Whole
from leakthrough.engine.memory import Block, Location, new_block
from leakthrough.engine.record import Records
from leakthrough.model.quantiles import TABLE_SIZE, mean_and_variance


class Tables:
    """A lowered scenario: records and lists of codes, as the kernel reads them.

    Records and lists are in one block of memory, with the values at the start of a raid: the
    state of a thread begins as a copy of it, and each replication begins with a copy of its
    records.

    Parameters
    ----------
    block : array of uint8
    locations : mapping of str to Location
        Locations in the block of the records and lists below.
    quantiles : array of float64
        Tables of 2 * 4097 numbers, one after another.
    fixed_arrivals : array of int64
        Ticks of the threats of the salvos whose arrivals are not drawn.
    timeline : array of int64, shape (T,)
        Sample times in ticks.
    interceptors : int
        Number of interceptors, I.
    """

    salvos: Records  # (S,)
    givens: Records  # (S,) if numbers of threats are decided before the raid; otherwise none
    lucks: Records  # (S,) of threats that may keep their luck; none if no salvo has any
    chances: Records  # probabilities that are drawn once a replication, but kill probabilities
    uses: Records  # fields in which they are written
    legs: Records  # of the paths of all salvos, if something depends on distances
    landings: Records  # salvos that aim at a battery, by battery
    strikes: Records  # salvos that aim at an asset
    assets: Records  # (A,)
    aim_points: Records  # of all assets together, by asset
    windows: Records  # (W,), by layer, then by salvo, then by pass
    sightings: Records  # (W,); none if no threat may keep its luck
    layers: Records  # (L,), outermost first
    trackers: Records  # layers with limited tracks
    lines: Records  # windows of these layers, in the order in which threats are given tracks
    batteries: Records  # (B,), by layer
    pools: Records  # (O,)
    pairings: Records  # (P,): batteries and the salvos that they may engage, by window
    magazines: Records  # (K,), by battery
    depots: Records  # (D,)
    reload_times: Records  # of magazines, where they are drawn
    kill_chances: Records  # (I * C,), by interceptor, then by threat class
    distances: Records  # of kill probabilities by distance
    reaches: Records  # when magazines may be fired, where that varies
    spans: Records  # of the reaches
    nodes: Records  # tournament of the next openings: leaves in the upper half
    openings: npt.NDArray[np.uint32]  # windows in the order of their leaves
    preferences: npt.NDArray[np.uint32]  # magazines of each pairing, in order of preference
    urgencies: npt.NDArray[np.uint32]  # pairings of each battery, most urgent first
    fireable: npt.NDArray[np.uint32]  # windows in which each magazine's rounds may be fired
    reach_of: npt.NDArray[np.uint32]  # of each magazine in `preferences`; or NO_REACH
    members: npt.NDArray[np.uint32]  # batteries of each pool
    first_windows: npt.NDArray[np.uint32]  # (L * S,), of each layer and salvo; or NO_WINDOW

    def __init__(
        self,
        block: Block,
        locations: Mapping[str, Location],
        quantiles: npt.NDArray[np.float64],
        fixed_arrivals: Whole,
        timeline: Whole,
        interceptors: int,
    ) -> None:
        self.block, self.locations, self.quantiles = block, locations, quantiles
        self.fixed_arrivals, self.timeline = fixed_arrivals, timeline
        self.interceptors = interceptors
        for name, location in locations.items():
            setattr(self, name, location.array(block))

    def __reduce__(self) -> tuple[Any, ...]:
        rest = self.quantiles, self.fixed_arrivals, self.timeline, self.interceptors
        return type(self), (self.block, self.locations, *rest)

    def copy(self) -> "Tables":
        """Return tables whose records may be changed; arrays outside the block are shared."""
        block = new_block(self.block.size)
        block[:] = self.block
        rest = self.quantiles, self.fixed_arrivals, self.timeline, self.interceptors
        return Tables(block, self.locations, *rest)

    @property
    def preferring(self) -> Whole:
        """Pairing (...) to which each magazine in `preferences` belongs."""
        pairings = self.pairings
        number = pairings["stop_preference"].astype(np.int64) - pairings["first_preference"]
        return np.repeat(np.arange(pairings.size), number)

    @property
    def preferred_chances(self) -> Whole:
        """Code (...) of the kill probability of each magazine in `preferences` at its threats."""
        salvos = self.windows["salvo"][self.pairings["window"][self.preferring]]
        first = self.magazines["first_kill"][self.preferences].astype(np.int64)
        found: Whole = first + self.salvos["threat"][salvos]
        return found

    @property
    def waking(self) -> bool:
        """Whether time alone can let a battery engage a threat that its layer holds."""
        if not self.reaches.size:  # asked for at every point of a sweep
            return False
        pairings = self.pairings["window"][self.preferring]
        opening = self.windows["open_offset"][pairings]
        varying = self.reach_of != NO_REACH
        own, opening = self.reaches[self.reach_of[varying]], opening[varying]
        some = own["first_span"] < own["stop_span"]
        own, opening = own[some], opening[some]
        later = self.spans["first"][own["first_span"]] > opening
        return bool((later | (own["stop_span"] > own["first_span"] + 1)).any())

    @property
    def commands(self) -> int:
        """Number of commands that do not coordinate with each other, at least 1."""
        return int(self.layers["command"].max(initial=0)) + 1

    @property
    def spends_on_dead(self) -> bool:
        """Whether rounds can be fired at the dead, or at threats that others are about to kill."""
        return self.commands > 1 or bool((self.batteries["false_survival"] > 0).any())

    @property
    def has_rules(self) -> bool:
        """Whether the scenario has rules that few scenarios have, so that another kernel runs."""
        some = (
            *(self.trackers, self.pools, self.lucks, self.depots, self.chances, self.legs),
            *(self.reaches, self.distances, self.reload_times),
        )
        return (
            self.commands > 1
            or self.limited
            or any(own.size for own in some)
            or bool(self.batteries["ruled"].any() or self.layers["asks"].any())
            or bool((self.batteries["thrift_level"] >= 0).any())
        )

    @property
    def limited(self) -> bool:
        """Whether the engagements of a threat by a command are limited."""
        return bool((self.salvos["max_engagements"] < NO_LIMIT).any())

    @property
    def to_come(self) -> npt.NDArray[np.float64]:
        """The most rounds (K,) that reloads bring to each magazine in a raid."""
        magazines = self.magazines
        found = magazines["reloads"].astype(np.float64) * magazines["reload_rounds"]
        limits = np.append(self.depots["stocked"].astype(np.float64), np.inf)
        most: npt.NDArray[np.float64] = np.minimum(found, limits[magazines["depot"]])
        return most

    @property
    def are_counts_drawn(self) -> bool:
        """Whether the number of threats of some salvo is drawn."""
        return bool((self.salvos["size_table"] >= 0).any())

    @property
    def are_counts_constant(self) -> npt.NDArray[np.bool_]:
        """Whether the number of threats of each salvo (S,) is the same in all replications."""
        found: npt.NDArray[np.bool_] = (self.salvos["size_table"] < 0) & (self.givens.size == 0)
        return found

    @property
    def mean_counts(self) -> npt.NDArray[np.float64]:
        """Mean number of threats of each salvo, (S,)."""
        found: npt.NDArray[np.float64] = self.salvos["count"].astype(np.float64)
        for n in np.flatnonzero(self.salvos["size_table"] >= 0):
            start = int(self.salvos["size_table"][n])
            found[n] = mean_and_variance(self.quantiles[start : start + TABLE_SIZE], 1)[0]
        return found

    @property
    def classes(self) -> int:
        """Number of threat classes, C."""
        return int(self.kill_chances.size) // max(self.interceptors, 1)

    @property
    def threats(self) -> int:
        """Number of threats of all salvos together, N; the largest number where it is drawn."""
        return int(self.salvos["count"].sum())
