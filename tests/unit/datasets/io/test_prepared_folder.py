"""The prepared folder of all three kinds: what earlier versions wrote is used as it is, and written the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rsbench.datasets import Pixels, Scenes, TargetScene
from rsbench.datasets.io.prepared_folder import PreparedFolder
from rsbench.datasets.pixels.spatial_split import BlockGrid
from rsbench.errors import RsbenchError

SCENES = (
    '{"schema": 1, "name": "imagefolder", "title": "image folder", "class_names": ["field", "lake"], '
    '"image_size": 16, "fingerprint": "e126bea0bf25", "part": null, "synthetic": false, "warnings": [], "count": '
    '12, "mean": [0.4993502348856209, 0.5023233251633987, 0.4893152573529411], "std": [0.15464679021702904, '
    '0.15991314685426916, 0.15324121595674606], "lists": {"train": [0, 1, 2, 3, 4, 5], "test": [6, 7, 8, 9, 10, '
    '11]}, "lists_note": "the folders train, test", "stamp": "251de4e9639c"}'
)
PIXELS = (
    '{"schema": 1, "name": "idtrees", "title": "IDTReeS (NEON)", "class_names": ["Pinus palustris", "Quercus '
    'rubra", "Acer rubrum", "Quercus alba", "Quercus coccinea", "Amelanchier laevis", "Quercus laevis", "Nyssa '
    'sylvatica", "Liriodendron tulipifera", "Quercus montana", "Magnolia sp.", "Quercus geminata"], "aux_name": '
    '"LiDAR", "fingerprint": "477dfc1d268c", "part": "scene of another size: 24 x 40 x 6, not 120 x 408 x 369 '
    '(height, width, bands)", "synthetic": false, "warnings": ["IDTReeS (NEON) at /data/IDTReeS is a scene of '
    "another size: 24 x 40 x 6, not 120 x 408 x 369 (height, width, bands); its accuracies cannot be set beside "
    'those for the release."], "not_finite": 0, "official": true, "note": "label maps of training and test '
    'pixels", "blocks": {"side": 24, "margin": 4}, "stamp": "eff662545eb5"}'
)
TARGETS = (
    '{"schema": 1, "name": "htd-mat", "title": "target-detection scene scene", "fingerprint": "8c33acf10ee4", '
    '"stamp": "1000000000000000000", "part": null, "synthetic": false, "warnings": [], "height": 6, "width": 7, '
    '"bands": 4, "halo": 0, "targets": 3, "mean": [0.12027709257035028, 0.3038282912401926, 0.3967149030594599, '
    '0.6429065444639751], "std": [0.028871357597272496, 0.010631835420456901, 0.026549189770566438, '
    '0.06526253043974452], "target": [0.21961924498236457, 0.2703363513795677, 0.23734921370361167, '
    '0.27586810632886405], "baselines": {"cem": {"auc_pd_pf": 1.0, "auc_pd_tau": 0.7784686034362585, '
    '"auc_pf_tau": 0.16415843668844057}, "ace": {"auc_pd_pf": 0.9743589743589745, "auc_pd_tau": '
    '0.8685689414275082, "auc_pf_tau": 0.37000802352512774}, "rx": {"auc_pd_pf": 0.8461538461538461, '
    '"auc_pd_tau": 0.6456108108832936, "auc_pf_tau": 0.13081272555381626}}}'
)
"""Written before the three kinds had one base."""

KINDS = pytest.mark.parametrize(
    ("kind", "file", "text"),
    [(Scenes, "scenes.json", SCENES), (Pixels, "pixels.json", PIXELS), (TargetScene, "targets.json", TARGETS)],
    ids=["scenes", "pixels", "targets"],
)


@KINDS
def test_what_an_earlier_version_wrote_is_used_as_it_is(
    kind: type[PreparedFolder], file: str, text: str, tmp_path: Path
) -> None:
    (tmp_path / file).write_text(text, encoding="utf-8")
    prepared = kind.load(tmp_path)
    stamp = json.loads(text)["stamp"]
    again = kind.reuse_or_write(tmp_path, "a", stamp, lambda _: pytest.fail("made anew"))
    assert prepared == again and prepared.folder == tmp_path
    assert json.dumps(prepared.to_dict()) == text, "the same keys in the same order"


def test_lists_and_objects_of_the_file_come_back_as_what_they_were(tmp_path: Path) -> None:
    for file, text in (("scenes.json", SCENES), ("pixels.json", PIXELS), ("targets.json", TARGETS)):
        (tmp_path / file).write_text(text, encoding="utf-8")
    scenes, pixels, targets = Scenes.load(tmp_path), Pixels.load(tmp_path), TargetScene.load(tmp_path)
    assert scenes.class_names == ("field", "lake") and scenes.mean[0] == 0.4993502348856209
    assert scenes.lists == {"train": (0, 1, 2, 3, 4, 5), "test": (6, 7, 8, 9, 10, 11)} and len(scenes) == 12
    assert pixels.blocks == BlockGrid(side=24, margin=4) and len(pixels.class_names) == 12
    assert targets.warnings == () and len(targets.target) == 4 and targets.baselines["rx"]["auc_pd_pf"] < 0.85


@KINDS
def test_another_stamp_or_schema_or_no_file_is_made_anew(
    kind: type[PreparedFolder], file: str, text: str, tmp_path: Path
) -> None:
    folder = tmp_path / "cache" / "folder"
    folder.mkdir(parents=True)
    (folder / file).write_text(text, encoding="utf-8")
    prepared, stamp = kind.load(folder), json.loads(text)["stamp"]
    asked: list[Path] = []

    def write(temporary: Path) -> PreparedFolder:
        asked.append(temporary)
        return prepared

    assert kind.reuse_or_write(folder, "a", stamp, write) == prepared and not asked
    kind.reuse_or_write(folder, "a", "another stamp", write)
    (folder / file).write_text(text.replace('"schema": 1', '"schema": 99'), encoding="utf-8")
    with pytest.raises(RsbenchError, match="another version of rsbench"):
        kind.load(folder)
    kind.reuse_or_write(folder, "a", stamp, write)
    (folder / file).unlink()
    with pytest.raises(RsbenchError, match="holds no prepared data"):
        kind.load(folder)
    kind.reuse_or_write(folder, "a", stamp, write)
    assert len(asked) == 3 and (folder / file).read_text(encoding="utf-8") == text
    assert [path.name for path in (tmp_path / "cache").iterdir() if path.is_dir()] == ["folder"]
