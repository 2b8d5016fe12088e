# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A target: one kind of host, given as values and never asked of the machine that collects."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.airgap.uv.plugins.module_utils.errors import (
    TargetNotSupported,
    TargetUnknown,
)
from ansible_collections.airgap.uv.plugins.module_utils.libraries import specifiers, tags, version

# Architectures as platform_machine and uv's platform names spell them.
ARCHITECTURES = ("x86_64", "aarch64", "armv7l", "i686", "ppc64le", "riscv64", "s390x")

# What uv takes for a platform without a glibc version (uv reference, `--python-platform`).
_GLIBC_OF_GNU = (2, 28)
_GLIBC_OF_LEGACY = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}

# The oldest glibc that a manylinux tag of the architecture can name (PEP 600, PEP 599).
_OLDEST_MINOR = {"x86_64": 5, "i686": 5}

_MANYLINUX = re.compile(r"(?P<arch>\w+?)-manylinux_2_(?P<minor>\d{1,3})")
_LEGACY = re.compile(r"(?P<arch>\w+?)-(?P<legacy>manylinux1|manylinux2010|manylinux2014)")
_GNU = re.compile(r"(?P<arch>\w+?)-unknown-linux(-gnu)?")
_OTHER_SYSTEM = re.compile(r"windows|macos|darwin|musl|android|ios|pyodide")
_PYTHON = re.compile(r"(?P<release>3\.\d+(\.\d+)?((a|b|rc)\d+)?)(?P<threaded>t?)")

# The variables of PEP 508 (https://packaging.python.org/en/latest/specifications/dependency-specifiers/).
_MARKERS = (
    "implementation_name",
    "implementation_version",
    "os_name",
    "platform_machine",
    "platform_python_implementation",
    "platform_release",
    "platform_system",
    "platform_version",
    "python_full_version",
    "python_version",
    "sys_platform",
)

# No CPython minor version had, or will have, this many micro releases.
_LAST_MICRO = 99


@dataclass(frozen=True)
class Platform:
    """A glibc Linux: architecture and glibc version (`x86_64`, `(2, 36)`)."""

    name: str
    arch: str
    glibc: tuple[int, int]

    @classmethod
    def parse(cls, name: str) -> Platform:
        """Read one of uv's `--python-platform` names; any glibc version may be named."""
        if name == "linux":
            return cls(name, "x86_64", _GLIBC_OF_GNU)
        for pattern in (_MANYLINUX, _LEGACY, _GNU):
            match = pattern.fullmatch(name)
            if match and match["arch"] in ARCHITECTURES:
                return cls(name, match["arch"], _glibc(match.groupdict()))
        if _OTHER_SYSTEM.search(name):
            raise TargetNotSupported(name, "only glibc Linux is a target in this version")
        raise TargetUnknown(name, [f"{arch}-manylinux_2_N" for arch in ARCHITECTURES])

    def tags(self) -> list[str]:
        """Platform tags from the newest to the oldest that this glibc runs (PEP 600)."""
        found = []
        oldest = _OLDEST_MINOR.get(self.arch, 17)
        legacy = {minor: name for name, (_major, minor) in _GLIBC_OF_LEGACY.items()}
        for minor in range(self.glibc[1], oldest - 1, -1):
            found.append(f"manylinux_2_{minor}_{self.arch}")
            if minor in legacy:
                found.append(f"{legacy[minor]}_{self.arch}")
        return [*found, f"linux_{self.arch}"]


@dataclass(frozen=True)
class Python:
    """A CPython version: `3.11`, `3.11.2`, `3.13t`; `release` has two or three parts."""

    name: str
    release: tuple[int, ...]
    full: str
    threaded: bool

    @classmethod
    def parse(cls, name: str) -> Python:
        match = _PYTHON.fullmatch(name)
        if not match:
            if re.match(r"^(pypy|graalpy)", name):
                raise TargetNotSupported(name, "only CPython is a target in this version")
            raise TargetUnknown(name, ["3.11", "3.11.2", "3.13t"])
        return cls(name, version.Version(match["release"]).release, match["release"], bool(match["threaded"]))

    @property
    def minor(self) -> str:
        """What a build needs: major, minor and the free-threaded `t` (`3.11`, `3.13t`)."""
        return f"{self.release[0]}.{self.release[1]}{'t' if self.threaded else ''}"

    def full_versions(self, requires: specifiers.SpecifierSet) -> list[str]:
        """The versions whose choices are joined: the one named, or the first and the newest micro.

        Micro versions outside `requires` do not count; an empty list means that none is inside.
        """
        if len(self.release) > 2:
            candidates = [self.full]
        else:
            candidates = [f"{self.full}.{micro}" for micro in range(_LAST_MICRO + 1)]
        inside = [full for full in candidates if requires.contains(full, prereleases=True)]
        return inside if len(inside) < 2 else [inside[0], inside[-1]]


@dataclass(frozen=True)
class Target:
    """One kind of host: its Python, its platform and markers that differ from the usual ones."""

    python: Python
    platform: Platform
    markers: tuple[tuple[str, str], ...] = field(default=())

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Target:
        """Read `{python, platform, markers}` as the module's option `targets` has it."""
        given = raw.get("markers") or {}
        unknown = sorted(set(given) - set(_MARKERS))
        if unknown:
            raise TargetUnknown(f"markers: {', '.join(unknown)}", list(_MARKERS))
        return cls(
            Python.parse(str(raw["python"])),
            Platform.parse(str(raw["platform"])),
            tuple(sorted((str(key), str(value)) for key, value in given.items())),
        )

    @property
    def label(self) -> str:
        return f"{self.python.name}-{self.platform.name}"

    def environments(self, requires: specifiers.SpecifierSet) -> list[dict[str, str]]:
        """Marker environments (PEP 508), one for each micro version that is joined.

        None when the target's Python is not inside `requires`.
        """
        return [self._environment(full) for full in self.python.full_versions(requires)]

    def _environment(self, full: str) -> dict[str, str]:
        usual = {
            "implementation_name": "cpython",
            "implementation_version": full,
            "os_name": "posix",
            "platform_machine": self.platform.arch,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": full,
            "python_version": f"{self.python.release[0]}.{self.python.release[1]}",
            "sys_platform": "linux",
        }
        return {**usual, **dict(self.markers)}

    def tags(self) -> list[tags.Tag]:
        """Wheel tags that this target installs, the best first (PEP 425)."""
        digits = f"cp{self.python.release[0]}{self.python.release[1]}"
        abi = digits + ("t" if self.python.threaded else "")
        platforms = self.platform.tags()
        two = self.python.release[:2]
        return [
            *tags.cpython_tags(two, [abi], platforms),
            *tags.compatible_tags(two, digits, platforms),
        ]


def _glibc(groups: Mapping[str, str]) -> tuple[int, int]:
    if "minor" in groups:
        return (2, int(groups["minor"]))
    return _GLIBC_OF_LEGACY.get(groups.get("legacy", ""), _GLIBC_OF_GNU)


def refuse_other_machines(targets: Sequence[Target], machine: str) -> None:
    """Builders for other architectures come later; until then such a target is refused by name."""
    others = [target.label for target in targets if target.platform.arch != machine]
    if others:
        raise TargetNotSupported(
            ", ".join(others),
            f"this machine is {machine}, and only its own architecture is collected for in this version",
        )
