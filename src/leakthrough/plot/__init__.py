"""Plots of results and studies: each function takes a Dataset and returns matplotlib Axes.

Functions draw on the given Axes or on a new figure. They show no figure and change no setting of
matplotlib, which is imported at the first call. Labels come from the Dataset; to change one,
assign other coordinates.

In narrow Axes (less than 5.5 inches, with their labels) texts are smaller and the legend is under
the Axes. Without a layout engine (``layout="constrained"``), Axes of a grid are moved so that no
text lies outside their cell.
"""

from leakthrough.plot.nights import campaign
from leakthrough.plot.plane import map
from leakthrough.plot.raid import depletion, fates, leakers
from leakthrough.plot.record import periods, predictive_intervals, rank_ecdf
from leakthrough.plot.search import frontier, sensitivity, tornado
from leakthrough.plot.sweeps import heatmap, saturation

__all__ = [
    "campaign",
    "depletion",
    "fates",
    "frontier",
    "heatmap",
    "leakers",
    "map",
    "periods",
    "predictive_intervals",
    "rank_ecdf",
    "saturation",
    "sensitivity",
    "tornado",
]


def __dir__() -> list[str]:
    """List the functions, not the modules that define them."""
    return __all__
