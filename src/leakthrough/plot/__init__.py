"""Pictures of results and studies: a Dataset in, matplotlib's Axes out.

Each function draws on the Axes that it is given, or on a new figure, and returns what it drew on.
None shows a figure or changes a setting of matplotlib, which is imported when one is called. What
they write is taken from the Dataset: to call a thing by another name, assign other coordinates.
"""

from leakthrough.plot.nights import campaign
from leakthrough.plot.raid import depletion, fates, leakers
from leakthrough.plot.record import predictive_intervals, rank_ecdf
from leakthrough.plot.search import frontier, sensitivity, tornado
from leakthrough.plot.sweeps import heatmap, saturation

__all__ = [
    "campaign",
    "depletion",
    "fates",
    "frontier",
    "heatmap",
    "leakers",
    "predictive_intervals",
    "rank_ecdf",
    "saturation",
    "sensitivity",
    "tornado",
]
