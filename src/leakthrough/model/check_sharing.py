"""Rules about channels, pools, launch intervals and the order in which batteries fire."""

from collections.abc import Callable

from leakthrough.model.cases import Case, Findings
from leakthrough.model.defence import Battery
from leakthrough.model.findings import Finding
from leakthrough.model.shots import Shot


def _held_for_no_time(case: Case) -> Findings:
    """Channels that return at the tick at which they are taken, so that they limit nothing."""
    for post, possible in zip(case.posts, case.possible, strict=True):
        battery = post.battery
        own = [shot for shot in possible if _returns_at_once(battery, shot)]
        attacked = sum({shot.attack.place: shot.attack.size for shot in own}.values())
        if battery.launch_interval == 0.0 and attacked > battery.channels:
            what = f"is {battery.channel_hold}, and a channel is held for 0 s"
            why = f"channels = {battery.channels} never limits it, however many attack at once"
            yield Finding(f"{post.place}.channel_hold", what, why)


def _returns_at_once(battery: Battery, shot: Shot) -> bool:
    if battery.channel_hold == "assessment" or battery.reaction_time != 0.0:
        return False
    flies = shot.weapon.flight_time != 0.0 or shot.weapon.speed is not None
    return battery.channel_hold == "launch" or not flies


def _long_intervals(case: Case) -> Findings:
    """Salvos of which only one round can be launched while a threat is in reach."""
    for post, possible in zip(case.posts, case.possible, strict=True):
        interval, size = post.battery.launch_interval, post.battery.doctrine.salvo_size
        for shot in possible:
            rounds = size if isinstance(size, int) else size.get(shot.attack.threat.name, 1)
            if rounds > 1 and shot.time is not None and interval > shot.time:
                what = f"is {interval:g} s, and {shot.attack.threat.name} is in reach for"
                what += f" {shot.time:.3g} s"
                why = f"it fires one round at a time, not {rounds}"
                yield Finding(f"{post.place}.launch_interval", what, why)
                break


def _pools_without_effect(case: Case) -> Findings:
    channels: dict[str, int] = {}
    for layer in case.scenario.layers:
        for battery in layer.batteries:
            own = max(len(layer.positions), 1) * battery.count * battery.channels
            if battery.pool is not None:
                channels[battery.pool] = channels.get(battery.pool, 0) + own
    for pool in case.scenario.pools:
        place, own = f"{case.under}pools.{pool.name}", channels.get(pool.name, 0)
        if not own:
            yield Finding(place, "no battery uses it", "it has no effect")
        elif own <= pool.channels:
            what = f"is {pool.channels:,}, and all its batteries have {own:,} together"
            yield Finding(f"{place}.channels", what, "it never limits them")


def _needless_selections(case: Case) -> Findings:
    for layer in case.scenario.layers:
        if layer.selection != "most_rounds" and sum(own.count for own in layer.batteries) < 2:
            place, what = f"{case.under}layers.{layer.name}.selection", f"is {layer.selection}"
            yield Finding(place, f"{what}, and it has no two batteries", "it has no effect")


RULES: tuple[Callable[[Case], Findings], ...] = (
    *(_held_for_no_time, _long_intervals),
    *(_pools_without_effect, _needless_selections),
)
