"""Files of data sets as they are published: archives, digests, split lists."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
import zlib
from pathlib import Path


def zipped(members: dict[str, bytes]) -> bytes:
    """Return a zip with these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def md5(data: bytes) -> str:
    """Return the digest that sources publish."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def write_lists(root: Path, **lists: list[str]) -> None:
    """Write the official split lists of NWPU-45."""
    for part, names in lists.items():
        (root / f"resisc45-{part}.txt").write_text("".join(f"{name}\n" for name in names))


def hostile_zip(name: str, data: bytes, fault: str = "") -> bytes:
    """Return a zip of one deflated member that lies, or is of a kind that is not read.

    Args:
        name: of the member.
        data: its content.
        fault: what is wrong with it; nothing but its name where empty.
    """
    packed = zlib.compressobj(wbits=-15)
    body, crc, size = packed.compress(data) + packed.flush(), zlib.crc32(data), len(data)
    methods = {"method 99": 99, "method 9": 9, "bzip2": 12, "method 77": 77}
    flags = 0x1 if fault == "encrypted" else 0 if fault == "unmarked name" else 0x800
    raw = name.encode("cp437" if fault == "unmarked name" else "utf-8")
    if fault == "bad deflate":
        body = b"\xff" * len(body)
    crc += fault == "another checksum"
    size = {"shorter than said": size + 1, "longer than said": size - 5, "1.5 GB": 1_500_000_000}.get(fault, size)
    local = b"?" * len(raw) if fault == "another local name" else raw
    method = methods.get(fault, zipfile.ZIP_DEFLATED)
    common = struct.pack("<HHHHHLLLHH", 20, flags, method, 0, 33, crc, len(body), size, len(raw), 0)
    head = b"PK\x03\x04" + common + local + body
    central = b"PK\x01\x02" + struct.pack("<H", 20) + common + struct.pack("<HHHLL", 0, 0, 0, 0, 0) + raw
    return head + central + b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, 1, 1, len(central), len(head), 0)
