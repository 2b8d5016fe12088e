# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much room a wheel takes once it is installed, told by its list of files (PEP 427: a wheel is a zip archive).

The list is read in pieces and believed only within bounds: it was made by whoever made the wheel, and
a lie in it may neither exhaust the memory nor stop a deployment.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

# What a file system gives out at least; the usual block of ext4 and xfs.
_BLOCK = 4096

# Bytecode takes more than its source does, by up to this much (measured: 0.8 with Python 3.9, 1.1 to 1.45 later).
_BYTECODE = 1.4

# How many times its size a wheel takes, and how large its files are on average; of 889 with no compiled code, and 422
# with some.
_PURE = (12, 15_000)
_COMPILED = (5, 90_000)

# What installers write besides: INSTALLER, REQUESTED, direct_url.json, scripts.
_BESIDE = 4

# Deflate makes at most 1032 bytes of one (https://www.zlib.net/zlib_tech.html).
_LARGEST_RATIO = 1032

# The records of a zip archive (APPNOTE.TXT 4.3.12, 4.3.14 to 4.3.16): signature and fixed part.
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_ENTRY_BEGINS = b"PK\x01\x02"
_LONGEST_COMMENT = 0xFFFF

# No wheel is near these; past them its list is not read on.
_MOST = 100_000
_LONGEST_NAME = 1024
_DEEPEST = 50


@dataclass(frozen=True)
class Unpacked:
    """Bytes in whole blocks, and the number of files and folders, bytecode among them; both 0 if not known."""

    size: int = 0
    files: int = 0

    @classmethod
    def of(cls, wheel: Path) -> Unpacked:
        """Read the wheel's list of files. What is no list, or cannot be true, says nothing."""
        try:
            with open(wheel, "rb") as file:
                return cls._counted(file, wheel.stat().st_size)
        except (OSError, ValueError, struct.error):
            return cls()

    @classmethod
    def guessed(cls, filename: str, size: int) -> Unpacked:
        """Of a wheel that is not here, what three of four of its kind take at most."""
        times, bytes_a_file = _PURE if filename.endswith("-none-any.whl") else _COMPILED
        return cls(size * times, -(-size * times // bytes_a_file))

    @staticmethod
    def readable(wheel: Path) -> bool:
        """Whether the file has a list of files at all; what it says may be beyond belief."""
        try:
            with open(wheel, "rb") as file:
                whole = wheel.stat().st_size
                start, count = _directory(file, whole)
                file.seek(start)
                for _number in range(min(count, _MOST)):
                    fields = _ENTRY.unpack(file.read(_ENTRY.size))
                    if fields[0] != _ENTRY_BEGINS:
                        return False
                    file.seek(sum(fields[10:13]), 1)
                return count > 0 and file.tell() <= whole
        except (OSError, ValueError, struct.error):
            return False

    @classmethod
    def _counted(cls, file: BinaryIO, whole: int) -> Unpacked:
        size = files = 0
        folders: set[int] = set()
        for name, length in _entries(file, whole):
            folder, _slash, filename = name.rpartition("/")
            folders.update(_above(folder))
            if not filename:
                continue
            files += 1
            size += _blocks(length)
            if filename.endswith(".py"):
                folders.add(hash(f"{folder}/__pycache__"))
                files += 1
                size += _blocks(int(length * _BYTECODE))
            if len(folders) > _MOST:
                raise ValueError("too many folders")
        if size > whole * _LARGEST_RATIO + (files + 1) * _BLOCK:
            raise ValueError("more than can be packed into it")
        rest = len(folders) + _BESIDE
        return cls(size + rest * _BLOCK, files + rest)


def _above(folder: str) -> Iterator[int]:
    """The folder and those that it lies in, each as a number, which takes less room than its name."""
    if folder.count("/") > _DEEPEST:
        raise ValueError("too many folders in one another")
    while folder:
        yield hash(folder)
        folder = folder.rpartition("/")[0]


def _blocks(length: int) -> int:
    return -(-length // _BLOCK) * _BLOCK


def _entries(file: BinaryIO, whole: int) -> Iterator[tuple[str, int]]:
    """Name and unpacked length of each entry. `ValueError` where the archive contradicts itself."""
    start, count = _directory(file, whole)
    if count > _MOST or count * _ENTRY.size > whole - start:
        raise ValueError("more entries than there is room for")
    file.seek(start)
    for _number in range(count):
        fields = _ENTRY.unpack(file.read(_ENTRY.size))
        signature, length, name, extra, comment = fields[0], fields[9], fields[10], fields[11], fields[12]
        if signature != _ENTRY_BEGINS or name > _LONGEST_NAME:
            raise ValueError("no entry of a wheel")
        shown = file.read(name).decode("utf-8", "replace")
        more = file.read(extra)
        if len(more) < extra:
            raise ValueError("an entry that is cut off")
        file.seek(comment, 1)
        yield shown, _long(more) if length == 0xFFFFFFFF else length


def _directory(file: BinaryIO, whole: int) -> tuple[int, int]:
    """Where the list of entries begins, and how many they are."""
    tail = min(whole, _END.size + _LONGEST_COMMENT)
    file.seek(whole - tail)
    text = file.read(tail)
    at = text.rfind(b"PK\x05\x06")
    if at < 0:
        raise ValueError("no end of a list of files")
    end = _END.unpack_from(text, at)
    size, start, count, ends = end[5], end[6], end[4], whole - tail + at
    if start == 0xFFFFFFFF or count == 0xFFFF:
        locator = _LOCATOR64.unpack_from(text, at - _LOCATOR64.size)
        ends -= _LOCATOR64.size + _END64.size
        if locator[0] != b"PK\x06\x07" or locator[2] > whole or ends < 0:
            raise ValueError("no place of the longer end")
        file.seek(ends)
        longer = _END64.unpack(file.read(_END64.size))
        size, start, count = longer[8], longer[9], longer[7]
    # An archive may have bytes in front, a program that unpacks it, and then all places are as many too low.
    before = ends - size - start
    if before < 0:
        raise ValueError("the list of files begins behind the end")
    file.seek(before)
    if before and file.read(4) != b"PK\x03\x04":
        raise ValueError("the list of files does not begin where its end says")
    return start + before, count


def _long(extra: bytes) -> int:
    """The unpacked length of an entry of 4 GiB and more (APPNOTE.TXT 4.5.3)."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        if kind == 1:
            return int(struct.unpack_from("<Q", extra, 4)[0])
        extra = extra[4 + length :]
    raise ValueError("no length")
