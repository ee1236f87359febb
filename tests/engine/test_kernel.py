"""Compilation of the kernel: signatures, disabled JIT, caches, bounds checks."""

import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import subprocesses
import xarray as xr
from placed_scenarios import placed_events
from raids import TIMELINE, api_example, battery, layer, raid, rich, salvo

import leakthrough as lt
from leakthrough.engine.counts import new_carried, new_rows
from leakthrough.engine.kernel.replication import simulate_block
from leakthrough.engine.kernel.state_pointer import handle
from leakthrough.engine.lower_raid import lower
from leakthrough.engine.state import new_state

SIMULATE = """
import pickle, sys
import warnings
import leakthrough as lt
warnings.simplefilter("ignore", lt.ScenarioWarning)
from raids import TIMELINE, rich
result = lt.simulate(rich(), replications=20, seed=1, timeline=TIMELINE, workers=2)
sys.stdout.buffer.write(pickle.dumps(result))
"""
WARNED = """
import warnings
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("default")
    import leakthrough.engine.kernel.replication
assert ["NUMBA_CACHE_DIR" in str(warning.message) for warning in told] == [True]
"""
LOG = """
import pickle, sys
import leakthrough as lt
from raids import rich
sys.stdout.buffer.write(pickle.dumps(lt.replay(rich(), replication=3, seed=1)))
"""
PLACED = """
import pickle, sys
from placed_scenarios import placed_events
sys.stdout.buffer.write(pickle.dumps(placed_events()))
"""


@pytest.fixture(scope="module")
def here() -> xr.Dataset:
    return lt.simulate(rich(), replications=20, seed=1, timeline=TIMELINE)


def test_two_signatures_serve_every_scenario() -> None:
    """One for scenarios with rules that few have, and one for all others."""
    nothing = lt.Scenario(name="nothing", threats=[])
    plain = raid(salvo(count=3), layer("L", battery()))
    ruled = raid(salvo(count=3), layer("L", battery(), sensor=lt.Sensor(tracks=1)))
    for scenario in (nothing, plain, rich(), api_example(), ruled):
        lt.simulate(scenario, replications=2, seed=1)
        lt.simulate(scenario, replications=2, seed=1, timeline=TIMELINE)
        lt.replay(scenario, replication=1, seed=1)
    assert len(simulate_block.signatures) == 2


def test_the_stop_flag_ends_a_block() -> None:
    tables, stop = lower(rich()), np.ones(1, np.uint8)
    rows, carried = new_rows(tables, 9), new_carried(tables, 9).rows
    assert simulate_block(handle(new_state(tables)), rows, carried, 1, 0, 0, stop) == 0


def test_a_state_may_be_used_again() -> None:
    tables, stop = lower(rich()), np.zeros(1, np.uint8)
    state = new_state(tables)
    first, second = (new_rows(tables, 4) for _ in range(2))
    for rows in (first, second):
        carried = new_carried(tables, 4).rows
        assert simulate_block(handle(state), rows, carried, 1, 5, 0, stop) == 4
    np.testing.assert_array_equal(first, second)


def test_the_same_bits_with_the_jit_off(here: xr.Dataset) -> None:
    there = pickle.loads(subprocesses.run(SIMULATE, NUMBA_DISABLE_JIT="1"))  # noqa: S301
    xr.testing.assert_identical(here, there)
    there = pickle.loads(subprocesses.run(LOG, NUMBA_DISABLE_JIT="1"))  # noqa: S301
    xr.testing.assert_identical(lt.replay(rich(), replication=3, seed=1), there)


def test_the_same_events_of_passes_with_the_jit_off() -> None:
    """Without the JIT every index is checked."""
    there = subprocesses.run(PLACED, NUMBA_DISABLE_JIT="1")
    assert pickle.loads(there) == placed_events()  # noqa: S301


def test_within_bounds_where_numba_finds_no_folder_for_a_cache(
    here: xr.Dataset, tmp_path: Path
) -> None:
    # A cache would have been compiled without bounds checks, so one slow compilation serves
    # two purposes. Permissions do not stop root: a plain file instead of `__pycache__`, and a
    # home below a device, cannot become folders for any user.
    package = tmp_path / "leakthrough"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(lt.__file__).parent, package, ignore=ignored)
    (package / "engine" / "kernel" / "__pycache__").write_text("in the way")
    told = subprocesses.run(
        f"import leakthrough; assert leakthrough.__file__.startswith({str(tmp_path)!r})"
        + WARNED
        + SIMULATE,
        "-B",
        package=tmp_path,
        NUMBA_CACHE_DIR=None,
        HOME="/dev/null/home",
        XDG_CACHE_HOME="/dev/null/cache",
        NUMBA_BOUNDSCHECK="1",
    )
    xr.testing.assert_identical(here, pickle.loads(told))  # noqa: S301
    assert not list(package.rglob("*.nb?"))
