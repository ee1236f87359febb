"""Frozen models of campaigns: a sequence of raids against one defence, with resupply."""

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from leakthrough.model.base import checked
from leakthrough.model.display import overview_of_campaign
from leakthrough.model.distributions import Distribution, TimesByName
from leakthrough.model.documents import Document
from leakthrough.model.errors import MOST_MISTAKES, Mistake, ScenarioError, faults, shown
from leakthrough.model.overview import Overview
from leakthrough.model.paths import changed
from leakthrough.model.raid_pattern import MOST_RAIDS, RaidPattern, all_salvos, pattern_mistakes
from leakthrough.model.scenario import Salvo, Scenario
from leakthrough.model.supply import (
    LONGEST,
    Resupply,
    Rotation,
    Stock,
    StockUser,
    replacement_mistakes,
    resupply_mistakes,
    rotation_mistakes,
    stock_mistakes,
    user_mistakes,
)

MOST_COUNTS = 1_000
"""Different distributions of numbers of threats, in all raids together."""
MOST_CROSSINGS = 20_000_000
"""Straight parts of paths times sites, in all different raids."""
Place = tuple[str | int, ...]
Raids = Annotated[
    Annotated[Annotated[int, Field(ge=1, le=MOST_RAIDS)], Tag("number")]
    | Annotated[
        Annotated[
            tuple[tuple[Salvo, ...], ...],
            Field(json_schema_extra={"minItems": 1, "maxItems": MOST_RAIDS}),
        ],
        Tag("salvos"),
    ]
    | Annotated[RaidPattern, Tag("raidpattern")],
    Discriminator(lambda raids: _FORMS.get(type(raids), "number")),
]
_FORMS = {list: "salvos", tuple: "salvos", dict: "raidpattern", RaidPattern: "raidpattern"}


class Campaign(Document):
    """A sequence of raids against one defence.

    One replication is one whole campaign: each raid starts with what the previous one left.

    Parameters
    ----------
    name : str
        The name of the campaign.
    scenario : Scenario
        The defence, the classes of threats, and the salvos of each raid if `raids` is a number.
    raids : int, list of lists of Salvo or RaidPattern
        The number of raids, from 1 to 100,000; or the salvos of each raid; or kinds of raid and how
        they follow each other. Salvos of one name in several raids have one entry in the result;
        their numbers of threats may differ.
    interval : float
        From the start of one raid's clock to that of the next [s], above 0, at most 1e9; times
        the number of raids at most 1e12.
    resupply : list of Resupply, default empty
        Rounds that reach the batteries between raids.
    stocks : list of Stock, default empty
        Stocks from which the resupply is taken, at most one for each interceptor.
    shortage : {"proportion", "order"}
        Distribution of a stock that is too small: in proportion to the rounds that each magazine
        lacks, and other users ask for (whole rounds, the largest remainders first), or in the order
        of the batteries, then depots, then other users.
    replacement_time : float or frozen scipy.stats distribution, or mapping of str to these
        Time from the loss of a battery until a new one, without rounds, can take part in a raid
        [s], from 0 to 1e12. A distribution is drawn for each loss. One for all, or a table by the
        names that `Resupply.battery` may give; others are never replaced. None: none ever is.
    rotations : list of Rotation, default empty
        Batteries that leave to reload and come back.
    users : list of StockUser, default empty
        Other users that take rounds from the stocks.

    Raises
    ------
    ScenarioError
        If anything in it is not valid, or names something that the scenario does not define.
    """

    scenario: Scenario = Field(description="The defence, and the raid if `raids` is a number.")
    raids: Raids = Field(description="The number of raids, the salvos of each, or a pattern.")
    interval: float = Field(gt=0.0, le=1e9, description="Between two raids' starts [s].")
    resupply: tuple[Resupply, ...] = Field((), description="Rounds for the batteries.")
    stocks: tuple[Stock, ...] = Field((), description="Stocks that the resupply is taken from.")
    shortage: Literal["proportion", "order"] = Field(
        "proportion", description="How a stock that is too small is distributed."
    )
    replacement_time: TimesByName | None = Field(
        None, description="From a battery's loss to its replacement [s]; none: never."
    )
    rotations: tuple[Rotation, ...] = Field((), description="Batteries that leave to reload.")
    users: tuple[StockUser, ...] = Field((), description="Other users of the stocks.")

    @model_validator(mode="after")
    def _parts_fit(self) -> "Campaign":
        every = chain(
            _raid_mistakes(self),
            resupply_mistakes(self.scenario, self.resupply),
            stock_mistakes(self.scenario, self.stocks),
            replacement_mistakes(self.scenario, self.replacement_time),
            rotation_mistakes(self.scenario, self.rotations),
            user_mistakes(self.stocks, self.users),
        )
        found = list(islice(every, MOST_MISTAKES))
        if self.raid_count * self.interval > LONGEST:
            text = f"times the {self.raid_count:,} raids must be at most {LONGEST:g} s"
            found.append((("interval",), f"{text}; got {self.interval:g}"))
        if found:
            raise faults(found)
        return self

    @property
    def raid_count(self) -> int:
        """The number of raids."""
        if isinstance(self.raids, RaidPattern):
            return self.raids.number
        return self.raids if isinstance(self.raids, int) else len(self.raids)

    def raid(self, number: int) -> Scenario:
        """Return the scenario of one raid, counted from 1: the defence against its salvos.

        In a pattern these are the salvos of the kind of the raid, before they grow and before an
        attacker's stock limits them.

        Raises
        ------
        ValueError
            If there is no such raid, or its kind is drawn.
        """
        if not 1 <= number <= self.raid_count:
            raise ValueError(f"number: must be from 1 to {self.raid_count}; got {number}")
        if isinstance(self.raids, int):
            return self.scenario
        if not isinstance(self.raids, RaidPattern):
            return _with_salvos(self.scenario, self.raids[number - 1], _axes(self))
        if self.raids.is_drawn:
            raise ValueError(f"number: the kind of each raid is drawn; got {number}")
        salvos = self.raids.kinds[self.raids.kind(number)].salvos
        return _with_salvos(self.scenario, salvos, _axes(self))

    def replace(self, path: str, value: Any) -> "Campaign":
        """Return a copy with a new value at one path.

        Parameters
        ----------
        path : str
            Names and fields from the campaign down, separated by dots, such as
            ``"scenario.layers.ring.batteries.site.channels"``, ``"stocks.missile.rate"`` or
            ``"interval"``. A stock has the name of its interceptor, resupply that of its battery
            or depot (``"resupply.site/missile.rounds"`` if a battery has several), and other
            entries without names have their index from 0: ``"raids.0.wave.count"`` is that of the
            first raid.
        value : object
            The new value.

        Raises
        ------
        ScenarioError
            If the path does not exist, or the changed campaign is not valid.

        Examples
        --------
        >>> scenario = exact.as_scenario("leakers", threats=10, kill_probability=0.8)
        >>> campaign = Campaign(name="week", scenario=scenario, raids=7, interval=86_400.0)
        >>> campaign.replace("scenario.salvos.raid.count", 12).scenario.salvos[0].count
        12
        """
        return changed(checked(self), {path: value})

    def _overview(self) -> Overview:
        return overview_of_campaign(self)


def differing_raids(campaign: Campaign) -> dict[tuple[Salvo, ...], Scenario]:
    """Return the scenarios of the raids by their salvos, one for each different raid.

    For a pattern there is one, with the salvos of all kinds (`raid_pattern.all_salvos`).
    """
    if isinstance(campaign.raids, int):
        return {campaign.scenario.salvos: campaign.scenario}
    raids = campaign.raids
    if isinstance(raids, RaidPattern):
        raids = (all_salvos(raids, campaign.interval),)
    axes, base = _axes(campaign), campaign.scenario
    return {salvos: _with_salvos(base, salvos, axes) for salvos in dict.fromkeys(raids)}


def raids_by_place(campaign: Campaign) -> list[tuple[Place, tuple[Salvo, ...]]]:
    """Return the lists of salvos of a campaign, of each raid or of each kind of a pattern."""
    raids = campaign.raids
    if isinstance(raids, int):
        return [(("scenario", "salvos"), campaign.scenario.salvos)]
    if isinstance(raids, RaidPattern):
        return [(("raids", "kinds", kind.name), kind.salvos) for kind in raids.kinds]
    return [(("raids", number), salvos) for number, salvos in enumerate(raids)]


def _axes(campaign: Campaign) -> tuple[str, ...]:
    """Axes that the scenario declares; if it declares none, those of all raids together."""
    raids = [campaign.scenario.salvos, *(salvos for _, salvos in raids_by_place(campaign))]
    used = [salvo.axis for raid in raids for salvo in raid]
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
    raids, scenario = campaign.raids, campaign.scenario
    if isinstance(raids, int):
        return
    if isinstance(raids, RaidPattern):
        yield from ((("raids", *where), text) for where, text in _mistakes_in(raids, campaign))
    elif not 1 <= len(raids) <= MOST_RAIDS:
        text = f"must hold the salvos of 1 to {MOST_RAIDS:,} raids; got {len(raids)}"
        yield (("raids",), text)
        return
    threats: dict[str, str] = {}
    axes, texts = _axes(campaign), dict[tuple[Salvo, ...], tuple[str, ...]]()
    for place, salvos in raids_by_place(campaign):
        if salvos not in texts:
            texts[salvos] = _salvo_mistakes(scenario, salvos, axes)
        yield from ((place, text) for text in texts[salvos])
        for salvo in salvos:
            if threats.setdefault(salvo.name, salvo.threat) != salvo.threat:
                first = shown(threats[salvo.name])
                text = f"must be {first}, as in an earlier raid; got {shown(salvo.threat)}"
                yield ((*place, "salvos", salvo.name, "threat"), text)
    yield from _too_much(campaign, [*texts])


def _mistakes_in(pattern: RaidPattern, campaign: Campaign) -> list[Mistake]:
    """Mistakes between a pattern and its campaign, and in salvos that have grown."""
    threats = [threat.name for threat in campaign.scenario.threats]
    found = [*pattern_mistakes(pattern, campaign.interval, threats)]
    if not found and pattern.daily_growth != 1.0:
        try:
            all_salvos(pattern, campaign.interval)
        except ScenarioError as error:
            return [(("daily_growth",), f"in the last raid, {text}") for text in error.mistakes]
    return found


def _too_much(campaign: Campaign, raids: Sequence[tuple[Salvo, ...]]) -> Iterator[Mistake]:
    """Distributions and paths of different raids that would cost too much together."""
    counts = (salvo.count for salvos in raids for salvo in salvos)
    drawn = len({count for count in counts if isinstance(count, Distribution)})
    if drawn > MOST_COUNTS:
        text = f"must hold at most {MOST_COUNTS:,} different distributions of numbers of threats"
        yield (("raids",), f"{text}; got {drawn:,}")
    sites = len(campaign.scenario.sites)
    parts = sum(max(len(salvo.route), 1) for salvos in raids for salvo in salvos)
    if sites * parts > MOST_CROSSINGS:
        text = f"must have at most {MOST_CROSSINGS:,} straight parts of paths times sites"
        yield (("raids",), f"{text} in different raids; got {parts:,} times {sites:,}")
