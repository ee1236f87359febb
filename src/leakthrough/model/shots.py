"""Which magazines can be fired at which threats of a raid, and what prevents the others."""

import functools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from leakthrough.model.arrivals import Arrival, At, Poisson, Regular, Times, Uniform
from leakthrough.model.defence import Battery, Interceptor, Layer
from leakthrough.model.discrete import TICKS_A_SECOND
from leakthrough.model.distributions import Distribution
from leakthrough.model.geometry import Path, Window, paths_of
from leakthrough.model.intercepts import firing_spans, is_fired, varies
from leakthrough.model.magazines import Magazine
from leakthrough.model.quantiles import quantiles_of
from leakthrough.model.scenario import Salvo, Scenario, Threat, most_threats, usual_threats

_TICK = 1e-6
_TAIL = 0.01
NEVER = 2.0**-33
"""Probability at which the engines cut the tails of distributions."""
HARDLY = 0.001


class Attack(NamedTuple):
    """The salvos of one class and priority, on one axis and path; size: the largest of any raid."""

    threat: Threat
    axis: str | None
    path: Path
    priority: int
    place: str
    size: int = 0


class Reach(NamedTuple):
    """The passes of the threats of an attack through the reach of a layer, at any of its sites.

    The longest is first.
    """

    path: Path
    passes: list[tuple[Layer, Window]]

    @property
    def opening(self) -> float:
        """Time from the start of the path to the first pass [s]."""
        return min(window.opening for _, window in self.passes) / TICKS_A_SECOND

    @property
    def sites(self) -> set[str]:
        """The names of the sites that are reached."""
        return {site.name for site, _ in self.passes}

    def time_for(self, weapon: Interceptor, fire_above: float) -> float | None:
        """Longest time from the beginning of a pass to the last launch, or intercept [s].

        It is that of the launch if the interceptor has a speed. None if it is never fired.
        """
        ticks: list[int] = []
        for site, window in self.passes:
            length = window.closing - window.opening
            if ticks and length <= max(ticks):
                break
            if varies(weapon, self.path.threat):
                spans = firing_spans(self.path, site, window, weapon, fire_above)
                ticks += [span.last - window.opening for span in spans[-1:]]
            else:
                ticks.append(length)
        return max(ticks) / TICKS_A_SECOND if ticks else None


Reaches = Mapping[tuple[str, str], Reach]
"""By the name of the layer and the place of the attack; none where it is out of reach."""


class Shot(NamedTuple):
    """A magazine and an attack on which it could be fired."""

    layer: Layer
    battery: Battery
    magazine: Magazine
    weapon: Interceptor
    attack: Attack
    reach: Reach | None
    time: float | None  # from a beginning of reach to the last launch, or intercept [s]

    @property
    def text(self) -> str:
        """The names of interceptor and threat."""
        return f"{self.weapon.name} at {self.attack.threat.name}"


class Post(NamedTuple):
    """A battery that exists, in a layer that can be up; the same one at all sites of the layer."""

    place: str
    layer: Layer
    battery: Battery


Raids = Mapping[tuple[Salvo, ...], str]
"""The place of each different list of salvos."""


def paths_by_salvo(scenario: Scenario, raids: Iterable[tuple[Salvo, ...]]) -> dict[Salvo, Path]:
    """Return the path of each salvo of some raids."""
    salvos = dict.fromkeys(salvo for raid in raids for salvo in raid)
    return dict(zip(salvos, paths_of(scenario, salvos), strict=True))


def attacks_of(scenario: Scenario, raids: Raids, paths: Mapping[Salvo, Path]) -> list[Attack]:
    """Return the attacks of some raids; a number of threats that is drawn is the largest."""
    threats = {threat.name: threat for threat in scenario.threats}
    added = {asset.name: asset.priority for asset in scenario.assets}
    found: dict[tuple[Any, ...], Attack] = {}
    for salvos, under in raids.items():
        sizes: dict[tuple[Any, ...], int] = {}
        for salvo in salvos:
            if count := most_threats(salvo):
                threat, path = threats[salvo.threat], paths[salvo]
                priority = threat.priority + added.get(salvo.target or "", 0)
                key = salvo.axis, path, priority
                sizes[key] = sizes.get(key, 0) + count
                found.setdefault(key, Attack(threat, *key, f"{under}.{salvo.name}"))
        for key, size in sizes.items():
            found[key] = found[key]._replace(size=max(found[key].size, size))
    return list(found.values())


def reaches_of(layers: Iterable[Layer], attacks: Iterable[Attack]) -> Reaches:
    """Return how each layer has each attack in reach, where it has."""
    found: dict[tuple[str, str], Reach] = {}
    for layer in layers:
        sites = layer.sites
        for attack in attacks:
            passes = [(site, window) for site in sites for window in attack.path.windows(site)]
            if passes:
                passes.sort(key=lambda own: own[1].opening - own[1].closing)
                found[layer.name, attack.place] = Reach(attack.path, passes)
    return found


def posts_of(scenario: Scenario, under: str = "") -> list[Post]:
    """Return the batteries whose layer can be up."""
    return [
        Post(f"{under}layers.{layer.name}.batteries.{battery.name}", layer, battery)
        for layer in scenario.layers
        if layer.sensor.availability
        for battery in layer.batteries
        if battery.count
    ]


def shots_of(
    posts: Iterable[Post], weapons: Iterable[Interceptor], attacks: list[Attack], reaches: Reaches
) -> list[list[tuple[Shot, int, str]]]:
    """Return the shots of each battery, how far each gets, and what prevents it, if anything."""
    known = {weapon.name: weapon for weapon in weapons}

    @functools.cache
    def time(layer: str, place: str, weapon: str, fire_above: float) -> float | None:
        reach = reaches.get((layer, place))
        return reach and reach.time_for(known[weapon], fire_above)

    def shots(post: Post) -> Iterator[tuple[Shot, int, str]]:
        for magazine in post.battery.magazines:
            for attack in attacks:
                key, weapon = (post.layer.name, attack.place), known[magazine.interceptor]
                level, last = post.battery.doctrine.fire_above, None
                if attack.threat.name in weapon.kill_probability:
                    last = time(*key, weapon.name, level)
                own = post.layer, post.battery, magazine, weapon, attack
                shot = Shot(*own, reaches.get(key), last)
                yield shot, *_obstacle(shot)

    return [[*shots(post)] for post in posts]


def _obstacle(shot: Shot) -> tuple[int, str]:
    for step, obstacle in enumerate(OBSTACLES):
        if text := obstacle(shot):
            return step, text
    return len(OBSTACLES), ""


def _out_of_reach(shot: Shot) -> str:
    return "" if shot.reach else f"{shot.attack.threat.name} never comes into its reach"


def _no_rounds(shot: Shot) -> str:
    held = shot.magazine.rounds or shot.magazine.most_reloads
    return "" if held else f"{shot.weapon.name} has no rounds and no reloads"


def _other_axis(shot: Shot) -> str:
    axes, axis = shot.battery.axes, shot.attack.axis
    if not axes or axis in axes:
        return ""
    return f"it serves only {', '.join(axes)}, and {shot.attack.threat.name} {_on(axis)}"


def _on(axis: str | None) -> str:
    return "has no axis" if axis is None else f"comes on {axis}"


def _not_preferred(shot: Shot) -> str:
    listed = shot.battery.doctrine.preference.get(shot.attack.threat.name)
    if listed is None or shot.weapon.name in listed:
        return ""
    return f"its preference leaves out {shot.text}"


def _cannot_kill(shot: Shot) -> str:
    name, least = shot.attack.threat.name, shot.battery.doctrine.fire_above
    chance = shot.weapon.kill_probability.get(name, 0.0)
    if is_fired(chance, least):
        return ""
    if is_fired(chance, 0.0):
        return f"the kill probability of {shot.text} is never above fire_above = {least:g}"
    return f"{shot.weapon.name} has kill probability 0 against {name}"


def _not_detected(shot: Shot) -> str:
    sensor, threat = shot.layer.sensor, shot.attack.threat
    ignored = sensor.decoy_recognition if threat.decoy else sensor.false_dismissal
    never = sensor.detection.get(threat.name, 1.0) == 0.0 or ignored == 1.0
    return f"its layer never detects {threat.name}" if never else ""


def _reserved(shot: Shot) -> str:
    magazine, attack = shot.magazine, shot.attack
    most = magazine.most_ready
    if attack.priority >= 1 or magazine.reserved < most:
        return ""
    kept = f"all {most:,} rounds of {shot.weapon.name} are reserved"
    return f"{kept}, and the priority of {attack.threat.name} is below 1"


def _too_short(shot: Shot) -> str:
    return _lateness(shot, 0.0)


def hardly_in_time(shot: Shot) -> str:
    """Return why reaction and flight end in the window in fewer than 2 of 1,000 engagements."""
    return _lateness(shot, HARDLY)


def _lateness(shot: Shot, probability: float) -> str:
    if shot.time is None:
        return f"no launch of {shot.text} meets it in reach"
    flies = shot.weapon.speed is None
    times = [shot.battery.reaction_time, *([shot.weapon.flight_time] if flies else [])]
    needed = sum(quantile(time, probability) for time in times)
    if not needed > shot.time + _TICK:
        return ""
    text = f"{shot.text} takes {needed:g} s or more of reaction{' and flight' if flies else ''}"
    nearly = f" in {1 - 2 * probability:.1%} of engagements" if probability else ""
    if not varies(shot.weapon, shot.attack.threat.name):
        return f"{text}{nearly}, and the window is {shot.time:.3g} s"
    last = "intercept" if flies else "launch"
    return f"{text}{nearly}, and the last {last} is {shot.time:.3g} s after the window opens"


OBSTACLES: tuple[Callable[[Shot], str], ...] = (
    *(_out_of_reach, _no_rounds, _other_axis, _cannot_kill, _not_preferred),
    *(_not_detected, _reserved, _too_short),
)
"""What can prevent a shot, in the order in which a reader would look for it."""
IN_TIME = OBSTACLES.index(_too_short)


@functools.lru_cache(maxsize=1024)
def quantile(time: float | Distribution, probability: float) -> float:
    """Return a quantile of a time [s]; NaN if SciPy cannot compute it."""
    if isinstance(time, float):
        return time
    return float(quantiles_of(time, probability))


def span_of_raid(
    salvos: Iterable[Salvo], paths: Mapping[Salvo, Path], tail: float = _TAIL
) -> tuple[float, float] | None:
    """Return the first arrival and the last time at the target [s]; None without threats.

    Arrivals that are drawn without a bound have the quantiles at `tail` and 1 - `tail`; the end of
    a Poisson process has the quantile 0.99.
    """
    spans = [
        (first, last + paths[salvo].duration / TICKS_A_SECOND)
        for salvo in salvos
        if (count := usual_threats(salvo))
        for first, last in [_span(salvo.arrival, count, tail)]
    ]
    if not spans:
        return None
    return min(first for first, _ in spans), max(last for _, last in spans)


def _span(arrival: Arrival, count: int, tail: float) -> tuple[float, float]:
    if isinstance(arrival, At):
        return arrival.time, arrival.time
    if isinstance(arrival, Times):
        return min(arrival.times), max(arrival.times)
    if isinstance(arrival, Uniform):
        return arrival.start, arrival.stop
    if isinstance(arrival, Regular):
        return arrival.start, arrival.start + arrival.interval * (count - 1)
    if isinstance(arrival, Poisson):
        return arrival.start, arrival.start + (count + 2.3 * math.sqrt(count)) / arrival.rate
    low, high = arrival.support()
    return (
        low if math.isfinite(low) else quantile(arrival, tail),
        high if math.isfinite(high) else quantile(arrival, 1.0 - tail),
    )
