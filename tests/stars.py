"""Stars: assets so far from each other that each has a raid and a defence of its own.

A threat is engaged once by rounds for all, so the leakers of a salvo are binomial.
"""

from collections.abc import Mapping

from raids import battery, gun, layer, salvo

import leakthrough as lt

FAR = 1e6
"""Distance between neighbours [m]."""
LEAK, LETHALITY = 0.4, 0.8


def star(counts: Mapping[str, int], assets: Mapping[str, lt.Asset] | None = None) -> lt.Scenario:
    """A scenario with an asset for each name, and a salvo of that many threats at each.

    The assets of these names replace those with 1, 3, 5, ... aim points and the values 1, 2, 3, ...
    """
    defended = [
        lt.Asset(name=name, position=(0.0, 0.0), value=n + 1.0, aim_points=2 * n + 1)
        for n, name in enumerate(counts)
    ]
    defended = [(assets or {}).get(asset.name, asset) for asset in defended]
    positions = {name: (FAR * n, 0.0) for n, name in enumerate(counts)}
    own = battery(channels=10_000, doctrine=lt.Doctrine(max_salvos=1))
    return lt.Scenario(
        name="star",
        threats=[lt.Threat(name="t", speed=100.0, lethality=LETHALITY)],
        interceptors=[gun(kills=1.0 - LEAK)],
        assets=[lt.Asset(**{**vars(own), "position": positions[own.name]}) for own in defended],
        salvos=[
            salvo(f"at {name}", count, target=name, bearing=0.0) for name, count in counts.items()
        ],
        layers=[
            layer(
                f"L {name}",
                lt.Battery(**{**vars(own), "name": f"B {name}"}),
                position=positions[name],
            )
            for name in counts
        ],
    )
