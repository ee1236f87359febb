"""Channels of batteries and of the pools that they share, and the times between launches."""

from typing import NamedTuple

from leakthrough.model.discrete import ticks
from leakthrough.reference.draws import RaidDraws, time_or_draw
from leakthrough.reference.entities import Battery, Magazine, Threat
from leakthrough.reference.feasibility import engagement_draw, in_time, magazine_for, time_to_hit


class Round(NamedTuple):
    """Ticks of the launch and of the intercept of one round."""

    launch: int
    hit: int


# ---------------------------------------------------------------- channels


def take_channel(battery: Battery, tick: int) -> None:
    """Take a channel of a battery, and one of its pool."""
    battery.free_channels -= 1
    pool = battery.pool
    if pool is not None:
        pool.free -= 1
        pool.peak = max(pool.peak, pool.spec.channels - pool.free)
        if pool.free == 0:
            pool.full_since = tick


def give_channel_back(battery: Battery, tick: int) -> None:
    """Return a channel of a battery, and that of its pool."""
    battery.free_channels += 1
    pool = battery.pool
    if pool is not None:
        if pool.free == 0:
            pool.full += tick - pool.full_since
        pool.free += 1


def sharing(battery: Battery, batteries: list[Battery]) -> set[Battery]:
    """The batteries to which a channel of a battery may have been lacking."""
    if battery.pool is None:
        return {battery}
    return {own for own in batteries if own.pool is battery.pool}


# ---------------------------------------------------------------- launches


def launch_of(draws: RaidDraws, battery: Battery, threat: Threat, tick: int) -> int:
    """Tick of the first launch of an engagement decided at a tick."""
    drawn = engagement_draw(draws, battery, threat)
    return tick + time_or_draw(battery.spec.reaction_time, drawn[0])


def keeps_interval(battery: Battery, launch: int) -> bool:
    """Whether a launch keeps the interval from all launches that its battery has committed."""
    interval = ticks(battery.spec.launch_interval)
    return all(abs(launch - own) >= interval for own in battery.launches)


def first_allowed(battery: Battery, launch: int) -> int:
    """The first tick from a tick on at which the interval allows a launch."""
    interval = ticks(battery.spec.launch_interval)
    ends = [own + interval for own in battery.launches if own + interval > launch]
    return min(own for own in [launch, *ends] if keeps_interval(battery, own))


def shot_for(draws: RaidDraws, battery: Battery, threat: Threat, tick: int) -> Magazine | None:
    """The magazine with which a battery can engage a threat now, if any."""
    magazine = magazine_for(draws, battery, threat, tick)
    if magazine is None or not battery.launches:
        return magazine
    return magazine if keeps_interval(battery, launch_of(draws, battery, threat, tick)) else None


def next_launch(draws: RaidDraws, battery: Battery, threats: list[Threat], tick: int) -> int | None:
    """The first tick at which the interval lets a battery engage a threat that it could now."""
    waits = [
        first_allowed(battery, launch) - launch
        for threat in (threats if battery.launches else ())
        if magazine_for(draws, battery, threat, tick) is not None
        for launch in [launch_of(draws, battery, threat, tick)]
    ]
    return min((tick + wait for wait in waits if wait > 0), default=None)


def rounds_of(
    draws: RaidDraws, battery: Battery, magazine: Magazine, threat: Threat, tick: int
) -> list[Round]:
    """The rounds of an engagement decided at a tick: the longest salvo that the battery may fire.

    All are launched at once, or with the interval between them. Each must be in time, and keep the
    interval from launches for other threats.
    """
    size, thrift = battery.spec.doctrine.salvo_size, battery.spec.doctrine.thrift
    if not isinstance(size, int):
        size = size.get(threat.kind.name, 1)
    if thrift is not None and magazine.available(threat) <= thrift[0]:
        size = min(size, thrift[1])
    most, interval = int(min(size, magazine.available(threat))), ticks(battery.spec.launch_interval)
    launch = launch_of(draws, battery, threat, tick)
    if interval == 0:
        own = Round(launch, tick + time_to_hit(draws, battery, magazine, threat, tick))
        return [own] * most
    found: list[Round] = []
    for later in range(0, most * interval, interval):
        fits = in_time(draws, battery, magazine, threat, tick + later)
        if not fits or not keeps_interval(battery, launch + later):
            break
        hit = tick + later + time_to_hit(draws, battery, magazine, threat, tick + later)
        found.append(Round(launch + later, hit))
    return found
