"""Classes of threats in the record, and the date at which its bulletins changed."""

import re
import unicodedata
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

_NAMES = {
    "drone": """
Shahed-136/131|Shahed-131/136|Shahed|Shahed-107|Shahed-131|Shahed-136|Shahed-238|Geran|Geran-1
Geran-2|Geran-3|Gerbera|Шахед|Шахед-131|Шахед-136|Шахед-136/131|Шахед-131/136|Герань|Герань-1
Герань-2|Герань-3|Гербера
""",
    "cruise missile": """
3M22 Zircon|Zircon|Tsirkon|Banderol|Iskander-K|Kalibr|3M14 Kalibr|P-800 Oniks|Oniks|X-101/X-555
X-101/555|X-101/55|X-101|X-55|X-555|X-22|X-31|X-31P|X-31PD|X-32|X-35|X-59|X-59/X-69|X-59/69|X-59MK2|X-69
3M22 Циркон|Циркон|Іскандер-К|Искандер-К|Калібр|Калибр|П-800 Онікс|Онікс|Оникс
""",  # noqa: RUF001
    "ballistic missile": """
Ballistic Missile|Unknown Ballistic Missile|Intercontinental Ballistic Missile|Iskander-M
Iskander-M/KN-23|KN-23|Hwasong-11|Іскандер-М|Искандер-М
""",  # noqa: RUF001
    "air-launched ballistic missile": """
X-47 Kinzhal|X-47M2 Kinzhal|X-47|X-47M2|Kinzhal|X-47 Кинджал|X-47M2 Кинджал|Кинджал|Кинжал
""",
    "other": """
Aerial Bomb|C-300|C-300/C-400|C-300/400|C-400|Eleron|Forpost|GBU|Granat-4|KAB|КАБ|Kub|Lancet|Ланцет
Merlin-VR|Mohajer-6|Orion|Orlan-10|Orlan-30|Reconnaissance UAV|Supercam|Unknown Missile|Unknown UAV
ZALA|Картограф|Kartograf|Молнія|Молния|Molniya|Привет-82|Privet-82|Фенікс|Feniks
""",
}
# Cruise missiles are those of the weapon catalogue of the data set, supersonic ones included.
# Drones are long-range one-way attack drones and their decoys: of all others the bulletins mostly
# count those shot down, so their "launched" has no meaning.
_LOOK_ALIKES = str.maketrans("авеікмнорстух", "abeikmhopctyx")
_JOINT = re.compile(r"\s+(?:and|та|і|и)\s+|\s*[&+,;]\s*", re.IGNORECASE)  # noqa: RUF001


def _key(name: str) -> str:
    """A model's name in one spelling: without signs and case, Cyrillic look-alikes as Latin.

    The letters of Soviet names are written by sound too: Kh-101 is X-101, and S-300 is C-300.
    """
    folded = unicodedata.normalize("NFKC", name).casefold().translate(_LOOK_ALIKES)
    letters = re.sub(r"[\W_]", "", re.sub(r"\bkh(?=\W*\d)", "x", folded))
    return re.sub(r"s(?=[34]00)", "c", letters)


_MODELS = {
    _key(name): kind
    for kind, names in _NAMES.items()
    for name in names.strip().replace("\n", "|").split("|")
}


def _classes(part: str) -> set[str]:
    """Class of a model, or of several with slashes between them; empty if one is unknown."""
    names = [part] if _key(part) in _MODELS else part.split("/")
    found = {_MODELS.get(_key(name), "") for name in names}
    return set() if "" in found else found


def unknown_in(model: str) -> set[str]:
    """Models in a row that have no class."""
    return {part for part in _JOINT.split(model) if not _classes(part)}


def class_of(model: str) -> str:
    """Class of a model, or of several that are joined.

    Joined models of one class have that class; of two classes, `mixed`. `other` is ignored when
    joined: the bulletins of 2026 count surface-to-air missiles fired at the ground with ballistic
    ones. A model that is not known is `other`.
    """
    found = set().union(*(_classes(part) for part in _JOINT.split(model)))
    known = sorted(found - {"other"}) or ["other"]
    return known[0] if len(known) == 1 else "mixed"
