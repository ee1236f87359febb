"""Cells of the tables of a summary."""

from typing import TYPE_CHECKING

import numpy as np

from leakthrough.text_tables import interval, number

if TYPE_CHECKING:
    import xarray as xr

MARK = "*"


def mean_cell(values: "xr.DataArray") -> str:
    """The mean of estimates."""
    return number(float(values.sel(estimate="mean")))


def interval_cell(data: "xr.Dataset", name: str) -> str:
    """The interval of a variable, marked if it is not settled."""
    low, high = data[name].sel(estimate=["low", "high"]).values
    marked = f"{name}_settled" in data and not data[f"{name}_settled"] and not np.isnan(low)
    return interval(float(low), float(high)) + (f" {MARK}" if marked else "")


def cells_of(data: "xr.Dataset", *names: str) -> list[str]:
    """Means of variables, each with its interval."""
    return [cell for name in names for cell in (mean_cell(data[name]), interval_cell(data, name))]


def rows_of(data: "xr.Dataset", dim: str) -> "list[xr.Dataset]":
    """The entries along a dimension."""
    return [data.isel({dim: index}) for index in range(data.sizes[dim])]
