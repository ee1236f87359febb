"""Frozen models of campaigns: a sequence of raids against one defence, with resupply."""

import math
from collections.abc import Iterator
from itertools import chain, islice
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from leakthrough.model.base import Model
from leakthrough.model.defence import Battery
from leakthrough.model.display import Overview, overview_of_campaign
from leakthrough.model.distributions import Distribution, UncertainCount
from leakthrough.model.documents import Document
from leakthrough.model.errors import MOST_MISTAKES, Mistake, ScenarioError, faults, shown
from leakthrough.model.magazines import MOST_ROUNDS, Rounds
from leakthrough.model.name_checks import unknown
from leakthrough.model.quantiles import upper_end
from leakthrough.model.scenario import Salvo, Scenario

MOST_RAIDS = 100_000
MOST_COUNTS = 1_000
"""Different distributions of numbers of threats, in all raids together."""
MOST_CROSSINGS = 20_000_000
"""Straight parts of paths times sites, in all different raids."""
LONGEST = 1e12
"""Duration of a campaign [s]; all ticks in it are then below 2**63."""


class Resupply(Model):
    """Rounds that reach the magazines of a battery, or a depot, before each raid but the first.

    Parameters
    ----------
    battery : str, optional
        The name of a battery; if its `count` is above 1, or its layer has several positions, this
        applies to each of them. `battery@layer-2` is the one at the second position alone.
    interceptor : str, optional
        The interceptor of one of its magazines.
    rounds : int or inf, default inf
        The maximum before each raid, from 0 to 1e9. A magazine or a depot never gets more than it
        needs to reach its initial rounds; a reload on its way to a magazine counts as held.
    depot : str, optional
        The name of a depot, instead of `battery` and `interceptor`.
    """

    battery: str | None = Field(None, description="The name of a battery.")
    interceptor: str | None = Field(None, description="The interceptor of one of its magazines.")
    rounds: Rounds = Field(math.inf, description="The maximum before a raid.")
    depot: str | None = Field(None, description="The name of a depot, instead of a magazine.")

    @model_validator(mode="after")
    def _one_receiver(self) -> "Resupply":
        names, what = ("battery", "interceptor"), "must not be given if there is a depot"
        wrong = [name for name in names if getattr(self, name) is not None]
        if self.depot is None:
            what = "is required unless there is a depot"
            wrong = [name for name in names if name not in wrong]
        if wrong:
            raise faults([((name,), what) for name in wrong])
        return self


class Delivery(Model):
    """Rounds that reach a stock at one time.

    Parameters
    ----------
    time : float
        Time from the start of the first raid's clock [s], from 0 to 1e12.
    rounds : int
        Number of rounds, from 0 to 1e9.
    """

    time: float = Field(ge=0.0, le=LONGEST, description="Time from the campaign's start [s].")
    rounds: int = Field(ge=0, le=MOST_ROUNDS, description="Number of rounds.")


class Stock(Model):
    """Reserve of one interceptor, from which all resupply with it is taken.

    Resupply with an interceptor that has no stock is unlimited.

    Parameters
    ----------
    interceptor : str
        The name of an interceptor.
    rounds : int
        Rounds at the start, from 0 to 1e9.
    rate : float, default 0
        Constant rate at which rounds reach it [1/s], from 0 to 1e6; only whole rounds count.
    deliveries : list of Delivery, default empty
        Rounds that reach it at stated times.
    replenishment : frozen scipy.stats distribution, optional
        Rounds that reach it between two raids, drawn for each raid and rounded; not below 0.
    """

    interceptor: str = Field(description="The name of an interceptor.")
    rounds: int = Field(ge=0, le=MOST_ROUNDS, description="Rounds at the start.")
    rate: float = Field(0.0, ge=0.0, le=1e6, description="Rate at which rounds reach it [1/s].")
    deliveries: tuple[Delivery, ...] = Field(
        (), description="Rounds that reach it at stated times."
    )
    replenishment: UncertainCount | None = Field(
        None, description="Rounds that reach it between two raids."
    )


Raids = Annotated[
    Annotated[Annotated[int, Field(ge=1, le=MOST_RAIDS)], Tag("number")]
    | Annotated[
        Annotated[
            tuple[tuple[Salvo, ...], ...],
            Field(json_schema_extra={"minItems": 1, "maxItems": MOST_RAIDS}),
        ],
        Tag("salvos"),
    ],
    Discriminator(lambda raids: "salvos" if isinstance(raids, list | tuple) else "number"),
]


class Campaign(Document):
    """A sequence of raids against one defence.

    One replication is one whole campaign: each raid starts with what the previous one left.

    Parameters
    ----------
    name : str
        The name of the campaign.
    scenario : Scenario
        The defence, the classes of threats, and the salvos of each raid if `raids` is a number.
    raids : int or list of lists of Salvo
        The number of raids, from 1 to 100,000; or the salvos of each raid. Salvos of one name in
        several raids have one entry in the result; their numbers of threats may differ.
    interval : float
        From the start of one raid's clock to that of the next [s], above 0, at most 1e9; times
        the number of raids at most 1e12.
    resupply : list of Resupply, default empty
        Rounds that reach the batteries between raids.
    stocks : list of Stock, default empty
        Stocks from which the resupply is taken, at most one for each interceptor.
    shortage : {"proportion", "order"}
        Distribution of a stock that is too small: in proportion to the rounds that each magazine
        lacks (whole rounds, the largest remainders first), or in the order of the batteries.
    replacement_time : float, optional
        Time from the loss of a battery until a new one, without rounds, can take part in a raid
        [s], from 0 to 1e12. None: it is never replaced.

    Raises
    ------
    ScenarioError
        If anything in it is not valid, or names something that the scenario does not define.
    """

    scenario: Scenario = Field(description="The defence, and the raid if `raids` is a number.")
    raids: Raids = Field(description="The number of raids, or the salvos of each.")
    interval: float = Field(gt=0.0, le=1e9, description="Between two raids' starts [s].")
    resupply: tuple[Resupply, ...] = Field((), description="Rounds for the batteries.")
    stocks: tuple[Stock, ...] = Field((), description="Stocks that the resupply is taken from.")
    shortage: Literal["proportion", "order"] = Field(
        "proportion", description="How a stock that is too small is distributed."
    )
    replacement_time: Annotated[float, Field(ge=0.0, le=LONGEST)] | None = Field(
        None, description="From a battery's loss to its replacement [s]; none: never."
    )

    @model_validator(mode="after")
    def _parts_fit(self) -> "Campaign":
        checks = _raid_mistakes, _resupply_mistakes, _stock_mistakes
        found = list(islice(chain.from_iterable(check(self) for check in checks), MOST_MISTAKES))
        if self.raid_count * self.interval > LONGEST:
            text = f"times the {self.raid_count:,} raids must be at most {LONGEST:g} s"
            found.append((("interval",), f"{text}; got {self.interval:g}"))
        if found:
            raise faults(found)
        return self

    @property
    def raid_count(self) -> int:
        """The number of raids."""
        return self.raids if isinstance(self.raids, int) else len(self.raids)

    def raid(self, number: int) -> Scenario:
        """Return the scenario of one raid, counted from 1: the defence against its salvos."""
        if not 1 <= number <= self.raid_count:
            raise ValueError(f"number: must be from 1 to {self.raid_count}; got {number}")
        if isinstance(self.raids, int):
            return self.scenario
        return _with_salvos(self.scenario, self.raids[number - 1], _axes(self))

    def _overview(self) -> Overview:
        return overview_of_campaign(self)


def differing_raids(campaign: Campaign) -> dict[tuple[Salvo, ...], Scenario]:
    """Return the scenarios of the raids by their salvos, one for each different raid."""
    if isinstance(campaign.raids, int):
        return {campaign.scenario.salvos: campaign.scenario}
    axes, base = _axes(campaign), campaign.scenario
    return {salvos: _with_salvos(base, salvos, axes) for salvos in dict.fromkeys(campaign.raids)}


def _axes(campaign: Campaign) -> tuple[str, ...]:
    """Axes that the scenario declares; if it declares none, those of all raids together."""
    raids = () if isinstance(campaign.raids, int) else campaign.raids
    used = [salvo.axis for raid in (campaign.scenario.salvos, *raids) for salvo in raid]
    return campaign.scenario.axes or tuple(dict.fromkeys(axis for axis in used if axis is not None))


def _with_salvos(scenario: Scenario, salvos: tuple[Salvo, ...], axes: tuple[str, ...]) -> Scenario:
    return Scenario(**{**vars(scenario), "salvos": salvos, "axes": axes})


def _salvo_mistakes(
    scenario: Scenario, salvos: tuple[Salvo, ...], axes: tuple[str, ...]
) -> tuple[str, ...]:
    try:
        _with_salvos(scenario, salvos, axes)
    except ScenarioError as error:
        return error.mistakes
    return ()


def _raid_mistakes(campaign: Campaign) -> Iterator[Mistake]:
    if isinstance(campaign.raids, int):
        return
    if not 1 <= len(campaign.raids) <= MOST_RAIDS:
        text = f"must hold the salvos of 1 to {MOST_RAIDS:,} raids; got {len(campaign.raids)}"
        yield (("raids",), text)
        return
    threats: dict[str, str] = {}
    axes, texts = _axes(campaign), dict[tuple[Salvo, ...], tuple[str, ...]]()
    for number, salvos in enumerate(campaign.raids):
        if salvos not in texts:
            texts[salvos] = _salvo_mistakes(campaign.scenario, salvos, axes)
        yield from ((("raids", number), text) for text in texts[salvos])
        for salvo in salvos:
            if threats.setdefault(salvo.name, salvo.threat) != salvo.threat:
                first = shown(threats[salvo.name])
                text = f"must be {first}, as in an earlier raid; got {shown(salvo.threat)}"
                yield (("raids", number, "salvos", salvo.name, "threat"), text)
    counts = (salvo.count for salvos in texts for salvo in salvos)
    drawn = len({count for count in counts if isinstance(count, Distribution)})
    if drawn > MOST_COUNTS:
        text = f"must hold at most {MOST_COUNTS:,} different distributions of numbers of threats"
        yield (("raids",), f"{text}; got {drawn:,}")
    sites = len(campaign.scenario.sites)
    parts = sum(max(len(salvo.route), 1) for salvos in texts for salvo in salvos)
    if sites * parts > MOST_CROSSINGS:
        text = f"must have at most {MOST_CROSSINGS:,} straight parts of paths times sites"
        yield (("raids",), f"{text} in different raids; got {parts:,} times {sites:,}")


def _batteries_by_name(scenario: Scenario) -> dict[str, tuple[Battery, ...]]:
    """Batteries of single sites by each name that resupply may give: their own, or that of all."""
    found: dict[str, tuple[Battery, ...]] = {}
    for layer in scenario.layers:
        sites = layer.sites
        for number, battery in enumerate(layer.batteries):
            own = tuple(site.batteries[number] for site in sites)
            found |= {one.name: (one,) for one in own}
            found[battery.name] = own
    return found


def resupply_limits(campaign: Campaign) -> dict[tuple[str, str], float]:
    """Return the rounds of a resupply by the battery of a single site, and the interceptor."""
    named = _batteries_by_name(campaign.scenario)
    return {
        (battery.name, each.interceptor): each.rounds
        for each in campaign.resupply
        if each.battery is not None and each.interceptor is not None
        for battery in named[each.battery]
    }


def _resupply_mistakes(campaign: Campaign) -> Iterator[Mistake]:
    named = _batteries_by_name(campaign.scenario)
    depots = [depot.name for depot in campaign.scenario.depots]
    seen: set[tuple[str, str]] = set()
    for number, resupply in enumerate(campaign.resupply):
        where, name, interceptor = ("resupply", number), resupply.battery, resupply.interceptor
        if name is None or interceptor is None:
            yield from _depot_mistakes(where, str(resupply.depot), depots, seen)
            continue
        batteries = named.get(name, ())
        carried = [magazine.interceptor for own in batteries[:1] for magazine in own.magazines]
        wrong = unknown((*where, "battery"), name, "a battery", named)
        wrong = wrong or unknown(
            (*where, "interceptor"), interceptor, f"a magazine of {shown(name)}", carried
        )
        twice = [own.name for own in batteries if (own.name, interceptor) in seen]
        if not wrong and twice:
            wrong = [(where, f"more than one for {shown(interceptor)} of {shown(twice[0])}")]
        yield from wrong
        seen |= {(own.name, interceptor) for own in batteries}


def _depot_mistakes(
    where: tuple[str, int], depot: str, depots: list[str], seen: set[tuple[str, str]]
) -> Iterator[Mistake]:
    wrong = unknown((*where, "depot"), depot, "a depot", depots)
    if not wrong and ("", depot) in seen:
        wrong = [(where, f"more than one for the depot {shown(depot)}")]
    yield from wrong
    seen.add(("", depot))


def _stock_mistakes(campaign: Campaign) -> Iterator[Mistake]:
    known = [interceptor.name for interceptor in campaign.scenario.interceptors]
    seen: set[str] = set()
    for number, stock in enumerate(campaign.stocks):
        where, name, drawn = ("stocks", number), stock.interceptor, stock.replenishment
        yield from unknown((*where, "interceptor"), name, "an interceptor", known)
        if name in known and name in seen:
            yield (where, f"more than one of {shown(name)}")
        if drawn is not None and (most := upper_end(drawn)) > MOST_ROUNDS:
            text = f"must not reach {MOST_ROUNDS:,} rounds, but {drawn.dist} reaches {most:,}"
            yield ((*where, "replenishment"), text)
        seen.add(name)
