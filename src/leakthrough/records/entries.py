"""A record as labelled tables: along `entry`, and by night and class."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from leakthrough.model.errors import shown
from leakthrough.quantities import quantity
from leakthrough.records.classes import CLASSES

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Array = npt.NDArray[Any]

COUNTS = {
    "launched": "threats launched, decoys among them",
    "hard_kill": "shot down; NaN where not distinguished from soft kills",
    "soft_kill": "jammed or lost; NaN where not distinguished, or not reported",
    "stopped": "shot down, jammed or lost, as far as reported",
    "in_flight": "in flight when the bulletin was written: fate unknown",
    "through": "neither stopped nor in flight; not the same as hits",
    "strike_drones": "estimate of those launched without decoys; NaN where there is none",
}
"""Variables of a record, each a number of threats."""
_UNKNOWN = ("hard_kill", "soft_kill", "strike_drones")

LABELS = {
    "night": "day on which the raid ended",
    "threat_class": "class of threats",
    "model": "models, as named in the source",
    "source": "bulletins; those of the Air Force of Ukraine (kpszsu) by the names of their posts",
    "row": "row of the table; in a file, 1 is the header",
    "note": "note on the entry",
}
"""Coordinates of a record."""
_LABEL_TYPES = {"night": "datetime64[ns]", "row": np.int64}


def table(entries: "pd.DataFrame", attrs: Mapping[str, object]) -> "xr.Dataset":
    """A record along `entry`, from a column for each variable but `through`, and each label."""
    import xarray as xr

    lost = entries["stopped"] + entries["in_flight"]
    entries = entries.assign(through=entries["launched"] - lost)
    kinds = {name: float if name in _UNKNOWN else np.int64 for name in COUNTS}
    variables = {
        name: quantity("entry", entries[name].to_numpy(kinds[name]), text)
        for name, text in COUNTS.items()
    }
    labels = {
        name: entries[name].to_numpy(_LABEL_TYPES.get(name, np.str_))
        for name in LABELS
        if name in entries
    }
    coordinates = {
        name: xr.Variable("entry", values, {"long_name": LABELS[name]})
        for name, values in labels.items()
    }
    return xr.Dataset(variables, coordinates, dict(attrs))


def nights(record: "xr.Dataset") -> "xr.Dataset":
    """Sum the entries of a record by night and class.

    A night is the date on which raids ended, daytime raids included.

    Parameters
    ----------
    record : xarray.Dataset
        From `raids`, `load` or `from_table`, or a part of one. A table by night is returned
        unchanged.

    Returns
    -------
    xarray.Dataset
        The same variables along `night` (days, ascending) and `threat_class` (those in the
        record): 0 without an entry (another source may have one, see `load`); NaN where an entry
        of that night does not report the number.

    Raises
    ------
    ValueError
        If the Dataset is not a record.

    Examples
    --------
    >>> night = nights(raids()).sel(night="2025-07-04", threat_class="drone")
    >>> int(night.launched), int(night.through)
    (539, 63)
    """
    import xarray as xr

    _check_record(record)
    if "entry" not in record.dims:
        return record if "night" in record.dims else record.expand_dims("night")
    classes = [name for name in CLASSES if name in record["threat_class"].values]
    stamps, row = np.unique(record["night"].values, return_inverse=True)
    column = np.array([classes.index(name) for name in record["threat_class"].values], np.int64)
    variables = {}
    for name in COUNTS:
        sums = np.zeros((len(stamps), len(classes)), record[name].dtype)
        np.add.at(sums, (row, column), record[name].values)
        variables[name] = (("night", "threat_class"), sums, record[name].attrs)
    named = np.array(classes, np.str_)
    coordinates = {
        "night": ("night", stamps, record["night"].attrs),
        "threat_class": ("threat_class", named, {"long_name": LABELS["threat_class"]}),
    }
    return xr.Dataset(variables, coordinates, record.attrs)


def _check_record(record: object) -> None:
    import xarray as xr

    kind = "record: must be a Dataset from raids, load, from_table or nights"
    if not isinstance(record, xr.Dataset):
        raise ValueError(f"{kind}; got {shown(record)}")
    needed = {*COUNTS, "night", "threat_class"}
    if missing := sorted(needed - {str(name) for name in record.variables}):
        raise ValueError(f"{kind}; it has no {', '.join(map(repr, missing))}")
    for name in COUNTS:
        if record[name].dtype.kind not in "iuf":
            raise ValueError(f"record: {name} must hold numbers; got type {record[name].dtype}")
    dims = {*map(str, record["launched"].dims)}
    unknown = {*record["threat_class"].values.ravel().tolist()} - set(CLASSES)
    if dims not in ({"entry"}, {"night", "threat_class"}, {"threat_class"}) or unknown:
        raise ValueError(
            "record: must be along entry, or by night and threat_class, with classes of "
            f"{', '.join(CLASSES)}; got dimensions {sorted(dims)}, classes {sorted(unknown)}"
        )
