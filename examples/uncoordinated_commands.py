"""What coordination is worth in rounds: two commands that do not see each other's engagements.

    python examples/uncoordinated_commands.py [where the picture goes]

Two batteries cover the same notional area. Under one command each threat has one engagement at a
time, and the next one only if it is still alive. Two commands that do not coordinate both fire at
it. All values are assumed.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import leakthrough as lt

REPLICATIONS, SEED = 2_000, 20260401
ROUNDS = (40, 50, 60, 70, 80, 90, 100, 110, 120, 130, 140)
WAYS = {  # colours of Okabe and Ito
    "one command": (None, "#0072B2", "o-"),
    "two commands": ("second command", "#D55E00", "s--"),
}


def defence(command: str | None, rounds: int, engagements: int | None = None) -> lt.Scenario:
    """Build a raid of 100 drones against two equal batteries; None: both have one command."""
    layers = [
        lt.Layer(
            name=f"area of battery {number}",
            outer_range=12e3,  # assumed: 240 s at 50 m/s
            command=command if number == 2 else None,
            batteries=[
                lt.Battery(
                    name=f"battery {number}",
                    channels=12,  # assumed
                    reaction_time=8.0,  # assumed
                    assessment_time=4.0,  # assumed
                    magazines=[lt.Magazine(interceptor="missile", rounds=rounds)],
                    doctrine=lt.Doctrine(max_salvos=engagements),
                )
            ],
        )
        for number in (1, 2)
    ]
    return lt.Scenario(
        name="a notional raid on two batteries",
        threats=[lt.Threat(name="drone", speed=50.0)],  # assumed
        interceptors=[
            lt.Interceptor(
                name="missile",
                kill_probability={"drone": 0.8},  # assumed
                flight_time=20.0,  # assumed
            )
        ],
        salvos=[
            lt.Salvo(
                name="drones",
                threat="drone",
                count=100,  # assumed
                arrival=lt.Uniform(start=0, stop=1200),  # assumed
            )
        ],
        layers=layers,
    )


def means(scenario: lt.Scenario) -> tuple[float, float, float]:
    """Return mean leakers with their standard error, and mean rounds fired."""
    result = lt.simulate(scenario, replications=REPLICATIONS, seed=SEED)
    leaked = lt.Measure("leakers").values(result).values
    error = float(leaked.std(ddof=1)) / REPLICATIONS**0.5
    return float(leaked.mean()), error, float(lt.Measure("expended").values(result).mean())


def print_one_shot() -> None:
    """Print the case of one shot of each battery at each threat, which has a closed form."""
    found = lt.exact.shoot_look_shoot(0.8, 2)
    print("One shot of each battery at each of 100 drones, ample rounds")
    print(f"{'':16}{'leakers':>18}{'rounds':>9}{'formula':>18}")
    for way, (command, *_) in WAYS.items():
        leaked, error, rounds = means(defence(command, 100, engagements=1))
        formula = 200.0 if command else 100 * float(found.rounds)
        text = f"{100 * float(found.leak):.0f} and {formula:.0f}"
        print(f"{way:16}{leaked:10.2f} ± {1.96 * error:.2f}{rounds:9.1f}{text:>18}")


def print_curves(curves: dict[str, np.ndarray]) -> None:
    """Print leakers and rounds fired, by rounds of each battery."""
    print("\nAs many shots as time and rounds allow: mean leakers, and rounds fired")
    print(f"{'rounds of each':16}" + "".join(f"{way:>26}" for way in curves))
    for index, rounds in enumerate(ROUNDS):
        cells = (
            f"{leaked:11.2f} ± {1.96 * error:.2f}{fired:10.1f}"
            for leaked, error, fired in (curve[index] for curve in curves.values())
        )
        print(f"{rounds:<16}" + "".join(f"{cell:>26}" for cell in cells))


def draw(curves: dict[str, np.ndarray], path: Path) -> None:
    """Save the picture."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
    for way, curve in curves.items():
        _, colour, style = WAYS[way]
        leaked, error, fired = curve.T
        left.errorbar(
            ROUNDS, leaked, 1.96 * error, fmt=style, color=colour, ms=5, capsize=2, label=way
        )
        right.plot(ROUNDS, fired, style, color=colour, ms=5, label=way)
    right.plot(ROUNDS, 2 * np.array(ROUNDS), ":", color="0.4", label="all rounds")
    left.set_ylabel("drones through, mean of 100")
    left.set_title("Leakers", loc="left")
    right.set_ylabel("rounds fired, mean of both batteries")
    right.set_title("Rounds fired", loc="left")
    for axes in (left, right):
        axes.set(xlabel="rounds of each battery", ylim=(0, None))
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
    figure.suptitle("Two batteries over one area, under one command or two: everything assumed")
    figure.savefig(path, dpi=100)
    plt.close(figure)


def main(directory: Path) -> None:
    """Simulate, print, draw."""
    print(f"two batteries over one area, everything assumed: {REPLICATIONS} replications each")
    print_one_shot()
    curves = {
        way: np.array([means(defence(command, rounds)) for rounds in ROUNDS])
        for way, (command, *_) in WAYS.items()
    }
    print_curves(curves)
    path = directory / "uncoordinated_commands.png"
    draw(curves, path)
    print(f"\npicture: {path.name}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
