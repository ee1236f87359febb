"""The displays of a scenario and a campaign."""

import inspect
import math
import pydoc
from typing import Any

import pytest
from raids import api_example
from scipy import stats

import leakthrough as lt

ARRIVALS = [
    (lt.At(time=900), "at 900"),
    (lt.Uniform(start=0, stop=1800), "from 0 to 1,800"),
    (lt.Regular(start=-5, interval=2.5), "from -5, every 2.500"),
    (lt.Poisson(start=0, rate=0.5), "from 0, 0.5000 a second"),
    (lt.Times(times=[1.0, 2.0]), "at stated times"),
    (stats.norm(100, 5), "drawn, norm"),
]


def scenario(
    *salvos: lt.Salvo, axes: tuple[str, ...] = (), magazine: lt.Magazine | None = None
) -> lt.Scenario:
    """Two layers, of which one has no battery."""
    sam = lt.Magazine(interceptor="sam", rounds=math.inf)
    battery = lt.Battery(
        name="site", count=2, reaction_time=1.0, magazines=[magazine or sam], axes=axes
    )
    return lt.Scenario(
        name="a <b> & c",
        threats=[lt.Threat(name="drone", speed=50.0)],
        interceptors=[lt.Interceptor(name="sam", kill_probability={"drone": 0.5})],
        salvos=salvos,
        layers=[
            lt.Layer(name="near", outer_range=2e3),
            lt.Layer(name="far", outer_range=9e3, batteries=[battery]),
        ],
    )


def cells(text: str, begin: str) -> list[str]:
    """The columns of the line with this beginning."""
    [line] = [line for line in text.splitlines() if line.startswith(begin)]
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


@pytest.mark.parametrize(("arrival", "said"), ARRIVALS)
def test_a_salvo_says_when_it_arrives(arrival: lt.At, said: str) -> None:
    text = str(scenario(lt.Salvo(name="wave", threat="drone", count=2, arrival=arrival)))
    assert "axis" not in text
    assert cells(text, "wave") == ["wave", "drone", said, "2"]


def test_a_scenario_is_summed_up() -> None:
    text = str(scenario())
    assert text.splitlines()[:2] == [
        "a <b> & c",
        "0 threats in 0 salvos against 2 batteries in 2 layers",
    ]
    assert "Raid\nnone" in text
    assert text.index("far") < text.index("near")
    assert cells(text, "near") == ["near", "-", "-", "2,000", "0", "-", "-"]
    assert cells(text, "far") == ["far", "site", "endless sam", "9,000", "0", "2", "1"]
    assert cells(text, "site") == ["site", "1", "1", "0"]
    assert cells(text, "sam") == ["sam", "drone", "0.5000", "0", "-"]
    assert cells(text, "drone") == ["drone", "50", "0", "-"]


def test_times_costs_and_kill_probabilities_are_shown() -> None:
    text = str(api_example().replace("threats.drone.decoy", True))
    assert cells(text, "drone (decoy)") == ["drone (decoy)", "50", "0", "35,000"]
    assert cells(text, "ballistic") == ["ballistic", "1,500", "1", "3.000 M"]
    assert cells(text, "SAM") == ["SAM", "2 at ballistic, 1 at others", "8", "4"]
    guns = ["gun burst", "drone", "0.4000", "3", "1,000"]
    assert cells(text, "gun burst") == guns
    drawn = api_example().replace("interceptors.gun burst.flight_time", stats.expon(scale=3.0))
    free = str(drawn.replace("interceptors.gun burst.cost", 0.0))
    assert cells(free, "gun burst") == [*guns[:3], "expon(scale=3)", "0"]
    without = str(drawn.replace("interceptors.gun burst.kill_probability", {}))
    assert cells(without, "gun burst") == ["gun burst", "-", "-", "expon(scale=3)", "1,000"]


def test_axes_and_targets_are_shown_where_there_are_any() -> None:
    salvo = lt.Salvo(
        name="wave",
        threat="drone",
        count=1,
        arrival=lt.At(time=0),
        axis="north",
        target="site-1",
    )
    text = str(scenario(salvo, axes=("north",)))
    assert cells(text, "salvo") == ["salvo", "threat", "arrives [s]", "axis", "aims at", "count"]
    assert cells(text, "wave") == ["wave", "drone", "at 0", "north", "site-1", "1"]


def test_a_magazine_says_what_it_keeps_and_reloads() -> None:
    magazine = lt.Magazine(
        interceptor="sam", rounds=1200, reserved=3, reload_rounds=4, reloads=2, reload_time=60.0
    )
    text = str(scenario(magazine=magazine))
    assert "1,200 sam (3 kept, 2 x 4 reloaded in 60 s)" in text


def test_a_notebook_gets_escaped_tables() -> None:
    salvo = lt.Salvo(name="<wave>", threat="drone", count=1, arrival=lt.At(time=0))
    shown = scenario(salvo)._repr_html_()
    assert "<strong>a &lt;b&gt; &amp; c</strong>" in shown
    assert "<td>&lt;wave&gt;</td><td>drone</td><td>at 0</td><td>1</td>" in shown
    assert "<td>endless sam</td>" in shown
    assert shown.count("<table>") == shown.count("</table>") == 5
    assert scenario()._repr_html_().count("<table>") == 4


def test_no_more_rows_than_one_can_read() -> None:
    salvos = [
        lt.Salvo(name=f"wave {i}", threat="drone", count=1, arrival=lt.At(time=0))
        for i in range(23)
    ]
    many = scenario(*salvos)
    assert "wave 19" in str(many)
    assert "wave 20" not in str(many)
    assert "... and 3 more, in the document" in str(many)
    assert "... and 3 more, in the document" in many._repr_html_()
    assert "wave 20" not in many._repr_html_()


def test_a_campaign_shows_its_raids_its_defence_and_its_stocks() -> None:
    count = stats.gamma(3.0)
    wave = lt.Salvo(name="wave", threat="drone", count=count, arrival=lt.At(time=0))
    other = lt.Salvo(name="other", threat="drone", count=8, arrival=lt.At(time=0))
    stock = lt.Stock(
        interceptor="sam",
        rounds=1000,
        rate=2 / 86_400,
        deliveries=[lt.Delivery(time=0.0, rounds=5)],
        replenishment=stats.gamma(2.0),
    )
    campaign = lt.Campaign(
        name="a month",
        scenario=scenario(),
        raids=[[wave, other], [other]],
        interval=86_400.0,
        stocks=[stock],
    )
    text = str(campaign)
    assert text.splitlines()[:2] == ["a month", "2 raids, 86,400 s apart"]
    assert cells(text, "wave") == ["wave", "drone", "at 0", "gamma(a=3)"]
    assert cells(text, "other") == ["other", "drone", "at 0", "8"]
    assert cells(text, "1  ") == ["1", "wave; 8 other"]
    assert cells(text, "2  ") == ["2", "8 other"]
    assert cells(text, "far")[2] == "endless sam"
    assert cells(text[text.index("Stocks") :], "sam") == ["sam", "1,000", "2", "1", "gamma"]
    assert campaign._repr_html_().count("<table>") == 7


def test_a_campaign_shows_every_raid() -> None:
    def waves(*counts: int) -> list[lt.Salvo]:
        return [
            lt.Salvo(name=f"wave {n}", threat="drone", count=count, arrival=lt.At(time=0))
            for n, count in enumerate(counts)
        ]

    raids = [waves(7), waves(7), waves(9), waves(7, 3), waves(7), waves()]
    fields = {"name": "c", "scenario": scenario(*waves(5)), "interval": 86_400.0}
    text = str(lt.Campaign(raids=raids, **fields))
    assert cells(text, "wave 0") == ["wave 0", "drone", "at 0", "7 to 9"]
    assert cells(text, "wave 1") == ["wave 1", "drone", "at 0", "3"]
    assert cells(text, "1 to 2, 5") == ["1 to 2, 5", "7 wave 0"]
    assert cells(text, "4  ") == ["4", "7 wave 0; 3 wave 1"]
    assert cells(text, "6  ") == ["6", "-"]
    many = lt.Campaign(raids=[waves(n) for n in range(60)], **fields)
    assert cells(str(many), "60  ") == ["60", "59 wave 0"]
    assert "<td>60</td><td>59 wave 0</td>" in many._repr_html_()
    same = str(lt.Campaign(raids=8, **fields))
    assert "Each raid\n" in same
    assert cells(same, "wave 0") == ["wave 0", "drone", "at 0", "5"]


PARTS = [part for part in map(lt.__dict__.get, lt.__all__) if hasattr(part, "model_fields")]


@pytest.mark.parametrize("part", PARTS)
def test_help_begins_with_what_a_part_is(part: Any) -> None:
    lines = pydoc.plain(pydoc.render_doc(part)).splitlines()
    first = (part.__doc__ or "").splitlines()[0]
    # Python 3.13 shows a long signature with a line for each field.
    signature = lines[3 : lines.index(f" |  {first}") - 1]
    assert len(signature) in (1, len(part.model_fields) + 3)
    assert len("".join(signature)) < 400
    taken = inspect.signature(part).parameters
    assert [*taken] == [*part.model_fields]
    assert all(own.kind is own.KEYWORD_ONLY for own in taken.values())
    required = {name for name, own in taken.items() if own.default is own.empty}
    assert required == {name for name, own in part.model_fields.items() if own.is_required()}


def test_a_part_is_shown_by_its_fields_that_differ_from_the_defaults() -> None:
    magazine = lt.Magazine(interceptor="sam", rounds=24, reserved=8)
    battery = lt.Battery(name="site", magazines=[magazine], reaction_time=stats.gamma(2.0))
    assert repr(battery) == str(battery)
    assert repr(battery) == (
        "Battery(name='site', magazines=(Magazine(interceptor='sam', rounds=24, reserved=8),), "
        "reaction_time=Distribution(dist='gamma', parameters={'a': 2.0}))"
    )
    assert eval(repr(magazine), {"Magazine": lt.Magazine}) == magazine  # noqa: S307
    assert repr(lt.Doctrine()) == "Doctrine()"


def test_a_large_part_is_cut_to_a_screen() -> None:
    batteries = [lt.Battery(name=f"b{n}" * 40) for n in range(500)]
    layer = lt.Layer(name="n" * 200, outer_range=2e3, batteries=batteries)
    text = repr(layer)
    assert len(text) < 1200
    assert text.startswith("Layer(name='nnn")
    assert "batteries=(Battery(name='b0b0" in text
    assert "…" in text


def test_lines_are_not_too_long() -> None:
    long = lt.Salvo(name="w" * 120, threat="drone", count=1, arrival=lt.At(time=0))
    assert max(map(len, str(scenario(long)).splitlines())) <= 100
