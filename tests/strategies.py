"""Hypothesis strategies for scenarios over the whole feature space of the model.

Half of the times and ranges come from a coarse grid, so that ties are common; counts include 0 and
1; magazines are empty, tiny, ample and infinite; windows may have length 0.
"""

from typing import Any

from hypothesis import strategies as st
from scipy import stats

import leakthrough as lt

THREATS = ("drone", "missile", "decoy")
INTERCEPTORS = ("gun", "short", "long")
AXES = ("north", "south")

grid_times = st.sampled_from([0.0, 0.0, 1.0, 2.0, 5.0, 10.0, 30.0])
times = st.one_of(
    grid_times,
    st.floats(0.0, 40.0, allow_subnormal=False),
    st.sampled_from([stats.expon(scale=5.0), stats.uniform(1.0, 8.0), stats.lognorm(0.8, scale=4)]),
)
chances = st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0.0, 1.0, allow_subnormal=False))
often_zero = st.one_of(st.just(0.0), chances)
kill_probabilities = st.one_of(
    chances, st.sampled_from([stats.beta(2.0, 2.0), stats.uniform(0.2, 0.5)])
)


def by_threat(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Build a table with some of the threats."""
    return st.dictionaries(st.sampled_from(THREATS), values, max_size=3)


@st.composite
def arrivals(draw: st.DrawFn, count: int) -> Any:
    """Every kind of arrival."""
    kind = draw(st.sampled_from(["at", "times", "uniform", "regular", "poisson", "distribution"]))
    start = draw(st.sampled_from([-10.0, 0.0, 7.0, 60.0]))
    if kind == "at":
        return lt.At(time=start)
    if kind == "times":
        grid = st.one_of(st.integers(0, 20).map(float), st.floats(0.0, 200.0))
        return lt.Times(times=draw(st.lists(grid, min_size=count, max_size=count)))
    if kind == "uniform":
        return lt.Uniform(start=start, stop=start + draw(st.sampled_from([0.0, 50.0, 300.0])))
    if kind == "regular":
        return lt.Regular(start=start, interval=draw(st.sampled_from([0.0, 1.0, 2.5, 10.0])))
    if kind == "poisson":
        return lt.Poisson(start=start, rate=draw(st.sampled_from([0.05, 0.5, 5.0])))
    return draw(st.sampled_from([stats.norm(100.0, 30.0), stats.gamma(2.0, scale=40.0)]))


@st.composite
def magazines(draw: st.DrawFn) -> tuple[lt.Magazine, ...]:
    """Magazines of different interceptors."""
    names = draw(st.lists(st.sampled_from(INTERCEPTORS), max_size=3, unique=True))
    found = []
    for name in names:
        reloads = draw(st.sampled_from([0, 0, 1, 3]))
        found.append(
            lt.Magazine(
                interceptor=name,
                rounds=draw(st.sampled_from([0, 1, 2, 5, 20, 200, float("inf")])),
                reserved=draw(st.sampled_from([0, 0, 1, 4])),
                reloads=reloads,
                reload_rounds=draw(st.integers(1, 6)) if reloads else 0,
                reload_time=draw(grid_times),
            )
        )
    return tuple(found)


@st.composite
def batteries(draw: st.DrawFn, name: str) -> lt.Battery:
    """A battery; with infinite rounds its engagements take some time."""
    own = draw(magazines())
    endless = any(magazine.rounds == float("inf") for magazine in own)
    sizes = st.integers(1, 6)
    preference = st.lists(
        st.sampled_from([m.interceptor for m in own]) if own else st.nothing(), unique=True
    )
    return lt.Battery(
        name=name,
        count=draw(st.sampled_from([1, 1, 1, 2, 3, 0])),
        channels=draw(st.sampled_from([1, 1, 2, 5])),
        magazines=own,
        reaction_time=draw(times),
        assessment_time=draw(st.sampled_from([0.5, 3.0, 10.0]) if endless else times),
        false_kill=draw(often_zero),
        false_survival=draw(often_zero),
        doctrine=lt.Doctrine(
            salvo_size=draw(st.one_of(sizes, by_threat(sizes))),
            max_salvos=draw(st.sampled_from([None, None, 1, 2])),
            order=draw(st.sampled_from(["deadline", "arrival"])),
            preference=draw(by_threat(preference.map(tuple))),
        ),
        axes=draw(st.lists(st.sampled_from(AXES), max_size=2, unique=True)),
    )


@st.composite
def layers(draw: st.DrawFn, name: str) -> lt.Layer:
    """A layer; sometimes of width 0."""
    outer = draw(st.sampled_from([0.0, 1e3, 5e3, 5e3, 9e3, 12e3]))
    inner = draw(st.sampled_from([0.0, 1e3, 4.5e3, outer]))
    number = draw(st.integers(0, 3))
    return lt.Layer(
        name=name,
        outer_range=outer,
        inner_range=min(inner, outer),
        batteries=[draw(batteries(f"{name} battery {n}")) for n in range(number)],
        sensor=lt.Sensor(
            detection=draw(by_threat(chances)),
            decoy_recognition=draw(often_zero),
            false_dismissal=draw(often_zero),
            availability=draw(st.sampled_from([1.0, 1.0, 1.0, 0.7])),
        ),
        soft_kill=draw(st.one_of(st.just({}), by_threat(chances))),
    )


@st.composite
def scenarios(draw: st.DrawFn, most_threats: int = 60) -> lt.Scenario:
    """A whole scenario of up to four salvos and four layers."""
    counts = draw(
        st.lists(st.one_of(st.sampled_from([0, 1, 2, 5]), st.integers(0, most_threats)), max_size=4)
    )
    rings = [draw(layers(f"layer {n}")) for n in range(draw(st.integers(0, 4)))]
    targets = [name for ring in rings for battery in ring.batteries for name in battery.names]
    return lt.Scenario(
        name="generated",
        axes=AXES,
        threats=[
            lt.Threat(
                name=name,
                speed=draw(st.sampled_from([50.0, 100.0, 333.0])),
                priority=draw(st.sampled_from([0, 0, 1, 2])),
                decoy=name == "decoy",
                lethality=draw(chances),
            )
            for name in THREATS
        ],
        interceptors=[
            lt.Interceptor(
                name=name,
                kill_probability=draw(by_threat(kill_probabilities)),
                flight_time=draw(times),
            )
            for name in INTERCEPTORS
        ],
        salvos=[
            lt.Salvo(
                name=f"salvo {n}",
                threat=draw(st.sampled_from(THREATS)),
                count=count,
                arrival=draw(arrivals(count)),
                axis=draw(st.sampled_from([None, *AXES])),
                target=draw(st.sampled_from([None, None, *targets])),
            )
            for n, count in enumerate(counts)
        ],
        layers=rings,
    )
