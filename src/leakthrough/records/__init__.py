"""The public record of raids: loading, calibration of kill probabilities, and model checks.

A *record* is a labelled table along `entry`, one for each bulletin and class of threats. `raids`
ships with the library; `load` reads a copy of the whole public data set; `from_table` takes a table
of any other source. `nights` sums the entries by night and class; `calibrate` and `check` accept
both forms.
"""

from leakthrough.records.calibration import calibrate, distribution
from leakthrough.records.checking import check
from leakthrough.records.entries import nights
from leakthrough.records.loading import load, raids
from leakthrough.records.tables import from_table

__all__ = ["calibrate", "check", "distribution", "from_table", "load", "nights", "raids"]
