"""Classes of models, in the spellings of people and programs."""

import pytest

from leakthrough.records.classes import CLASSES, class_of, unknown_in


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("Shahed-136/131", "drone"),
        ("Kalibr", "cruise missile"),
        ("X-101/X-555 and Kalibr and X-59/X-69", "cruise missile"),
        ("Iskander-M/KN-23", "ballistic missile"),
        ("X-47 Kinzhal", "air-launched ballistic missile"),
        ("Lancet", "other"),
        ("C-300", "other"),
        ("C-400 and Iskander-M", "ballistic missile"),
        ("Iskander-M and Iskander-K", "mixed"),
        ("X-47 Kinzhal and Iskander-M", "mixed"),
        # Older versions.
        ("KAB", "other"),
        ("X-22/X-32", "cruise missile"),
        ("X-22/X-31P", "cruise missile"),
        ("Iskander-M/KN-23/X-47 Kinzhal", "mixed"),
        ("Intercontinental ballistic missile", "ballistic missile"),
    ],
)
def test_classes_of_models(model: str, kind: str) -> None:
    assert class_of(model) == kind
    assert unknown_in(model) == set()
    assert kind in CLASSES


@pytest.mark.parametrize(
    ("spelling", "model"),
    [
        ("Х-101/Х-555", "X-101/X-555"),  # noqa: RUF001
        ("x101/x555", "X-101/X-555"),
        ("X–101 / X–555", "X-101/X-555"),  # noqa: RUF001
        ("Kh-101/Kh-555", "X-101/X-555"),
        ("KH 101/555", "X-101/X-555"),
        ("Х-101/Х-55", "X-101/X-555"),  # noqa: RUF001
        ("Kh‑101", "X-101/X-555"),  # noqa: RUF001
        ("Kh-47M2 Kinzhal", "X-47 Kinzhal"),
        ("Х-47М2 «Кинджал»", "X-47 Kinzhal"),  # noqa: RUF001
        ("KINZHAL", "X-47 Kinzhal"),
        ("ISKANDER M", "Iskander-M"),
        ("Iskander‐M", "Iskander-M"),  # noqa: RUF001
        ("Іскандер-М", "Iskander-M"),  # noqa: RUF001
        ("Iskander-М", "Iskander-M"),  # noqa: RUF001
        *((name, "C-300") for name in ("S-300", "С-300", "s300")),  # noqa: RUF001
        *((name, "C-300/C-400") for name in ("S-300/S-400", "C-300/400", "С-300 / С-400")),  # noqa: RUF001
        *(
            (name, "Shahed-136/131")
            for name in ("shahed 136/131", "Shahed-136", "Geran-2", "Шахед")
        ),
        *((name, "Kalibr") for name in ("KALIBR", "«Калібр»", "Ｋａｌｉｂｒ")),  # noqa: RUF001
        ("3М22 Циркон", "3M22 Zircon"),  # noqa: RUF001
        ("X-101/X-555, Kalibr", "X-101/X-555 and Kalibr"),
        ("Iskander-M & Iskander-K", "Iskander-M and Iskander-K"),
        ("Іскандер-М та Іскандер-К", "Iskander-M and Iskander-K"),  # noqa: RUF001
        ("C-400 + Iskander-M", "C-400 and Iskander-M"),
    ],
)
def test_spellings_of_models(spelling: str, model: str) -> None:
    assert class_of(spelling) == class_of(model)
    assert unknown_in(spelling) == set()


def test_models_that_are_alike_remain_different() -> None:
    assert class_of("Iskander-M") != class_of("Iskander-K")
    assert class_of("Kinzhal") != class_of("Kalibr")


def test_unknown_models_are_other() -> None:
    assert class_of("something new") == "other"
    assert unknown_in("Brand/9 and Kalibr, X-1") == {"Brand/9", "X-1"}
    assert class_of("Brand/9 and Kalibr") == "cruise missile"
