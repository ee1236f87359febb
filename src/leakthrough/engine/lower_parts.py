"""Lowering of records: the rule that computes each field from its part of the scenario.

`lower_raid` determines which records there are and how they are linked (the parts below); here a
table for each kind of record holds one rule for each link and number. A table with a missing or
unknown field is an error when this module is imported.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from leakthrough.engine import codes, layout
from leakthrough.engine.lower_chances import likely, likely_hit
from leakthrough.engine.lower_channels import asks, is_ruled, mean_threshold
from leakthrough.engine.parts import (
    BatteryPart,
    MagazinePart,
    PairingPart,
    SalvoPart,
    WindowPart,
)
from leakthrough.engine.record import Record, Records
from leakthrough.model.arrivals import At, Poisson, Regular, Times, Uniform
from leakthrough.model.defence import KillProbability
from leakthrough.model.discrete import (
    TICKS_A_SECOND,
    WORD_RANGE,
    stream,
    threshold,
    ticks,
)
from leakthrough.model.distributions import Distribution
from leakthrough.model.errors import ScenarioError
from leakthrough.model.places import Asset
from leakthrough.model.quantiles import TABLE_SIZE, quantile_table
from leakthrough.model.scenario import Salvo

NO_THRIFT = (-1, 0)
MOST_TABLES = 1_000
"""Each takes up to half a second and 66 kB."""


class Quantiles:
    """Collects the quantile tables of a scenario's distributions."""

    def __init__(self) -> None:
        self.tables: list[npt.NDArray[np.float64]] = []
        self.found: dict[tuple[Distribution, int], int] = {}

    def table(self, value: object, scale: int) -> int:
        """Start of the table of a distribution; -1 for anything else."""
        if not isinstance(value, Distribution):
            return -1
        if (value, scale) not in self.found:
            if len(self.tables) == MOST_TABLES:
                raise ScenarioError(f"has more than {MOST_TABLES:,} different distributions")
            self.found[value, scale] = len(self.tables) * TABLE_SIZE
            self.tables.append(quantile_table(value, scale).ravel())
        return self.found[value, scale]

    def of_time(self, value: float | Distribution) -> int:
        """Start of the table of a time, whose quantiles are ticks; -1 for a number."""
        return self.table(value, TICKS_A_SECOND)

    def joined(self) -> npt.NDArray[np.float64]:
        """All tables, one after another."""
        return np.concatenate(self.tables) if self.tables else np.zeros(0)


Rule = Callable[[Any, Quantiles], Any]
"""Computes a field from its part, and adds the quantile tables that it needs."""


def _rules(record: Record, *copied: str, **rules: Rule) -> dict[str, Rule]:
    """Check that there is a rule for every link and number; some are copied from the part."""
    rules |= {name: _copy(name) for name in copied}
    record.check(rules)
    return rules


def _copy(name: str) -> Rule:
    return lambda part, _: getattr(part, name)


def fill(records: Records, record: Record, parts: Sequence[Any], quantiles: Quantiles) -> None:
    """Fill zeroed records by name, one for each part."""
    if not parts:  # of 23 kinds, most scenarios have half
        return
    rules = RULES[record.name].items()
    record.fill(records, {name: [rule(part, quantiles) for part in parts] for name, rule in rules})


def _fixed(value: float | Distribution) -> int:
    """Ticks of a time; 0 if it is drawn."""
    return 0 if isinstance(value, Distribution) else ticks(value)


def _threshold(chance: KillProbability) -> int:
    """Threshold of a probability; 0 if it is drawn or depends on the distance."""
    return threshold(chance) if isinstance(chance, float) else 0


def _repair(asset: Asset) -> int:
    """Ticks of a repair; FOREVER if there is none, 0 if it is drawn."""
    return int(codes.FOREVER) if asset.repair_time is None else _fixed(asset.repair_time)


def _arrival(salvo: Salvo) -> tuple[int, float, float]:
    """Kind, start and scale of an arrival, in ticks."""
    arrival, unit = salvo.arrival, TICKS_A_SECOND
    if isinstance(arrival, Poisson):
        return codes.POISSON, arrival.start * unit, unit / arrival.rate
    if isinstance(arrival, Uniform):
        return codes.UNIFORM, arrival.start * unit, (arrival.stop - arrival.start) * unit
    return codes.DISTRIBUTION if isinstance(arrival, Distribution) else codes.FIXED, 0.0, 0.0


def fixed_ticks(arrival: At | Times | Regular, count: int) -> list[int]:
    """Arrival ticks that are not drawn, in order."""
    if isinstance(arrival, At):
        return [ticks(arrival.time)] * count
    if isinstance(arrival, Times):
        return sorted(ticks(time) for time in arrival.times)
    return [ticks(arrival.start + n * arrival.interval) for n in range(count)]


def fixed_arrivals(salvos: Sequence[SalvoPart]) -> npt.NDArray[np.int64]:
    """Arrival ticks of the salvos whose arrivals are not drawn, one salvo after another."""
    fixed = [part for part in salvos if _arrival(part.salvo)[0] == codes.FIXED]
    found = [fixed_ticks(part.salvo.arrival, part.number) for part in fixed]  # type: ignore[arg-type]
    return np.array([tick for own in found for tick in own], dtype=np.int64)


def _soft_kill(part: WindowPart) -> int:
    own = part.layer.soft_kill.get(part.salvo.threat.name, 0.0)
    return likely(own) if part.number == 0 else 0


def _detection(part: WindowPart) -> int:
    return likely(part.layer.sensor.detection.get(part.salvo.threat.name, 1.0))


def _dismissal(part: WindowPart) -> int:
    sensor = part.layer.sensor
    decoy = part.salvo.threat.decoy
    return likely(sensor.decoy_recognition if decoy else sensor.false_dismissal)


def _is_opening_drawn(part: WindowPart) -> bool:
    return _soft_kill(part) > 0 or _detection(part) < WORD_RANGE or _dismissal(part) > 0


def is_delay_drawn(part: BatteryPart) -> bool:
    """Whether reaction or flight is drawn."""
    return isinstance(part.unit.battery.reaction_time, Distribution) or part.flight_drawn


def _is_varying(part: BatteryPart) -> bool:
    spaced = part.unit.battery.launch_interval > 0.0
    return is_delay_drawn(part) or part.varying or spaced


def _is_engagement_drawn(part: BatteryPart) -> bool:
    """Whether anything in an engagement is drawn, except for the kill."""
    battery = part.unit.battery
    errors = battery.false_kill, battery.false_survival
    misjudges = any(isinstance(own, Distribution) or own > 0 for own in errors)
    return is_delay_drawn(part) or isinstance(battery.assessment_time, Distribution) or misjudges


def _salvo_size(part: PairingPart) -> int:
    size = part.unit.battery.doctrine.salvo_size
    return size if isinstance(size, int) else size.get(part.salvo.threat.name, 1)


def _address(part: PairingPart) -> tuple[str, str, int]:
    return part.salvo.salvo.name, part.unit.battery.name, part.unit.member


def _to_kill(part: MagazinePart) -> int:
    return _fixed(part.unit.battery.reaction_time) + _fixed(part.interceptor.flight_time)


RULES = {
    "salvo": _rules(
        layout.SALVO,
        *("code", "first", "first_fired", "pairings", "priority", "strike"),
        max_engagements=lambda part, _: part.threat.max_engagements or codes.NO_LIMIT,
        threat=lambda part, _: part.threat_code,
        table=lambda part, q: q.of_time(part.salvo.arrival),
        size_table=lambda part, q: q.table(part.salvo.count, 1),
        count=lambda part, _: part.number,
        first_leg=lambda part, _: part.legs.start,
        stop_leg=lambda part, _: part.legs.stop,
        target_offset=lambda part, _: part.path.duration,
        arrival=lambda part, _: _arrival(part.salvo)[0],
        start=lambda part, _: _arrival(part.salvo)[1],
        scale=lambda part, _: _arrival(part.salvo)[2],
        stream=lambda part, _: stream("arrival", part.salvo.name),
        size_stream=lambda part, _: stream("size", part.salvo.name),
    ),
    "given": _rules(layout.GIVEN, salvo=lambda part, _: part.code),
    "luck": _rules(
        layout.LUCK,
        common_detection=lambda part, _: threshold(part.threat.common_detection),
        common_kill=lambda part, _: threshold(part.threat.common_kill),
        stream=lambda part, _: stream("common luck", part.salvo.name),
    ),
    "sighting": _rules(layout.SIGHTING),
    "chance": _rules(
        layout.CHANCE,
        table=lambda part, q: q.table(part.distribution, WORD_RANGE),
        stream=lambda part, _: stream(*part.name),
    ),
    "use": _rules(layout.USE, *("word", "fixed", "fixed_less", "chance", "less")),
    "leg": _rules(layout.LEG, *("start", "x", "y", "across", "up")),
    "landing": _rules(
        layout.LANDING,
        salvo=lambda part, _: part.salvo.code,
        battery=lambda part, _: part.battery,
        lethality=lambda part, _: likely(part.salvo.threat.lethality),
        stream=lambda part, _: stream("loss", part.salvo.salvo.name),
    ),
    "strike": _rules(
        layout.STRIKE,
        salvo=lambda part, _: part.salvo.code,
        asset=lambda part, _: part.asset_code,
        lethality=lambda part, _: likely_hit(part.salvo.threat.lethality, part.asset.hardness),
        stream=lambda part, _: stream("hit", part.salvo.salvo.name),
    ),
    "asset": _rules(
        layout.ASSET,
        "first_aim_point",
        aim_points=lambda part, _: part.asset.aim_points,
        value=lambda part, _: part.asset.value,
        repair=lambda part, _: _repair(part.asset),
        repair_table=lambda part, q: q.table(part.asset.repair_time, TICKS_A_SECOND),
    ),
    "aim_point": _rules(layout.AIM_POINT, "asset"),
    "window": _rules(
        layout.WINDOW,
        "passes_left",
        salvo=lambda part, _: part.salvo.code,
        layer=lambda part, _: part.layer_code,
        first_pairing=lambda part, _: part.pairings.start,
        stop_pairing=lambda part, _: part.pairings.stop,
        open_offset=lambda part, _: part.window.opening,
        close_offset=lambda part, _: part.window.closing,
        again=lambda part, _: part.number > 0,
        soft_kill=lambda part, _: _soft_kill(part),
        detection=lambda part, _: _detection(part),
        dismissal=lambda part, _: _dismissal(part),
        # The ordinal of the draw: each pass has its own.
        stream=lambda part, _: (
            stream("window", part.salvo.salvo.name, part.layer.name) + part.number
        ),
        random=lambda part, _: _is_opening_drawn(part),
        certain=lambda part, _: not _is_opening_drawn(part) and not part.delay_drawn,
    ),
    "layer": _rules(
        layout.LAYER,
        *("code", "command", "first_image", "tracker"),
        availability=lambda part, _: likely(part.layer.sensor.availability),
        stream=lambda part, _: stream("availability", part.layer.name),
        x=lambda part, _: part.layer.position[0],
        y=lambda part, _: part.layer.position[1],
        first_battery=lambda part, _: part.first_battery,
        selection=lambda part, _: codes.SELECTIONS.index(part.layer.selection),
        asks=lambda part, _: asks(part.layer),
    ),
    "tracker": _rules(
        layout.TRACKER,
        *("layer", "tracks", "first_track"),
        first_line=lambda part, _: part.lines.start,
        stop_line=lambda part, _: part.lines.stop,
    ),
    "line": _rules(layout.LINE, "window"),
    "battery": _rules(
        layout.BATTERY,
        *("code", "group", "pool"),
        hold=lambda part, _: codes.HOLDS.index(part.unit.battery.channel_hold),
        interval=lambda part, _: ticks(part.unit.battery.launch_interval),
        first_launch=lambda part, _: part.launches.start,
        stop_launch=lambda part, _: part.launches.stop,
        ruled=lambda part, _: is_ruled(part.unit.battery),
        layer=lambda part, _: part.unit.layer,
        first_urgency=lambda part, _: part.urgencies.start,
        stop_urgency=lambda part, _: part.urgencies.stop,
        first_magazine=lambda part, _: part.magazines.start,
        stop_magazine=lambda part, _: part.magazines.stop,
        channels=lambda part, _: part.unit.battery.channels,
        max_salvos=lambda part, _: part.unit.battery.doctrine.max_salvos or codes.NO_LIMIT,
        thrift_level=lambda part, _: (part.unit.battery.doctrine.thrift or NO_THRIFT)[0],
        thrift_size=lambda part, _: (part.unit.battery.doctrine.thrift or NO_THRIFT)[1],
        staying_power=lambda part, _: part.unit.battery.staying_power,
        by_arrival=lambda part, _: part.unit.battery.doctrine.order == "arrival",
        reaction=lambda part, _: _fixed(part.unit.battery.reaction_time),
        reaction_table=lambda part, q: q.of_time(part.unit.battery.reaction_time),
        assessment=lambda part, _: _fixed(part.unit.battery.assessment_time),
        assessment_table=lambda part, q: q.of_time(part.unit.battery.assessment_time),
        false_kill=lambda part, _: likely(part.unit.battery.false_kill),
        false_survival=lambda part, _: likely(part.unit.battery.false_survival),
        varying_delay=lambda part, _: _is_varying(part),
        random=lambda part, _: _is_engagement_drawn(part) or part.varying,
    ),
    "pool": _rules(
        layout.POOL,
        channels=lambda part, _: part.pool.channels,
        first_member=lambda part, _: part.members.start,
        stop_member=lambda part, _: part.members.stop,
    ),
    "pairing": _rules(
        layout.PAIRING,
        *("code", "battery", "window", "slot", "first_image"),
        first_preference=lambda part, _: part.preferences.start,
        stop_preference=lambda part, _: part.preferences.stop,
        salvo_size=lambda part, _: _salvo_size(part),
        engagement_stream=lambda part, _: stream("engagement", *_address(part)),
        rounds_stream=lambda part, _: stream("rounds", *_address(part)),
    ),
    "magazine": _rules(
        layout.MAGAZINE,
        *("code", "battery", "reload_time"),
        interceptor=lambda part, _: part.interceptor_code,
        first_kill=lambda part, _: part.kill_chances,
        first_window=lambda part, _: part.fireable.start,
        stop_window=lambda part, _: part.fireable.stop,
        rounds=lambda part, _: min(part.magazine.rounds, codes.INFINITE),
        reserved=lambda part, _: part.magazine.reserved,
        reload_rounds=lambda part, _: part.magazine.reload_rounds,
        reload_ticks=lambda part, _: _fixed(part.magazine.reload_time),
        depot=lambda part, _: part.depot,
        reloads=lambda part, _: min(part.magazine.most_reloads, codes.INFINITE),
        reload_at=lambda part, _: part.magazine.reload_at,
        flight=lambda part, _: _fixed(part.interceptor.flight_time),
        flight_table=lambda part, q: q.of_time(part.interceptor.flight_time),
        speed=lambda part, _: (part.interceptor.speed or 0.0) / TICKS_A_SECOND,
        to_kill=lambda part, _: _to_kill(part),
        to_end=lambda part, _: _to_kill(part) + _fixed(part.unit.battery.assessment_time),
    ),
    "reload_time": _rules(
        layout.RELOAD_TIME,
        magazine=lambda part, _: part.code,
        table=lambda part, q: q.of_time(part.magazine.reload_time),
        stream=lambda part, _: stream(
            *("reload", part.unit.battery.name, part.unit.member, part.interceptor.name)
        ),
    ),
    "depot": _rules(layout.DEPOT, stocked=lambda part, _: part.rounds),
    "kill_chance": _rules(
        layout.KILL_CHANCE,
        threshold=lambda part, _: _threshold(part.chance),
        table=lambda part, q: q.table(part.chance, WORD_RANGE),
        mean_threshold=lambda part, _: mean_threshold(part.chance),
        first_distance=lambda part, _: part.distances.start,
        stop_distance=lambda part, _: part.distances.stop,
        stream=lambda part, _: stream("kill probability", part.interceptor, part.threat),
    ),
    "distance": _rules(
        layout.DISTANCE,
        "distance",
        threshold=lambda part, _: _threshold(part.chance),
        table=lambda part, q: q.table(part.chance, WORD_RANGE),
        mean_threshold=lambda part, _: mean_threshold(part.chance),
    ),
    "reach": _rules(
        layout.REACH,
        "by_launch",
        first_span=lambda part, _: part.spans.start,
        stop_span=lambda part, _: part.spans.stop,
    ),
    "span": _rules(layout.SPAN, *("first", "last")),
}
