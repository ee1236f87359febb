"""A right call of every public function and class, and wrong values for each of its parameters."""

import functools
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple
from unittest import mock

import matplotlib as mpl
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib import pyplot as plt
from scipy import stats

import leakthrough as lt
from leakthrough.statistics import intervals

mpl.use("Agg")

MODULES: tuple[ModuleType, ...] = (lt, lt.exact, lt.plot, lt.records, intervals)
ROUNDS = "layers.defence.batteries.battery.magazines.interceptor.rounds"
KILL = "interceptors.interceptor.kill_probability.threat"


def nested(depth: int) -> list[Any]:
    """A list in a list, and so on."""
    found: list[Any] = []
    for _ in range(depth):
        found = [found]
    return found


class Unshowable:
    """An object whose `repr` fails, as that of a model without its fields."""

    def __repr__(self) -> str:
        raise AttributeError("name")


WRONG: dict[str, Any] = {
    "None": None,
    "text": "nonsense",
    "empty text": "",
    "yes": "yes",
    "NaN": float("nan"),
    "infinite": float("inf"),
    "negative": -7,
    "half": 2.5,
    "huge": 10**400,
    "complex": 1j,
    "list": ["x", 3],
    "empty list": [],
    "list of objects": [object()],
    "table": {"no such name": object()},
    "empty table": {},
    "number as name": {3: 4},
    "object": object(),
    "class": int,
    "function": len,
    "array": np.ones((2, 3, 4)),
    "empty array": np.empty(0),
    "array of objects": np.array([object(), None]),
    "foreign Dataset": xr.Dataset({"x": ("y", [1.0, 2.0])}),
    "foreign DataArray": xr.DataArray([1.0, np.nan], dims="y"),
    "date": np.datetime64("2025-07-04"),
    "no date": np.datetime64("NaT"),
    "duration": np.timedelta64(5, "ns"),
    "too large for a float": Decimal("1e400"),
    "no fields": lt.Scenario.model_construct(),  # type: ignore[call-arg]
    "wrong fields": lt.Distribution.model_construct(dist="beta", parameters={"a": -1}),
    "bytes": b"\xff\x00",
    "bytes of numbers": bytearray(b"\x01\x02"),
    "masked number": np.ma.masked,
    "mock": mock.Mock(),
    "nested deeply": nested(3000),
    "executor class": ThreadPoolExecutor,
    "polar Axes": plt.figure().add_subplot(projection="polar"),
    "cannot be shown": Unshowable(),
}


OUTPUTS = (lt.ScenarioError, lt.ScenarioWarning, lt.Summary, lt.Finding, lt.records.raids)
"""Classes that users get and do not make, and functions without parameters."""


class Door(NamedTuple):
    """A public callable, and the arguments of a right call."""

    name: str
    call: Callable[..., Any]
    arguments: dict[str, Any]


@functools.cache
def scenario() -> lt.Scenario:
    """A raid of twenty threats against one magazine."""
    made = lt.exact.as_scenario(
        "finite_magazine", threats=20, rounds=20, kill_probability=0.7, looks=2
    )
    assert isinstance(made, lt.Scenario)
    return made


FOLDER = Path(tempfile.mkdtemp())


@functools.cache
def written(name: str) -> Path:
    """A file of the scenario, the campaign, a result or a record."""
    path = FOLDER / f"read {name}"
    if name.endswith(".nc"):
        lt.save_result(values()["result"], path)
    elif name.endswith(".csv"):
        path.write_text(
            "time_end,model,launched,destroyed,source\n2024-04-14,Shahed-136/131,9,8,x\n"
        )
    else:
        (scenario() if name.startswith("scenario") else campaign()).save(path)
    return path


@functools.cache
def campaign() -> lt.Campaign:
    """Two raids."""
    return lt.Campaign(name="week", scenario=scenario(), raids=2, interval=1e5)


@functools.cache
def values() -> dict[str, Any]:
    """Results and studies by name, which other calls take."""
    run: dict[str, Any] = {"replications": 20, "seed": 1, "workers": 1}
    record = lt.records.raids()
    size = {"size": {"salvos.raid.count": [10, 20]}, "rounds": {ROUNDS: [10, 20]}}
    result = lt.simulate(scenario(), timeline=[0.0, 5.0], **run)
    night = lt.records.nights(record)
    calibration = lt.records.calibrate(record)
    days = pd.date_range("2031-01-01", periods=30).astype(str)
    weeks = pd.DataFrame({"night": days, "threat_class": "drone", "stopped": 0})
    weeks["launched"] = [4, 7, 12] * 10
    raids = lt.records.from_table(weeks, {name: name for name in weeks})
    drones = night.sel(night=["2025-07-04"], threat_class=["drone"])
    return {
        "result": result,
        "weeks": lt.simulate_campaign(campaign(), **run),
        "sweep": lt.sweep(scenario(), size, measures=["leakers"], **run),
        "allocation": lt.allocate(scenario(), [ROUNDS], 3.0, 1.0, most=30, **run),
        "tornado": lt.tornado(scenario(), {KILL: (0.6, 0.8)}, **run),
        "sensitivity": lt.sensitivity(
            scenario(),
            {KILL: stats.beta(7, 3), "layers.defence.sensor.availability": stats.uniform(0.5, 0.5)},
            points=16,
            **run,
        ),
        "record": record,
        "night": night.sel(night=["2025-07-04"]),
        "calibration": calibration,
        "drones": drones,
        "posterior": lt.records.calibrate_periods(drones, draws=8),
        "raids": raids,
        "fitted": lt.records.fit_raids(raids),
        "check": lt.records.check(
            lt.simulate(scenario().replace("salvos.raid.count", 539), **run),
            night.sel(night=["2025-07-04"]),
            classes={"threat": "drone"},
        ),
    }


@functools.cache
def others() -> dict[str, Any]:
    """What other calls take or return: right at some doors, and wrong at most."""
    made = values()
    return {
        **{f"the {name}": value for name, value in made.items()},
        "the scenario": scenario(),
        "the campaign": campaign(),
        "the goal": lt.Goal("leakers", at_most=3.0),
        "one raid": made["weeks"].isel(raid=0),
        "no replications": made["result"].isel(replication=slice(0)),
        "one replication": made["result"].isel(replication=0),
        "one salvo": made["result"].isel(salvo=0),
        "means": made["result"].mean(),
        "reduced": lt.reduced(made["result"]),
        "one variable": made["result"]["leaked"],
    }


def _of_studies() -> dict[str, dict[str, Any]]:
    run = {"replications": 20, "seed": 1, "workers": 1, "executor": None, "progress": False}
    sized = {name: own for name, own in run.items() if name != "replications"}
    own = {"scenario": scenario(), "measure": "leakers", "confidence": 0.9}
    return {
        "simulate": {"scenario": scenario(), "timeline": [0.0, 1.0], "keep": "summary", **run},
        "simulate_campaign": {"campaign": campaign(), "timeline": [0.0], "keep": "summary", **run},
        "simulate_to_precision": {
            **own,
            **sized,
            "half_width": 2.0,
            "relative": False,
            "most_replications": 2000,
        },
        "allocate": {
            **own,
            **run,
            "paths": [ROUNDS],
            "budget": 2.0,
            "costs": {ROUNDS: 1.0},
            "least": 0,
            "most": 30,
            "levels": {ROUNDS: [0, 20, 30]},
            "steps": 2,
        },
        "compare": {
            **run,
            "options": {"a": scenario(), "b": scenario().replace(ROUNDS, 21)},
            "measures": ["leakers"],
            "baseline": "a",
            "confidence": 0.9,
        },
        "kill_probability_gradient": {**own, **run},
        "rare": {
            **run,
            "scenario": scenario(),
            "event": "leakers",
            "at_least": 10,
            "at_most": None,
            "replications": 2000,
            "confidence": 0.9,
        },
        "saturation_point": {
            **own,
            **run,
            "axis": {"salvos.raid.count": (10, 60)},
            "measure": "leak_rate",
            "threshold": 0.5,
        },
        "sensitivity": {
            **own,
            **run,
            "distributions": {KILL: stats.beta(7, 3)},
            "points": 4,
        },
        "size_for_goal": {
            **sized,
            "scenario": scenario(),
            "path": ROUNDS,
            "confidence": 0.9,
            "goal": lt.Goal("leakers", at_most=8.0),
            "low": 1,
            "high": 64,
            "step": 1,
            "most_replications": 3000,
        },
        "sweep": {
            **run,
            "scenario": scenario(),
            "axes": {"rounds": {ROUNDS: [10, 20]}},
            "measures": ["leakers"],
            "design": "grid",
            "points": None,
            "confidence": 0.9,
            "keep_distributions": False,
            "store": None,
        },
        "tornado": {**own, **run, "ranges": {KILL: (0.6, 0.8)}},
        "replay": {"scenario": campaign(), "replication": 3, "seed": 1, "raid": 1},
        "rerun": {"result": values()["result"], "workers": 1, "executor": None, "progress": False},
    }


def _of_results() -> dict[str, dict[str, Any]]:
    result, level = {"result": values()["result"]}, {"confidence": 0.9}
    return {
        "leak_rate": {**result, "by": "salvo", **level},
        **{name: {**result, **level} for name in ("summary", "depletion", "cost_exchange")},
        "sustainment": {"result": values()["weeks"], **level},
        "check": {"scenario": scenario()},
        "save_result": {**result, "path": FOLDER / "result.nc"},
        "load_result": {"path": written("result.nc")},
        "load_scenario": {"path": written("scenario.toml")},
        "load_campaign": {"path": written("campaign.json")},
        "load_example": {"name": "notional_raid"},
        "campaign_of": {"result": values()["weeks"]},
        "scenario_of": result,
        "tidy": {"found": values()["result"]},
        "reduced": result,
    }


def _of_models() -> dict[str, dict[str, Any]]:
    raid = {**scenario().model_dump(), "threats": [*scenario().threats]}
    fields = {name: getattr(scenario(), name) for name in raid}
    layer = scenario().layers[0]
    parts = (
        scenario().threats[0],
        scenario().interceptors[0],
        scenario().salvos[0],
        layer,
        layer.batteries[0],
        layer.batteries[0].magazines[0],
        layer.batteries[0].doctrine,
        layer.sensor,
        campaign(),
        lt.At(time=1.0),
        lt.Times(times=[1.0]),
        lt.Uniform(start=0.0, stop=1.0),
        lt.Regular(start=0.0, interval=1.0),
        lt.Poisson(start=0.0, rate=1.0),
        lt.Delivery(time=1.0, rounds=1),
        lt.Distribution(dist="beta", parameters={"a": 2.0, "b": 3.0}),
        lt.Mixture(weights=[1.0], parts=[2.0]),
        lt.Empirical(values=[1.0]),
        lt.Histogram(edges=[0.0, 1.0], weights=[1.0]),
        lt.Stock(interceptor="x", rounds=1),
        lt.ThreatStock(threat="x", count=1),
        lt.RaidKind(name="x", salvos=scenario().salvos),
        lt.RaidPattern(number=2, kinds=[lt.RaidKind(name="x")]),
        lt.Resupply(battery="x", interceptor="x"),
        lt.Rotation(battery="x", leave_at=1, absence=1.0),
        lt.StockUser(name="x", interceptor="x", demand=1),
        lt.ByTime(time=[0.0, 1.0], rate=[0.1, 0.2]),
        lt.Pool(name="x", channels=1),
        lt.Depot(name="x", interceptor="x", rounds=1),
        lt.Asset(name="x", position=(0.0, 1.0)),
        lt.ByDistance(distance=[0.0, 1.0], probability=[0.9, 0.1]),
    )
    return {
        "Scenario": fields,
        **{
            type(part).__name__: {n: getattr(part, n) for n in type(part).model_fields}
            for part in parts
        },
        "Goal": {"measure": "leakers", "at_most": 3.0, "quantile": 0.5},
        "Measure": {"name": "at_most", "by": "threat", "of": "threat", "count": 3, "raid": 2},
    }


def _of_exact() -> dict[str, dict[str, Any]]:
    raid: dict[str, Any] = {"threats": 10, "kill_probability": 0.8}
    layers = [(2, 1, 0.5), (1, 1, 1.0)]
    return {
        "abandonment": {"arrival_rate": 1.0, "service_rate": 1.0, "channels": 2, "patience": 0.5},
        "common_luck": {"kill_probabilities": [0.8, 0.7], "common": 0.1},
        "destroyed_by": {"hits": 3, "lethality": 0.5, "staying_power": 2},
        "tracks_and_channels": {
            "arrival_rate": 1.0,
            "launch_rate": 1.0,
            "assessment_rate": 0.5,
            "channels": 2,
            "tracks": 4,
        },
        "armstrong_salvo": {
            "attackers": 3,
            "missiles_each": 4,
            "hit_probability": 0.7,
            "defenders": 3,
            "interceptors_each": 3,
            "intercept_probability": 0.6,
            "damage_mean": 0.5,
            "damage_sd": 0.2,
        },
        "as_scenario": {"model": "leakers", **raid, "common_mode": False, "tracking": 0.9},
        "erlang_b": {"load": 2.0, "channels": 3},
        "finite_magazine": {**raid, "rounds": 8, "looks": 2},
        "hughes_salvo": {
            "forces": (5, 4),
            "missiles_each": (4, 4),
            "interceptions_each": (2, 2),
            "staying_power": (3, 3),
        },
        "layered_inventories": {"threats": 3, "layers": layers},
        "layered_rounds_left": {"threats": 3, "layers": layers},
        "leakers": {**raid, "rounds_each": 2, "tracking": 0.9, "common_mode": False},
        "prim_read": {"kill_probability": 0.6, "slope": 0.2, "lethality": 0.9, "integer": False},
        "raid_annihilation": {**raid, "rounds_each": 2, "tracking": 0.9, "common_mode": False},
        "raid_costs": {
            **raid,
            "rounds_each": 2,
            "threat_cost": 5.0,
            "round_cost": 1.0,
            "decoys": 3,
            "decoy_cost": 1.0,
            "decoy_recognition": 0.5,
        },
        "random_allocation": {**raid, "rounds": 8},
        "rounds_required": {**raid, "goal": 0.9, "tracking": 0.99},
        "shoot_look_shoot": {"kill_probability": 0.7, "looks": 3},
        "simultaneous_raid": {
            "threats": 9,
            "channels": 4,
            "rounds": 100,
            "cycle": 20.0,
            "window": 60.0,
        },
        "terminal_defence": {**raid, "rounds": 8, "looks": 2, "lethality": 0.5},
        "uniform_allocation": {**raid, "rounds": 8},
    }


def _of_plot() -> dict[str, dict[str, Any]]:
    made, own = values(), {"ax": None}
    return {
        "campaign": {"result": made["weeks"], "axes": None},
        "depletion": {"result": made["result"], "by": "battery", **own},
        "fates": {"result": made["result"], **own},
        "frontier": {"found": made["allocation"], "axes": None},
        "heatmap": {
            "found": made["sweep"],
            "measure": "leakers",
            "along": None,
            "level": 3.0,
            **own,
        },
        "leakers": {"result": made["result"], "pmf": None, **own},
        "map": {"result": made["result"], "scenario": scenario(), **own},
        "periods": {"found": made["posterior"], **own},
        "predictive_intervals": {"found": made["check"], **own},
        "rank_ecdf": {"found": made["check"], **own},
        "saturation": {
            "found": made["sweep"],
            "measure": "leakers",
            "along": "size",
            "knee": (),
            **own,
        },
        "sensitivity": {"found": made["sensitivity"], **own},
        "tornado": {"found": made["tornado"], **own},
    }


def _of_records() -> dict[str, dict[str, Any]]:
    made = values()
    frame = pd.DataFrame({"Day": ["14.04.2024"], "Kind": ["UAV"], "Sent": [170], "Down": [168]})
    columns = {"night": "Day", "threat_class": "Kind", "launched": "Sent", "stopped": "Down"}
    return {
        "calibrate": {"record": made["record"], "confidence": 0.9},
        "calibrate_periods": {
            "record": made["drones"],
            "outcome": "stopped",
            "period": "month",
            "unreported": ["drone"],
            "sources": "parts",
            "draws": 8,
            "seed": 1,
        },
        "change_points": {
            "record": made["raids"],
            "threat_class": "drone",
            "period": "week",
            "prior": 0.5,
            "unreported": ["drone"],
        },
        "check_periods": {"posterior": made["posterior"], "record": made["drones"], "seed": 1},
        "fit_raids": {
            "record": made["raids"],
            "threat_class": "drone",
            "confidence": 0.9,
            "seed": 1,
        },
        "raid_size": {"fitted": made["fitted"], "kind": "any", "model": "two kinds"},
        "check": {
            "result": lt.simulate(scenario().replace("salvos.raid.count", 539), replications=5),
            "record": made["night"],
            "classes": {"threat": "drone"},
            "seed": 1,
        },
        "distribution": {
            "estimates": made["calibration"],
            "threat_class": "drone",
            "outcome": "stopped",
        },
        "from_table": {"frame": frame, "columns": columns, "classes": {"UAV": "drone"}},
        "load": {"path": written("record.csv")},
        "nights": {"record": made["record"]},
    }


def _of_intervals() -> dict[str, dict[str, Any]]:
    pairs = {"above": (10.0, 4.0), "below": (5.0, 1.0), "covariance": 2.0}
    return {
        "ratio_of_means": {**pairs, "number": 16, "confidence": 0.9},
        "student": {
            "mean": 10.0,
            "variance": 4.0,
            "number": 16,
            "confidence": 0.9,
            "least": 0.0,
            "most": 20.0,
        },
        "wilson": {"successes": 3, "number": 5, "confidence": 0.9},
    }


def doors() -> Iterator[Door]:
    """Every public callable that takes arguments."""
    of = {
        "leakthrough": {**_of_studies(), **_of_results(), **_of_models()},
        "exact": _of_exact(),
        "plot": _of_plot(),
        "records": _of_records(),
        "intervals": _of_intervals(),
    }
    for module in MODULES:
        short = module.__name__.rpartition(".")[2]
        for name in module.__all__:
            call = getattr(module, name)
            if name in of[short]:
                yield Door(f"{short}.{name}", call, of[short][name])


def missing() -> list[str]:
    """Public callables with parameters that have no door above."""
    found = {door.name for door in doors()}
    every = (
        (f"{module.__name__.rpartition('.')[2]}.{name}", getattr(module, name))
        for module in MODULES
        for name in module.__all__
    )
    return [
        name for name, call in every if callable(call) and name not in found and call not in OUTPUTS
    ]
