# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compiled code among other files: which system and which architecture it is for, told by its first bytes."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from ansible_collections.airgap.uv.plugins.module_utils.platforms import Platform

# Bytes of a file that are enough to tell; the header of a Windows program may lie behind a program for DOS.
ENOUGH = 4096

_ELF = b"\x7fELF"
_WASM = b"\0asm"
_BIG_ENDIAN = 2

# ELF's e_machine, Mach-O's cputype and PE's Machine, in `Platform`'s words.
_ELF_MACHINES = {3: "i686", 21: "ppc64le", 22: "s390x", 40: "armv7l", 62: "x86_64", 183: "aarch64", 243: "riscv64"}
_MACH_MACHINES = {0x01000007: "x86_64", 0x0100000C: "aarch64"}
_PE_MACHINES = {0x014C: "i686", 0x8664: "x86_64", 0xAA64: "aarch64"}

_MACH = {b"\xcf\xfa\xed\xfe": "<", b"\xce\xfa\xed\xfe": "<", b"\xfe\xed\xfa\xcf": ">", b"\xfe\xed\xfa\xce": ">"}
_FAT = b"\xca\xfe\xba\xbe"
_MOST_IN_ONE = 40  # architectures; where a fat file counts them, a Java class has its version, 45 at least

_SYSTEMS = {"elf": ("linux", "android"), "mach-o": ("macos", "ios"), "pe": ("windows",), "wasm": ("pyodide",)}


@dataclass(frozen=True)
class Binary:
    """`form`: `elf`, `mach-o`, `pe`, `wasm`, or empty where only the name tells; `arch`: empty if it is not known."""

    name: str
    form: str
    arch: str

    @classmethod
    def recognised(cls, name: str, head: bytes) -> Binary | None:
        """None for what is no compiled code. `head`: the first bytes of the file, `ENOUGH` of them if it has those."""
        form, arch = _form(head)
        # The launchers that setuptools, pip and others bring for Windows are no code of the wheel's own.
        if form == "pe" and name.lower().endswith(".exe"):
            return None
        if form or name.endswith((".so", ".pyd", ".dylib")):
            return cls(name, form, arch)
        return None

    def __str__(self) -> str:
        kind = " ".join(word for word in (self.form.upper(), self.arch) if word)
        return f"{self.name}, compiled code{f' ({kind})' if kind else ''},"

    def suits(self, platform: Platform) -> bool:
        """Whether it may run there, as far as it tells."""
        return (not self.form or platform.system in _SYSTEMS[self.form]) and self.arch in ("", platform.arch)


def _form(head: bytes) -> tuple[str, str]:
    try:
        if head.startswith(_ELF):
            order = ">" if head[5] == _BIG_ENDIAN else "<"
            (machine,) = struct.unpack_from(f"{order}H", head, 18)
            return "elf", _ELF_MACHINES.get(machine, "")
        if head[:4] in _MACH:
            (machine,) = struct.unpack_from(f"{_MACH[head[:4]]}I", head, 4)
            return "mach-o", _MACH_MACHINES.get(machine, "")
        if head.startswith(_FAT) and struct.unpack_from(">I", head, 4)[0] <= _MOST_IN_ONE:
            return "mach-o", ""
        if head.startswith(b"MZ"):
            (at,) = struct.unpack_from("<I", head, 0x3C)
            if head[at : at + 4] == b"PE\0\0":
                return "pe", _PE_MACHINES.get(struct.unpack_from("<H", head, at + 4)[0], "")
        if head.startswith(_WASM):
            return "wasm", ""
    except (struct.error, IndexError):
        pass
    return "", ""
