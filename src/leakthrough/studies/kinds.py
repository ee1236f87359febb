"""What a measure can be: its source, its groupings, and how the raids of a campaign are joined."""

from typing import NamedTuple

from leakthrough.quantities import CURRENCY

OF_THREATS = ("salvo", "threat")
OF_ROUNDS = ("layer", "battery", "interceptor")
OF_STOCKS = ("interceptor",)
OF_ASSETS = ("asset",)
OF_DEPOTS = ("depot",)
OF_POOLS = ("pool",)
OF_LAYERS = ("layer",)
NEEDED = {"asset": "assets", "depot": "depots", "pool": "pools", "tracked": "limited tracks"}
"""What a scenario must have for some measures."""
COLUMNS = {
    "stock_dry": "interceptor",
    **dict.fromkeys(("depot_left", "depot_empty"), "depot"),
    "pool_full": "pool",
    "tracks_full": "layer",
}
"""Sources with a column for each name of a grouping."""


class Kind(NamedTuple):
    """Definition of a measure's name."""

    source: str  # counts from which it is computed
    by: tuple[str, ...]
    units: str
    long_name: str
    probability: bool = False
    expectation: bool = False  # given the hits: for means only
    total: bool = True  # whether there is one number for all
    state: bool = False  # what is true once a raid is over; otherwise what happens in it
    of_campaign: bool = False  # whether it is of a campaign only
    every: bool = False  # whether it is of all raids together only

    @property
    def groups(self) -> tuple[str | None, ...]:
        """Values of `by`."""
        return (None, *self.by) if self.total else self.by

    @property
    def needs(self) -> str:
        """What a scenario must have for it, a key of `NEEDED`; empty: nothing."""
        own = "tracked" if self.source == "tracks_full" else self.by[0]
        return own if own in NEEDED else ""


MEASURES = {
    "leakers": Kind("leaked", OF_THREATS, "1", "threats that got through"),
    "leak_rate": Kind("leaked", OF_THREATS, "1", "share of threats that got through"),
    "no_leaker": Kind("leaked", OF_THREATS, "1", "probability that none gets through", True),
    "at_most": Kind("leaked", OF_THREATS, "1", "probability that at most {} get through", True),
    "share_above": Kind(
        *("leaked", OF_THREATS, "1", "share of the raids in which more than {} get through"),
        of_campaign=True,
        every=True,
    ),
    "expended": Kind("expended", OF_ROUNDS, "1", "rounds expended"),
    "cost_spent": Kind("expended", OF_ROUNDS, CURRENCY, "cost of rounds expended"),
    "dry": Kind("dry", OF_ROUNDS, "1", "probability that a magazine runs dry", True, state=True),
    "first_dry": Kind(
        *("dry", OF_ROUNDS, "1"),
        "first raid in which a magazine is dry; never counts as one after the last",
        of_campaign=True,
        every=True,
    ),
    "stock_dry": Kind(
        *("stock_dry", OF_STOCKS, "1", "probability that a stock has been empty", True),
        state=True,
        of_campaign=True,
    ),
    "stock_first_dry": Kind(
        *("stock_dry", OF_STOCKS, "1"),
        "first raid that begins with an empty stock; never counts as one after the last",
        of_campaign=True,
        every=True,
    ),
    "hits": Kind("hits", OF_ASSETS, "1", "real threats that hit an asset"),
    "not_hit": Kind("hits", OF_ASSETS, "1", "probability that no asset is hit", True),
    "damage": Kind(
        "damage", OF_ASSETS, "1", "expected share of aim points destroyed", False, True, False
    ),
    "value_lost": Kind("value_lost", OF_ASSETS, "1", "expected value lost", expectation=True),
    "destroyed": Kind("destroyed", OF_ASSETS, "1", "aim points destroyed"),
    "all_down": Kind(
        "all_down", OF_ASSETS, "1", "probability that all aim points of an asset are down", True
    ),
    "depot_left": Kind("depot_left", OF_DEPOTS, "1", "rounds left in depots", state=True),
    "depot_dry": Kind("depot_empty", OF_DEPOTS, "1", "probability that a depot is empty", True),
    "pool_full_time": Kind(
        *("pool_full", OF_POOLS, "s", "time for which all channels of a pool are in use"),
        total=False,
    ),
    "tracks_full_time": Kind(
        *("tracks_full", OF_LAYERS, "s", "time for which no track of a layer is free"), total=False
    ),
}
"""Definition of each measure's name."""
COUNTED_TO = ("at_most", "share_above")
"""Measures that have a count."""
