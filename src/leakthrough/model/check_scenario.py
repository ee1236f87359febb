"""Rules that find what is valid but makes no sense in a raid and its defence."""

import math
from collections.abc import Callable, Iterator, Mapping

from leakthrough.model import check_rounds
from leakthrough.model.cases import Case, Findings, case_of
from leakthrough.model.defence import Battery, ByDistance, Interceptor, Layer
from leakthrough.model.distributions import Distribution
from leakthrough.model.findings import Finding
from leakthrough.model.scenario import Scenario, most_threats
from leakthrough.model.shots import IN_TIME, hardly_in_time, quantile
from leakthrough.model.units import DAY, HOUR

_NEAR, _FAR = 100.0, 5e6
"""Outer ranges [m] below and above which another unit than the metre was probably meant."""
_SLOW, _FAST = 5.0, 12e3
"""Speeds [m/s]; that of a re-entering missile is below 8 km/s."""
_SLOWEST_ROUND, _FASTEST_ROUND = 20.0, 12e3
"""Speeds of interceptors [m/s]."""
_SHORT = 0.005
"""Share of the largest range to which a kill probability by distance goes at least."""
_LONG_WAY = 20e3
"""Distance [m] over which no round flies in no time."""
_LONGEST_RAID = 100 * DAY
_TINY = 1000.0
"""A raid that is as many times longer than the timeline is not shown by it."""


# ---------------------------------------------------------------- the raid


def _no_attack(case: Case) -> Findings:
    if not case.attacks:
        what = "no salvo has any threat"
        yield Finding(f"{case.under}salvos", what, "nothing attacks, and every count is 0")


def _only_decoys(case: Case) -> Findings:
    if case.attacks and all(attack.threat.decoy for attack in case.attacks):
        why = "leakers and leak rate count real threats only"
        yield Finding(f"{case.under}threats", "all threats of the raid are decoys", why)


def _speeds(case: Case) -> Findings:
    for threat in case.scenario.threats:
        slow = threat.speed < _SLOW and case.edge / threat.speed > HOUR
        if slow or threat.speed > _FAST:
            crossed = case.edge / threat.speed
            yield Finding(
                f"{case.under}threats.{threat.name}.speed",
                f"is {threat.speed:g} m/s",
                f"it crosses {case.edge:g} m in {crossed:.3g} s; speeds are in m/s",
            )


def _threats_without_salvo(case: Case) -> Findings:
    used = {salvo.threat for salvo in case.scenario.salvos}
    used.update(attack.threat.name for attack in case.attacks)
    if used:
        for threat in case.scenario.threats:
            if threat.name not in used:
                why = "it takes no part in the raid"
                yield Finding(f"{case.under}threats.{threat.name}", "no salvo is of it", why)


def _nothing_drawn(case: Case) -> Findings:
    """Numbers of threats of which every draw is rounded to 0."""
    for salvos, under in case.raids.items():
        for salvo in salvos:
            if isinstance(salvo.count, Distribution) and most_threats(salvo) == 0:
                place = f"{under}.{salvo.name}.count"
                yield Finding(place, "each draw is rounded to 0", "no threat ever comes")


def _long_raid(case: Case) -> Findings:
    first, last = case.span() or (0.0, 0.0)
    if _LONGEST_RAID < last - first < math.inf:
        what = f"the raid lasts {(last - first) / DAY:,.0f} days"
        yield Finding(f"{case.under}salvos", what, "arrival times are in seconds")


def _unopposed(case: Case) -> Findings:
    """Attacks of real threats within reach that no battery can engage, nor any layer soft kill.

    Those of one class on one axis with obstacles of one kind are said once.
    """
    if not case.posts and not any(layer.soft_kill for layer in case.scenario.layers):
        return
    opposed = {shot.attack.place for own in case.possible for shot in own}
    obstacles: dict[str, list[tuple[int, str]]] = {}
    for shot, step, text in (each for own in case.shots for each in own):
        obstacles.setdefault(shot.attack.place, []).append((step, text))
    said: set[tuple[str, str | None, int]] = set()
    for attack in case.attacks if case.is_small else ():
        own = [
            layer for layer in case.scenario.layers if (layer.name, attack.place) in case.reaches
        ]
        soft = any(_jams(layer, attack.threat.name) for layer in own)
        step, reason = _furthest(obstacles.get(attack.place, []))
        key = attack.threat.name, attack.axis, step
        stopped = attack.place in opposed or soft or attack.threat.decoy
        if own and not stopped and key not in said:
            said.add(key)
            what = f"nothing can stop {attack.threat.name}{reason and f' ({reason})'}"
            yield Finding(attack.place, what, "all leak in every replication")


def _jams(layer: Layer, threat: str) -> bool:
    return bool(layer.sensor.availability and layer.soft_kill.get(threat))


def _furthest(obstacles: list[tuple[int, str]]) -> tuple[int, str]:
    """What prevents the shot that is nearest to being possible: how far it gets, and a text."""
    return max(obstacles, key=lambda each: each[0], default=(0, ""))


# ---------------------------------------------------------------- layers


def _no_defence(case: Case) -> Findings:
    layers = case.scenario.layers
    some = any(battery.count for layer in layers for battery in layer.batteries)
    if not some and not any(layer.soft_kill for layer in layers):
        what = "no layer has a battery or soft kill" if layers else "there are none"
        yield Finding(f"{case.under}layers", what, "every threat leaks")


def _empty_layers(case: Case) -> Findings:
    for layer in case.scenario.layers:
        if not layer.batteries and not any(layer.soft_kill.values()):
            place, what = f"{case.under}layers.{layer.name}", "has no batteries and no soft kill"
            yield Finding(place, what, "it stops nothing")


def _layers_down(case: Case) -> Findings:
    for layer in case.scenario.layers:
        if not layer.sensor.availability:
            place = f"{case.under}layers.{layer.name}.sensor.availability"
            yield Finding(place, "is 0", "the layer is never up, and does nothing")


def _ranges(case: Case) -> Findings:
    slowest = min((attack.threat.speed for attack in case.attacks), default=math.inf)
    for layer in case.scenario.layers:
        place = f"{case.under}layers.{layer.name}"
        for step, outer in _each(layer.outer_range):
            if (0.0 < outer < _NEAR and slowest >= _SLOW) or outer > _FAR:
                why = f"{slowest:g} m/s crosses it in {outer / slowest:.3g} s"
                what = f"is {outer:g} m"
                yield Finding(f"{place}.outer_range{step}", what, f"{why}; ranges are in metres")
        for step, inner in _each(layer.inner_range):
            if 0.0 < inner < _NEAR and layer.largest_range >= _LONG_WAY:
                why = f"the ring goes out to {layer.largest_range:g} m; ranges are in metres"
                yield Finding(f"{place}.inner_range{step}", f"is {inner:g} m", why)


def _each(own: float | Mapping[str, float]) -> Iterator[tuple[str, float]]:
    """Yield the numbers of a range with what their paths have in addition."""
    if isinstance(own, Mapping):
        yield from ((f".{name}", number) for name, number in own.items())
    else:
        yield "", own


def _recognition_without_decoys(case: Case) -> Findings:
    if not case.attacks or any(threat.decoy for threat in case.scenario.threats):
        return
    for layer in case.scenario.layers:
        if layer.sensor.decoy_recognition:
            place = f"{case.under}layers.{layer.name}.sensor.decoy_recognition"
            yield Finding(place, "no threat is marked as a decoy", "it has no effect")


def _luck_without_effect(case: Case) -> Findings:
    """Luck that threats keep, although nothing about them is left to it."""
    weapons, layers = case.scenario.interceptors, case.scenario.layers
    for threat in case.scenario.threats:
        kills = [weapon.kill_probability.get(threat.name, 0.0) for weapon in weapons]
        seen = [layer.sensor.detection.get(threat.name, 1.0) for layer in layers]
        place = f"{case.under}threats.{threat.name}"
        if threat.common_kill and all(own in (0.0, 1.0) for own in kills):
            why = "every round at it hits for certain, or misses for certain; it has no effect"
            yield Finding(f"{place}.common_kill", f"is {threat.common_kill:g}", why)
        if threat.common_detection and all(own in (0.0, 1.0) for own in seen):
            why = "every layer detects it for certain, or never; it has no effect"
            yield Finding(f"{place}.common_detection", f"is {threat.common_detection:g}", why)


# ---------------------------------------------------------------- batteries and magazines


def _idle_batteries(case: Case) -> Findings:
    if not (case.attacks and case.is_small):
        return
    for post, own, possible in zip(case.posts, case.shots, case.possible, strict=True):
        reached = any(shot.reach for shot, _, _ in own) or not post.battery.magazines
        if not possible and reached:
            reason = _furthest([(n, text) for _, n, text in own])[1] or "has no magazines"
            yield Finding(post.place, reason, "it never fires")


def _slow_batteries(case: Case) -> Findings:
    """Batteries whose drawn reaction and flight times hardly ever end within a window."""
    for post, possible in zip(case.posts, case.possible, strict=True):
        texts = [hardly_in_time(shot) for shot in possible]
        if texts and all(texts):
            yield Finding(post.place, texts[0], "it hardly ever fires; times are in seconds")


def _idle_magazines(case: Case) -> Findings:
    """Magazines that never fire, of batteries whose other magazines do."""
    for post, own, possible in zip(case.posts, case.shots, case.possible, strict=True):
        fired = {shot.weapon.name for shot in possible}
        for magazine in post.battery.magazines if fired else ():
            name = magazine.interceptor
            if name not in fired:
                reason = _furthest([(n, t) for shot, n, t in own if shot.weapon.name == name])[1]
                yield Finding(f"{post.place}.magazines.{name}", reason, "it is never fired")


def _no_time(case: Case) -> Findings:
    """Kill probabilities that no battery has time to use, though others of the weapon are used."""
    used = {(s.weapon.name, s.attack.threat.name) for own in case.possible for s in own}
    weapons = {name for name, _ in used}
    threats = {name for _, name in used}
    late = {
        (shot.weapon.name, shot.attack.threat.name): text
        for own in case.shots
        for shot, step, text in own
        if step == IN_TIME
    }
    for (weapon, threat), text in late.items():
        if (weapon, threat) not in used and weapon in weapons and threat in threats:
            place = f"{case.under}interceptors.{weapon}.kill_probability.{threat}"
            yield Finding(place, f"no battery has time to use it: {text}", "it has no effect")


def _instant(case: Case) -> Findings:
    for post, possible in zip(case.posts, case.possible, strict=True):
        battery = post.battery
        own = battery.channel_hold == "assessment" and battery.launch_interval == 0.0
        if own and battery.reaction_time == 0.0 and battery.assessment_time == 0.0:
            counts = {s.attack.place: s.attack.size for s in possible if _takes_no_time(s.weapon)}
            if sum(counts.values()) > battery.channels:
                what = "reaction, flight and assessment take no time"
                why = f"channels = {battery.channels} never limits it, however many attack at once"
                yield Finding(post.place, what, why)


def _takes_no_time(weapon: Interceptor) -> bool:
    return weapon.flight_time == 0.0 and weapon.speed is None


def _instant_flight(case: Case) -> Findings:
    found: dict[str, float] = {}
    for possible in case.possible:
        for shot in possible:
            outer = shot.layer.outer_range_for(shot.attack.threat.name) or 0.0
            if _takes_no_time(shot.weapon) and outer >= _LONG_WAY:
                found.setdefault(shot.weapon.name, outer)
    for weapon, distance in found.items():
        place = f"{case.under}interceptors.{weapon}.flight_time"
        yield Finding(place, f"is 0, out to {distance:g} m", "the round hits as it is fired")


def _slow_assessment(case: Case) -> Findings:
    for post in case.posts:
        if (time := quantile(post.battery.assessment_time, 0.5)) > HOUR:
            why = "a channel is busy for so long after each shot; times are in seconds"
            drawn = "" if time == post.battery.assessment_time else " or more in half of the draws"
            yield Finding(f"{post.place}.assessment_time", f"is {time:,g} s{drawn}", why)


def _untested_power(case: Case) -> Findings:
    """Batteries of some staying power at which no salvo aims."""
    targets = {salvo.target for salvos in case.raids for salvo in salvos}
    for post in case.posts:
        rank = post.layer.batteries.index(post.battery)
        names = {name for site in post.layer.sites for name in site.batteries[rank].names}
        if post.battery.staying_power > 1 and not names & targets:
            what = f"is {post.battery.staying_power}, and no salvo aims at it"
            yield Finding(f"{post.place}.staying_power", what, "it has no effect")


def _sizes(case: Case) -> Findings:
    for post, possible in zip(case.posts, case.possible, strict=True):
        for magazine in post.battery.magazines:
            shots = [shot for shot in possible if shot.magazine is magazine]
            for attack in [shot.attack for shot in shots]:
                kept = magazine.reserved if attack.priority < 1 else 0
                held = magazine.most_ready - kept
                if (size := _size(post.battery, attack.threat.name)) > held:
                    what = f"{size} rounds at a time, but {magazine.interceptor} never has over"
                    what += f" {held} for {attack.threat.name}"
                    yield Finding(f"{post.place}.doctrine.salvo_size", what, "it fires fewer")
                    break


def _size(battery: Battery, threat: str) -> int:
    size = battery.doctrine.salvo_size
    return size if isinstance(size, int) else size.get(threat, 1)


# ---------------------------------------------------------------- interceptors and costs


def _carried(case: Case) -> set[str]:
    """The interceptors of all magazines."""
    layers = case.scenario.layers
    batteries = [battery for layer in layers for battery in layer.batteries]
    return {magazine.interceptor for battery in batteries for magazine in battery.magazines}


def _unused_interceptors(case: Case) -> Findings:
    carried = _carried(case)
    for weapon in case.scenario.interceptors:
        if weapon.name not in carried:
            place = f"{case.under}interceptors.{weapon.name}"
            yield Finding(place, "no battery has a magazine of it", "it is never fired")


def _interceptor_speeds(case: Case) -> Findings:
    for weapon in case.scenario.interceptors:
        if weapon.speed is not None and not _SLOWEST_ROUND <= weapon.speed <= _FASTEST_ROUND:
            place = f"{case.under}interceptors.{weapon.name}.speed"
            flown = f"it flies {case.edge:g} m in {case.edge / weapon.speed:.3g} s"
            yield Finding(place, f"is {weapon.speed:g} m/s", f"{flown}; speeds are in m/s")


def _short_tables(case: Case) -> Findings:
    """Kill probabilities by distances that are probably in kilometres."""
    for weapon in case.scenario.interceptors:
        for threat, chance in weapon.kill_probability.items():
            if isinstance(chance, ByDistance) and 0.0 < chance.distance[-1] < _SHORT * case.edge:
                place = f"{case.under}interceptors.{weapon.name}.kill_probability.{threat}.distance"
                what = f"goes to {chance.distance[-1]:g} m, and ranges to {case.edge:g} m"
                yield Finding(place, what, "it is constant beyond; distances are in metres")


def _missing_costs(case: Case) -> Findings:
    carried, under = _carried(case), case.under
    weapons: list[Interceptor] = [w for w in case.scenario.interceptors if w.name in carried]
    flown = {attack.threat.name: attack.threat for attack in case.attacks}
    real = [threat for threat in flown.values() if not threat.decoy]
    for what, parts, total in (
        ("interceptors", weapons, "cost of rounds spent"),
        ("threats", real, "cost of threats stopped"),
    ):
        without = [part.name for part in parts if part.cost is None]
        if len(without) < len(parts):
            for name in without:
                why = f"the {total} is not known"
                yield Finding(
                    f"{under}{what}.{name}.cost", "is not given, those of others are", why
                )


RULES: tuple[Callable[[Case], Findings], ...] = (
    *(
        _no_attack,
        _only_decoys,
        _speeds,
        _threats_without_salvo,
        _nothing_drawn,
        _long_raid,
        _unopposed,
    ),
    *(_no_defence, _empty_layers, _layers_down, _ranges, _recognition_without_decoys),
    _luck_without_effect,
    *(
        _idle_batteries,
        _slow_batteries,
        _idle_magazines,
        _no_time,
        _instant,
        _instant_flight,
        _slow_assessment,
        _untested_power,
        _sizes,
    ),
    *check_rounds.RULES,
    *(_unused_interceptors, _interceptor_speeds, _short_tables, _missing_costs),
)


def findings_at(scenario: Scenario, timeline: tuple[float, ...]) -> list[Finding]:
    """Return the finding that the samples of a timeline [s] do not show the raid, if so."""
    span = case_of(scenario).span()
    if not timeline or span is None:
        return []
    (first, last), low, high = span, timeline[0], timeline[-1]
    outside = low > last or high < first
    if outside or (low < high and (high - low) * _TINY < last - first < math.inf):
        what = f"goes from {low:g} to {high:g} s, and the raid from {first:g} to {last:g} s"
        return [Finding("timeline", what, "its samples show hardly anything; times are in seconds")]
    return []
