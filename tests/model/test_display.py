"""The displays of a scenario and a campaign."""

import math

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
    assert "1,200 sam (3 kept, 2 x 4 reloaded)" in text


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


def test_a_campaign_shows_its_first_raid_its_defence_and_its_stocks() -> None:
    wave = lt.Salvo(name="wave", threat="drone", count=7, arrival=lt.At(time=0))
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
        sizes={"wave": stats.gamma(3.0)},
        stocks=[stock],
    )
    text = str(campaign)
    assert text.splitlines()[:2] == ["a month", "2 raids, 86,400 s apart"]
    assert cells(text, "wave") == ["wave", "drone", "at 0", "drawn"]
    assert cells(text, "other") == ["other", "drone", "at 0", "8"]
    assert cells(text, "far")[2] == "endless sam"
    assert cells(text[text.index("Stocks") :], "sam") == ["sam", "1,000", "2", "1", "gamma"]
    assert campaign._repr_html_().count("<table>") == 6


def test_lines_are_not_too_long() -> None:
    long = lt.Salvo(name="w" * 120, threat="drone", count=1, arrival=lt.At(time=0))
    assert max(map(len, str(scenario(long)).splitlines())) <= 100
