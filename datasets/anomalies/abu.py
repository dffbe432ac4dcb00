"""ABU: thirteen scenes of airports, beaches and urban areas with marked anomalies."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Final

from rsbench.datasets import papers
from rsbench.datasets.anomalies.dataset import AnomalyDataset
from rsbench.datasets.anomalies.source import AnomalySurvey
from rsbench.datasets.base import Family, not_found
from rsbench.datasets.targets.mat_scene import MatScene
from rsbench.datasets.targets.scene_source import ANOMALIES

ABU: Final = Family(name="abu", title="ABU: airports, beaches and urban areas", contents="13 scenes")
Size = tuple[int, int, int]
_SCENES: Final[dict[str, Size | None]] = {
    "abu-airport-1": None,
    "abu-airport-2": None,
    "abu-airport-3": None,
    "abu-airport-4": (100, 100, 191),
    "abu-beach-1": None,
    "abu-beach-2": (100, 100, 193),
    "abu-beach-3": (100, 100, 188),
    "abu-beach-4": None,
    "abu-urban-1": None,
    "abu-urban-2": None,
    "abu-urban-3": (100, 100, 191),
    "abu-urban-4": None,
    "abu-urban-5": None,
}
"""Name of each file -> height, width and bands, for those that were looked at."""


class ABUScene(AnomalyDataset):
    """One scene of ABU."""

    licence = "none is stated: ask the authors before you pass the data on"
    homepage = "http://xudongkang.weebly.com/data-sets.html"
    citation = (
        "X. Kang, X. Zhang, S. Li, K. Li, J. Li, J. A. Benediktsson: Hyperspectral anomaly detection with attribute "
        "and edge-preserving filters. IEEE Transactions on Geoscience and Remote Sensing 55(10), 2017."
    )
    references = (papers.ABU,)
    family = ABU
    size: ClassVar[Size | None] = None
    """Height, width and bands as released; None where that is not known here."""

    @property
    def contents(self) -> str:
        """Size of the scene."""
        return "sizes from the file" if self.size is None else "{} x {} pixels, {} bands".format(*self.size)

    def declared(self, data_root: Path) -> AnomalySurvey | None:
        """Return the scene as released, None where its size is not known here."""
        if self.size is None:
            return None
        height, width, bands = self.size
        return AnomalySurvey(where=data_root, fingerprint="declared", height=height, width=width, bands=bands)

    def locate(self, data_root: Path) -> MatScene:
        """Find the scene's file."""
        places = [data_root / "ABU" / f"{self.name}.mat", data_root / f"{self.name}.mat"]
        for path in filter(Path.is_file, places):
            return MatScene.open(path, self.title, ANOMALIES)
        raise not_found(self, data_root, places)


def _scene(name: str, size: Size | None) -> type[ABUScene]:
    """Return the class of a scene."""
    _, place, number = name.split("-")
    facts = {
        "__doc__": f"Scene {number} of ABU's {place} scenes.",
        "__module__": __name__,
        "name": name,
        "title": f"ABU {place} {number}",
        "layout": f"DATA_ROOT/ABU/{name}.mat with data (height x width x bands) and map (1 for anomalies).",
        "size": size,
    }
    return type(f"ABU{place.capitalize()}{number}", (ABUScene,), facts)


SCENES: Final[dict[str, type[ABUScene]]] = {name: _scene(name, size) for name, size in _SCENES.items()}
"""Name -> class of each scene."""
