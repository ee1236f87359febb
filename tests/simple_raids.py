"""Raids of one class against rounds that hit at once, for which there are exact models."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

import leakthrough as lt

LARGE = 1_000_000


def assert_mean(sample: npt.ArrayLike, expected: float, *, power: float) -> None:
    """A mean within 5 sigma of its expectation; the band must detect the relative error `power`."""
    values = np.asarray(sample, np.float64)
    error = values.std(ddof=1) / math.sqrt(values.size)
    assert 5 * error <= power * expected, 5 * error / expected
    assert abs(values.mean() - expected) <= 5 * error, (values.mean(), expected, error)


def spent(result: Any) -> npt.NDArray[np.int64]:
    """Rounds expended in each replication."""
    return np.asarray(result.expended.sum(("battery", "interceptor")).values)


def battery(
    name: str = "battery", rounds: int = LARGE, channels: int = LARGE, **fields: Any
) -> lt.Battery:
    """A battery of one magazine."""
    magazine = {"interceptor": "round", "rounds": rounds, **fields.pop("magazine", {})}
    return lt.Battery(name=name, channels=channels, magazines=[lt.Magazine(**magazine)], **fields)


def layer(window: float, *batteries: lt.Battery, name: str = "layer", **fields: Any) -> lt.Layer:
    """A ring that a threat of 1 m/s crosses within the time of the window."""
    return lt.Layer(name=name, outer_range=window, batteries=list(batteries), **fields)


def scenario(
    count: int, arrival: Any, *layers: lt.Layer, kill: float = 1.0, **fields: Any
) -> lt.Scenario:
    """One class of threats, and rounds without flight time; those called `blank` never hit."""
    threat = {"name": "threat", "speed": 1.0, **fields.pop("threat", {})}
    kills = {"round": kill, "blank": 1e-6}
    return lt.Scenario(
        name="exact model",
        threats=[lt.Threat(**threat)],
        interceptors=[
            lt.Interceptor(name=name, kill_probability={"threat": own}, flight_time=0.0)
            for name, own in kills.items()
        ],
        salvos=[lt.Salvo(name="raid", threat="threat", count=count, arrival=arrival)],
        layers=list(layers),
        **fields,
    )


def at_once(count: int, *layers: lt.Layer, **fields: Any) -> lt.Scenario:
    """All threats at one time."""
    return scenario(count, lt.At(time=0.0), *layers, **fields)


def leak_rates(
    rate: float,
    begin: float,
    span: float,
    *layers: lt.Layer,
    seed: int,
    replications: int,
    **fields: Any,
) -> npt.NDArray[np.float64]:
    """Share of a Poisson stream that leaks within a span of time, by replication.

    The times are fixed, so that the expected number of arrivals is exact, and the stream has eight
    sigma more threats than it needs. It begins with nothing busy: start to measure after twenty
    mean engagements, and as much later as a threat takes to its target.
    """
    end = begin + span
    count = math.ceil(rate * end + 8 * math.sqrt(rate * end))
    given = scenario(count, lt.Poisson(start=0.0, rate=rate), *layers, **fields)
    result = lt.simulate(given, replications=replications, seed=seed, timeline=[begin, end])
    found = result.leaked_so_far.diff("sample_time").isel(salvo=0, sample_time=0)
    return np.asarray(found.values, np.float64) / (rate * span)
