"""Raids in sequence against one defence, and what reaches it in between: frozen models."""

import math
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from leakthrough.model.arrivals import Times, count_mistakes
from leakthrough.model.base import Frozen, Model, Table, Title
from leakthrough.model.display import of_campaign
from leakthrough.model.distributions import Distribution, UncertainCount
from leakthrough.model.documents import digest_of, document_of, loaded, save
from leakthrough.model.errors import Mistake, ScenarioError, faults, nearest, shown
from leakthrough.model.quantiles import largest
from leakthrough.model.scenario import MOST_ROUNDS, MOST_THREATS, Rounds, Salvo, Scenario

MOST_RAIDS = 100_000
LONGEST = 1e12
"""Seconds of a campaign: its ticks and those of all that happens in it are whole numbers below
2**63."""


class Resupply(Model):
    """Rounds that reach the magazines of a battery before each raid but the first.

    Parameters
    ----------
    battery : str
        The name of a battery; where it stands for several, each gets as much.
    interceptor : str
        The interceptor of one of its magazines.
    rounds : int or inf, default inf
        At most so many before a raid, from 0 to 1e9; never more than the magazine lacks of the
        rounds with which it began, less those of a reload on its way.
    """

    battery: str = Field(description="The name of a battery.")
    interceptor: str = Field(description="The interceptor of one of its magazines.")
    rounds: Rounds = Field(math.inf, description="At most so many before a raid.")


class Delivery(Model):
    """Rounds that reach a stock at one time.

    Parameters
    ----------
    time : float
        When, from the start of the first raid's clock [s], from 0 to 1e12.
    rounds : int
        How many, from 0 to 1e9.
    """

    time: float = Field(ge=0.0, le=LONGEST, description="When, from the campaign's start [s].")
    rounds: int = Field(ge=0, le=MOST_ROUNDS, description="How many rounds.")


class Stock(Model):
    """Rounds of one interceptor behind the batteries, from which all resupply of it is drawn.

    Without a stock of its interceptor, a resupply has an endless source.

    Parameters
    ----------
    interceptor : str
        The name of an interceptor.
    rounds : int
        Rounds at the start, from 0 to 1e9.
    rate : float, default 0
        Rounds that reach it at a constant rate [1/s], counted when whole, from 0 to 1e6.
    deliveries : list of Delivery, default empty
        Rounds that reach it at stated times.
    replenishment : frozen scipy.stats distribution, optional
        Rounds that reach it between two raids, drawn anew each time and rounded; not below 0.
    """

    interceptor: str = Field(description="The name of an interceptor.")
    rounds: int = Field(ge=0, le=MOST_ROUNDS, description="Rounds at the start.")
    rate: float = Field(0.0, ge=0.0, le=1e6, description="Rounds that reach it [1/s].")
    deliveries: tuple[Delivery, ...] = Field(
        (), description="Rounds that reach it at stated times."
    )
    replenishment: UncertainCount | None = Field(
        None, description="Rounds that reach it between two raids."
    )


Raids = Annotated[
    Annotated[Annotated[int, Field(ge=1, le=MOST_RAIDS)], Tag("number")]
    | Annotated[tuple[tuple[Salvo, ...], ...], Tag("salvos")],
    Discriminator(lambda raids: "salvos" if isinstance(raids, list | tuple) else "number"),
]


class Campaign(Model):
    """A sequence of raids against one defence.

    One replication is one whole campaign: what a raid leaves is what the next one meets.

    Parameters
    ----------
    name : str
        What the campaign is called.
    scenario : Scenario
        The defence, the classes of threats, and the salvos of a raid where `raids` is a number.
    raids : int or list of lists of Salvo
        How many raids, from 1 to 100,000; or the salvos of each. Salvos of one name in several
        raids stand under that name in the result.
    interval : float
        From the start of one raid's clock to that of the next [s], above 0, at most 1e9; times
        the number of raids at most 1e12.
    sizes : mapping of str to frozen scipy.stats distribution, default empty
        By salvo name: how many threats come, drawn anew for each raid and each salvo, and
        rounded; in place of the salvo's `count`.
    resupply : list of Resupply, default empty
        What reaches the batteries between raids.
    stocks : list of Stock, default empty
        What the resupply is drawn from, at most one an interceptor.
    shortage : {"proportion", "order"}
        Who gets what when a stock does not suffice: shares in proportion to what each lacks
        (whole rounds, the largest remainders first), or in the order of the batteries.
    replacement_time : float, optional
        From the loss of a battery to the first raid that a new one, without rounds, may meet
        [s], from 0 to 1e12. None: it is never replaced.

    Raises
    ------
    ScenarioError
        If anything in it is not valid, or names something that the scenario does not define.
    """

    name: Title
    scenario: Scenario = Field(description="The defence, and the raid of each night.")
    raids: Raids = Field(description="How many raids, or the salvos of each.")
    interval: float = Field(gt=0.0, le=1e9, description="Between two raids' starts [s].")
    sizes: Table[UncertainCount] = Field(Frozen(), description="Threats that come, by salvo.")
    resupply: tuple[Resupply, ...] = Field((), description="What reaches the batteries.")
    stocks: tuple[Stock, ...] = Field((), description="What the resupply is drawn from.")
    shortage: Literal["proportion", "order"] = Field(
        "proportion", description="Who gets what when a stock does not suffice."
    )
    replacement_time: Annotated[float, Field(ge=0.0, le=LONGEST)] | None = Field(
        None, description="From a battery's loss to its replacement [s]; none: never."
    )

    @model_validator(mode="after")
    def _parts_fit(self) -> "Campaign":
        found = [*_in_raids(self), *_in_sizes(self), *_in_resupply(self), *_in_stocks(self)]
        if self.raid_count * self.interval > LONGEST:
            text = f"times the {self.raid_count:,} raids must be at most {LONGEST:g} s"
            found.append((("interval",), f"{text}; got {self.interval:g}"))
        if found:
            raise faults(found)
        return self

    @property
    def raid_count(self) -> int:
        """How many raids there are."""
        return self.raids if isinstance(self.raids, int) else len(self.raids)

    def raid(self, number: int) -> Scenario:
        """Return the scenario of one raid, counted from 0: the defence against its salvos."""
        if isinstance(self.raids, int):
            return self.scenario
        return _against(self.scenario, self.raids[number], _axes(self))

    def document(self) -> dict[str, Any]:
        """Return the campaign as plain data: defaults are left out."""
        return document_of(self)

    def save(self, path: str | Path) -> None:
        """Write the campaign to a file; as `Scenario.save` does."""
        save(self, path)

    def __str__(self) -> str:
        return of_campaign(self).text()

    def _repr_html_(self) -> str:
        return of_campaign(self).html()

    @property
    def digest(self) -> str:
        """Thirty-two hexadecimal digits that two campaigns share only if they are equal."""
        return digest_of(self)


def load_campaign(path: str | Path) -> Campaign:
    """Read a campaign from a file; as `load_scenario` does.

    Parameters
    ----------
    path : str or Path
        The file, ending in `.toml` or `.json`, in UTF-8.

    Returns
    -------
    Campaign
        The campaign that the file describes.

    Raises
    ------
    ScenarioError
        If what stands in the file is not a valid campaign: all its mistakes, with their places.
    OSError
        If the file cannot be read; `FileNotFoundError` if there is none.
    """
    return loaded(Campaign, path)


def differing_raids(campaign: Campaign) -> dict[tuple[Salvo, ...], Scenario]:
    """The scenario of each raid that differs from those before it, by its salvos."""
    if isinstance(campaign.raids, int):
        return {campaign.scenario.salvos: campaign.scenario}
    axes, scenario = _axes(campaign), campaign.scenario
    return {salvos: _against(scenario, salvos, axes) for salvos in dict.fromkeys(campaign.raids)}


def _axes(campaign: Campaign) -> tuple[str, ...]:
    """Axes of the scenario; where it declares none, those of all raids: one axis serves all."""
    raids = () if isinstance(campaign.raids, int) else campaign.raids
    every = [salvo.axis for raid in (campaign.scenario.salvos, *raids) for salvo in raid]
    return campaign.scenario.axes or tuple(
        dict.fromkeys(axis for axis in every if axis is not None)
    )


def _against(scenario: Scenario, salvos: tuple[Salvo, ...], axes: tuple[str, ...]) -> Scenario:
    """The defence against other salvos."""
    fields = {name: getattr(scenario, name) for name in type(scenario).model_fields}
    return Scenario(**{**fields, "salvos": salvos, "axes": axes})


def _mistakes_against(
    scenario: Scenario, salvos: tuple[Salvo, ...], axes: tuple[str, ...]
) -> tuple[str, ...]:
    try:
        _against(scenario, salvos, axes)
    except ScenarioError as error:
        return error.mistakes
    return ()


def _in_raids(campaign: Campaign) -> list[Mistake]:
    if isinstance(campaign.raids, int):
        return []
    if not 1 <= len(campaign.raids) <= MOST_RAIDS:
        text = f"must hold the salvos of 1 to {MOST_RAIDS:,} raids; got {len(campaign.raids)}"
        return [(("raids",), text)]
    found: list[Mistake] = []
    threats: dict[str, str] = {}
    axes, differing = _axes(campaign), dict.fromkeys(campaign.raids)
    said = {salvos: _mistakes_against(campaign.scenario, salvos, axes) for salvos in differing}
    for number, salvos in enumerate(campaign.raids):
        found += [(("raids", number), mistake) for mistake in said[salvos]]
        for salvo in salvos:
            if threats.setdefault(salvo.name, salvo.threat) != salvo.threat:
                first = shown(threats[salvo.name])
                text = f"must be {first}, as in an earlier raid; got {shown(salvo.threat)}"
                found.append((("raids", number, "salvos", salvo.name, "threat"), text))
    return found


def _in_sizes(campaign: Campaign) -> list[Mistake]:
    raids = (campaign.scenario.salvos,) if isinstance(campaign.raids, int) else campaign.raids
    salvos: dict[str, list[Salvo]] = {}
    for salvo in (salvo for raid in raids for salvo in raid):
        salvos.setdefault(salvo.name, []).append(salvo)
    found: list[Mistake] = []
    for name, size in campaign.sizes.items():
        said = [f"{shown(name)} is not the name of a salvo{nearest(name, salvos)}"]
        if name in salvos:
            said = list(dict.fromkeys(_size_fault(salvo, size) for salvo in salvos[name]))
        found += [(("sizes", name), text) for text in said if text]
    return found


def _size_fault(salvo: Salvo, size: Distribution) -> str:
    if isinstance(salvo.arrival, Times):
        return "a salvo whose arrival lists a time for each threat has a fixed count"
    most = largest(size)
    if most > MOST_THREATS:
        return f"must not reach {MOST_THREATS:,} threats, but {size.dist} reaches {most:,}"
    if mistakes := count_mistakes(salvo.arrival, most):
        return f"{size.dist} reaches {most:,} threats: arrival.{mistakes[0][0][0]} {mistakes[0][1]}"
    return ""


def _in_resupply(campaign: Campaign) -> list[Mistake]:
    carried = {
        battery.name: [magazine.interceptor for magazine in battery.magazines]
        for layer in campaign.scenario.layers
        for battery in layer.batteries
    }
    found: list[Mistake] = []
    seen: set[tuple[str, str]] = set()
    for number, resupply in enumerate(campaign.resupply):
        battery, interceptor = resupply.battery, resupply.interceptor
        if battery not in carried:
            text = f"{shown(battery)} is not the name of a battery{nearest(battery, carried)}"
            found.append((("resupply", number, "battery"), text))
        elif interceptor not in carried[battery]:
            text = f"{shown(interceptor)} is not the name of a magazine of {shown(battery)}"
            text += nearest(interceptor, carried[battery])
            found.append((("resupply", number, "interceptor"), text))
        elif (battery, interceptor) in seen:
            text = f"more than one for {shown(interceptor)} of {shown(battery)}"
            found.append((("resupply", number), text))
        seen.add((battery, interceptor))
    return found


def _in_stocks(campaign: Campaign) -> list[Mistake]:
    known = [interceptor.name for interceptor in campaign.scenario.interceptors]
    found: list[Mistake] = []
    seen: set[str] = set()
    for number, stock in enumerate(campaign.stocks):
        name = stock.interceptor
        if name not in known:
            text = f"{shown(name)} is not the name of an interceptor{nearest(name, known)}"
            found.append((("stocks", number, "interceptor"), text))
        elif name in seen:
            found.append((("stocks", number), f"more than one of {shown(name)}"))
        drawn = stock.replenishment
        if drawn is not None and (most := largest(drawn)) > MOST_ROUNDS:
            text = f"must not reach {MOST_ROUNDS:,} rounds, but {drawn.dist} reaches {most:,}"
            found.append((("stocks", number, "replenishment"), text))
        seen.add(name)
    return found
