"""Feasible engagements of a battery: usable magazines, times to hit, and order of threats."""

from collections.abc import Iterable

from leakthrough.model.discrete import TICKS_A_SECOND
from leakthrough.model.geometry import Window
from leakthrough.model.intercepts import Span, firing_spans, is_fired, legs_of, meeting, varies
from leakthrough.reference.draws import Draw, RaidDraws, time_or_draw
from leakthrough.reference.entities import Battery, Magazine, Threat

NEVER = -(2**63)
"""Tick before all others."""


def can_kill(battery: Battery, magazine: Magazine, threat: Threat) -> bool:
    """Whether the kill probability is anywhere above the level at which the battery fires."""
    value = magazine.interceptor.kill_probability.get(threat.kind.name, 0.0)
    return is_fired(value, battery.spec.doctrine.fire_above)


def usable_magazines(battery: Battery, threat: Threat) -> list[Magazine]:
    """The magazines that a battery may fire at a threat, in order of preference."""
    if battery.spec.axes and threat.salvo.axis not in battery.spec.axes:
        return []
    by_name = {magazine.interceptor.name: magazine for magazine in battery.magazines}
    preference = battery.spec.doctrine.preference.get(threat.kind.name, tuple(by_name))
    return [by_name[name] for name in preference if can_kill(battery, by_name[name], threat)]


def engagement_draw(draws: RaidDraws, battery: Battery, threat: Threat) -> Draw:
    """Integers for reaction, flight, assessment and its error in the next engagement."""
    address = ("engagement", threat.salvo.name, battery.spec.name, battery.member)
    return draws.draw(address, threat.number, battery.fired.get(threat, 0))


def time_to_hit(
    draws: RaidDraws, battery: Battery, magazine: Magazine, threat: Threat, tick: int
) -> int:
    """Ticks of reaction and flight in an engagement decided at a tick."""
    drawn = engagement_draw(draws, battery, threat)
    reaction = time_or_draw(battery.spec.reaction_time, drawn[0])
    if magazine.interceptor.speed is None:
        return reaction + time_or_draw(magazine.interceptor.flight_time, drawn[1])
    launch = tick + reaction - threat.arrival
    latest = threat.current[battery.layer.name].closing - threat.arrival
    speed = magazine.interceptor.speed / TICKS_A_SECOND
    hit = meeting(legs_of(threat.path), *battery.layer.position, speed, launch, latest)
    return hit - (tick - threat.arrival)


def spans_for(battery: Battery, magazine: Magazine, threat: Threat) -> list[Span]:
    """Spans of launches, or of hits, in the threat's present window, from the start of its path."""
    window, level = threat.current[battery.layer.name], battery.spec.doctrine.fire_above
    opening = window.opening - threat.arrival
    key = battery.layer.name, opening, magazine.interceptor.name, level
    if key not in threat.spans:
        own = Window(opening, window.closing - threat.arrival)
        fired = magazine.interceptor, level
        threat.spans[key] = firing_spans(threat.path, battery.layer, own, *fired)
    return threat.spans[key]


def time_in_spans(
    draws: RaidDraws, battery: Battery, magazine: Magazine, threat: Threat, tick: int
) -> int:
    """Where an engagement decided at a tick is among the spans: its launch, or its hit."""
    drawn = engagement_draw(draws, battery, threat)
    found = tick - threat.arrival + time_or_draw(battery.spec.reaction_time, drawn[0])
    if magazine.interceptor.speed is None:
        found += time_or_draw(magazine.interceptor.flight_time, drawn[1])
    return found


def in_time(
    draws: RaidDraws, battery: Battery, magazine: Magazine, threat: Threat, tick: int
) -> bool:
    """Whether rounds of an engagement decided at a tick hit before the window closes.

    Where flight or kill probability vary: whether it may be decided then.
    """
    if varies(magazine.interceptor, threat.kind.name):
        time = time_in_spans(draws, battery, magazine, threat, tick)
        spans = spans_for(battery, magazine, threat)
        return any(first <= time <= last for first, last in spans)
    hit = tick + time_to_hit(draws, battery, magazine, threat, tick)
    return hit <= threat.current[battery.layer.name].closing


def in_time_later(
    draws: RaidDraws, battery: Battery, magazine: Magazine, threat: Threat, tick: int
) -> bool:
    """Whether an engagement may be decided at a tick or later in the window."""
    if not varies(magazine.interceptor, threat.kind.name):
        return in_time(draws, battery, magazine, threat, tick)
    time = time_in_spans(draws, battery, magazine, threat, tick)
    return any(time <= last for _, last in spans_for(battery, magazine, threat))


def waits(draws: RaidDraws, battery: Battery, threat: Threat, tick: int) -> list[int]:
    """Ticks from now on at which time alone lets a battery engage a threat that it may not yet."""
    found = []
    for magazine in usable_magazines(battery, threat):
        if varies(magazine.interceptor, threat.kind.name):
            time = time_in_spans(draws, battery, magazine, threat, tick)
            spans = spans_for(battery, magazine, threat)
            found += [tick + first - time for first, _ in spans if first > time]
    return found


def magazine_for(draws: RaidDraws, battery: Battery, threat: Threat, tick: int) -> Magazine | None:
    """The magazine with which a battery can engage a threat now, but for its launch interval."""
    if (
        threat.image(battery.layer).phase != "free"
        or not battery.has_channel
        or battery.layer.name not in threat.available_to
        or not is_allowed(battery, threat)
    ):
        return None
    for magazine in usable_magazines(battery, threat):
        if magazine.available(threat) > 0 and in_time(draws, battery, magazine, threat, tick):
            return magazine
    return None


def is_allowed(battery: Battery, threat: Threat) -> bool:
    """Whether a battery that is there may begin one more engagement of a threat."""
    own, together = battery.spec.doctrine.max_salvos, threat.kind.max_engagements
    return (
        not battery.lost
        and (own is None or battery.fired.get(threat, 0) < own)
        and (together is None or threat.image(battery.layer).engagements < together)
    )


def last_decision(draws: RaidDraws, batteries: Iterable[Battery], threat: Threat) -> int:
    """Last tick at which one of some batteries may engage a threat, if it has rounds; or NEVER."""
    found = [NEVER]
    for battery in batteries:
        if not is_allowed(battery, threat):
            continue
        for magazine in usable_magazines(battery, threat):
            delay = time_in_spans(draws, battery, magazine, threat, threat.arrival)
            if not varies(magazine.interceptor, threat.kind.name):
                found.append(threat.current[battery.layer.name].closing - delay)
            elif spans := spans_for(battery, magazine, threat):
                found.append(threat.arrival + spans[-1].last - delay)
    return max(found)


def urgency(battery: Battery, threat: Threat) -> tuple[int, int, int]:
    """Sort key of a threat for a battery: highest priority, its order, then threat order."""
    by_deadline = battery.spec.doctrine.order == "deadline"
    window = threat.current[battery.layer.name]
    return -threat.priority, window.closing if by_deadline else window.opening, threat.order
