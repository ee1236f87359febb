"""Files: round trips, and explanations of unreadable files."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from raids import api_example
from scipy import stats

from leakthrough.model.arrivals import At, Poisson, Regular, Times, Uniform
from leakthrough.model.defence import Battery, Doctrine, Interceptor, Layer, Sensor
from leakthrough.model.documents import from_document
from leakthrough.model.errors import ScenarioError, name_fault
from leakthrough.model.loading import load_scenario
from leakthrough.model.magazines import Magazine
from leakthrough.model.scenario import Salvo, Scenario, Threat

MINIMAL: dict[str, Any] = {"name": "empty", "threats": []}

NAMES = st.text(min_size=1, max_size=12).filter(lambda name: not name_fault(name))
SHARES = st.floats(0, 1)
TIMES = st.floats(0, 1e9)
ARRIVALS = st.one_of(
    st.builds(At, time=st.floats(-1e9, 1e9)),
    st.builds(Times, times=st.lists(st.floats(-1e9, 1e9), min_size=7, max_size=7)),
    st.builds(Uniform, start=st.floats(-1e9, 0), stop=TIMES),
    st.builds(Regular, start=st.floats(-1e9, 1e9), interval=st.floats(0, 1e8)),
    st.builds(Poisson, start=st.floats(-1e9, 1e9), rate=st.floats(1e-7, 1e9)),
    st.builds(stats.norm, loc=st.floats(-1e6, 1e6), scale=st.floats(0.1, 1e6)),
)
UNCERTAIN_SHARES = SHARES | st.builds(stats.beta, st.floats(0.1, 99), st.floats(0.1, 99))
UNCERTAIN_TIMES = TIMES | st.builds(stats.lognorm, st.floats(0.1, 3), scale=st.floats(0.1, 99))


def shares(draw: st.DrawFn, names: list[str], values: st.SearchStrategy[Any]) -> dict[str, Any]:
    return draw(st.dictionaries(st.sampled_from(names), values, max_size=3))


def distinct(draw: st.DrawFn, least: int, most: int) -> list[str]:
    return draw(st.lists(NAMES, min_size=least, max_size=most, unique=True))


def magazine(draw: st.DrawFn, interceptor: str) -> Magazine:
    return Magazine(
        interceptor=interceptor,
        rounds=draw(st.integers(0, 10**9) | st.just(float("inf"))),
        reserved=draw(st.integers(0, 10**9)),
        reload_rounds=draw(st.integers(1, 10**9)),
        reload_time=draw(UNCERTAIN_TIMES),
        reloads=draw(st.integers(0, 10**6)),
    )


def battery(draw: st.DrawFn, name: str, threats: list[str], interceptors: list[str]) -> Battery:
    held = draw(st.lists(st.sampled_from(interceptors), unique=True))
    sizes = st.integers(1, 1000)
    return Battery(
        name=name,
        channels=draw(st.integers(1, 10**9)),
        magazines=[magazine(draw, interceptor) for interceptor in held],
        reaction_time=draw(st.floats(1, 1e9)),
        assessment_time=draw(UNCERTAIN_TIMES),
        false_kill=draw(SHARES),
        doctrine=Doctrine(
            salvo_size=draw(sizes | st.dictionaries(st.sampled_from(threats), sizes)),
            max_salvos=draw(st.none() | st.integers(1, 10**6)),
            order=draw(st.sampled_from(["deadline", "arrival"])),
            preference=shares(draw, threats, st.permutations(held)),
        ),
    )


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    threats, interceptors = distinct(draw, 1, 3), distinct(draw, 1, 2)
    batteries = iter(distinct(draw, 2, 2))
    return Scenario(
        name=draw(NAMES),
        threats=[
            Threat(name=name, speed=draw(st.floats(0.1, 1e5)), decoy=draw(st.booleans()))
            for name in threats
        ],
        interceptors=[
            Interceptor(
                name=name,
                kill_probability=shares(draw, threats, UNCERTAIN_SHARES),
                flight_time=draw(UNCERTAIN_TIMES),
            )
            for name in interceptors
        ],
        salvos=[
            Salvo(
                name=name,
                threat=draw(st.sampled_from(threats)),
                count=7,
                arrival=draw(ARRIVALS),
                axis=draw(st.none() | NAMES),
            )
            for name in distinct(draw, 0, 2)
        ],
        layers=[
            Layer(
                name=name,
                outer_range=draw(st.floats(1e4, 2e7)),
                inner_range=draw(st.floats(0, 1e4)),
                batteries=[battery(draw, next(batteries), threats, interceptors)],
                sensor=Sensor(detection=shares(draw, threats, SHARES)),
                soft_kill=shares(draw, threats, SHARES),
            )
            for name in distinct(draw, 0, 2)
        ],
    )


@settings(max_examples=60, deadline=None, derandomize=True)
@given(scenario=scenarios())
def test_what_is_written_is_what_is_read(
    scenario: Scenario, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for suffix in ("toml", "json"):
        path = tmp_path_factory.getbasetemp() / f"round trip.{suffix}"
        scenario.save(path)
        again = load_scenario(path)
        assert again == scenario
        assert again.digest == scenario.digest
    assert from_document(Scenario, scenario.document()) == scenario


def test_a_file_says_no_more_than_it_must(tmp_path: Path) -> None:
    scenario = Scenario(
        name="n",
        threats=[Threat(name="drone", speed=50, priority=0)],
        interceptors=[Interceptor(name="i", kill_probability={"drone": stats.beta(2, 5)})],
        salvos=[Salvo(name="s", threat="drone", count=1, arrival=At(time=-0.0))],
        layers=[
            Layer(
                name="area",
                outer_range=9,
                batteries=[
                    Battery(
                        name="b",
                        reaction_time=1,
                        magazines=[Magazine(interceptor="i", rounds=float("inf"))],
                    )
                ],
            )
        ],
    )
    document = {
        "name": "n",
        "threats": [{"name": "drone", "speed": 50.0}],
        "interceptors": [
            {"name": "i", "kill_probability": {"drone": {"dist": "beta", "a": 2.0, "b": 5.0}}}
        ],
        "salvos": [
            {"name": "s", "threat": "drone", "count": 1, "arrival": {"kind": "at", "time": 0.0}}
        ],
        "layers": [
            {
                "name": "area",
                "outer_range": 9.0,
                "batteries": [
                    {
                        "name": "b",
                        "magazines": [{"interceptor": "i", "rounds": "infinite"}],
                        "reaction_time": 1.0,
                    }
                ],
            }
        ],
    }
    assert scenario.document() == document
    scenario.save(tmp_path / "s.toml")
    scenario.save(tmp_path / "s.json")
    assert tomllib.loads((tmp_path / "s.toml").read_text()) == document
    assert json.loads((tmp_path / "s.json").read_text()) == document


def test_the_digest_tells_scenarios_apart() -> None:
    scenario = from_document(Scenario, MINIMAL)
    assert scenario.digest == "36969877ac7a5fc66f8a797f6316bc84"
    assert scenario.replace("name", "other").digest != scenario.digest
    assert len(scenario.digest) == 32


def test_equal_scenarios_share_a_digest() -> None:
    threats = [{"name": name, "speed": 1} for name in ("a", "b")]
    one, other = (
        from_document(
            Scenario,
            {
                "name": "n",
                "threats": threats,
                "interceptors": [{"name": "i", "kill_probability": chances}],
            },
        )
        for chances in ({"a": 0, "b": 1}, {"b": 1.0, "a": -0.0})
    )
    assert one == other
    assert one.digest == other.digest


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("s.toml", b"name = ", "not TOML: Invalid value (at end of document)"),
        ("s.toml", b'name = "n"\nthreats = ]\n', "not TOML: Invalid value (at line 2, column 11)"),
        ("s.toml", b'name = "n"\nname = "n"\n', "not TOML: Cannot overwrite a value (at line 2"),
        ("s.json", b'{"name": \n x}', "not JSON: Expecting value (at line 2, column 2)"),
        ("s.json", b'{"name": 1, "name": 2}', "the field 'name' appears twice in one object"),
        ("s.json", b'{"rounds": Infinity}', 'Infinity is not JSON; write "infinite" for rounds'),
        ("s.json", b'{"rounds": NaN}', "NaN is not JSON"),
        ("s.json", b'{"rounds": 1e999}', "the number '1e999' is too large"),
        ("s.toml", b"rounds = 1e999", "the number '1e999' is too large"),
        ("s.json", b'{"n": 1' + b"0" * 5000 + b"}", "holds a whole number with too many digits"),
        ("s.toml", b"n = 1" + b"0" * 5000, "holds a whole number with too many digits"),
        ("s.toml", b'name = "\xff"', "not UTF-8 at byte 8"),
        ("s.json", b"\x80\x81", "not UTF-8 at byte 0"),
        ("s.json", b"[" * 100_000, "nested too deeply"),
        ("s.toml", b"a = " + b"[" * 100_000, "nested too deeply"),
        (
            "s.toml",
            b"a" + b".a" * 5_000 + b" = 1",
            "the dotted key at line 1 has more than 64 steps",
        ),
        ("s.json", b"[]", "must be a table with the fields of a scenario; got []"),
        ("s.json", b"", "not JSON: Expecting value (at line 1, column 1)"),
        ("s.toml", b"", "name: is missing\n  threats: is missing"),
        (
            "s.toml",
            b'name = "n"\nthreats = 1979-05-27',
            "threats: must be a list; got datetime.date",
        ),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    assert str(caught.value).startswith(f"in {path}:\n  {said}")


def test_a_missing_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_scenario(tmp_path / "none.toml")


def test_other_suffixes_are_refused(tmp_path: Path) -> None:
    said = r"must end in \.toml or \.json; got 's\.yaml'"
    with pytest.raises(ScenarioError, match=said):
        load_scenario(tmp_path / "s.yaml")
    with pytest.raises(ScenarioError, match=said):
        from_document(Scenario, MINIMAL).save(tmp_path / "s.yaml")


def test_paths_may_be_text_and_suffixes_in_capitals(tmp_path: Path) -> None:
    scenario = from_document(Scenario, MINIMAL)
    scenario.save(str(tmp_path / "S.JSON"))
    assert load_scenario(str(tmp_path / "S.JSON")) == scenario


def test_a_document_that_is_no_table() -> None:
    with pytest.raises(ScenarioError, match="must be a table"):
        from_document(Scenario, [])  # type: ignore[arg-type]


def test_a_save_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.toml"
    from_document(Scenario, MINIMAL).save(path)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        from_document(Scenario, {**MINIMAL, "name": "other"}).save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_save_keeps_the_permissions_and_the_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target.toml", tmp_path / "link.toml"
    target.touch(0o640)
    target.chmod(0o640)
    link.symlink_to(target)
    from_document(Scenario, MINIMAL).save(link)
    assert link.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o640
    assert load_scenario(target).name == "empty"


def test_a_key_of_many_steps_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    file = tmp_path / "deep.toml"
    for key in (
        ".".join("a" * 20_000),
        " . ".join(["a", '"b c"', "'d'"] * 100),
        "x = { a" + ".b" * 99,
    ):
        file.write_text(f"name = 'x'\n{key} = 1\n", encoding="utf-8")
        with pytest.raises(ScenarioError, match="dotted key at line 2 has more than 64 steps"):
            load_scenario(file)
    for harmless in ("x" + ".y" * 63, f"x = [{'0.5, ' * 500}]", "x = 'w. w. w. '", "w" * 100_000):
        file.write_text(f"{harmless} = 1\n", encoding="utf-8")
        with pytest.raises(ScenarioError) as error:
            load_scenario(file)
        assert "dotted" not in str(error.value)


def test_the_text_of_an_error_is_bounded() -> None:
    threats = [{"name": f"t{n}", "speed": -1.0} for n in range(1000)]
    with pytest.raises(ScenarioError, match="and 950 more mistakes") as error:
        from_document(Scenario, {"name": "x", "threats": threats})
    assert len(str(error.value)) < 5000
    assert len(error.value.mistakes) == 1000


THREATS = [{"name": f"dronx{n}", "speed": 50.0} for n in range(3000)]
AT: dict[str, Any] = {"kind": "at", "time": 0}
COSTLY: dict[str, tuple[dict[str, Any], str]] = {
    "a list of wrong times": (
        {
            "threats": THREATS[:1],
            "salvos": [
                {
                    "name": "s",
                    "threat": "dronx0",
                    "count": 200_000,
                    "arrival": {"kind": "times", "times": ["x"] * 200_000},
                }
            ],
        },
        "salvos.s.arrival.times.0: must be a number; got 'x'",
    ),
    "wrong fields": ({"threats": [{}] * 30_000}, "and more than 1,950 more mistakes"),
    "misspelt names": (
        {
            "threats": THREATS,
            "salvos": [
                {"name": f"s{n}", "threat": f"drome{n}", "count": 1, "arrival": AT}
                for n in range(3000)
            ],
        },
        "and more than 1,950 more mistakes",
    ),
}


@pytest.mark.parametrize("name", COSTLY)
def test_the_description_of_mistakes_is_bounded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The numbers of comparisons and of lines, since the time depends on the machine."""
    compared = 0

    def close(word: str, names: Any, **_: Any) -> list[str]:
        nonlocal compared
        compared += len(word) * sum(map(len, names))
        return []

    monkeypatch.setattr("difflib.get_close_matches", close)
    parts, text = COSTLY[name]
    with pytest.raises(ScenarioError) as error:
        Scenario(name="costly", **parts)
    assert text in str(error.value)
    assert len(error.value.mistakes) <= 4000
    assert compared < 1e8


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    for suffix in ("toml", "json"):
        path = tmp_path / f"marked.{suffix}"
        api_example().save(path)
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
        assert load_scenario(path) == api_example()
