"""A small generated scene."""

from __future__ import annotations

import dataclasses

import pytest
from htd_scenes import RECIPE

from rsbench.datasets.targets.synthetic_htd import SyntheticHTD


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> SyntheticHTD:
    monkeypatch.setattr(SyntheticHTD, "recipe", dataclasses.replace(RECIPE, targets=15))
    return SyntheticHTD()
