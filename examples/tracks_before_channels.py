"""Which runs out first: tracks of the radar, or channels of the launchers.

    python examples/tracks_before_channels.py [where the picture goes]

A battery with active seekers holds a channel only to the launch, but its radar holds the track of a
threat until the engagement is assessed. So a notional battery may run out of tracks first, and then
more channels are of no use. Tracks and channels are varied. All values are assumed.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

import leakthrough as lt

REPLICATIONS, SEED = 1_000, 20260402
TRACKS, CHANNELS = (4, 6, 8, 9, 10, 11, 12, 14, 16, 20), (2, 4, 8)
THREATS, SPAN, REACTION, FLIGHT, ASSESSMENT = 200, 600.0, 8.0, 20.0, 4.0  # assumed
CAUSES = {  # colours of Okabe and Ito, and hatches for print
    "no_track": ("no track", "#D55E00", "//"),
    "no_channel": ("all channels busy", "#0072B2", ".."),
    "missed": ("engaged, every round missed", "#BBBBBB", ""),
}


def defence(channels: int, tracks: int) -> lt.Scenario:
    """Build a raid of 200 drones in ten minutes against one battery with active seekers."""
    battery = lt.Battery(
        name="battery",
        channels=channels,
        channel_hold="launch",  # active seekers
        reaction_time=REACTION,
        assessment_time=ASSESSMENT,
        magazines=[lt.Magazine(interceptor="missile", rounds=400)],  # assumed
    )
    return lt.Scenario(
        name="a notional raid on one battery",
        threats=[lt.Threat(name="drone", speed=50.0)],  # assumed
        interceptors=[
            lt.Interceptor(
                name="missile",
                kill_probability={"drone": 0.9},  # assumed
                flight_time=FLIGHT,
            )
        ],
        salvos=[
            lt.Salvo(
                name="drones",
                threat="drone",
                count=THREATS,
                arrival=lt.Uniform(start=0, stop=SPAN),
            )
        ],
        layers=[
            lt.Layer(
                name="area",
                outer_range=4e3,  # assumed: 80 s at 50 m/s
                batteries=[battery],
                sensor=lt.Sensor(tracks=tracks),
            )
        ],
    )


def causes(channels: int, tracks: int) -> dict[str, float]:
    """Return mean leakers by cause."""
    result = lt.simulate(defence(channels, tracks), replications=REPLICATIONS, seed=SEED)
    found = result.leak_cause.sel(salvo="drones").mean("replication")
    return {cause: float(found.sel(cause=cause)) for cause in CAUSES}


def print_needs() -> None:
    """Print how many tracks and channels the raid needs on average, by Little's law."""
    rate, shots = THREATS / SPAN, 1.0 / 0.9  # engagements of a threat until it is killed
    total = REACTION + FLIGHT + ASSESSMENT
    print(f"If every threat is engaged until it is killed ({rate:.3f} a second, {shots:.2f} times")
    print(f"each), {rate * shots * REACTION:.1f} channels are busy on average, for {REACTION:g} s,")
    print(f"and {rate * shots * total:.1f} tracks are taken, for {total:g} s.")


def print_table(found: dict[tuple[int, int], dict[str, float]]) -> None:
    """Print leakers by tracks, with the causes, for each number of channels."""
    print(f"\nMean leakers of {THREATS} (no track, no channel)")
    print(f"{'tracks':>6}" + "".join(f"{f'{own} channels':>24}" for own in CHANNELS))
    for tracks in TRACKS:
        cells = []
        for channels in CHANNELS:
            own = found[channels, tracks]
            total = sum(own.values())
            cells.append(f"{total:.1f} ({own['no_track']:.1f}, {own['no_channel']:.1f})")
        print(f"{tracks:>6}" + "".join(f"{cell:>24}" for cell in cells))


def draw_causes(axes: Axes, found: dict[tuple[int, int], dict[str, float]], channels: int) -> None:
    """Draw leakers by cause over the tracks."""
    rows = [[found[channels, tracks][cause] for tracks in TRACKS] for cause in CAUSES]
    bands = axes.stackplot(TRACKS, rows, labels=[words for words, *_ in CAUSES.values()])
    for band, (_, colour, hatch) in zip(bands, CAUSES.values(), strict=True):
        band.set(facecolor=colour, edgecolor="white", hatch=hatch, alpha=0.85)
    axes.set(xlabel="tracks of the radar", xlim=(TRACKS[0], TRACKS[-1]), ylim=(0, 130))
    axes.set_xticks(range(4, 21, 4))
    axes.set_title(f"{channels} channels", loc="left")
    axes.spines[["top", "right"]].set_visible(False)


def draw(found: dict[tuple[int, int], dict[str, float]], path: Path) -> None:
    """Save the picture."""
    figure, row = plt.subplots(
        1, len(CHANNELS), figsize=(11, 4.2), sharey=True, layout="constrained"
    )
    for axes, channels in zip(row, CHANNELS, strict=True):
        draw_causes(axes, found, channels)
    row[0].set_ylabel(f"drones through, mean of {THREATS}")
    row[-1].legend(loc="upper right", frameon=False)
    figure.suptitle("Tracks and channels of a notional battery: everything assumed")
    figure.savefig(path, dpi=100)
    plt.close(figure)


def main(directory: Path) -> None:
    """Simulate, print, draw."""
    print(f"a notional battery, everything assumed: {REPLICATIONS} replications each, seed {SEED}")
    print_needs()
    found = {(c, t): causes(c, t) for c in CHANNELS for t in TRACKS}
    print_table(found)
    path = directory / "tracks_before_channels.png"
    draw(found, path)
    print(f"\npicture: {path.name}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
