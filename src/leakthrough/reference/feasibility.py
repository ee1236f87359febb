"""Feasible engagements of a battery: usable magazines, times to hit, and order of threats."""

from leakthrough.model.distributions import Distribution
from leakthrough.reference.draws import Draw, RaidDraws, time_or_draw
from leakthrough.reference.entities import Battery, Magazine, Threat


def can_kill(magazine: Magazine, threat: Threat) -> bool:
    """Whether the kill probability is above 0 (a distribution always is)."""
    value = magazine.interceptor.kill_probability.get(threat.kind.name, 0.0)
    return isinstance(value, Distribution) or value > 0


def usable_magazines(battery: Battery, threat: Threat) -> list[Magazine]:
    """The magazines that a battery may fire at a threat, in order of preference."""
    if battery.spec.axes and threat.salvo.axis not in battery.spec.axes:
        return []
    by_name = {magazine.interceptor.name: magazine for magazine in battery.magazines}
    preference = battery.spec.doctrine.preference.get(threat.kind.name, tuple(by_name))
    return [by_name[name] for name in preference if can_kill(by_name[name], threat)]


def engagement_draw(draws: RaidDraws, battery: Battery, threat: Threat) -> Draw:
    """Integers for reaction, flight, assessment and its error in the next engagement."""
    address = ("engagement", threat.salvo.name, battery.spec.name, battery.member)
    return draws.draw(address, threat.number, battery.fired.get(threat, 0))


def time_to_hit(draws: RaidDraws, battery: Battery, magazine: Magazine, threat: Threat) -> int:
    """Ticks of reaction and flight in the next engagement; the battery knows them in advance."""
    drawn = engagement_draw(draws, battery, threat)
    reaction = time_or_draw(battery.spec.reaction_time, drawn[0])
    return reaction + time_or_draw(magazine.interceptor.flight_time, drawn[1])


def in_time(
    draws: RaidDraws, battery: Battery, magazine: Magazine, threat: Threat, tick: int
) -> bool:
    """Whether rounds of an engagement decided at a tick hit before the window closes."""
    hit = tick + time_to_hit(draws, battery, magazine, threat)
    return hit <= threat.current[battery.layer.name].closing


def magazine_for(draws: RaidDraws, battery: Battery, threat: Threat, tick: int) -> Magazine | None:
    """The magazine with which a battery can engage a threat now, if any."""
    limit = battery.spec.doctrine.max_salvos
    if (
        battery.lost
        or battery.free_channels == 0
        or threat.phase != "free"
        or battery.layer.name not in threat.available_to
        or (limit is not None and battery.fired.get(threat, 0) >= limit)
    ):
        return None
    for magazine in usable_magazines(battery, threat):
        if magazine.available(threat) > 0 and in_time(draws, battery, magazine, threat, tick):
            return magazine
    return None


def urgency(battery: Battery, threat: Threat) -> tuple[int, int, int]:
    """Sort key of a threat for a battery: highest priority, its order, then threat order."""
    by_deadline = battery.spec.doctrine.order == "deadline"
    window = threat.current[battery.layer.name]
    return -threat.priority, window.closing if by_deadline else window.opening, threat.order
