"""A defence and all that attacks it, as the rules of checks see them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from leakthrough.model.findings import Finding
from leakthrough.model.geometry import Path
from leakthrough.model.scenario import Salvo, Scenario, most_threats, usual_threats
from leakthrough.model.shots import (
    Attack,
    Post,
    Raids,
    Reaches,
    Shot,
    attacks_of,
    paths_by_salvo,
    posts_of,
    reaches_of,
    shots_of,
    span_of_raid,
)

MOST_SHOTS, MOST_LEGS = 50_000, 200_000
"""Magazines times attacks, and sites times squares of numbers of straight parts of paths; with
more, the rules that look at each shot and each path say nothing."""
Findings = Iterator[Finding]


@dataclass(frozen=True)
class Case:
    """A defence and all that attacks it, in one raid or in the raids of a campaign.

    `number` is that of the raids, of which each different one is in `raids`.
    """

    scenario: Scenario
    raids: Raids
    under: str = ""
    number: int = 1

    @cached_property
    def paths(self) -> Mapping[Salvo, Path]:
        """The path of each salvo of any raid."""
        return paths_by_salvo(self.scenario, self.raids)

    @cached_property
    def attacks(self) -> list[Attack]:
        """The attacks of all raids."""
        return attacks_of(self.scenario, self.raids, self.paths)

    @cached_property
    def places(self) -> dict[Salvo, str]:
        """The place of each salvo that has threats, in the first raid with it."""
        found: dict[Salvo, str] = {}
        for salvos, under in self.raids.items():
            for salvo in salvos:
                if most_threats(salvo):
                    found.setdefault(salvo, f"{under}.{salvo.name}")
        return found

    @cached_property
    def edge(self) -> float:
        """The largest range of any layer [m]."""
        return max((layer.largest_range for layer in self.scenario.layers), default=0.0)

    @cached_property
    def posts(self) -> list[Post]:
        """The batteries that exist."""
        return posts_of(self.scenario, self.under)

    @property
    def is_small(self) -> bool:
        """Whether the shots and the paths are few enough to look at each."""
        magazines = sum(len(post.battery.magazines) for post in self.posts)
        legs = sum(len(attack.path.legs) ** 2 for attack in self.attacks)
        sites = sum(max(len(layer.positions), 1) for layer in self.scenario.layers)
        return magazines * len(self.attacks) <= MOST_SHOTS and sites * legs <= MOST_LEGS

    @cached_property
    def reaches(self) -> Reaches:
        """How each layer has each attack in reach; nothing if that is too much work."""
        return reaches_of(self.scenario.layers, self.attacks) if self.is_small else {}

    def span(self, *tail: float) -> tuple[float, float] | None:
        """First arrival and last time at the target in the largest raid [s]; None without any."""
        largest = max(self.raids, key=lambda salvos: sum(map(usual_threats, salvos)))
        return span_of_raid(largest, self.paths, *tail)

    @cached_property
    def shots(self) -> list[list[tuple[Shot, int, str]]]:
        """The shots of each post, how far each gets, and what prevents it."""
        if not self.is_small:
            return [[] for _ in self.posts]
        return shots_of(self.posts, self.scenario.interceptors, self.attacks, self.reaches)

    @cached_property
    def possible(self) -> list[list[Shot]]:
        """The shots of each post that nothing prevents."""
        return [[shot for shot, _, text in own if not text] for own in self.shots]


def case_of(scenario: Scenario) -> Case:
    """Return the case of a scenario with its own raid."""
    return Case(scenario, {scenario.salvos: "salvos"})
