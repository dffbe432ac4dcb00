"""Your own pictures of two dates, or several data sets beside each other."""

from __future__ import annotations

from pathlib import Path

from rsbench.datasets.base import not_found
from rsbench.datasets.changes.dataset import ChangeDataset
from rsbench.datasets.changes.picture_folder import find_folders, subfolders
from rsbench.datasets.changes.picture_source import source_of
from rsbench.datasets.changes.source import ChangeSource


class ChangeFolder(ChangeDataset):
    """Any folder of two dates and labels, or a folder of such folders."""

    name = "change-folder"
    title = "folder of two dates"
    licence = "that of your images"
    published = False
    citation = "your own images"
    layout = (
        "DATA_ROOT/{A,B,label}/<picture> or DATA_ROOT/change-folder/{A,B,label}/<picture> (also time1,time2; im1,im2; "
        "t1,t2; labels, OUT, mask, gt), with lists DATA_ROOT/list/{train,val,test}.txt, or beside the dates, or "
        "without; or the same below DATA_ROOT/{train,val,test}/; or several such folders beside each other in "
        "DATA_ROOT."
    )

    def locate(self, data_root: Path) -> ChangeSource:
        """Find the pairs in ``data_root/change-folder`` if that exists, else in ``data_root``."""
        nested = data_root / self.name
        where = nested if nested.is_dir() else data_root
        alone = find_folders(where)
        if alone:
            return source_of(where, [alone])
        several = {path: find_folders(path) for path in subfolders(where).values()}
        if not any(several.values()):
            raise not_found(self, data_root, [nested, data_root])
        others = [path.name for path, folders in several.items() if not folders]
        left_out = f"{', '.join(others)} in {where} has no layout that {self.name} reads and is left out."
        return source_of(where, [folders for folders in several.values() if folders], [left_out] if others else [])
