"""What leakers hit: the assets at which salvos aim, and the damage to expect of their leakers."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from leakthrough.model.scenario import Scenario

Array = npt.NDArray[Any]

BITS = 40
DAMAGE_UNIT = 2.0**BITS
"""Damage is a multiple of the inverse, so that its sums are exact."""


class Aims(NamedTuple):
    """The assets of a raid, in the scenario's order, and what one leaker of a salvo does to them.

    Decoys hit nothing. A salvo of size S and A assets give these shapes.
    """

    asset: Array  # (S,), code of the asset at which a salvo aims; -1: none, or decoys
    spared: Array  # (S,), probability that one leaker spares an aim point
    aim_points: Array  # (A,)
    values: Array  # (A,)

    @property
    def is_aimed(self) -> Array:
        """Whether each salvo (S) aims at each asset (S, A)."""
        found: Array = self.asset[:, np.newaxis] == np.arange(self.values.size)
        return found

    def hits(self, leaked: Array) -> Array:
        """Hits (R, A) from the leakers of salvos (R, S)."""
        found: Array = leaked @ self.is_aimed.astype(leaked.dtype)
        return found

    def damage(self, leaked: Array) -> Array:
        """Expected shares of aim points destroyed (R, A), given the leakers of salvos (R, S)."""
        spared = np.ones((len(leaked), self.values.size))
        for salvo, asset in enumerate(self.asset):
            if asset >= 0:
                spared[:, asset] *= _powers(self.spared[salvo], leaked[:, salvo])
        return np.rint((1.0 - spared) * DAMAGE_UNIT) / DAMAGE_UNIT

    def value_lost(self, damage: Array) -> Array:
        """Values lost (R, A) with damage to whole assets."""
        unit = value_unit(self.values)
        return np.rint(self.values * damage * unit) / unit

    def of(self, leaked: Array) -> dict[str, Array]:
        """The variables `hits`, `damage` and `value_lost` (R, A) from leakers (R, S)."""
        damage = self.damage(leaked)
        return {
            "hits": self.hits(leaked),
            "damage": damage,
            "value_lost": self.value_lost(damage),
        }


def value_unit(values: Array) -> float:
    """Factor, a power of 2, by which value lost becomes whole: up to 2**40 for all assets."""
    return float(np.ldexp(1.0, BITS - int(np.frexp(np.sum(values))[1])))


def aims_of(scenario: Scenario) -> Aims:
    """The assets of a scenario, and the salvos that aim at them."""
    codes = {asset.name: code for code, asset in enumerate(scenario.assets)}
    threats = {threat.name: threat for threat in scenario.threats}
    asset, spared = [], []
    for salvo in scenario.salvos:
        threat, code = threats[salvo.threat], codes.get(salvo.target or "", -1)
        code = -1 if threat.decoy else code
        own = scenario.assets[code] if code >= 0 else None
        asset.append(code)
        lethality = threat.lethality * (1.0 - own.hardness) if own else 0.0
        spared.append(1.0 - lethality / own.aim_points if own else 1.0)
    return Aims(
        np.array(asset, np.int64),
        np.array(spared, np.float64),
        np.array([own.aim_points for own in scenario.assets], np.int64),
        np.array([own.value for own in scenario.assets], np.float64),
    )


def _powers(base: float, exponents: Array) -> Array:
    """Powers of a number: products in a fixed order, so the same bits for any other exponents."""
    factors = np.full(int(exponents.max(initial=0)) + 1, base)
    factors[0] = 1.0
    found: Array = np.cumprod(factors)[exponents]
    return found
