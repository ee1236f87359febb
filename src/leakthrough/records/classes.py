"""Classes of threats in the record, and the date at which its bulletins changed."""

from datetime import date

CLASSES = (
    "drone",
    "cruise missile",
    "ballistic missile",
    "air-launched ballistic missile",
    "other",
    "mixed",
)
"""In this order everywhere; `mixed` is a row that joins several classes."""

MERGED = date(2025, 7, 24)
"""From this bulletin on, hard and soft kills are reported as one number."""

_CRUISE = """
3M22 Zircon|Banderol|Iskander-K|Kalibr|P-800 Oniks|X-101/X-555|X-22|X-31|X-31P|X-31PD|X-32|X-35
X-59|X-59/X-69|X-59MK2|X-69
"""
_BALLISTIC = """
Ballistic Missile|Unknown Ballistic Missile|Intercontinental Ballistic Missile|Iskander-M
Iskander-M/KN-23|KN-23
"""
_OTHER = """
Aerial Bomb|C-300|C-300/C-400|C-400|Eleron|Forpost|GBU|Granat-4|Kub|Lancet|Merlin-VR|Mohajer-6
Orion|Orlan-10|Orlan-30|Reconnaissance UAV|Supercam|Unknown Missile|Unknown UAV|ZALA|Картограф
Молнія|Привет-82|Фенікс
"""
# Cruise missiles are those of the weapon catalogue of the data set, supersonic ones included.
# Drones are long-range one-way attack drones and their decoys: of all others the bulletins mostly
# count those shot down, so their "launched" has no meaning.
MODELS = {
    "Shahed-136/131": "drone",
    "X-47 Kinzhal": "air-launched ballistic missile",
    **{
        name: kind
        for kind, names in (
            ("cruise missile", _CRUISE),
            ("ballistic missile", _BALLISTIC),
            ("other", _OTHER),
        )
        for name in names.strip().replace("\n", "|").split("|")
    },
}
"""Class of each known model in the data set."""


def parts_of(model: str) -> list[str]:
    """Models that are joined in one row."""
    return model.split(" and ")


def class_of(model: str) -> str:
    """Class of a model, or of several joined by "and".

    Joined models of one class have that class; of two classes, `mixed`. `other` is ignored when
    joined: the bulletins of 2026 count surface-to-air missiles fired at the ground with ballistic
    ones.
    """
    found = {MODELS.get(part, "other") for part in parts_of(model)}
    known = sorted(found - {"other"}) or ["other"]
    return known[0] if len(known) == 1 else "mixed"
