#!/usr/bin/env -S uv run --script
# /// script
# dependencies = ["nox>=2024.10"]
# ///
"""Tasks of a contributor: `nox` runs the tests and the linters, `nox -l` lists all."""

import nox

nox.needs_version = ">=2024.10"
nox.options.default_venv_backend = "venv"


@nox.session(python=["3.11", "3.12", "3.13"], default=True)
def tests(session: nox.Session) -> None:
    """Run the tests, or those that are given: nox -s tests-3.13 -- tests/model."""
    session.install("-e", ".[test]")
    session.run("pytest", *session.posargs)


@nox.session(python="3.11", default=False)
def lowest(session: nox.Session) -> None:
    """Run the tests with the oldest allowed version of each dependency."""
    pins = session.run("python", "tests/lower_bounds.py", "plot", "io", "cluster", silent=True)
    others = "pytest", "hypothesis", "mpmath", "simpy", "ciw"
    session.install("-e", ".", *str(pins).split(), *others)
    session.run("pytest", "-W", "default::DeprecationWarning", *session.posargs)


@nox.session(default=True)
def lint(session: nox.Session) -> None:
    """Check style, format and types."""
    session.install("-e", ".[test]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")


@nox.session(default=False)
def docs(session: nox.Session) -> None:
    """Build the site; warnings are errors."""
    session.install("-e", ".[docs]")
    session.run("sphinx-build", "-W", "--keep-going", "docs", "docs/_build/html")


@nox.session(default=False)
def benchmark(session: nox.Session) -> None:
    """Compare the speed with that of other libraries, on a few replications."""
    session.install("-e", ".[bench]")
    session.run("python", "benchmarks/run.py", *(session.posargs or ["--quick"]))


@nox.session(default=False)
def mutation(session: nox.Session) -> None:
    """Put small errors into the source, and see which of them the tests notice; takes an hour."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "mutation", *session.posargs, env={"PYTHONPATH": "tests"})


if __name__ == "__main__":
    nox.main()
