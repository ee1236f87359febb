"""Overview of a scenario or a campaign, as tables."""

import math
from collections.abc import Mapping
from typing import Any

from leakthrough.model.overview import Overview, Table
from leakthrough.model.units import DAY
from leakthrough.text_tables import number

MOST_RAIDS = 400
"""Different raids that are listed: each night of a year."""


def overview_of_scenario(scenario: Any) -> Overview:
    """Return the overview of a scenario: its raid and its defence."""
    counts = [salvo.count for salvo in scenario.salvos]
    batteries = sum(battery.count for battery in scenario.batteries)
    is_fixed = all(isinstance(count, int) for count in counts)
    threats = _counted(sum(counts), "threat") if is_fixed else "a random number of threats"
    raid = f"{threats} in {_counted(len(counts), 'salvo')}"
    defence = f"{_counted(batteries, 'battery')} in {_counted(len(scenario.layers), 'layer')}"
    if len(sites := scenario.sites) > len(scenario.layers):
        defence += f" at {_counted(len(sites), 'site')}"
    raid_table = _salvo_table("Raid", {salvo: _count(salvo.count) for salvo in scenario.salvos})
    tables = [raid_table, *_parts(scenario)]
    return Overview(scenario.name, f"{raid} against {defence}", tables)


def _parts(scenario: Any) -> list[Table]:
    """Tables of all parts of a scenario but its salvos."""
    defence = [_defence_table(scenario), *_place_tables(scenario), _firing_table(scenario)]
    defence += _sharing_tables(scenario)
    depots = [[own.name, own.interceptor, number(own.rounds)] for own in scenario.depots]
    supply = [Table("Depots", ["depot", "interceptor", "rounds"], depots, 2)] if depots else []
    return [_threat_table(scenario), *defence, *supply, _interceptor_table(scenario)]


def _place_tables(scenario: Any) -> list[Table]:
    """Ranges by threat, positions of sites and assets; each only where there are any."""
    by_threat = [
        [layer.name, threat.name, number(outer), number(layer.inner_range_for(threat.name))]
        for layer in _outermost_first(scenario)
        if isinstance(layer.outer_range, Mapping) or isinstance(layer.inner_range, Mapping)
        for threat in scenario.threats
        if (outer := layer.outer_range_for(threat.name)) is not None
    ]
    sites = [[site.name, *map(number, site.position)] for site in scenario.sites]
    if all(site.position == (0.0, 0.0) for site in scenario.sites):
        sites = []
    found = [
        Table("Ranges by threat", ["layer", "threat", "from [m]", "to [m]"], by_threat, 2),
        Table("Positions of the layers (x east, y north)", ["layer", "x [m]", "y [m]"], sites, 1),
        _coordination_table(scenario),
        _asset_table(scenario),
    ]
    return [own for own in found if own.rows]


def _coordination_table(scenario: Any) -> Table:
    """Commands of the layers, and how many threats each can hold; only where either is given."""
    layers = _outermost_first(scenario)
    rows = [
        [layer.name, layer.command or "-", "any" if tracks is None else number(tracks)]
        for layer in layers
        for tracks in [layer.sensor.tracks]
    ]
    plain = all(layer.command is None and layer.sensor.tracks is None for layer in layers)
    header = ["layer", "command", "tracks"]
    return Table("Commands and tracks of the layers", header, [] if plain else rows, 2)


def _sharing_tables(scenario: Any) -> list[Table]:
    """Pools of channels, and which battery fires first; each only where there is something."""
    pools = [
        [pool.name, ", ".join(own.name for own in users) or "-", number(pool.channels)]
        for pool in scenario.pools
        for users in [[b for b in _batteries(scenario) if b.pool == pool.name]]
    ]
    orders = [[own.name, _FIRST[own.selection]] for own in _outermost_first(scenario)]
    if all(layer.selection == "most_rounds" for layer in scenario.layers):
        orders = []
    found = [
        Table("Pools of channels", ["pool", "batteries", "channels"], pools, 2),
        Table("Which battery of a layer fires first", ["layer", "the one with"], orders, 2),
    ]
    return [own for own in found if own.rows]


_FIRST = {
    "most_rounds": "the most ready rounds",
    "listed": "the first rank in the list",
    "kill_probability": "the highest mean kill probability",
    "least_loaded": "the smallest share of busy channels",
}


def _asset_table(scenario: Any) -> Table:
    header = ["asset", "x [m]", "y [m]", "value", "aim points", "hardness", "priority"]
    rows = [
        [
            asset.name,
            *map(number, asset.position),
            *map(_drawn, (asset.value, asset.aim_points, asset.hardness, asset.priority)),
            "never" if asset.repair_time is None else _drawn(asset.repair_time),
        ]
        for asset in scenario.assets
    ]
    return Table("Assets", [*header, "repair [s]"], rows, 1)


def _outermost_first(scenario: Any) -> list[Any]:
    return sorted(scenario.layers, key=lambda layer: -layer.largest_range)


def overview_of_campaign(campaign: Any) -> Overview:
    """Return the overview of a campaign: its raids, its defence and its stocks."""
    line = f"{_counted(campaign.raid_count, 'raid')}, {number(campaign.interval)} s apart"
    growth = getattr(campaign.raids, "daily_growth", 1.0)
    if growth != 1.0:
        line += f"; numbers of threats are multiplied by {growth:g} a day"
    header = ["stock of", "at the start", "a day", "deliveries", "a draw between raids"]
    stocks = [
        [
            stock.interceptor,
            number(stock.rounds),
            _production(stock),
            number(len(stock.deliveries)),
            "no" if stock.replenishment is None else stock.replenishment.dist,
        ]
        for stock in campaign.stocks
    ]
    supply = Table("Stocks behind the batteries (rounds)", header, stocks, 1)
    parts = _parts(campaign.scenario)
    more = [own for own in _supply_tables(campaign) if own.rows]
    return Overview(campaign.name, line, [*_raid_tables(campaign), *parts, supply, *more])


def _supply_tables(campaign: Any) -> list[Table]:
    """What few campaigns have; each only where there is something."""
    ways = [
        [each.depot or f"{each.battery}, {each.interceptor}", _drawn(each.transport_time)]
        for each in campaign.resupply
        if each.transport_time != 0.0
    ]
    given = campaign.replacement_time
    times = given if isinstance(given, Mapping) else {"each": given}
    back = [] if given is None else [[name, _drawn(time)] for name, time in times.items()]
    away = [
        [own.battery, own.interceptor or "all", number(own.leave_at), _drawn(own.absence)]
        for own in campaign.rotations
    ]
    users = [[own.name, own.interceptor, _count(own.demand)] for own in campaign.users]
    header = ["battery", "rounds of", "leaves at", "absence [s]"]
    return [
        Table("Other users of the stocks", ["user", "stock of", "asks before a raid"], users, 2),
        Table("Batteries that leave to reload", header, away, 2),
        Table("Transport of resupply", ["to", "time [s]"], ways, 1),
        Table("Replacement of lost batteries", ["battery", "time [s]"], back, 1),
    ]


def _production(stock: Any) -> str:
    """Rounds a day, at first and at last if the rate changes, and how many come at once."""
    rates = (
        [stock.rate]
        if isinstance(stock.rate, float)
        else stock.rate.rate[:: len(stock.rate.rate) - 1 or 1]
    )
    text = " to ".join(number(rate * DAY) for rate in dict.fromkeys(rates))
    return text if stock.batch == 1 else f"{text} in batches of {stock.batch:,}"


def _raid_tables(campaign: Any) -> list[Table]:
    """The salvos of all raids, and how many of each come in which raid if raids differ."""
    raids: dict[Any, list[int]] = {}
    given = campaign.raids
    if hasattr(given, "kinds"):
        return _pattern_tables(given)
    for n, salvos in enumerate([campaign.scenario.salvos] if isinstance(given, int) else given):
        raids.setdefault(salvos, []).append(n + 1)
    every: dict[Any, list[int]] = {}
    for salvo in (salvo for salvos in raids for salvo in salvos):
        every.setdefault(salvo.model_copy(update={"count": 0}), []).append(salvo.count)
    counts = {salvo: _counts(own) for salvo, own in every.items()}
    if len(raids) == 1:
        return [_salvo_table("Each raid", counts)]
    rows = [
        [_runs(numbers), "; ".join(map(_salvo_text, salvos)) or "-"]
        for salvos, numbers in raids.items()
    ]
    salvos = _salvo_table("Salvos of all raids", counts)
    return [salvos, Table("Raids", ["raid", "salvos"], rows, 2, MOST_RAIDS)]


def _pattern_tables(pattern: Any) -> list[Table]:
    """The salvos of all kinds of raid, when each kind comes, and the attacker's stocks."""
    every: dict[Any, list[Any]] = {}
    for salvo in (salvo for kind in pattern.kinds for salvo in kind.salvos):
        every.setdefault(salvo.model_copy(update={"count": 0}), []).append(salvo.count)
    rows = []
    for kind in pattern.kinds:
        salvos = [f"{_count(own.count)} {own.name}" for own in kind.salvos]
        rows.append([kind.name, "; ".join(salvos) or "-", pattern.when(kind)])
    stocks = [
        [own.threat, number(own.count), number(own.rate * DAY), _drawn(own.replenishment or 0)]
        for own in pattern.stocks
    ]
    header = ["stock of", "at the start", "a day", "and between raids"]
    found = [
        _salvo_table("Salvos of all kinds of raid", {own: _counts(n) for own, n in every.items()}),
        Table("Kinds of raid", ["kind", "salvos", "when"], rows, 3),
        Table("The attacker's stocks (threats)", header, stocks, 1),
    ]
    return found if stocks else found[:2]


def _salvo_text(salvo: Any) -> str:
    return f"{salvo.count:,} {salvo.name}" if isinstance(salvo.count, int) else salvo.name


def _count(count: Any) -> str:
    """A number of threats, or the distribution from which it is drawn."""
    return f"{count:,}" if isinstance(count, int) else _drawn(count)


def _counts(counts: list[Any]) -> str:
    """The numbers of threats of a salvo in several raids."""
    if len({*counts}) == 1:
        return _count(counts[0])
    fixed = all(isinstance(count, int) for count in counts)
    return _span(min(counts), max(counts)) if fixed else "drawn"


def _span(low: int, high: int) -> str:
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _runs(numbers: list[int]) -> str:
    """Increasing numbers as text, such as `1 to 3, 7`."""
    known = {*numbers}
    starts, ends = ([n for n in numbers if n + step not in known] for step in (-1, 1))
    return ", ".join(map(_span, starts, ends))


def _counted(how_many: int, what: str) -> str:
    if how_many == 1:
        return f"1 {what}"
    return f"{how_many:,} {what[:-1]}ies" if what.endswith("y") else f"{how_many:,} {what}s"


def _salvo_table(title: str, counts: Mapping[Any, str]) -> Table:
    """The salvos, with the text of their counts."""
    rows = [
        [
            salvo.name,
            salvo.threat,
            _arrival(salvo.arrival),
            salvo.axis or "-",
            salvo.target or "-",
            _path(salvo),
            count,
        ]
        for salvo, count in counts.items()
    ]
    header = ["salvo", "threat", "arrives [s]", "axis", "aims at", "path", "count"]
    used = [n for n in range(7) if n < 3 or any(row[n] != "-" for row in rows)]
    kept = [[row[n] for n in used] for row in [header, *rows]]
    return Table(title, kept[0], kept[1:], len(used) - 1)


def _path(salvo: Any) -> str:
    """The path of a salvo as text: its route, or its bearing and where it starts."""
    if salvo.route:
        return f"route of {_counted(len(salvo.route), 'point')}"
    bearing = "" if salvo.bearing is None else f"from {number(salvo.bearing)}°"
    start = "" if salvo.start_range is None else f"starts at {number(salvo.start_range)} m"
    return ", ".join(filter(None, [bearing, start])) or "-"


def _arrival(arrival: Any) -> str:
    """Arrival times [s] as text."""
    numbers = {
        name: number(value)
        for name in ("time", "start", "stop", "interval", "rate")
        if (value := getattr(arrival, name, None)) is not None
    }
    forms = {
        "At": "at {time}",
        "Uniform": "from {start} to {stop}",
        "Regular": "from {start}, every {interval}",
        "Poisson": "from {start}, {rate} a second",
        "Times": "at stated times",
    }
    if (form := forms.get(type(arrival).__name__)) is None:
        return f"drawn, {arrival.dist}"
    return form.format(**numbers)


def _threat_table(scenario: Any) -> Table:
    rows = [
        [
            f"{threat.name}{' (decoy)' if threat.decoy else ''}",
            number(threat.speed),
            number(threat.priority),
            _cost(threat.cost),
            *map(number, (threat.common_detection, threat.common_kill)),
            "any" if threat.max_engagements is None else number(threat.max_engagements),
        ]
        for threat in scenario.threats
    ]
    header = ["threat", "speed [m/s]", "priority", "cost", "common detection", "common kill"]
    return _without(("0", "any"), Table("Threats", [*header, "engagements"], rows, 1), 4)


def _without(defaults: tuple[str, ...], own: Table, first: int) -> Table:
    """The table without those of its columns from the first on that have defaults only."""
    used = [
        n
        for n in range(len(own.header))
        if n < first or any(row[n] not in defaults for row in own.rows)
    ]
    rows = [[row[n] for n in used] for row in own.rows]
    return own._replace(header=[own.header[n] for n in used], rows=rows)


def _cost(cost: float | None) -> str:
    return "-" if cost is None else number(cost)


def _drawn(value: Any) -> str:
    """A number, the distribution from which it is drawn, or such values by distance."""
    if isinstance(value, int | float):
        return number(value)
    if hasattr(value, "distance"):
        ends = dict.fromkeys(map(_drawn, (value.probability[0], value.probability[-1])))
        return f"{' to '.join(ends)} by distance"
    return str(value.text())


def _interceptor_table(scenario: Any) -> Table:
    """One row for each kill probability."""
    header = ["interceptor", "threat", "kill probability", "flight time [s]", "cost of a round"]
    rows = [
        [weapon.name, threat, _drawn(kill), _flight(weapon), _cost(weapon.cost)]
        for weapon in scenario.interceptors
        for threat, kill in weapon.kill_probability.items() or [("-", math.nan)]
    ]
    return Table("Interceptors", header, rows, 2)


def _flight(weapon: Any) -> str:
    """Time of flight, or the speed from which it follows."""
    return _drawn(weapon.flight_time) if weapon.speed is None else f"at {number(weapon.speed)} m/s"


def _batteries(scenario: Any) -> list[Any]:
    return [each for layer in _outermost_first(scenario) for each in layer.batteries]


def _firing_table(scenario: Any) -> Table:
    batteries = _batteries(scenario)
    columns = {
        "battery": [own.name for own in batteries],
        "salvo size": [_salvo(own.doctrine) for own in batteries],
        "channel held to": [own.channel_hold for own in batteries],
        "reaction [s]": [_drawn(own.reaction_time) for own in batteries],
        "assessment [s]": [_drawn(own.assessment_time) for own in batteries],
        "launches apart [s]": [number(own.launch_interval) for own in batteries],
    }
    usual = {"channel held to": {"assessment"}, "launches apart [s]": {"0"}}
    header = [name for name, own in columns.items() if not {*own} <= usual.get(name, {None})]
    rows = [list(row) for row in zip(*(columns[name] for name in header), strict=True)]
    names = 3 if "channel held to" in header else 2
    return Table("Engagements (flight times are those of the interceptors)", header, rows, names)


def _salvo(doctrine: Any) -> str:
    """Rounds fired at a time, and when they are fewer."""
    size = _size(doctrine.salvo_size)
    if doctrine.thrift is None:
        return size
    return f"{size}; {number(doctrine.thrift[1])} of the last {number(doctrine.thrift[0])}"


def _size(size: Any) -> str:
    """Rounds fired at a time, by threat where they differ."""
    if isinstance(size, int):
        return number(size)
    return ", ".join([*(f"{own} at {threat}" for threat, own in size.items()), "1 at others"])


def _defence_table(scenario: Any) -> Table:
    header = ["layer", "battery", "rounds", "from [m]", "to [m]", "count", "channels"]
    layers = _outermost_first(scenario)
    rows = [_layer_row(layer, each) for layer in layers for each in layer.batteries or [None]]
    return Table("Defence, outermost layer first", header, rows, 3)


def _layer_row(layer: Any, battery: Any) -> list[str]:
    """One battery of a layer, or a layer without any."""
    names, numbers = ["-", "-"], ["-", "-"]
    if battery is not None:
        names = [battery.name, "; ".join(map(_magazine_text, battery.magazines)) or "-"]
        numbers = [number(battery.count), number(battery.channels)]
    ranges = [_range(layer.outer_range), _range(layer.inner_range)]
    return [layer.name, *names, *ranges, *numbers]


def _range(own: float | Mapping[str, float]) -> str:
    """A range, or those of all threats that it names."""
    numbers = sorted({*own.values()}) if isinstance(own, Mapping) else [own]
    return " to ".join(map(number, dict.fromkeys([*numbers[:1], *numbers[-1:]]))) or "-"


def _magazine_text(magazine: Any) -> str:
    rounds = "endless" if math.isinf(magazine.rounds) else f"{magazine.rounds:,}"
    more = [
        f"{magazine.reserved:,} kept" if magazine.reserved else "",
        _reloads(magazine) if magazine.most_reloads else "",
        f"at {magazine.reload_at:,}" if magazine.reload_at else "",
        f"from {magazine.depot}" if magazine.depot else "",
    ]
    details = ", ".join(filter(None, more))
    return f"{rounds} {magazine.interceptor}{f' ({details})' if details else ''}"


def _reloads(magazine: Any) -> str:
    number = "" if magazine.reloads is None else f"{magazine.reloads:,} x "
    time = f" in {_drawn(magazine.reload_time)} s" if magazine.reload_time != 0.0 else ""
    return f"{number}{magazine.reload_rounds:,} reloaded{time}"
