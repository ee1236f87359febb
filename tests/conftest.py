"""Shared by all tests: a separate cache for compiled code, and an offset to the seeds.

``LEAKTHROUGH_SEED`` is added to the seed of every stochastic test (default 0): a statistical
test is trusted once it has passed under several. ``LEAKTHROUGH_SHRINK=0`` does not shrink failing
examples, which saves minutes where only the failure matters (`mutation`).
"""

import os
from pathlib import Path

import pytest
from hypothesis import Phase, settings

# Before leakthrough is imported: Numba reads it once.
os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(__file__).parents[1] / ".pytest_cache" / "numba"))


# The same examples in every run, without time limits: machines are shared.
SKIPPED = {Phase.shrink, Phase.explain} if os.environ.get("LEAKTHROUGH_SHRINK") == "0" else set()
settings.register_profile(
    "repeatable", deadline=None, derandomize=True, phases=set(Phase) - SKIPPED
)
settings.load_profile("repeatable")


def pytest_configure(config: pytest.Config) -> None:
    """Scenarios of tests are as small as can be, and many make no sense on purpose.

    Tests of `leakthrough.check` read its findings, and collect its warnings with `pytest.warns`.
    """
    config.addinivalue_line("filterwarnings", "ignore::leakthrough.ScenarioWarning")


@pytest.fixture(scope="session")
def offset() -> int:
    """Number to add to every seed."""
    return int(os.environ.get("LEAKTHROUGH_SEED", "0"))
