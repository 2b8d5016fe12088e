# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import struct
import zipfile
from pathlib import Path
from typing import Callable

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.unpacked import Unpacked
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel

BLOCK = 4096
UNKNOWN = Unpacked(0, 0)


def archive(path: Path, **files: int) -> Path:
    """A zip archive with files of these sizes; `__` in a name is a slash."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as written:
        for name, size in files.items():
            written.writestr(name.replace("__", "/"), bytes(size))
    return path


# Files, then blocks and entries: of them, their bytecode, folders, and the four files that installers write.
CONTENTS = [
    ({}, 4, 4),
    ({"a": 0}, 4, 5),
    ({"a": 1}, 5, 5),
    ({"a": BLOCK, "b": BLOCK + 1}, 7, 6),
    ({"one__a": 1}, 6, 6),
    ({"one__two__a": 1, "one__b": 1}, 8, 8),
    ({"one__a.py": 1}, 4 + 2 + 2, 4 + 2 + 2),
    ({"one__a.py": 10 * BLOCK}, 4 + 24 + 2, 4 + 2 + 2),
]


@pytest.mark.parametrize(("files", "blocks", "entries"), CONTENTS)
def test_what_a_wheel_takes(files: dict[str, int], blocks: int, entries: int, tmp_path: Path) -> None:
    assert Unpacked.of(archive(tmp_path / "a.whl", **files)) == Unpacked(blocks * BLOCK, entries)


def test_a_folder_with_an_entry_of_its_own_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "a.whl"
    with zipfile.ZipFile(path, "w") as written:
        written.writestr("one/", b"")
        written.writestr("one/a", b"x")
    assert Unpacked.of(path) == Unpacked.of(archive(tmp_path / "b.whl", one__a=1))


def test_the_longer_form_of_a_zip_archive(tmp_path: Path) -> None:
    """Its end and its entries say where 64-bit numbers stand (APPNOTE.TXT 4.3.14, 4.5.3)."""
    path = archive(tmp_path / "a.whl", a=1)
    raw = bytearray(path.read_bytes())
    entry, end = raw.rfind(b"PK\x01\x02"), raw.rfind(b"PK\x05\x06")
    extra = struct.pack("<HHQ", 1, 8, 9000)
    fields = list(struct.unpack_from("<4s6H3L5H2L", raw, entry))
    fields[9], fields[11] = 0xFFFFFFFF, len(extra)
    directory = struct.pack("<4s6H3L5H2L", *fields) + b"a" + extra
    longer = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, len(directory), entry)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, entry + len(directory), 1)
    last = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    path.write_bytes(bytes(raw[:entry]) + directory + longer + locator + last)
    assert end > 0
    assert Unpacked.of(path) == Unpacked((4 + 3) * BLOCK, 5)


def change(what: str, value: int) -> Callable[[bytearray], bytearray]:
    """A lie in the list of files: at an offset from its entry (`e`) or its end (`d`)."""

    def changed(raw: bytearray) -> bytearray:
        start = raw.rfind(b"PK\x01\x02" if what[0] == "e" else b"PK\x05\x06") + int(what[1:])
        size = 2 if value < 1 << 16 and what in ("e28", "e30", "e32", "d10") else 4
        raw[start : start + size] = value.to_bytes(size, "little")
        return raw

    return changed


LIES: dict[str, Callable[[bytearray], bytearray]] = {
    "no archive": lambda raw: bytearray(b"not a zip"),
    "nothing": lambda raw: bytearray(),
    "cut off": lambda raw: raw[: len(raw) // 2],
    "its size is 4 GiB less 2": change("e24", 0xFFFFFFFE),
    "its size stands elsewhere, and does not": change("e24", 0xFFFFFFFF),
    "its name is longer than the file": change("e28", 0xFFFF),
    "what follows the name is longer than the file": change("e30", 0xFFFF),
    "its entry is none": change("e0", 0),
    "there are 60,000 entries": change("d10", 60_000),
    "there is no number of entries": change("d10", 0xFFFF),
    "the list begins behind the end": change("d16", 0x7FFFFFFF),
    "the list begins elsewhere": change("d16", 1),
}


# Their lists have the form of one.
BELIEVED = {"its size is 4 GiB less 2", "its size stands elsewhere, and does not"}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_says_nothing(lie: str, tmp_path: Path) -> None:
    path = make_wheel(tmp_path, "alpha")
    assert Unpacked.of(path) != UNKNOWN
    path.write_bytes(bytes(LIES[lie](bytearray(path.read_bytes()))))
    assert Unpacked.of(path) == UNKNOWN
    assert Unpacked.readable(path) is (lie in BELIEVED)


def test_bytes_in_front_of_the_archive(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, "alpha")
    before = Unpacked.of(path)
    path.write_bytes(b"#!/bin/sh\n" + path.read_bytes())
    assert (Unpacked.of(path), Unpacked.readable(path)) == (before, True)


def test_folders_without_end(tmp_path: Path) -> None:
    path = tmp_path / "a.whl"
    with zipfile.ZipFile(path, "w") as written:
        written.writestr("/".join(["x"] * 60) + "/a", b"x")
    assert Unpacked.of(path) == UNKNOWN


def test_what_is_not_there(tmp_path: Path) -> None:
    assert Unpacked.of(tmp_path / "absent.whl") == UNKNOWN
