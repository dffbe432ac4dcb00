"""What ``data check`` says of pairs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from rsbench import datasets


def test_a_sound_folder_is_counted(write_pairs: Callable[..., Path]) -> None:
    root = write_pairs(".", [f"{number:02d}" for number in range(10)])
    finding = datasets.check("change-folder", root)
    lines = finding.sentences()
    assert finding.ok
    assert lines[0] == (
        f"folder of two dates at {root}: 10 pairs cut from 10 whole pictures (16 x 16 px: 10), 3 channels (uint8)."
    )
    assert lines[1] == "640 of the 2,560 marked pixels changed (25.00%); 0 pixels are not marked."
    assert lines[2].startswith("Split into tiles of 16 px: 70/10/20 by whole picture")
    assert lines[3] == "Changed pixels by part: train 25.00%, val 25.00%, test 25.00%."
    assert lines[4] == "All pairs can be read."
    assert lines[5] == "The test part has 2 pictures, fewer than 30: too few to rank compressors."
    facts = json.loads(json.dumps(finding.facts()))
    assert facts["parts"]["train"] == {"tiles": 7, "changed_pixels": 448, "unchanged_pixels": 1344}
    assert facts["pairs"] == facts["whole_pictures"] == 10 and facts["tile_px"] == 16


def test_every_broken_pair_is_told(write_pairs: Callable[..., Path]) -> None:
    root = write_pairs(".", [f"{number:02d}" for number in range(10)])
    Image.new("L", (16, 16), 7).save(root / "label" / "03.png")
    (root / "B" / "07.png").write_bytes(b"")
    finding = datasets.check("change-folder", root)
    text = "\n".join(finding.sentences())
    assert not finding.ok and "All pairs can be read" not in text
    assert f"{root}/label/03.png cannot be read (it holds 1 value (7), and a label holds two" in text
    assert f"{root}/B/07.png cannot be read (no image data)" in text
    assert len(finding.facts()["broken"]) == 2


def test_too_few_pictures_for_a_split_are_still_checked(write_pairs: Callable[..., Path]) -> None:
    finding = datasets.check("change-folder", write_pairs(".", ["a"]))
    assert finding.ok and finding.facts()["parts"] == {}
    assert any("none (1 picture cannot be dealt to three parts: add pictures.)" in line for line in finding.sentences())
