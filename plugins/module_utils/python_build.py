# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a standalone build of Python is: its version, and the hosts that it runs on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ansible_collections.airgap.uv.plugins.module_utils.errors import EntryInvalid
from ansible_collections.airgap.uv.plugins.module_utils.libc import Libc
from ansible_collections.airgap.uv.plugins.module_utils.specifier import parse_release

# Architectures as platform_machine says them, by their names in archives and platforms.
_ARCHITECTURES = {
    "x86_64": "x86_64",
    "aarch64": "aarch64",
    "arm64": "aarch64",
    "armv7": "armv7l",
    "armv7l": "armv7l",
    "i686": "i686",
    "ppc64le": "ppc64le",
    "powerpc64le": "ppc64le",
    "riscv64": "riscv64",
    "s390x": "s390x",
}
# What uv calls them in its list of downloads, and in the names of its folders
# (crates/uv-python/src/downloads.rs, parse_json_downloads; tried with 0.6.13 to 0.13.8).
_FAMILIES = {"armv7l": "armv7", "ppc64le": "powerpc64le"}
_FOLDERS = {**_FAMILIES, "i686": "x86", "riscv64": "riscv64gc"}

# As python-build-standalone names its files. uv's own cache writes `-` for the `+`, with digits of the hash
# in front. A build for newer processors (x86_64_v3) is one for x86_64: whoever lists it says that it runs.
_NAME = re.compile(
    r"^(?:[0-9a-f]{9}-)?cpython-(?P<python>3\.\d+\.\d+(?:(?:a|b|rc)\d+)?)(?:\+|-|%2B)\d{8}(?:T\d{4})?"
    r"-(?P<arch>\w+?)(?:_v[234])?-unknown-linux-(?P<libc>gnu|musl)(?:eabihf)?-(?P<rest>.+)$"
)
_PYTHON = re.compile(r"^(?P<release>3\.\d+\.\d+)(?P<prerelease>(?:(?:a|b|rc)\d+)?)(?P<threaded>t?)$")
_PLATFORM = re.compile(
    r"^(?P<arch>\w+?)-(?:unknown-linux-(?P<libc>gnu|musl)(?:eabihf)?"
    r"|manylinux_2_(?P<glibc>\d{1,3})|(?P<legacy>manylinux(?:1|2010|2014))|musllinux_1_(?P<musl>\d{1,3}))$"
)
_LEGACY = {"manylinux1": "5", "manylinux2010": "12", "manylinux2014": "17"}


class ArchiveInvalid(EntryInvalid):
    """`where` is such as `python_archives[0].hash`."""


@dataclass(frozen=True)
class PythonBuild:
    """A CPython for Linux.

    `version` has three parts (`3.12.7`), `prerelease` is such as `rc2` or empty. `arch` is in the words of
    `platform_machine`. `libc` is `glibc` or `musl`, `libc_version` what it needs at least or empty.
    """

    version: str
    prerelease: str
    threaded: bool
    arch: str
    libc: str
    libc_version: tuple[int, ...]

    @classmethod
    def parse(cls, name: str, python: Any, platform: Any, where: str) -> PythonBuild:
        """From the archive's name, as far as `python` and `platform` do not say it. Raises `ArchiveInvalid`."""
        named = _NAME.match(name)
        if named and "debug" in named["rest"].split(".")[0]:
            raise ArchiveInvalid(f"{where}.path", f"{name} is a debug build, which is not supported")
        if named:
            python = python or named["python"] + ("t" if "freethreaded" in named["rest"] else "")
            platform = platform or f"{named['arch']}-unknown-linux-{named['libc']}"
        found = _python(python, name, where)
        return cls(found["release"], found["prerelease"], bool(found["threaded"]), *_platform(platform, name, where))

    @property
    def full(self) -> str:
        """`3.12.7`, `3.13.0rc2`."""
        return f"{self.version}{self.prerelease}"

    @property
    def minor(self) -> str:
        return ".".join(self.version.split(".")[:2])

    @property
    def python(self) -> str:
        """The same, with `t` if it is free-threaded."""
        return f"{self.full}{'t' if self.threaded else ''}"

    @property
    def platform(self) -> str:
        """In the words of uv's `--python-platform`."""
        if not self.libc_version:
            return f"{self.arch}-unknown-linux-{'musl' if self.libc == 'musl' else 'gnu'}"
        kind = "musllinux" if self.libc == "musl" else "manylinux"
        return f"{self.arch}-{kind}_{'_'.join(map(str, self.libc_version))}"

    @property
    def bits(self) -> int:
        return 32 if self.arch in ("armv7l", "i686") else 64

    def suits(self, libc: Libc, machine: str) -> bool:
        """Whether it runs on a host; `machine` is that of the host's programs, as `libc.machine_of` tells it."""
        narrow = _ARCHITECTURES.get(machine, machine)
        return (self.arch, self.libc) == (narrow, libc.name) and self.libc_version <= parse_release(libc.version)

    @property
    def _libc(self) -> str:
        """In uv's words."""
        word = "musl" if self.libc == "musl" else "gnu"
        return f"{word}eabihf" if self.arch == "armv7l" else word

    @property
    def key(self) -> str:
        """uv's name for this Python, also that of the folder it makes: `cpython-3.12.7-linux-x86_64-gnu`."""
        threaded = "+freethreaded" if self.threaded else ""
        return f"cpython-{self.full}{threaded}-linux-{_FOLDERS.get(self.arch, self.arch)}-{self._libc}"

    @property
    def executable(self) -> str:
        """The interpreter in the folder that uv makes."""
        return f"bin/python{self.minor}{'t' if self.threaded else ''}"

    def download(self, url: str, sha256: str) -> dict[str, Any]:
        """The one entry of a list of downloads for uv (crates/uv-python/download-metadata.json)."""
        major, minor, patch = parse_release(self.version)
        return {
            "name": "cpython",
            "arch": {"family": _FAMILIES.get(self.arch, self.arch), "variant": None},
            "os": "linux",
            "libc": self._libc,
            "major": major,
            "minor": minor,
            "patch": patch,
            "prerelease": self.prerelease,
            "url": url,
            "sha256": sha256,
            "variant": "freethreaded" if self.threaded else None,
            "build": None,
        }


def _python(text: Any, name: str, where: str) -> re.Match[str]:
    if not text:
        raise ArchiveInvalid(f"{where}.python", f"the name {name} does not tell its Python; say it, such as 3.12.7")
    found = _PYTHON.match(str(text))
    if not found:
        raise ArchiveInvalid(f"{where}.python", f"{text!r} is no full version of CPython; write 3.12.7 or 3.13.1t")
    return found


def _platform(text: Any, name: str, where: str) -> tuple[str, str, tuple[int, ...]]:
    """Architecture, C library and the version that it needs at least."""
    found = _PLATFORM.match(str(text))
    arch = _ARCHITECTURES.get(found["arch"]) if found else None
    if found is None or arch is None:
        told = f"{text!r} is no Linux platform" if text else f"the name {name} tells no Linux platform"
        raise ArchiveInvalid(
            f"{where}.platform", f"{told}; write x86_64-unknown-linux-gnu, aarch64-unknown-linux-musl or the like"
        )
    if found["musl"] or found["libc"] == "musl":
        return arch, "musl", (1, int(found["musl"])) if found["musl"] else ()
    oldest = _LEGACY[found["legacy"]] if found["legacy"] else found["glibc"]
    return arch, "glibc", (2, int(oldest)) if oldest else ()
