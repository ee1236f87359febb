"""A walk through: from a question about a defence to an answer with its error.

    python examples/walk_through.py [where the picture goes]

Written in cells, which notebooks and editors run one by one. The raid is that of the recorded night
of 4 July 2025; the defence is notional and **all of it assumed**, so the answer is about this
scenario and about no real defence.
"""

import sys
from importlib.resources import files
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import leakthrough as lt

NIGHTS, SEED = 1_000, 20250704

# %%
# The question
# ------------
# Which of five changes would stop most strike drones? First the scenario as it is shipped.

source = files("leakthrough") / "scenarios" / "night_of_2025_07_04.toml"
scenario = lt.load_scenario(str(source))
print(scenario)

# %%
# A thousand nights
# -----------------
# The result is a labelled dataset, and its summary has an interval for every number. Here is the
# part that is about the whole raid.

result = lt.simulate(scenario, replications=NIGHTS, seed=SEED)
print(str(lt.summary(result)).split("\n\nBy salvo")[0])

# %%
# Why do they get through?
# ------------------------
# Every leaker has one cause, so causes add up to leakers. Most strike drones that get through were
# shot at and missed, or never seen. That depends on the night: kill probabilities are not known, so
# each night draws them, and a bad night is one in which they are low.

drones = result.sel(salvo="strike drones")
order = np.argsort(drones.leaked.values, kind="stable")
nights = {
    "best tenth": order[: NIGHTS // 10],
    "all nights": order,
    "worst tenth": order[-(NIGHTS // 10) :],
}
causes = {
    name: drones.leak_cause.isel(replication=chosen).mean("replication").to_series()
    for name, chosen in nights.items()
}
print("strike drones that get through, by cause")
for name, of_nights in causes.items():
    told = [f"{mean:5.1f} {cause}" for cause, mean in of_nights.items() if mean > 0.05]
    print(f"{name:11} {', '.join(told)}")

# %%
# What would help?
# ----------------
# Each change is a copy of the scenario with one other number. All are simulated with one seed, so
# that the luck of a night cancels from the differences. How large would their errors be had each
# its own seed? The variances of the two would add up.

changes = {
    "ten gun groups more": ("mobile guns.batteries.gun group.count", 40),
    "guns see 0.9 of them, not 0.8": ("mobile guns.sensor.detection.strike drone", 0.9),
    "five interceptor teams more": ("interceptor drones.batteries.interceptor team.count", 15),
    "a missile battery more": ("medium-range missiles.batteries.medium-range battery.count", 5),
    "jamming stops 0.35, not 0.3": ("jamming.soft_kill.strike drone", 0.35),
}
reach = 1.96 / NIGHTS**0.5
found = {}
for name, (path, value) in changes.items():
    option = scenario.replace(f"layers.{path}", value)
    after = lt.simulate(option, replications=NIGHTS, seed=SEED).leaked.sel(salvo="strike drones")
    difference = after - drones.leaked
    apart = float(after.var(ddof=1) + drones.leaked.var(ddof=1)) ** 0.5
    found[name] = (
        float(difference.mean()),
        reach * float(difference.std(ddof=1)),
        reach * apart,
    )

print(f"{'change in strike drones through':32}{'one seed':>14}{'own seeds':>16}")
for name, (mean, error, error_apart) in found.items():
    print(f"{name:32}{f'{mean:.2f} ± {error:.2f}':>14}{f'... ± {error_apart:.2f}':>16}")

# %%
# The picture
# -----------
# Left, the causes; right, what each change would bring, with its 95 % interval on one seed (thick)
# and the one that separate seeds would have given (thin).

figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.6), layout="constrained")
colours = {"missed": "#0072B2", "no_interceptors": "#E69F00", "undetected": "#999999"}
begin = np.zeros(len(causes))
for cause, colour in colours.items():
    width = np.array([of_nights[cause] for of_nights in causes.values()])
    left.barh(list(causes), width, left=begin, color=colour, label=cause.replace("_", " "))
    begin += width
left.invert_yaxis()
left.set(xlabel="strike drones that get through, a night")
left.set_title("Why they get through", loc="left")
left.legend(frameon=False, loc="upper right")
for place, (mean, error, error_apart) in enumerate(found.values()):
    right.errorbar(mean, place, xerr=error_apart, color="0.55", lw=1.0, capsize=3)
    right.errorbar(mean, place, xerr=error, color="#D55E00", lw=3.5, fmt="o", ms=6)
right.axvline(0.0, color="black", lw=0.8)
right.set_yticks(range(len(found)), list(found))
right.invert_yaxis()
right.set(xlabel="change in strike drones that get through, a night")
right.set_title("What would help (thin: with seeds of their own)", loc="left")
for axes in (left, right):
    axes.spines[["top", "right"]].set_visible(False)
figure.suptitle("The raid as recorded, the defence notional and assumed")
picture = Path(sys.argv[1] if len(sys.argv) > 1 else ".") / "walk_through.png"
figure.savefig(picture, dpi=100)
print(f"picture: {picture.name}")

# %%
# What this answers, and what not
# -------------------------------
# In this scenario more guns are of no use: those that are there lack neither channels nor rounds,
# and what they see matters. Whether that holds where other figures are assumed is the next
# question: put a distribution where a figure is not known, and vary it. Whether the scenario is
# like any real defence is not a question that a simulation can answer.
