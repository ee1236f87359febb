"""A whole raid in milliseconds: expected numbers that flow through the layers."""

import numpy as np
import xarray as xr

from leakthrough._tables import label, outermost_first
from leakthrough.exact._arguments import Numbers
from leakthrough.exact._fluid_layer import Coming, Outcome, Ring
from leakthrough.exact._fluid_raid import Nights, cohorts_of, nights_of, pairings_of
from leakthrough.scenario import Layer, Scenario, Threat


def fluid(scenario: Scenario) -> xr.Dataset:
    """Expected leakers, kills and rounds of a raid, by a mean-field approximation."""
    if not isinstance(scenario, Scenario):
        raise ValueError(f"scenario: must be a Scenario; got {type(scenario).__name__}")
    return _Flow(scenario).dataset()


class _Flow:
    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
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
        self.busy = [np.zeros_like(alive) for alive in self.alive]
        self.release = [-np.inf for _ in self.alive]
        self.soft_killed = np.zeros((len(self.kinds), len(self.layers), len(ones)))
        self.killed = np.zeros_like(self.soft_killed)
        self.outcomes = [self._meet(n, layer) for n, layer in enumerate(self.layers)]

    def _meet(self, n: int, layer: Layer) -> Outcome:
        """Send what is alive through a layer."""
        parts = [(s, one) for s in range(len(self.kinds)) for one in self._coming(s, n, layer)]
        outcome = Ring(layer, [one for _, one in parts]).run()
        for s, salvo in enumerate(self.busy):
            mine = [k for k, (t, one) in enumerate(parts) if t == s and one.pairings]
            if not mine:
                continue
            vain = [outcome.engaged[k] - outcome.killed[k] for k in mine]
            killed = np.sum([outcome.killed[k] for k in mine], axis=0)
            self.alive[s] = self.alive[s] - killed
            self.killed[s, n] = killed.sum(axis=0)
            self.busy[s] = np.clip(np.sum(vain, axis=0), 0.0, self.alive[s])
            weight = [float(v.sum()) for v in vain]
            ends = [parts[k][1].opens + outcome.release[k] for k in mine]
            if sum(weight) > 0.0:
                self.release[s] = float(np.dot(weight, ends)) / sum(weight)
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
        late = self.busy[s] * seen if later > 1e-6 else 0.0 * self.busy[s]
        found = []
        for held, delay in ((self.alive[s] * seen - late, 0.0), (late, later)):
            if delay == 0.0 or held.any():
                pairings = pairings_of(self.scenario, layer, s, reach - delay, self.nights)
                found.append(Coming(
                    self.cohorts[s], opens + delay, reach - delay, reach, np.maximum(held, 0.0),
                    self.scenario.salvos[s].count, kind.priority, pairings,
                ))
        self.alive[s] = self.alive[s] * (1.0 - soft * up)
        self.busy[s] = self.busy[s] * (1.0 - soft * up)
        return found

    def dataset(self) -> xr.Dataset:
        w = self.nights.weights
        leaked = np.array([a.sum(axis=0) @ w for a in self.alive])
        labels = label(self.scenario)
        B, I = len(labels.batteries), len(labels.interceptors)
        exp = np.zeros((B, I)); rem = np.zeros((B, I)); dry = np.full((B, I), np.nan); dep = np.full((B, I), np.nan)
        eng = np.zeros(B); busy = np.zeros(B)
        codes = {n: i for i, n in enumerate(labels.interceptors)}
        b = 0
        for layer, out in zip(self.layers, self.outcomes):
            m = 0
            for g, battery in enumerate(layer.batteries):
                k = battery.count
                sl = slice(b, b + k)
                for mag in battery.magazines:
                    if k:
                        i = codes[mag.interceptor]
                        exp[sl, i] = out.expended[m] @ w / k
                        rem[sl, i] = mag.rounds + out.state[m].reloaded @ w / k - exp[sl, i] if np.isfinite(mag.rounds) else -1
                        dry[sl, i] = out.state[m].dry @ w
                        ok = ~np.isnan(out.depletion[m])
                        if ok.any(): dep[sl, i] = (out.depletion[m][ok] * w[ok]).sum() / w[ok].sum()
                    m += 1
                if k:
                    eng[sl] = out.engagements[g] @ w / k
                    busy[sl] = out.busy[g] @ w / k
                b += k
        return xr.Dataset({
            "launched": ("salvo", np.array([s.count for s in self.scenario.salvos], float)),
            "leaked": ("salvo", leaked),
            "killed": (("salvo", "layer"), self.killed @ w),
            "soft_killed": (("salvo", "layer"), self.soft_killed @ w),
            "expended": (("battery", "interceptor"), exp),
            "remaining": (("battery", "interceptor"), rem),
            "dry": (("battery", "interceptor"), dry),
            "depletion_time": (("battery", "interceptor"), dep),
            "engagements": ("battery", eng), "busy_time": ("battery", busy),
        }, {"salvo": list(labels.salvos), "layer": list(labels.layers), "battery": list(labels.batteries), "interceptor": list(labels.interceptors)})
