"""The way of a raid through the layers of the fluid, outermost first."""

import numpy as np

from leakthrough._tables import outermost_first
from leakthrough.exact._arguments import Numbers
from leakthrough.exact._fluid.layer import run
from leakthrough.exact._fluid.outcome import Outcome
from leakthrough.exact._fluid.raid import cohorts_of, nights_of, pairings_of
from leakthrough.exact._fluid.ring import Coming, Loss, Ring
from leakthrough.scenario import Layer, Scenario

Losses = dict[str, Loss]
"""By name of the battery."""


class Flow:
    """What becomes of a raid if batteries are lost as `losses` say."""

    def __init__(self, scenario: Scenario, losses: Losses) -> None:
        self.scenario, self.losses = scenario, losses
        self.nights = nights_of(scenario)
        self.layers = outermost_first(scenario)
        self.edge = max((layer.outer_range for layer in self.layers), default=0.0)
        kinds = {threat.name: threat for threat in scenario.threats}
        self.kinds = [kinds[salvo.threat] for salvo in scenario.salvos]
        self.cohorts = [cohorts_of(salvo, len(scenario.salvos)) for salvo in scenario.salvos]
        ones = np.ones(len(self.nights.weights))
        self.alive = [
            salvo.count * np.outer(cohorts.share, ones)
            for salvo, cohorts in zip(scenario.salvos, self.cohorts, strict=True)
        ]
        # Those that are under engagement until `release`, counted from their arrival.
        self.engaged = [np.zeros_like(alive) for alive in self.alive]
        self.release = [-np.inf for _ in self.alive]
        self.soft_killed = np.zeros((len(self.kinds), len(self.layers), len(ones)))
        self.killed = np.zeros_like(self.soft_killed)
        self.in_reach = [self._in_reach(layer) for layer in self.layers]
        self.outcomes = [self._meet(n, layer) for n, layer in enumerate(self.layers)]

    def _in_reach(self, layer: Layer) -> float:
        """From the first opening of a window to the last close [s]."""
        starts, stops = [], []
        for salvo, cohorts, kind in zip(
            self.scenario.salvos, self.cohorts, self.kinds, strict=True
        ):
            if salvo.count:
                starts.append(cohorts.edges[0] + (self.edge - layer.outer_range) / kind.speed)
                stops.append(cohorts.edges[-1] + (self.edge - layer.inner_range) / kind.speed)
        return float(max(stops) - min(starts)) if starts else 0.0

    def _meet(self, n: int, layer: Layer) -> Outcome:
        """Send what is alive through a layer."""
        parts = [(s, one) for s in range(len(self.kinds)) for one in self._coming(s, n, layer)]
        standing = [
            [self.losses[name] for name in battery.names if name in self.losses]
            for battery in layer.batteries
        ]
        nights = len(self.nights.weights)
        outcome = run(Ring(layer, [one for _, one in parts], standing, nights))
        for s in range(len(self.kinds)):
            mine = [k for k, (t, one) in enumerate(parts) if t == s and one.pairings]
            if mine:
                killed = np.sum([outcome.killed[k] for k in mine], axis=0)
                self.killed[s, n] = killed.sum(axis=0)
                self.alive[s] = self.alive[s] - killed
                vain = [outcome.engaged[k] - outcome.killed[k] for k in mine]
                self.engaged[s] = np.clip(np.sum(vain, axis=0), 0.0, self.alive[s])
                ends = [parts[k][1].opens + outcome.release[k] for k in mine]
                weights = np.array([max(float(v.sum()), 1e-300) for v in vain])
                self.release[s] = float(weights @ ends / weights.sum())
        return outcome

    def _coming(self, s: int, n: int, layer: Layer) -> list[Coming]:
        """What happens when windows open: soft kill, detection, discrimination.

        Those that another layer is engaging at the time come when that is over.
        """
        kind, sensor, up = self.kinds[s], layer.sensor, self.nights.up[layer.name]
        soft = layer.soft_kill.get(kind.name, 0.0)
        self.soft_killed[s, n] = self.alive[s].sum(axis=0) * (soft * up)
        dismissal = sensor.decoy_recognition if kind.decoy else sensor.false_dismissal
        seen = up * (1.0 - soft) * (sensor.detection.get(kind.name, 1.0) * (1.0 - dismissal))
        opens = (self.edge - layer.outer_range) / kind.speed
        reach = (layer.outer_range - layer.inner_range) / kind.speed
        later = max(self.release[s] - opens, 0.0)
        if later < 1e-6:
            later = 0.0
            self.engaged[s] = np.zeros_like(self.engaged[s])
        found = []
        for held, delay in ((self.alive[s] - self.engaged[s], 0.0), (self.engaged[s], later)):
            if delay == 0.0 or held.any():
                pairings = pairings_of(self.scenario, layer, s, reach - delay, self.nights)
                found.append(
                    Coming(
                        self.cohorts[s],
                        opens + delay,
                        held * seen,
                        self.scenario.salvos[s].count,
                        kind.priority,
                        pairings,
                    )
                )
        self.alive[s] = self.alive[s] * (1.0 - soft * up)
        self.engaged[s] = self.engaged[s] * (1.0 - soft * up)
        return found[: 1 if later == 0.0 else 2]


def losses_of(flow: Flow) -> Losses:
    """Batteries that leakers destroy: as if these came independently, at their landing."""
    aimed: dict[str, list[tuple[Numbers, Numbers]]] = {}
    for s, salvo in enumerate(flow.scenario.salvos):
        kind = flow.kinds[s]
        if salvo.target is not None and not kind.decoy and kind.lethality > 0.0:
            times = flow.cohorts[s].edges[1:] + flow.edge / kind.speed
            hits = flow.alive[s] @ flow.nights.weights * kind.lethality
            aimed.setdefault(salvo.target, []).append((times, hits))
    found: Losses = {}
    for name, landings in aimed.items():
        times = np.concatenate([t for t, _ in landings])
        hits = np.concatenate([h for _, h in landings])
        order = np.argsort(times, kind="stable")
        alive = np.exp(-np.cumsum(hits[order]))
        found[name] = Loss(np.append(-np.inf, times[order]), np.append(1.0, alive))
    return found
