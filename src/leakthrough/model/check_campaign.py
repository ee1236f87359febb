"""Rules that find what is valid but makes no sense in a campaign."""

import math
from collections.abc import Callable, Mapping

from leakthrough.model.campaign import Campaign, raids_by_place
from leakthrough.model.cases import Case, Findings
from leakthrough.model.distributions import Distribution
from leakthrough.model.findings import Finding
from leakthrough.model.quantiles import upper_end
from leakthrough.model.raid_pattern import RaidPattern
from leakthrough.model.scenario import MOST_THREATS, Salvo
from leakthrough.model.shots import Raids, paths_by_salvo, quantile, span_of_raid
from leakthrough.model.supply import rotation_by_battery
from leakthrough.model.units import DAY, HOUR

_YEAR = 366 * DAY
_SOON = 100.0
"""Times after a campaign's start [s] for which days were probably meant."""
_TOO_MUCH = 20.0
"""Rounds a day, or an interval if shorter, as a multiple of those that magazines hold."""


def case_of_campaign(campaign: Campaign) -> Case:
    """Return the case of a campaign's defence against all of its raids."""
    return Case(campaign.scenario, _raids(campaign), "scenario.", campaign.raid_count)


def _raids(campaign: Campaign) -> Raids:
    """Return the places of the different raids by their salvos, each that of the first."""
    found: dict[tuple[Salvo, ...], str] = {}
    under = ("salvos",) if isinstance(campaign.raids, RaidPattern) else ()
    for place, salvos in raids_by_place(campaign):
        found.setdefault(salvos, ".".join(map(str, (*place, *under))))
    return found


def _short_interval(campaign: Campaign) -> Findings:
    """Raids that last until the next has begun."""
    raids = _raids(campaign)
    paths = paths_by_salvo(campaign.scenario, raids)
    for salvos, place in raids.items():
        first, last = span_of_raid(salvos, paths) or (0.0, 0.0)
        if campaign.raid_count > 1 and max(last - first, first) > campaign.interval:
            what = f"is {campaign.interval:,g} s, and {place} lasts from {first:,g} to {last:,g} s"
            why = "the next raid begins before, with all channels free; times are in seconds"
            yield Finding("interval", what, why)
            return


def _long_interval(campaign: Campaign) -> Findings:
    if campaign.interval > _YEAR and campaign.raid_count > 1:
        what = f"is {campaign.interval / DAY:,.0f} days"
        yield Finding("interval", what, "times are in seconds")


def _rates(campaign: Campaign) -> Findings:
    for number, stock in enumerate(campaign.stocks):
        held = sum(
            magazine.rounds * battery.count
            for battery in campaign.scenario.batteries
            for magazine in battery.magazines
            if magazine.interceptor == stock.interceptor
        )
        depots = campaign.scenario.depots
        held += sum(own.rounds for own in depots if own.interceptor == stock.interceptor)
        rate = stock.highest_rate
        if rate * min(max(campaign.interval, HOUR), DAY) > _TOO_MUCH * max(held, 1):
            what = f"is {rate:g} a second, {rate * DAY:,.0f} rounds a day"
            holders = f"all magazines {'and depots ' * bool(depots)}"
            why = f"{holders}hold {held:,}, so the stock never runs out; rates are per second"
            yield Finding(f"stocks.{number}.rate", what, why)


def _nothing_drawn(campaign: Campaign) -> Findings:
    """Distributions of whole numbers of which every draw is rounded to 0."""
    for number, stock in enumerate(campaign.stocks):
        if stock.replenishment and upper_end(stock.replenishment) == 0:
            why = "it brings nothing; it is a number of rounds for each raid"
            yield Finding(f"stocks.{number}.replenishment", "each draw is rounded to 0", why)


def _slow_rates(campaign: Campaign) -> Findings:
    time = (campaign.raid_count - 1) * max(campaign.interval, HOUR)
    for number, stock in enumerate(campaign.stocks):
        produced, rate = stock.produced(time), stock.highest_rate
        if time and 0.0 < produced < stock.batch:
            what = f"is {rate:g} a second, {produced:.2g} rounds in the campaign"
            whole = "rounds" if stock.batch == 1 else f"batches of {stock.batch:,} rounds"
            why = f"only whole {whole} count, so it brings none; rates are per second"
            yield Finding(f"stocks.{number}.rate", what, why)
        if stock.batch > 1 and not rate:
            what = f"is {stock.batch:,}, and the rate of production is 0"
            yield Finding(f"stocks.{number}.batch", what, "deliveries do not come in batches")


def _unused_stocks(campaign: Campaign) -> Findings:
    depots = {depot.name: depot.interceptor for depot in campaign.scenario.depots}
    resupplied = {
        each.interceptor if each.depot is None else depots[each.depot] for each in campaign.resupply
    }
    rotated = rotation_by_battery(campaign.scenario, campaign.rotations)
    of_sites = [own for layer in campaign.scenario.sites for own in layer.batteries]
    magazines = [m for own in of_sites if own.name in rotated for m in own.magazines]
    resupplied |= {own.interceptor for own in magazines}
    resupplied |= {own.interceptor for own in campaign.users}
    for number, stock in enumerate(campaign.stocks):
        if stock.interceptor not in resupplied:
            what = f"no resupply is with {stock.interceptor}"
            yield Finding(f"stocks.{number}", what, "the stock is never used")


def _empty_stocks(campaign: Campaign) -> Findings:
    for number, stock in enumerate(campaign.stocks):
        brought = stock.rounds or stock.highest_rate or stock.deliveries or stock.replenishment
        if not brought:
            what = f"the stock of {stock.interceptor} is empty, and nothing reaches it"
            yield Finding(f"stocks.{number}", what, "it resupplies nothing")


def _deliveries(campaign: Campaign) -> Findings:
    last = (campaign.raid_count - 1) * campaign.interval
    for number, stock in enumerate(campaign.stocks):
        for n, delivery in enumerate(stock.deliveries):
            place = f"stocks.{number}.deliveries.{n}.time"
            first, latest = _ends(delivery.time)
            if _most(delivery.rounds) == 0:
                place = f"stocks.{number}.deliveries.{n}.rounds"
                what = "is 0" if delivery.rounds == 0 else "each draw is rounded to 0"
                yield Finding(place, what, "it brings nothing")
            elif first > last:
                at_least = "at least " * (first < latest)
                what = f"is {at_least}{first:,g} s, and the last raid starts at {last:,g} s"
                yield Finding(place, what, "it arrives too late to be used")
            elif _is_in_days(campaign, latest):
                at_most = "at most " * (first < latest)
                what = f"is {at_most}{latest:g} s after the campaign's start"
                yield Finding(place, what, "it arrives before the second raid; times are in s")


def _ends(time: float | Distribution) -> tuple[float, float]:
    """The earliest and the latest time."""
    return time.support() if isinstance(time, Distribution) else (time, time)


def _most(rounds: int | Distribution) -> int:
    return upper_end(rounds) if isinstance(rounds, Distribution) else rounds


def _is_in_days(campaign: Campaign, time: float) -> bool:
    return 0.0 < time < _SOON and campaign.interval >= HOUR


def _resupply_of_nothing(campaign: Campaign) -> Findings:
    for number, each in enumerate(campaign.resupply):
        if each.rounds == 0:
            yield Finding(f"resupply.{number}.rounds", "is 0", "it brings nothing")
        held = {
            magazine.rounds
            for layer in campaign.scenario.layers
            for battery in (*layer.batteries, *(own for s in layer.sites for own in s.batteries))
            for magazine in battery.magazines
            if (battery.name, magazine.interceptor) == (each.battery, each.interceptor)
        }
        depots = campaign.scenario.depots
        held |= {depot.rounds for depot in depots if depot.name == each.depot}
        if held & {0, math.inf}:
            holder = "magazine" if each.depot is None else "depot"
            what = f"its {holder} starts with {held.pop()} rounds"
            yield Finding(f"resupply.{number}", what, "it never lacks any, so nothing is brought")


def _late_transport(campaign: Campaign) -> Findings:
    """Rounds that arrive after the last raid, and times that are probably days."""
    left = max(campaign.raid_count - 2, 0) * campaign.interval
    for number, each in enumerate(campaign.resupply):
        place, least = f"resupply.{number}.transport_time", quantile(each.transport_time, 0.0)
        if campaign.raid_count > 1 and least > left:
            what = f"is {least:,g} s or more, and the last raid starts {left:,g} s after the second"
            yield Finding(place, what, "nothing that is sent arrives in time")
        elif _is_in_days(campaign, least):
            what = f"is {least:g} s{' or more' * isinstance(each.transport_time, Distribution)}"
            yield Finding(place, what, "times are in seconds")


def _replacement(campaign: Campaign) -> Findings:
    given = campaign.replacement_time
    if given is None:
        return
    names = {name for battery in campaign.scenario.batteries for name in battery.names}
    aimed = any(salvo.target in names for salvos in _raids(campaign) for salvo in salvos)
    length = campaign.raid_count * campaign.interval
    if not aimed:
        yield Finding("replacement_time", "no salvo aims at a battery", "no battery is ever lost")
        return
    for name, time in (given if isinstance(given, Mapping) else {"": given}).items():
        place, least = f"replacement_time{'.' * bool(name)}{name}", quantile(time, 0.0)
        least_text = f"is {least:,g} s{' or more' * isinstance(time, Distribution)}"
        if least > length:
            what = f"{least_text}, and the campaign lasts {length:,g} s"
            yield Finding(place, what, "no battery is replaced")
        elif _is_in_days(campaign, least):
            why = "a lost battery is back at once; times are in seconds"
            yield Finding(place, least_text, why)


def _rotations(campaign: Campaign) -> Findings:
    last = (campaign.raid_count - 1) * campaign.interval
    starts = rotation_by_battery(campaign.scenario, campaign.rotations)
    for number, each in enumerate(campaign.rotations):
        names = {name for name, own in starts.items() if own is each}
        held = [
            sum(m.rounds for m in own.magazines if each.interceptor in (None, m.interceptor))
            for layer in campaign.scenario.sites
            for own in layer.batteries
            if own.name in names
        ]
        place = f"rotations.{number}"
        if held[0] == math.inf:
            yield Finding(place, "its rounds are infinite", "it never leaves")
        elif each.leave_at >= held[0]:
            what = f"is {each.leave_at:,}, and {each.battery} starts with {held[0]:,} rounds"
            yield Finding(f"{place}.leave_at", what, "it leaves after every raid")
        least, most = (quantile(each.absence, end) for end in (0.0, 1.0))
        if most <= campaign.interval:
            what = f"is at most {most:,g} s, and the next raid starts after {campaign.interval:,g}"
            yield Finding(f"{place}.absence", what, "it misses no raid; times are in seconds")
        elif least > last:
            what = f"is {least:,g} s or more, and the last raid starts at {last:,g} s"
            yield Finding(f"{place}.absence", what, "it never comes back")


def _idle_users(campaign: Campaign) -> Findings:
    for number, user in enumerate(campaign.users):
        demand = user.demand
        if (upper_end(demand) if isinstance(demand, Distribution) else demand) == 0:
            yield Finding(f"users.{number}.demand", "is always 0", "it takes nothing")


def _single_raid(campaign: Campaign) -> Findings:
    if campaign.raid_count == 1 and (campaign.resupply or campaign.stocks):
        yield Finding("raids", "there is only one", "nothing is resupplied")


def _kinds_that_never_come(campaign: Campaign) -> Findings:
    pattern = campaign.raids
    if not isinstance(pattern, RaidPattern):
        return
    if pattern.is_drawn:
        coming = [chance > 0.0 for chance in pattern.chances_of_first]
        for _ in range(min(pattern.number - 1, len(coming))):
            rows = [row for row, comes in zip(pattern.transitions, coming, strict=True) if comes]
            coming = [own or any(row[n] > 0.0 for row in rows) for n, own in enumerate(coming)]
        come = {n for n, own in enumerate(coming) if own}
    else:
        come = {*map(pattern.kind, range(1, pattern.number + 1))}
    for n, kind in enumerate(pattern.kinds):
        if n not in come:
            yield Finding(f"raids.kinds.{kind.name}", "no raid is of this kind", "it has no effect")


def _attackers_stocks(campaign: Campaign) -> Findings:
    """Stocks of classes that no salvo has, and rates that are probably not per second."""
    if not isinstance(campaign.raids, RaidPattern):
        return
    launched = {salvo.threat for kind in campaign.raids.kinds for salvo in kind.salvos}
    time = (campaign.raid_count - 1) * campaign.interval
    for stock in campaign.raids.stocks:
        place, reached = f"raids.stocks.{stock.threat}", stock.rate * time
        if stock.threat not in launched:
            yield Finding(place, f"no salvo is of {stock.threat}", "the stock is never used")
        elif 0.0 < reached < 1.0:
            what = f"is {stock.rate:g} a second, {reached:.2g} threats in the campaign"
            why = "only whole threats count, so it brings none; rates are per second"
            yield Finding(f"{place}.rate", what, why)
        elif stock.rate * DAY > MOST_THREATS:
            what = f"is {stock.rate:g} a second, {stock.rate * DAY:,.0f} threats a day"
            yield Finding(f"{place}.rate", what, "the stock never runs out; rates are per second")


RULES: tuple[Callable[[Campaign], Findings], ...] = (
    *(_short_interval, _long_interval, _rates, _slow_rates, _unused_stocks, _empty_stocks),
    *(_nothing_drawn, _kinds_that_never_come, _attackers_stocks),
    *(_deliveries, _resupply_of_nothing, _late_transport, _replacement, _rotations),
    *(_idle_users, _single_raid),
)


def findings_of_campaign(campaign: Campaign) -> list[Finding]:
    """Return what the rules find in a campaign, apart from its defence and raids."""
    return [finding for rule in RULES for finding in rule(campaign)]
