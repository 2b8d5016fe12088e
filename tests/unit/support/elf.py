# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first bytes of programs, as a linker writes them, and libraries by the linker itself."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path


def elf(bits: int, machine: int, flags: int = 0, *, loader: str = "", big_endian: bool = False) -> bytes:
    """A program's header, and where it has a `loader` the table that names it."""
    order, narrow = (">" if big_endian else "<"), bits == 32
    size, entry = (52, 32) if narrow else (64, 56)
    name = loader.encode() + b"\0"
    magic = b"\x7fELF" + bytes([1 if narrow else 2, 2 if big_endian else 1, 1]) + bytes(9)
    fields = (3, machine, 1, 0, size, 0, flags, size, entry, 2 if loader else 0)
    header = struct.pack(f"{order}HHI{'III' if narrow else 'QQQ'}IHHH", *fields).ljust(size - 16, b"\0")
    at = size + 2 * entry
    if narrow:
        table = struct.pack(f"{order}5I", 6, 0, 0, 0, 0), struct.pack(f"{order}5I", 3, at, 0, 0, len(name))
    else:
        table = struct.pack(f"{order}II4Q", 6, 4, 0, 0, 0, 0), struct.pack(f"{order}II4Q", 3, 4, at, 0, 0, len(name))
    return magic + header + (b"".join(one.ljust(entry, b"\0") for one in table) + name if loader else b"")


def make_library(folder: Path, versions: str, name: str = "other") -> None:
    """`lib<name>.so.2` with the functions `old` and `other`; `versions`: a version script of the linker's (ld(1))."""
    soname = f"lib{name}.so.2"
    (folder / f"{name}.c").write_text("int old(void) { return 1; }\nint other(void) { return 2; }\n", encoding="utf-8")
    (folder / f"{name}.map").write_text(versions, encoding="utf-8")
    script = [f"-Wl,--version-script,{name}.map"] if versions else []
    argv = ["cc", "-shared", "-fPIC", f"{name}.c", "-o", soname, f"-Wl,-soname,{soname}", *script]
    subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=True)
    (folder / f"lib{name}.so").symlink_to(soname)
