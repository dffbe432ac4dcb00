"""IDTReeS 2020: tree species in three forests of NEON, set out as one scene."""

from __future__ import annotations

from rsbench.datasets import papers
from rsbench.datasets.pixels.dataset import PixelDataset
from rsbench.datasets.pixels.source import maps
from rsbench.datasets.pixels.spatial_split import BlockGrid


class IDTReeS(PixelDataset):
    """Hyperspectral and LiDAR canopy height of 85 field plots, 20 x 20 m each at 1 m, with 4 m of fill between them.

    Patches of up to 9 x 9 pixels never show two plots, and those of two plots have nothing but fill in common. A block
    is a plot, so that validation, like the test, is on plots that were not trained on.
    """

    name = "idtrees"
    title = "IDTReeS (NEON)"
    licence = "CC-BY-4.0; crowns rasterised to 1 m and plots set out as one scene"
    homepage = "https://doi.org/10.5281/zenodo.3934932"
    citation = (
        "S. Graves, S. Marconi, D. Stewart, et al.: Data science competition for cross-site individual tree species "
        "identification from airborne remote sensing data. PeerJ 11, 2023; data: doi 10.5281/zenodo.3934932."
    )
    references = (papers.IDTREES,)
    layout = (
        "DATA_ROOT/IDTReeS/{HSI,LiDAR,gt,TRLabel,TSLabel}.mat, array name = file name: cube 120 x 408 x 369, canopy "
        "height and label maps 120 x 408, 0 = unlabelled."
    )
    class_names = (
        "Pinus palustris",
        "Quercus rubra",
        "Acer rubrum",
        "Quercus alba",
        "Quercus coccinea",
        "Amelanchier laevis",
        "Quercus laevis",
        "Nyssa sylvatica",
        "Liriodendron tulipifera",
        "Quercus montana",
        "Magnolia sp.",
        "Quercus geminata",
    )
    shape = (120, 408, 369)
    labelled = 20_559
    official_train = 9_900
    epochs = 6  # validation OA is flat from the fourth on
    folders = ("IDTReeS", "idtrees")
    layouts = (maps(),)
    blocks = BlockGrid(side=24, margin=8, fill=4)
