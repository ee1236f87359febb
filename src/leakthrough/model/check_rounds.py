"""Rules that find magazines, reloads and depots that make no sense."""

import math
from collections.abc import Callable, Iterator

from leakthrough.model.cases import Case, Findings
from leakthrough.model.distributions import Distribution
from leakthrough.model.findings import Finding
from leakthrough.model.magazines import Magazine
from leakthrough.model.shots import HARDLY, NEVER, Post, quantile


def _each_magazine(case: Case) -> Iterator[tuple[Post, Magazine, str]]:
    for post in case.posts:
        for magazine in post.battery.magazines:
            yield post, magazine, f"{post.place}.magazines.{magazine.interceptor}"


def _needless_thrift(case: Case) -> Findings:
    """Doctrines that fire no fewer rounds when few are left than at other times."""
    for post in case.posts:
        thrift, size = post.battery.doctrine.thrift, post.battery.doctrine.salvo_size
        most = size if isinstance(size, int) else max(size.values(), default=1)
        if thrift is not None and thrift[1] >= most:
            what = f"is {thrift[1]} rounds, and salvo_size is {most} or fewer"
            yield Finding(f"{post.place}.doctrine.thrift", what, "it has no effect")


def _needless_reserve(case: Case) -> Findings:
    """Reserved rounds of which none can be fired, in magazines that fire others."""
    for post, possible in zip(case.posts, case.possible, strict=True):
        for magazine in post.battery.magazines:
            shots = [shot for shot in possible if shot.magazine is magazine]
            if not magazine.reserved or not shots or math.isinf(magazine.rounds):
                continue
            if all(shot.attack.priority < 1 for shot in shots):
                place = f"{post.place}.magazines.{magazine.interceptor}.reserved"
                what = f"is {magazine.reserved:,}, and it has no target of priority 1 or more"
                yield Finding(place, what, "these rounds are never fired")


def _stranded_reloads(case: Case) -> Findings:
    for _, magazine, place in _each_magazine(case):
        level, kept = magazine.reload_at, magazine.reserved
        if level < kept and magazine.most_reloads and math.isfinite(magazine.rounds):
            left = f"{level:,} rounds are left or fewer" if level else "no round is left"
            what = f"is {kept:,}, and a reload starts only when {left}"
            why = "as long as a reserved round is kept, no reload comes"
            if level:
                why = f"as long as more than {level:,} are kept, no reload comes"
            yield Finding(f"{place}.reserved", what, why)


def _overfull(case: Case) -> Findings:
    """Magazines that reloads fill above the rounds at the start, since they start early."""
    for _, magazine, place in _each_magazine(case):
        most = magazine.most_ready
        if magazine.reload_at and most > max(magazine.rounds, magazine.reload_rounds):
            what = f"is {magazine.reload_at:,}, and a reload brings {magazine.reload_rounds:,}"
            why = f"up to {most:,} rounds are ready, and {magazine.rounds:,} at the start"
            yield Finding(f"{place}.reload_at", what, why)


def _reloads_without_effect(case: Case) -> Findings:
    for _, magazine, place in _each_magazine(case):
        given = magazine.reload_rounds or magazine.reload_time or magazine.reload_at
        if magazine.most_reloads and math.isinf(magazine.rounds):
            why = "a reload starts only when few rounds are left, or none"
            yield Finding(f"{place}.reloads", "the magazine is infinite", why)
        elif magazine.reloads and magazine.reload_time == 0.0 and magazine.depot is None:
            held = magazine.rounds + magazine.reloads * magazine.reload_rounds
            why = f"the magazine acts as one of {held:,} rounds"
            yield Finding(f"{place}.reload_time", "is 0, so reloads arrive at once", why)
        elif magazine.depot is not None and not magazine.most_reloads:
            what = f"is 0, but the depot {magazine.depot} is given"
            yield Finding(f"{place}.reloads", what, "nothing is reloaded")
        elif given and not magazine.most_reloads:
            what = "is 0, but reload_rounds, reload_time or reload_at are given"
            yield Finding(f"{place}.reloads", what, "nothing is reloaded")


def _idle_depots(case: Case) -> Findings:
    drawn = {magazine.depot for _, magazine, _ in _each_magazine(case) if magazine.most_reloads}
    for depot in case.scenario.depots:
        place = f"{case.under}depots.{depot.name}"
        if depot.name not in drawn:
            yield Finding(place, "no magazine is reloaded from it", "its rounds are never used")
        elif not depot.rounds:
            yield Finding(f"{place}.rounds", "is 0", "nothing is ever reloaded from it")


def _late_reloads(case: Case) -> Findings:
    """Reloads that are due after the raid, even if the first threat uses up all rounds."""
    span = case.span(NEVER)
    if case.number > 1 or span is None:
        return
    first, last = span
    for post, magazine, place in _each_magazine(case):
        reaches = [case.reaches.get((post.layer.name, own.place)) for own in case.attacks]
        opening = min((own.opening for own in reaches if own), default=math.inf)
        start = first + opening if magazine.rounds else 0.0
        late = _lateness(magazine.reload_time, last - start)
        if late and magazine.most_reloads and start < math.inf:
            over = f"and the raid is over {last - start:,.0f} s after the first shot"
            yield Finding(f"{place}.reload_time", f"is {late[0]}, {over}", late[1])


def _lateness(time: float | Distribution, left: float) -> tuple[str, str] | None:
    """How long a reload takes, and what follows if nearly all take longer than what is left."""
    if isinstance(time, float):
        return (f"{time:,g} s", "no reload comes") if time > left else None
    if (least := quantile(time, 0.0)) > left:
        return f"{least:,g} s or more", "no reload comes"
    if (least := quantile(time, HARDLY)) > left:
        return f"{least:,g} s or more in {1 - HARDLY:.1%} of the draws", "hardly any reload comes"
    return None


RULES: tuple[Callable[[Case], Findings], ...] = (
    *(_needless_reserve, _stranded_reloads, _overfull, _reloads_without_effect, _late_reloads),
    *(_idle_depots, _needless_thrift),
)
