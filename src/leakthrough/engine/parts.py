"""Parts of a scenario: what becomes a record, with its codes and links.

`lower_raid` determines the parts, and `lower_parts` computes the fields of records from them.
"""

from typing import NamedTuple

from leakthrough.engine.labels import Unit
from leakthrough.model.defence import Interceptor, KillProbability, Layer
from leakthrough.model.distributions import Distribution
from leakthrough.model.geometry import Path, Window
from leakthrough.model.magazines import Magazine
from leakthrough.model.places import Asset
from leakthrough.model.pools import Pool
from leakthrough.model.scenario import Salvo, Threat


class SalvoPart(NamedTuple):
    """A salvo and its codes; `number` is the largest number of threats if that is drawn."""

    code: int
    salvo: Salvo
    threat: Threat
    threat_code: int
    number: int
    first: int
    pairings: int
    first_fired: int
    path: Path
    priority: int
    legs: range
    strike: int  # -1 if it aims at no asset, and for decoys


class LandingPart(NamedTuple):
    """A salvo that aims at a battery."""

    salvo: SalvoPart
    battery: int


class StrikePart(NamedTuple):
    """A salvo that aims at an asset."""

    salvo: SalvoPart
    asset_code: int
    asset: Asset


class AssetPart(NamedTuple):
    """An asset, and its first aim point among those of all assets."""

    asset: Asset
    first_aim_point: int


class AimPointPart(NamedTuple):
    """One of the equal parts of an asset."""

    asset: int


class WindowPart(NamedTuple):
    """A pass of a salvo's threats through the reach of a layer."""

    salvo: SalvoPart
    layer: Layer
    layer_code: int
    number: int  # of the pass, from 0
    passes_left: int
    window: Window
    pairings: range
    delay_drawn: bool  # whether any battery that may engage in it draws its times


class LayerPart(NamedTuple):
    """A layer, its command, and the first image of a threat that the command has."""

    code: int
    layer: Layer
    command: int
    first_image: int
    tracker: int  # -1 if it can hold any number of threats
    first_battery: int


class TrackerPart(NamedTuple):
    """A layer that can hold only so many threats at a time."""

    layer: int
    tracks: int
    lines: range
    first_track: int


class LinePart(NamedTuple):
    """A window of such a layer."""

    window: int


class BatteryPart(NamedTuple):
    """A single battery, and its ranges in the lists of magazines and urgencies."""

    code: int
    unit: Unit
    group: int
    magazines: range
    urgencies: range
    launches: range  # in the list of launches, if it has an interval
    pool: int  # -1: none
    flight_drawn: bool
    varying: bool  # whether flight or kill probability depend on where the threat is


class PoolPart(NamedTuple):
    """Channels that batteries share, and the range of these batteries in the list of members."""

    pool: Pool
    members: range


class PairingPart(NamedTuple):
    """A battery and a salvo that it may engage."""

    code: int
    salvo: SalvoPart
    battery: int
    unit: Unit
    window: int
    slot: int
    preferences: range
    first_image: int


class MagazinePart(NamedTuple):
    """A magazine of a single battery."""

    code: int
    magazine: Magazine
    interceptor: Interceptor
    interceptor_code: int
    battery: int
    unit: Unit
    kill_chances: int
    depot: int  # -1: none
    fireable: range
    reload_time: int  # among those that are drawn; -1: it is not


class KillPart(NamedTuple):
    """An interceptor and a threat class."""

    interceptor: str
    threat: str
    chance: KillProbability
    distances: range


class DistancePart(NamedTuple):
    """A distance at which a kill probability is given."""

    distance: float
    chance: float | Distribution


class ReachPart(NamedTuple):
    """When a magazine may be fired at the threats of a salvo in a window, where that varies."""

    spans: range
    by_launch: bool
