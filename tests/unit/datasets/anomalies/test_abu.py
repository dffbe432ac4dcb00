"""The thirteen scenes of ABU."""

from __future__ import annotations

from pathlib import Path

import pytest
from htd_scenes import MAP, SCENE
from scipy.io import savemat

from rsbench import datasets
from rsbench.datasets.anomalies import abu
from rsbench.errors import RsbenchError


def test_there_are_thirteen_each_with_its_own_facts() -> None:
    assert len(abu.SCENES) == 13 and datasets.families() == {"abu": tuple(abu.SCENES)}
    assert len({kind.title for kind in abu.SCENES.values()}) == len({kind.layout for kind in abu.SCENES.values()}) == 13
    assert all(kind.name == name and kind.name in kind.layout for name, kind in abu.SCENES.items())


@pytest.mark.parametrize("place", ["ABU/abu-urban-5.mat", "abu-urban-5.mat"])
def test_a_scene_is_found_by_its_file(place: str, tmp_path: Path) -> None:
    (tmp_path / place).parent.mkdir(exist_ok=True)
    savemat(tmp_path / place, {"data": SCENE, "map": MAP})
    survey = datasets.get("abu-urban-5").survey(tmp_path)
    assert survey.where == tmp_path / place and survey.inputs == {"bands": 15}
    with pytest.raises(RsbenchError, match=r'"abu-urban-4" .* was not found'):
        datasets.get("abu-urban-4").survey(tmp_path)


def test_sizes_are_declared_where_they_are_known(tmp_path: Path) -> None:
    known = datasets.get("abu-beach-2").declared(tmp_path)
    assert known is not None and known.inputs == {"bands": 193} and known.contents == "100 x 100 pixels, 193 bands"
    assert known.train_samples("official", 0) == 9_500
    assert datasets.get("abu-beach-4").declared(tmp_path) is None


def test_the_family_is_no_data_set() -> None:
    with pytest.raises(RsbenchError, match='"abu" stands for 13 data sets: name one of abu-airport-1, abu-airport-2'):
        datasets.get("abu")


@pytest.mark.real_data
@pytest.mark.parametrize("name", [name for name, kind in abu.SCENES.items() if kind.size])
def test_declared_sizes_are_those_of_the_files(name: str, real_data: Path) -> None:
    if not (real_data / "ABU" / f"{name}.mat").is_file():
        pytest.skip(f"no {name} below {real_data}")
    dataset = datasets.get(name)
    declared = dataset.declared(real_data)
    assert declared is not None and declared.contents == dataset.survey(real_data).contents == dataset.contents
