"""Tracks and channels that threats need at the same time: a loss system with two stages."""

from typing import TYPE_CHECKING

import numpy as np

from leakthrough.exact.saturation import rate_of
from leakthrough.model.arguments import whole
from leakthrough.quantities import quantity
from leakthrough.statistics.arguments import Numbers

if TYPE_CHECKING:
    import xarray as xr

_MOST_CHANNELS, _MOST_TRACKS = 1_000_000, 10_000
_MOST_NUMBERS = 10_000_000
"""Numbers in the matrices of all levels: 80 MB, and some seconds."""
_LARGE = 1e100


def tracks_and_channels(
    arrival_rate: float, launch_rate: float, assessment_rate: float, channels: int, tracks: int
) -> "xr.Dataset":
    """Probabilities that an arriving threat finds no free track, or a track but no free channel.

    Poisson arrivals without waiting. A threat takes a track and a channel, the channel until it is
    released (stage 1), and the track until the assessment (stages 1 and 2). Both stages last
    exponential times. For a battery that holds its channels to the launch, stage 1 is the reaction,
    and stage 2 the flight and the assessment; one that holds them to the assessment has no stage 2.

    Parameters
    ----------
    arrival_rate : float
        Threats per second [1/s], from 1e-9 to 1e9.
    launch_rate, assessment_rate : float
        Inverse of the mean time of stage 1 and of stage 2 [1/s], from 1e-9 to 1e9.
    channels, tracks : int
        Channels from 1 to 1,000,000 and tracks from 1 to 10,000; with c the smaller of the two,
        (tracks + 1) (c + 1)^2 at most 10,000,000.

    Returns
    -------
    xarray.Dataset
        `no_track`: probability that all tracks are taken; `no_channel`: that a track is free but
        all channels are busy; `busy_channels` and `taken_tracks`: their mean numbers.

    Raises
    ------
    ValueError
        If an argument is out of its range, or the problem is too large.

    Notes
    -----
    In state (i, j), i threats are in stage 1 and j in stage 2, with i <= channels and i + j <=
    tracks. An arrival finds the stationary state (Wolff). With channels for all tracks, or tracks
    without limit, the answer is Erlang's loss of the tracks or of the channels, for any
    distribution of the stages. Otherwise it depends on their distributions and has no product form:
    where all channels are busy and a track is free, the flow out of stage 2 balances nothing. So
    the balance equations are solved, by levels of i + j, which changes by one at a time. Relative
    errors are below 1e-11 (tested against fractions).

    References
    ----------
    Latouche, Jacobs and Gaver (1982), Finite Markov chain models skip-free in one direction, Naval
    Postgraduate School report NPS55-82-015, section 2 (the elimination by levels). Grassmann,
    Taksar and Heyman (1985), Regenerative analysis and steady state distributions for Markov
    chains, Operations Research 33, 1107-1116. Wolff (1982), Poisson arrivals see time averages,
    Operations Research 30, 223-231.

    Examples
    --------
    A threat every 2 s, 8 s to the launch and 24 s to the assessment; 6 channels and 20 tracks.

    >>> found = tracks_and_channels(1 / 2, 1 / 8, 1 / 24, channels=6, tracks=20)
    >>> float(found.no_track.round(4)), float(found.no_channel.round(4))
    (0.0238, 0.1058)
    """
    import xarray as xr

    rates = (
        rate_of("arrival_rate", arrival_rate),
        rate_of("launch_rate", launch_rate),
        rate_of("assessment_rate", assessment_rate),
    )
    number = whole("tracks", tracks, least=1, most=_MOST_TRACKS)
    servers = min(whole("channels", channels, least=1, most=_MOST_CHANNELS), number)
    if (size := (number + 1) * (servers + 1) ** 2) > _MOST_NUMBERS:
        text = f"(tracks + 1) (channels + 1)^2 must be at most {_MOST_NUMBERS}; got {size}"
        raise ValueError(f"tracks: {text}")
    held = _stationary(*rates, servers, number)
    full = held[:number, -1].sum() if servers < number else 0.0
    return xr.Dataset(
        {
            "no_track": quantity((), held[-1].sum(), "probability that all tracks are taken"),
            "no_channel": quantity((), full, "probability of a free track but no free channel"),
            "busy_channels": quantity(
                (), held.sum(axis=0) @ np.arange(servers + 1), "mean number of busy channels"
            ),
            "taken_tracks": quantity(
                (), held.sum(axis=1) @ np.arange(number + 1), "mean number of taken tracks"
            ),
        }
    )


def _stationary(
    arrival: float, launch: float, assessment: float, channels: int, tracks: int
) -> Numbers:
    """Stationary probabilities by tracks taken and channels busy.

    From the last level down, each level is eliminated: what enters it from below returns in the
    end. States above the last level, or with more channels than tracks, are never entered.
    """
    busy = np.arange(channels + 1)
    up = np.diag(np.full(channels, arrival), 1)
    entered: list[Numbers] = []  # expected time in the states of a level for each entry of them
    returned = np.zeros_like(up)
    for taken in range(tracks, 0, -1):
        down = np.maximum(taken - busy, 0) * assessment  # those that are not in stage 1
        within = np.diag(busy[1:] * launch, -1) + up @ returned
        time = _times(within, down)
        entered.append(time)
        returned = time * down
    held = np.zeros((tracks + 1, channels + 1))
    held[0, 0] = 1.0
    for taken in range(1, tracks + 1):
        held[taken] = held[taken - 1] @ up @ entered.pop()
        if held[taken].sum() > _LARGE:
            held /= _LARGE
    normed: Numbers = held / held.sum()
    return normed


def _times(within: Numbers, down: Numbers) -> Numbers:
    """Expected times in the states of a level, from each of them until the level is left.

    The inverse of a matrix whose rates out are those to other states and `down`. No number is
    subtracted (Grassmann, Taksar and Heyman), so small probabilities are as precise as large ones.
    """
    rates, leaving, entries = within.copy(), down.copy(), np.eye(len(down))
    totals = np.empty(len(down))
    for state in range(len(down) - 1, -1, -1):
        totals[state] = leaving[state] + rates[state, :state].sum()
        share = rates[:state, state] / totals[state]
        rates[:state, :state] += np.outer(share, rates[state, :state])
        leaving[:state] += share * leaving[state]
        entries[:state] += np.outer(share, entries[state])
    for state in range(len(down)):
        entries[state] += rates[state, :state] @ entries[:state]
        entries[state] /= totals[state]
    return entries
