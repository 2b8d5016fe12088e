# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the header of a program says of the machine that it was compiled for (ELF, elf(5))."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_NARROW, _BIG_ENDIAN = b"\x01", b"\x02"
_PT_INTERP = 3
_EM_386 = 3

# The ABI supplement for Arm: the version of the ABI, and floats in registers.
_ARM_ABI, _ARM_ABI_5, _ARM_HARD_FLOAT = 0xFF000000, 0x05000000, 0x400


@dataclass(frozen=True)
class Program:
    """`machine` and `flags` are ELF's numbers; `loader` is None where the program needs none."""

    bits: int
    machine: int
    flags: int
    loader: str | None

    @classmethod
    def read(cls, path: Path) -> Program | None:
        """None for what is no such program, or may not be read."""
        try:
            with path.open("rb") as file:
                return cls.parse(file)
        except (OSError, OverflowError, struct.error, ValueError):
            return None

    @classmethod
    def parse(cls, file: BinaryIO) -> Program:
        """Raises `ValueError` for another file, `struct.error` for one that is cut off."""
        magic = file.read(16)
        if magic[:4] != b"\x7fELF":
            raise ValueError("no ELF")
        narrow = magic[4:5] == _NARROW
        order = ">" if magic[5:6] == _BIG_ENDIAN else "<"
        header = _unpacked(file, 16, f"{order}HHI{'III' if narrow else 'QQQ'}IHHH")
        _type, machine, _version, _entry, table, _sections, flags, _size, size, count = header
        loader = None
        for number in range(count):
            kind, second, third, *_more, length = _unpacked(
                file, table + number * size, f"{order}{'IIIII' if narrow else 'IIQQQQ'}"
            )
            if kind == _PT_INTERP:
                file.seek(second if narrow else third)
                loader = file.read(min(length, 4096)).rstrip(b"\0").decode("utf-8", "surrogateescape")
        return cls(32 if narrow else 64, machine, flags, loader)

    @property
    def hard_float(self) -> bool:
        """Whether this Arm program passes floats in registers, as armhf does and every armv7l wheel."""
        return self.flags & _ARM_ABI == _ARM_ABI_5 and bool(self.flags & _ARM_HARD_FLOAT)

    @property
    def i386(self) -> bool:
        """Whether it is a 32-bit x86 program, and not one of x32."""
        return self.machine == _EM_386


def _unpacked(file: BinaryIO, at: int, layout: str) -> tuple[int, ...]:
    file.seek(at)
    return struct.unpack(layout, file.read(struct.calcsize(layout)))
