"""A result is repeated exactly as it is, or refused; provenance that was edited is refused."""

import json
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr
from raids import api_example

import leakthrough as lt
from leakthrough.results.provenance import name_of

ROUNDS = "layers.point.batteries.gun.magazines.gun burst.rounds"
COUNT = "salvos.drones.count"
Change = Callable[[xr.Dataset], xr.Dataset]


def sweep(design: str = "grid", rounds: Any = (20, 30, 20), **changed: Any) -> xr.Dataset:
    given: dict[str, Any] = {
        "axes": {"rounds": {ROUNDS: list(rounds)}, "drones": {COUNT: [50, 60, 70]}},
        "measures": ["leakers", lt.Measure("dry", by="battery")],
        "replications": 20,
        "seed": 7,
        **changed,
    }
    return lt.sweep(api_example(), **given, design=design)  # type: ignore[arg-type]


def campaign() -> lt.Campaign:
    return lt.Campaign(name="week", scenario=api_example(), raids=4, interval=86400.0)


def raid(seed: int = 1, **changed: Any) -> xr.Dataset:
    call: dict[str, Any] = {"replications": 30, "timeline": [0.0, 0.0, 600.0], **changed}
    return lt.simulate(api_example(), seed=seed, **call)


WHOLE: dict[str, Callable[[], xr.Dataset]] = {
    "raid": raid,
    "summary": lambda: raid(keep="summary"),
    "campaign": lambda: lt.simulate_campaign(campaign(), replications=20, seed=2**63 - 1),
    "grid": lambda: sweep(rounds=(20, 30, 40)),
    "repeated value": sweep,
    "zip": lambda: sweep("zip"),
    "drawn": lambda: sweep("sobol", axes={"a": {ROUNDS: (5, 50)}, "b": {COUNT: (0, 80)}}, points=4),
}
PARTS: list[tuple[str, Change]] = [
    *((name, lambda whole: whole) for name in WHOLE),
    ("raid", lambda whole: whole.isel(replication=slice(10, 20))),
    ("raid", lambda whole: whole.isel(replication=[7, 3])),
    ("raid", lambda whole: whole.isel(replication=5)),
    ("raid", lambda whole: whole.isel(replication=[])),
    ("raid", lambda whole: whole.sel(salvo="missiles", layer=["point"])),
    ("summary", lambda whole: whole.isel(battery=[3, 1])),
    ("campaign", lambda whole: whole.isel(raid=2)),
    ("campaign", lambda whole: whole.isel(raid=[3, 0], replication=slice(None, None, -2))),
    ("grid", lambda whole: whole.sel(rounds=[40, 20], drones=60)),
    ("grid", lambda whole: whole.sel(estimate="mean")),
    ("zip", lambda whole: whole.isel(point=[2, 1])),
    ("drawn", lambda whole: whole.isel(point=3)),
]
JOINED: list[tuple[str, Callable[[], xr.Dataset]]] = [
    ("another seed", lambda: join([raid(1), raid(2)], "replication")),
    ("another seed", lambda: join([raid(n, keep="summary")[["leaked"]] for n in (1, 2)], "run")),
    ("another seed", lambda: raid().assign_coords(seed=9)),
    ("no coordinate seed", lambda: raid().drop_vars("seed")),
    (
        "values of replication",
        lambda: xr.concat(
            [raid(1), raid(2)],
            "replication",
            data_vars="minimal",
            coords="minimal",
            compat="override",
        ),
    ),
    ("values of replication", lambda: raid().isel(replication=[7, 3, 3])),
    ("values of replication", lambda: join([raid(), raid(replications=40)], "replication")),
    ("values of replication", lambda: raid().assign_coords(replication=np.arange(30) + 1)),
    ("no coordinate replication", lambda: lt.reduced(raid())),
    ("no coordinate replication", lambda: raid().isel(replication=3, drop=True)),
    ("values of salvo", lambda: raid().assign_coords(salvo=["a", "b"])),
    ("another threat_cost", lambda: raid().assign_coords(threat_cost=("salvo", [1.0, 2.0]))),
    ("the dimension option", lambda: join([raid(), raid()], "option")),
    ("values of rounds", lambda: join([sweep(rounds=[20, 30]), sweep(rounds=[40])], "rounds")),
    ("values of point", lambda: join([sweep("zip"), sweep("zip", (9, 8, 7))], "point")),
    ("another rounds", lambda: sweep("zip").assign_coords(rounds=("point", [9, 8, 7]))),
    ("values of raid", lambda: WHOLE["campaign"]().assign_coords(raid=[2, 3, 4, 5])),
]


def join(parts: list[xr.Dataset], dim: str) -> xr.Dataset:
    return xr.concat(parts, dim, data_vars="all", coords="different", compat="equals")


@pytest.mark.parametrize(("name", "part"), PARTS)
def test_a_part_is_repeated_as_it_is(name: str, part: Change) -> None:
    held = part(WHOLE[name]())
    xr.testing.assert_identical(lt.rerun(held), held)


@pytest.mark.parametrize(("why", "made"), JOINED)
def test_what_the_provenance_does_not_describe_is_refused(
    why: str, made: Callable[[], xr.Dataset]
) -> None:
    with pytest.raises(ValueError, match=f"^result: is not what its provenance .* has {why}"):
        lt.rerun(made())


def test_results_of_several_scenarios_have_no_one_scenario() -> None:
    joined = join([raid(), lt.simulate(api_example().replace(ROUNDS, 5), replications=30, seed=1,
                                       timeline=[0.0, 0.0, 600.0])], "option")  # fmt: skip
    for read in (lt.rerun, lt.scenario_of):
        with pytest.raises(ValueError, match=r"^result: is joined from results of several scen"):
            read(joined)
    assert lt.summary(joined.isel(option=0)).scenario == api_example().name
    assert lt.summary(joined.isel(option=1)).scenario == ""
    with pytest.raises(ValueError, match=r"^result: has the provenance of another scenario"):
        lt.scenario_of(joined.isel(option=1))


def edits() -> list[object]:
    """Provenance that is damaged in many ways: bytes, and values of its JSON."""
    text = raid(replications=1).attrs["provenance"]
    pick, found = random.Random(5), list[object]()  # noqa: S311
    for _ in range(300):
        at = pick.randrange(len(text))
        wrong = chr(pick.randrange(32, 127))
        found += [text[:at] + wrong + text[at + (wrong != text[at]) :], text[:at] + text[at + 1 :]]
        found.append(text[:at])
    record = json.loads(text)
    for key in record:
        value: Any
        for value in (None, 3, "x", [], {}, [[]], 1e999):
            found.append(json.dumps({**record, key: value}))
        found.append(json.dumps({name: own for name, own in record.items() if name != key}))
    return [*found, "[" * 100_000, '{"call":' * 50_000, "9" * 5000, "\ud800", b"x", None, 3, [text]]


def test_provenance_that_was_edited_is_refused() -> None:
    result = raid(replications=1)
    for text in edits():
        edited = result.assign_attrs(provenance=text)
        for read in (lt.rerun, lt.scenario_of, lt.campaign_of):
            with pytest.raises(ValueError, match=r"^result: (has no provenance|its provenance di)"):
                read(edited)
        assert name_of(edited) == ""
