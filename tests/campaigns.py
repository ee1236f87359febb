"""Random campaigns with many engagements, and the counts of both engines."""

import random
from typing import Any

import busy_scenarios
import numpy as np
from engines import Outcome, counted, outcome_of
from raids import battery, gun, layer, raid, salvo
from ruled_scenarios import ruled_scenario
from scipy import stats
from varying_scenarios import any_scenario

import leakthrough as lt
from leakthrough.engine.codes import INFINITE, NEVER
from leakthrough.engine.counts import named_counts
from leakthrough.engine.jobs import campaign_job
from leakthrough.engine.ledger import named_ledger
from leakthrough.engine.lower_campaign import lower_campaign
from leakthrough.reference.campaign import CampaignRun

TIMELINE = (-20.0, 0.0, 30.0, 60.0, 1000.0)
COUNTS = [stats.uniform(0.0, 12.0), stats.gamma(2.0, scale=4.0), stats.expon(scale=5.0)]
STOCKED = [None, stats.uniform(0.0, 6.0), stats.expon(scale=2.0)]


def _raids(pick: random.Random, salvos: tuple[lt.Salvo, ...]) -> Any:
    number = pick.randint(1, 4)
    if pick.random() < 0.5:
        return number
    return [pick.sample(salvos, pick.randint(0, len(salvos))) for _ in range(number)]


def _drawn(pick: random.Random, raids: Any, salvos: tuple[lt.Salvo, ...]) -> dict[str, Any]:
    """Distributions of numbers of threats, by salvo."""
    flown = salvos if isinstance(raids, int) else [salvo for raid in raids for salvo in raid]
    return {
        salvo.name: pick.choice(COUNTS)
        for salvo in flown
        if not isinstance(salvo.arrival, lt.Times) and pick.random() < 0.4
    }


def _with_counts(salvos: Any, drawn: dict[str, Any]) -> list[lt.Salvo]:
    return [lt.Salvo(**{**vars(s), "count": drawn.get(s.name, s.count)}) for s in salvos]


def _transport(more: random.Random, interval: float) -> Any:
    times = [0.0, 0.4, 1.0, 1.3, 2.0, stats.expon(scale=interval), stats.uniform(0.0, interval)]
    time = more.choice([0.0, *times])
    return time * interval if isinstance(time, float) else time


def _replacement(
    more: random.Random, scenario: lt.Scenario, interval: float, time: float | None
) -> Any:
    """One time for all, or drawn, or by the names of single sites or of all together."""
    times = [0.0, 1.2 * interval, stats.expon(scale=interval), stats.uniform(0.0, 2.0 * interval)]
    if more.random() < 0.6:
        return time
    if more.random() < 0.4:
        return more.choice(times)
    sites = [own for layer in scenario.layers for own in more.choice([layer.sites, [layer]])]
    every = [own.name for site in sites for own in site.batteries]
    return {name: more.choice(times) for name in every if more.random() < 0.8}


def _rotations(more: random.Random, scenario: lt.Scenario, interval: float) -> list[lt.Rotation]:
    """Batteries without reloads, all sites by one name."""
    times = [0.0, interval, 1.5 * interval, stats.uniform(0.5 * interval, 2.0 * interval)]
    return [
        lt.Rotation(
            battery=own.name,
            interceptor=more.choice([None, own.magazines[0].interceptor]),
            leave_at=more.choice([0, 2, 5, 20]),
            absence=more.choice(times),
        )
        for layer in scenario.layers
        for own in layer.batteries
        if own.magazines and not any(magazine.most_reloads for magazine in own.magazines)
        if more.random() < 0.4
    ]


def _resupply(
    pick: random.Random, more: random.Random, scenario: lt.Scenario, interval: float
) -> list[lt.Resupply]:
    return [
        lt.Resupply(
            battery=battery.name,
            interceptor=magazine.interceptor,
            rounds=pick.choice([0, 1, 3, 10, float("inf")]),
            transport_time=_transport(more, interval),
        )
        for layer in scenario.layers
        for site in (layer.sites if pick.random() < 0.5 else [layer])  # all sites by one name
        for battery in site.batteries
        for magazine in battery.magazines
        if pick.random() < 0.7
    ] + [
        lt.Resupply(
            depot=depot.name,
            rounds=pick.choice([0, 1, 3, 10, float("inf")]),
            transport_time=_transport(more, interval),
        )
        for depot in scenario.depots
        if pick.random() < 0.7
    ]


def _stock(pick: random.Random, interceptor: str, interval: float) -> lt.Stock:
    dates = [0.0, interval, 2.5 * interval, stats.uniform(0.0, 3.0 * interval)]
    deliveries = [
        lt.Delivery(time=pick.choice(dates), rounds=pick.choice([0, 3, 9, stats.expon(scale=4.0)]))
        for _ in range(pick.choice([0, 0, 1, 2]))
    ]
    growing = lt.ByTime(
        time=[0.5 * interval, interval, 2.2 * interval],
        rate=[pick.choice([0.0, 0.7, 3.0]) / interval for _ in range(3)],
    )
    return lt.Stock(
        interceptor=interceptor,
        rounds=pick.choice([0, 2, 7, 40]),
        rate=pick.choice([0.0, 0.3 / interval, 2.5 / interval, growing]),
        deliveries=deliveries,
        replenishment=pick.choice(STOCKED),
        batch=pick.choice([1, 1, 2, 3]),
    )


def _pattern(pick: random.Random, salvos: tuple[lt.Salvo, ...], interval: float) -> lt.RaidPattern:
    """A pattern of raids of up to three kinds, whose salvos differ in number."""
    timed = any(isinstance(salvo.arrival, lt.Times) for salvo in salvos)
    names = ["routine", "large", "other"][: pick.randint(1, 3)]
    is_drawn = len(names) > 1 and pick.random() < 0.6
    kinds = []
    for n, name in enumerate(names):
        own = [salvo for salvo in salvos if pick.random() < 0.7]
        counts = {s.name: pick.choice([0, 4, 9, s.count, pick.choice(COUNTS)]) for s in own}
        own = _with_counts(
            own, {s.name: counts[s.name] for s in own if not isinstance(s.arrival, lt.Times)}
        )
        every = {"every": pick.choice([1, 2, 3]), "first": pick.choice([None, 1, 2])}
        chance = pick.choice([0.0, 0.3, 0.5])
        rule: dict[str, Any] = {} if n == 0 else every
        if is_drawn:
            rule = {"next": {other: chance for other in names if other != name}}
        kinds.append(lt.RaidKind(name=name, salvos=own, **rule))
    return lt.RaidPattern(
        number=pick.randint(1, 5),
        kinds=kinds,
        initial={names[0]: 0.25, names[1]: 0.75} if is_drawn else {},
        daily_growth=1.0 if timed else pick.choice([1.0, 1.0, 1.5, 2.0, 0.6]),
        stocks=[
            _threat_stock(pick, threat, interval)
            for threat in {salvo.threat: 0 for salvo in salvos}
            if pick.random() < 0.5
        ],
    )


def _threat_stock(pick: random.Random, threat: str, interval: float) -> lt.ThreatStock:
    return lt.ThreatStock(
        threat=threat,
        count=pick.choice([0, 3, 12, 40, 1000]),
        rate=pick.choice([0.0, 0.3 / interval, 2.5 / interval]),
        replenishment=pick.choice(STOCKED),
    )


def campaign(number: int, *groups: str) -> lt.Campaign:
    """A campaign of up to four raids, with groups of rules (`ruled_scenarios`)."""
    scenario = ruled_scenario(number, *groups) if groups else any_scenario(number)
    pick, more = random.Random(number + 1), random.Random(number + 2)  # noqa: S311
    raids, interval = _raids(pick, scenario.salvos), pick.choice([1.0, 20.0, 100.0, 1000.0])
    drawn = _drawn(pick, raids, scenario.salvos)
    if random.Random(number + 2).random() < 0.25:  # noqa: S311
        interval = pick.choice([interval, lt.DAY])
        raids = _pattern(pick, scenario.salvos, interval)
    elif isinstance(raids, int):
        salvos = _with_counts(scenario.salvos, drawn)
        scenario = lt.Scenario(**{**vars(scenario), "salvos": salvos})
    else:
        raids = [_with_counts(salvos, drawn) for salvos in raids]
    resupply = _resupply(pick, more, scenario, interval)
    stocks = [_stock(pick, gun, interval) for gun in busy_scenarios.GUNS if pick.random() < 0.6]
    return lt.Campaign(
        name=f"campaign {number}",
        scenario=scenario,
        raids=raids,
        interval=interval,
        resupply=resupply,
        stocks=stocks,
        shortage=pick.choice(["proportion", "order"]),
        replacement_time=_replacement(
            more, scenario, interval, pick.choice([None, 0.0, 50.0, 1500.0])
        ),
        rotations=_rotations(more, scenario, interval),
        users=[
            lt.StockUser(name=f"user {n}", interceptor=stock.interceptor, demand=demand)
            for n, stock in enumerate(stocks * 2)
            for demand in [more.choice([0, 1, 5, stats.uniform(0.0, 9.0), stats.poisson(2.0)])]
            if more.random() < 0.3
        ],
    )


def short_campaign(number: int) -> lt.Campaign:
    """A campaign whose stock never suffices for batteries that lack different numbers of rounds."""
    pick = random.Random(number)  # noqa: S311
    batteries = [
        battery(
            f"battery {n}",
            rounds=pick.randint(3, 30),
            count=pick.choice([1, 1, 2]),
            channels=pick.randint(1, 4),
            assessment_time=pick.choice([1.0, 3.0]),
        )
        for n in range(pick.randint(2, 5))
    ]
    return lt.Campaign(
        name=f"short {number}",
        scenario=raid(salvo(count=60), layer("layer", *batteries), gun(kills=0.7)),
        raids=4,
        interval=1000.0,
        resupply=[
            lt.Resupply(
                battery=own.name, interceptor="gun", rounds=pick.choice([4, 9, float("inf")])
            )
            for own in batteries
        ],
        stocks=[lt.Stock(interceptor="gun", rounds=pick.randint(1, 9), rate=0.007)],
        shortage=pick.choice(["proportion", "proportion", "order"]),
    )


def kernel_raids(
    of: lt.Campaign, seed: int, start: int, replications: int = 1
) -> list[list[Outcome]]:
    """Counts and ledger of each raid of each replication of one block, by the compiled kernel."""
    plan, labels = lower_campaign(of, TIMELINE)
    job = campaign_job(plan, len(labels.salvos))
    block = job.new_rows(replications)
    job.block(seed, start, block, np.zeros(1, np.uint8), job.new_states())
    unused = [iter(rows) for rows in block]
    found: list[list[Outcome]] = [[] for _ in range(replications)]
    for kind in plan.kinds:
        tables, rows = plan.tables[kind], next(unused[kind])
        outcomes = counted(named_counts(rows, tables), tables)
        ledger = named_ledger(rows, tables, plan.supply)._asdict()
        for n, outcome in enumerate(outcomes):
            found[n].append(outcome | {name: value[n].tolist() for name, value in ledger.items()})
    return found


def reference_raids(of: lt.Campaign, seed: int, replication: int) -> list[Outcome]:
    """Counts and ledger of each raid of one replication, by the reference engine."""
    run = CampaignRun(of, seed, replication, TIMELINE).run()
    interceptors = [interceptor.name for interceptor in of.scenario.interceptors]
    found, dry, stock_dry = list[Outcome](), set[int](), set[str]()
    for single, resupplied in zip(run.raids, run.resupplies, strict=True):
        outcome = outcome_of(single)
        magazines = [(b.name, m.interceptor.name) for b in single.batteries for m in b.magazines]
        for n, key in enumerate(magazines):
            outcome["reloaded"][n] += resupplied.reloaded.get(key, 0)
            if outcome["depletion"][n] != NEVER:
                dry.add(n)
        stock_dry |= {name for name, rounds in resupplied.stock.items() if rounds == 0}
        outcome["delivered"] = [resupplied.delivered.get(key, 0) for key in magazines]
        depots = [("", name) for name in single.depots]
        outcome["depot_delivered"] = [resupplied.delivered.get(key, 0) for key in depots]
        outcome["dry"] = [n in dry for n in range(len(magazines))]
        outcome["stock"] = [resupplied.stock.get(name, -1) for name in interceptors]
        outcome["drawn"] = [resupplied.drawn.get(name, 0) for name in interceptors]
        outcome["replenished"] = [resupplied.replenished.get(name, 0) for name in interceptors]
        outcome["pattern"] = run.patterned[len(found)] if run.patterned else []
        outcome["down_time"] = list(resupplied.down_time.values())
        transported = any(own.transport_time != 0.0 for own in of.resupply)
        receivers = [*magazines, *depots] if transported else []
        outcome["in_transport"] = [resupplied.in_transport[key] for key in receivers]
        for n, key in enumerate(magazines):
            aboard = resupplied.aboard.get(key, 0)
            outcome["remaining"][n] += INFINITE if aboard == float("inf") else aboard
        away = [own.name in resupplied.away for own in single.batteries]
        for name in ("asked", "got"):
            own = getattr(resupplied, name)
            outcome[name] = [own.get(user.name, 0) for user in of.users]
        outcome["away"] = away if of.rotations else []
        outcome["stock_dry"] = [name in stock_dry for name in interceptors]
        found.append(outcome)
    return found
