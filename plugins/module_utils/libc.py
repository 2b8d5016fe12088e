# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The platform of an interpreter: which C library it runs on, and which architecture its wheels are of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.airgap.uv.plugins.module_utils.elf import Program
from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError
from ansible_collections.airgap.uv.plugins.module_utils.interpreter import Interpreter, Runner

_MUSL_VERSION = re.compile(r"^Version (?P<version>\d+(\.\d+)+)", re.MULTILINE)

# Architectures of a 32-bit Python on a 64-bit kernel, which the kernel's own name would get wrong; as in
# packaging.tags. A 32-bit Arm that runs as such on a 64-bit kernel is called armv8l, and takes armv7l's wheels.
_NARROW = {"x86_64": "i686", "aarch64": "armv7l", "armv8l": "armv7l"}

# Those that a target may have; there are others, but no index has wheels for them.
ARCHITECTURES = ("aarch64", "armv7l", "i686", "ppc64le", "riscv64", "s390x", "x86_64")


class LibcUnknown(AirgapError):
    def __init__(self, interpreter: str) -> None:
        super().__init__(interpreter)
        self.interpreter = interpreter

    def __str__(self) -> str:
        return (
            f"The C library of {self.interpreter} is neither glibc nor musl, or it is linked statically, so no wheel "
            "can be chosen for it. Name another interpreter (python, uv_deploy_python)."
        )


class AbiUnsupported(AirgapError):
    """`abi`: what the interpreter was compiled for, and wheels are not."""

    def __init__(self, interpreter: str, abi: str) -> None:
        super().__init__(interpreter, abi)
        self.interpreter = interpreter
        self.abi = abi

    def __str__(self) -> str:
        return (
            f"{self.interpreter} is compiled for {self.abi}, and wheels are chosen for {', '.join(ARCHITECTURES)} "
            "only. Name another interpreter (python, uv_deploy_python)."
        )


@dataclass(frozen=True)
class Libc:
    """The C library that wheels must fit: `glibc` or `musl`, and its version (`2.36`)."""

    name: str
    version: str

    @classmethod
    def of(cls, python: Interpreter, run: Runner, root: Path = Path("/")) -> Libc:
        """glibc tells its version through `confstr`; musl only when its loader is run."""
        if python.libc:
            name, _space, version = python.libc.partition(" ")
            return cls(name, version)
        for loader in _musl_loaders(python, root):
            try:
                _rc, out, err = run([loader])
            except OSError:
                continue
            match = _MUSL_VERSION.search(err + out)
            if match:
                return cls("musl", match["version"])
        raise LibcUnknown(python.path)

    def platform(self, python: Interpreter) -> str:
        """In the words of uv's `--python-platform`; a musl but 1.2 in those of wheels, as uv has none for it."""
        machine = machine_of(python)
        version = "_".join(self.version.split(".")[:2])
        if self.name != "musl":
            return f"{machine}-manylinux_{version}"
        return f"{machine}-unknown-linux-musl" if version == "1_2" else f"{machine}-musllinux_{version}"


def machine_of(python: Interpreter) -> str:
    """The architecture of the wheels that it takes: `x86_64`, `i686`, `armv7l` ... Raises `AbiUnsupported`."""
    machine = python.markers["platform_machine"]
    if python.bits == 32:
        machine = _NARROW.get(machine, machine)
    if machine not in ARCHITECTURES:
        raise AbiUnsupported(python.path, machine)
    # Where the file cannot be read the kernel's word and the width must do.
    program = Program.read(Path(python.path))
    if program and machine == "armv7l" and not program.hard_float:
        raise AbiUnsupported(python.path, "Arm without hardware floating point (armel)")
    if machine == "i686" and python.bits == 64:
        raise AbiUnsupported(
            python.path, "64 bits, and this process is told that the machine is 32 bits wide (setarch)"
        )
    if program and machine == "i686" and not program.i386:
        raise AbiUnsupported(python.path, "x32, 32-bit pointers on x86_64")
    return machine


def _musl_loaders(python: Interpreter, root: Path) -> list[str]:
    """The loader that the interpreter itself names; where its file cannot be read, those that the host has."""
    program = Program.read(Path(python.path))
    if program:
        return [program.loader] if program.loader and "musl" in program.loader else []
    return [str(loader) for loader in sorted((root / "lib").glob("ld-musl-*.so.1"))]
