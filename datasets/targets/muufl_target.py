"""MUUFL Gulfport, the sub-scene with three marked targets that hsi_toolkit ships."""

from __future__ import annotations

from pathlib import Path

from rsbench.datasets import papers
from rsbench.datasets.base import not_found
from rsbench.datasets.targets.dataset import TargetDataset
from rsbench.datasets.targets.htd_mat import MatSource, open_mat
from rsbench.datasets.targets.source import TargetSurvey

HALO = 2
_FILE = "an_hsi_img_for_tgt_det_demo.mat"


class MUUFLTarget(TargetDataset):
    """36 x 36 pixels with three targets."""

    name = "muufl-target"
    title = "MUUFL Gulfport, target sub-scene"
    licence = "MIT"
    homepage = "https://github.com/GatorSense/hsi_toolkit_py"
    citation = (
        "P. Gader, A. Zare, R. Close, J. Aitken, G. Tuell: MUUFL Gulfport hyperspectral and LiDAR airborne data set. "
        "University of Florida, REP-2013-570, 2013."
    )
    references = (papers.MUUFL,)
    layout = f"DATA_ROOT/MUUFL_target/{_FILE}, as github.com/GatorSense/hsi_toolkit_py has it."

    @property
    def contents(self) -> str:
        """Size of the scene and number of targets."""
        return "36 x 36 pixels, 72 bands, 3 targets"

    def declared(self, data_root: Path) -> TargetSurvey:
        """Return the sub-scene."""
        return TargetSurvey(where=data_root, fingerprint="declared", height=36, width=36, bands=72)

    def locate(self, data_root: Path) -> MatSource:
        """Find the file."""
        places = [data_root / "MUUFL_target" / _FILE, data_root / _FILE]
        for path in filter(Path.is_file, places):
            return open_mat(path, self.title, halo=HALO, warnings=_WARNINGS)
        raise not_found(self, data_root, places)


_WARNINGS = (
    f"The marks of {MUUFLTarget.name} are up to a pixel off, so a target's score is the largest one within {HALO} "
    "pixels of its mark and those pixels do not count as background, which favours every detector.",
    f"{MUUFLTarget.name} has 3 targets: its figures illustrate and cannot rank methods.",
)
