"""ENVI rasters: every order of numbers, and what is wrong with one in a sentence."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from rsbench.datasets.io.envi import EnviError, open_envi

RASTER_HWB = np.arange(2 * 3 * 4).reshape(2, 3, 4)
GOOD = {
    "description": "{\n  bands = 99,\n  made by hand}",
    "samples": "3",
    "lines  ": "2",
    "bands": "4",
    "header offset": "0",
    "data type": "2",
    "interleave": "BSQ",
    "byte order": "0",
}


def write(folder: Path, data: bytes, file: str = "x", **changed: str) -> Path:
    entries = GOOD | {key.replace("_", " "): value for key, value in changed.items()}
    header = folder / "x.HDR"
    lines = [f"{key} = {value}" for key, value in entries.items() if value != "-"]
    header.write_text("\r\n".join(["ENVI", *lines]))
    (folder / file).write_bytes(data)
    return header


@pytest.mark.parametrize(("interleave", "axes"), [("bsq", (2, 0, 1)), ("bil", (0, 2, 1)), ("bip", (0, 1, 2))])
@pytest.mark.parametrize(
    ("kind", "order", "dtype"), [("1", "0", "u1"), ("2", "1", ">i2"), ("4", "0", "<f4"), ("12", "1", ">u2")]
)
def test_rasters_of_every_order(
    interleave: str, axes: tuple[int, int, int], kind: str, order: str, dtype: str, tmp_path: Path
) -> None:
    data = b"head" + RASTER_HWB.transpose(axes).astype(dtype).tobytes()
    words = {"interleave": interleave, "data_type": kind, "byte_order": order, "header_offset": "4"}
    raster = open_envi(write(tmp_path, data, **words))
    found = raster.read()
    assert (raster.height, raster.width, raster.bands) == (2, 3, 4)
    assert np.array_equal(found, RASTER_HWB) and found.dtype == np.dtype(dtype).newbyteorder("=")


@pytest.mark.parametrize("file", ["x", "x.dat", "x.img"])
def test_the_file_goes_by_several_names(file: str, tmp_path: Path) -> None:
    assert open_envi(write(tmp_path, bytes(48), file)).data == tmp_path / file


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"bands": "-"}, 'x.HDR has no entry "bands".'),
        ({"bands": "0"}, '"bands = 0", which is no whole number from 1 upwards.'),
        ({"bands": "-4"}, '"bands = -4", which is no whole number from 1 upwards.'),
        ({"bands": "9" * 30}, "which is no whole number from 1 upwards."),
        ({"bands": "4.5"}, "which is no whole number from 1 upwards."),
        ({"data_type": "6"}, 'has "data type = 6"; read are 1, 2, 3, 4, 5, 12, 13, 14, 15.'),
        ({"byte_order": "2"}, 'has "byte order = 2"; it is 0 or 1.'),
        ({"interleave": "tiled"}, 'has "interleave = tiled"; it is bsq, bil or bip.'),
        ({"header_offset": "1"}, "x has 48 bytes, but x.HDR speaks of 49 (2 lines, 3 samples, 4 bands)."),
        ({"bands": "999999999999"}, "x has 48 bytes, but x.HDR speaks of 11,999,999,999,988 "),
    ],
)
def test_headers_that_make_no_sense_are_told(changed: dict[str, str], words: str, tmp_path: Path) -> None:
    with pytest.raises(EnviError) as caught:
        open_envi(write(tmp_path, bytes(48), **changed))
    assert words in str(caught.value) and str(tmp_path) in str(caught.value)


def test_what_is_no_header_is_told(tmp_path: Path) -> None:
    header = write(tmp_path, bytes(48))
    (tmp_path / "x").unlink()
    with pytest.raises(EnviError, match="has no file of numbers beside it: add x "):
        open_envi(header)
    header.write_bytes(b"\x00" * 100)
    with pytest.raises(EnviError, match="is no ENVI header: its first line is not ENVI"):
        open_envi(header)
    header.write_bytes(b"ENVI\n" + b" " * 2**20)
    with pytest.raises(EnviError, match=r"cannot be read \(it has 1,048,581 bytes"):
        open_envi(header)
    header.unlink()
    os.mkfifo(header)
    with pytest.raises(EnviError, match="it is a FIFO, not a plain file"):
        open_envi(header)


def test_a_file_that_shrinks_after_the_header_was_read_is_told(tmp_path: Path) -> None:
    raster = open_envi(write(tmp_path, bytes(48)))
    raster.data.write_bytes(bytes(47))
    with pytest.raises(EnviError, match="has 47 bytes, but"):
        raster.read()
