"""A walk through: from a question about a defence to an answer with its error.

    python examples/walk_through.py [where the picture goes]

Written in cells, which notebooks and editors run one by one. The raid is that of the recorded night
of 4 July 2025; the defence is notional and **all of it assumed**, so the answer is about this
scenario and not about a real defence.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import leakthrough as lt

REPLICATIONS, SEED = 1_000, 20250704

# %%
# The question
# ------------
# Which of five changes would stop most strike drones? First, load the scenario that comes with the
# library.

scenario = lt.load_example("night_of_2025_07_04")
print(scenario)

# %%
# A thousand replications
# -----------------------
# The result is a labelled Dataset, and its summary has an interval for every estimate. Here is the
# part about the whole raid.

result = lt.simulate(scenario, replications=REPLICATIONS, seed=SEED)
print(str(lt.summary(result)).split("\n\nBy salvo")[0])

# %%
# Why do they get through?
# ------------------------
# Every leaker has one cause, so causes add up to leakers. Most strike drones that get through were
# engaged and missed, or never detected. The shares differ between replications: kill probabilities
# are uncertain, so each replication draws them, and in the worst replications they are low.

drones = result.sel(salvo="strike drones")
order = np.argsort(drones.leaked.values, kind="stable")
groups = {
    "best tenth": order[: REPLICATIONS // 10],
    "all": order,
    "worst tenth": order[-(REPLICATIONS // 10) :],
}
causes = {
    name: drones.leak_cause.isel(replication=chosen).mean("replication").to_series()
    for name, chosen in groups.items()
}
print("strike drones that get through, by cause")
for name, means in causes.items():
    parts = [f"{mean:5.1f} {cause}" for cause, mean in means.items() if mean > 0.05]
    print(f"{name:11} {', '.join(parts)}")

# %%
# What would help?
# ----------------
# Each change is a copy of the scenario with one other value. All are simulated with one seed, so
# most of the random variation cancels from the differences. With different seeds, the variances of
# the two means would add up: the last column prints that error.

changes = {
    "ten more gun groups": ("mobile guns.batteries.gun group.count", 40),
    "guns detect 0.9 of them, not 0.8": ("mobile guns.sensor.detection.strike drone", 0.9),
    "five more interceptor teams": ("interceptor drones.batteries.interceptor team.count", 15),
    "one more missile battery": ("medium-range missiles.batteries.medium-range battery.count", 5),
    "jamming stops 0.35, not 0.3": ("jamming.soft_kill.strike drone", 0.35),
}
reach = 1.96 / REPLICATIONS**0.5
found = {}
for name, (path, value) in changes.items():
    option = scenario.replace(f"layers.{path}", value)
    after = lt.simulate(option, replications=REPLICATIONS, seed=SEED).leaked.sel(
        salvo="strike drones"
    )
    difference = after - drones.leaked
    apart = float(after.var(ddof=1) + drones.leaked.var(ddof=1)) ** 0.5
    found[name] = (
        float(difference.mean()),
        reach * float(difference.std(ddof=1)),
        reach * apart,
    )

print(f"{'change in strike drones through':32}{'one seed':>14}{'different seeds':>16}")
for name, (mean, error, error_apart) in found.items():
    print(f"{name:32}{f'{mean:.2f} ± {error:.2f}':>14}{f'... ± {error_apart:.2f}':>16}")

# %%
# The picture
# -----------
# Left: the causes. Right: the effect of each change, with its 95 % interval with one seed (thick)
# and the one that different seeds would have given (thin).

figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.6), layout="constrained")
colours = {"missed": "#0072B2", "no_interceptors": "#E69F00", "undetected": "#999999"}
begin = np.zeros(len(causes))
for cause, colour in colours.items():
    width = np.array([means[cause] for means in causes.values()])
    left.barh(list(causes), width, left=begin, color=colour, label=cause.replace("_", " "))
    begin += width
left.invert_yaxis()
left.set(xlabel="strike drones that get through (mean)")
left.set_title("Causes of leaking", loc="left")
left.legend(frameon=False, loc="upper right")
for row, (mean, error, error_apart) in enumerate(found.values()):
    right.errorbar(mean, row, xerr=error_apart, color="0.55", lw=1.0, capsize=3)
    right.errorbar(mean, row, xerr=error, color="#D55E00", lw=3.5, fmt="o", ms=6)
right.axvline(0.0, color="black", lw=0.8)
right.set_yticks(range(len(found)), list(found))
right.invert_yaxis()
right.set(xlabel="change in strike drones that get through (mean)")
right.set_title("What would help (thin: with different seeds)", loc="left")
for axes in (left, right):
    axes.spines[["top", "right"]].set_visible(False)
figure.suptitle("The raid as recorded, the defence notional and assumed")
picture = Path(sys.argv[1] if len(sys.argv) > 1 else ".") / "walk_through.png"
figure.savefig(picture, dpi=100)
print(f"picture: {picture.name}")

# %%
# What this answers, and what it does not
# ----------------------------------------
# In this scenario more guns do not help: the guns lack neither channels nor rounds, but they detect
# too few drones. Does that hold under other assumptions? To find out, use distributions for
# uncertain parameters, and vary them. A simulation cannot answer whether the scenario is like a
# real defence.
