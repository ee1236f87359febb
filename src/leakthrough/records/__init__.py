"""The public record of raids: read it, learn kill probabilities from it, hold results against it.

A *record* is a labelled table along `entry`: what one bulletin says of one class of threats.
`raids` ships with the library, `load` reads the whole public data set from a copy of it; `nights`
adds the entries up by night and class, and `calibrate` and `check` take either form.
"""

from leakthrough.records.calibration import calibrate, distribution
from leakthrough.records.checking import check
from leakthrough.records.entries import nights
from leakthrough.records.loading import load, raids

__all__ = ["calibrate", "check", "distribution", "load", "nights", "raids"]
