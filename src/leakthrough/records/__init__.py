"""The public record of raids: loading, calibration of kill probabilities, and model checks.

A *record* is a labelled table along `entry`, one for each bulletin and class of threats. `raids`
ships with the library; `load` reads a copy of the whole public data set; `from_table` takes a table
of any other source. `nights` sums the entries by night and class; all other functions accept both
forms. `calibrate` takes all nights together; `calibrate_periods` draws from the posterior by
period, and `check_periods` compares its predictions with nights; `change_points` asks when a
probability changed; `fit_raids` fits the numbers launched, and `raid_size` returns their
distribution.
"""

from leakthrough.records.calibration import calibrate, distribution
from leakthrough.records.change import change_points
from leakthrough.records.checking import check
from leakthrough.records.entries import nights
from leakthrough.records.loading import load, raids
from leakthrough.records.periods import calibrate_periods
from leakthrough.records.predicting import check_periods
from leakthrough.records.raid_sizes import fit_raids, raid_size
from leakthrough.records.tables import from_table

__all__ = [
    "calibrate",
    "calibrate_periods",
    "change_points",
    "check",
    "check_periods",
    "distribution",
    "fit_raids",
    "from_table",
    "load",
    "nights",
    "raid_size",
    "raids",
]
