# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The machine that collects: its environment, its Pythons, itself as a target."""

from __future__ import annotations

import os
import platform
import struct
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.airgap.uv.plugins.module_utils import environ, interpreter, search
from ansible_collections.airgap.uv.plugins.module_utils.confine import Runner
from ansible_collections.airgap.uv.plugins.module_utils.errors import TargetPythonMissing
from ansible_collections.airgap.uv.plugins.module_utils.libc import Libc
from ansible_collections.airgap.uv.plugins.module_utils.platforms import Platform

# As `Platform` names them.
_SYSTEMS = {"Darwin": "macos", "Windows": "windows"}
_ARCHITECTURES = {"arm64": "aarch64", "amd64": "x86_64", "i386": "i686", "i586": "i686", "armv8l": "armv7l"}
_OF_32_BITS = {"x86_64": "i686", "aarch64": "armv7l"}
_BYTES_OF_32_BITS = 4


def use_only_this_environment(ca_bundle: str | None) -> None:
    """Drop what would steer uv, and make modes independent of the caller's umask."""
    kept = environ.clean(os.environ)
    os.environ.clear()
    os.environ.update(kept)
    os.environ.update(UV_PYTHON_DOWNLOADS="never", UV_NO_WRAP="1", GIT_OPTIONAL_LOCKS="0")
    if ca_bundle:
        os.environ.update(SSL_CERT_FILE=ca_bundle, REQUESTS_CA_BUNDLE=ca_bundle)
    os.umask(0o022)


def find_python(request: str | None, requires_python: str | None, run: Runner) -> interpreter.Interpreter:
    """An interpreter of this machine; uv's and pyenv's own folders are searched too."""
    path = os.environ.get("PATH", "")
    folders = [*path.split(":"), *_version_managers(path.split(":"))]
    places = search.Search.usual(":".join(folders), str(Path(sys.executable).parent))
    # `/`: a .python-version of the working folder would lead shims astray.
    return search.find(
        interpreter.Request.parse(request, requires_python), places, lambda argv: run(list(argv), "/", {})
    )


def _version_managers(path: Sequence[str]) -> Iterator[str]:
    roots = [Path(folder).parent / "versions" for folder in path if folder.endswith("/shims")]
    for root in [*roots, Path.home() / ".local/share/uv/python"]:
        yield from sorted(str(folder) for folder in root.glob("*/bin"))


def own_target(project: Path, requires_python: str, run: Runner) -> dict[str, Any]:
    """This machine as a target, with the Python that the project asks for."""
    pinned = project / ".python-version"
    lines = pinned.read_text(encoding="utf-8").splitlines() if pinned.is_file() else []
    asked = next((line.strip() for line in lines if line.strip() and not line.strip().startswith("#")), None)
    try:
        found = find_python(asked, requires_python, run)
    except search.PythonMissing as error:
        wanted = f"{asked} ({pinned})" if asked else requires_python
        raise TargetPythonMissing(wanted, list(error.rejected)) from error
    return target_of(found, run)


def target_of(python: interpreter.Interpreter, run: Runner) -> dict[str, Any]:
    """This machine as a target, with one of its interpreters."""
    return {"python": python.name, "platform": _platform(python, run), "markers": dict(python.markers)}


def _platform(python: interpreter.Interpreter, run: Runner) -> str:
    if python.markers["platform_system"] == "Darwin":
        return f"{_ARCHITECTURES.get(python.markers['platform_machine'], 'x86_64')}-apple-darwin"
    return Libc.of(python, lambda argv: run(list(argv), "/", {})).platform(python)


@dataclass(frozen=True)
class Machine:
    """What code that is compiled here runs on, in `Platform`'s words."""

    system: str
    arch: str
    libc: str
    version: str  # of the libc, or of the system where there is none to name

    @classmethod
    def this(cls) -> Machine:
        system = platform.system()
        name, version = platform.libc_ver()
        arch = platform.machine().lower()
        arch = _ARCHITECTURES.get(arch, arch)
        if struct.calcsize("P") == _BYTES_OF_32_BITS:
            arch = _OF_32_BITS.get(arch, arch)
        if system != "Linux":
            return cls(_SYSTEMS.get(system, system.lower()), arch, "", platform.mac_ver()[0])
        # `libc_ver` knows glibc alone; what else there is, is musl.
        return cls("linux", arch, "glibc" if name == "glibc" else "musl", version)

    def compiles_for(self, other: Platform) -> bool:
        """Whether what is compiled here is for that kind of platform, as far as its name tells."""
        return (self.system, self.arch, self.libc) == (other.system, other.arch, other.libc)

    def builds_for(self, other: Platform) -> bool:
        """The same, and its C library is not newer."""
        own = tuple(int(part) for part in self.version.split(".")[:2] if part.isdigit())
        return self.compiles_for(other) and own <= other.version

    def __str__(self) -> str:
        system = "" if self.system == "linux" else self.system
        return " ".join(word for word in (system, self.arch, self.libc, self.version) if word)
