# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A platform: its markers, and the tags of wheels that run there.

The tags: PEP 600 (manylinux), PEP 656 (musllinux), and packaging for Apple's systems and Android.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Callable

from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError
from ansible_collections.airgap.uv.plugins.module_utils.libraries import tags
from ansible_collections.airgap.uv.plugins.module_utils.platform_names import LEGACY, UV_NAMES, PlatformName

# The oldest glibc that a manylinux tag of the architecture can name (packaging, PEP 513 and PEP 599).
_OLDEST_GLIBC = {"x86_64": (2, 5), "i686": (2, 5)}
_OLDEST_OTHER_GLIBC = (2, 17)

# The first macOS of each architecture that packaging has tags for.
_OLDEST_MACOS = {"x86_64": (10, 4), "aarch64": (11, 0)}


@dataclass(frozen=True)
class _System:
    """What is the same for every platform of a system: markers, and how its tags are made."""

    os_name: str
    sys_platform: str
    platform_system: str


_SYSTEMS = {
    "linux": _System("posix", "linux", "Linux"),
    "macos": _System("posix", "darwin", "Darwin"),
    "windows": _System("nt", "win32", "Windows"),
    "android": _System("posix", "android", "Android"),
    "ios": _System("posix", "ios", "iOS"),
    "pyodide": _System("posix", "emscripten", "Emscripten"),
}

# platform_machine where it is not the architecture's name. uv calls 64-bit Windows x86_64; Python says AMD64.
_MACHINES = {
    ("windows", "x86_64"): "AMD64",
    ("windows", "aarch64"): "ARM64",
    ("windows", "i686"): "x86",
    ("macos", "aarch64"): "arm64",
    ("ios", "aarch64"): "arm64",
}

# Kernels and emulations that an interpreter of the architecture truly runs on, in lower case.
_MACHINES_TOO = {
    "i686": ("i386", "i486", "i586", "x86_64", "amd64"),
    "armv7l": ("armv8l", "aarch64", "arm64"),
    "x86_64": ("amd64",),
    "aarch64": ("arm64",),
}
_WINDOWS_ON_ARM = ("arm64",)


class TargetContradicts(AirgapError):
    """`one` and `other`: two statements of a target that cannot both hold."""

    def __init__(self, target: str, one: str, other: str) -> None:
        super().__init__(target, one, other)
        self.target = target
        self.one = one
        self.other = other

    def __str__(self) -> str:
        return f"targets: {self.target} contradicts itself: {self.one}, but {self.other}. Correct one of the two."


@dataclass(frozen=True)
class Platform:
    """An architecture with a system of a version: glibc's or musl's on Linux, Apple's release, Android's API level.

    `arch` is named as on Linux; `libc` is `glibc`, `musl` or empty.
    """

    name: str
    system: str
    arch: str
    libc: str
    version: tuple[int, int]

    @classmethod
    def parse(cls, name: str) -> Platform:
        """Read one of uv's `--python-platform` names, or one of the same pattern.

        Raises `TargetUnknown` with the nearest names, `TargetContradicts` for a version that the
        architecture never had.
        """
        said = PlatformName.parse(name)
        found = cls(name, said.system, said.arch, said.libc, said.version)
        found._refuse_too_old()
        return found

    @property
    def glibc(self) -> tuple[int, int] | None:
        return self.version if self.libc == "glibc" else None

    @property
    def machine(self) -> str:
        """The marker platform_machine, as a Python there says it of itself."""
        return _MACHINES.get((self.system, self.arch), self.arch)

    def markers(self) -> dict[str, str]:
        """The markers that the platform determines (PEP 508); of the kernel nothing is known."""
        system = _SYSTEMS[self.system]
        return {
            "os_name": system.os_name,
            "platform_machine": self.machine,
            "platform_release": "",
            "platform_system": system.platform_system,
            "platform_version": "",
            "sys_platform": system.sys_platform,
        }

    def runs_on(self, machine: str) -> bool:
        """Whether an interpreter of this platform may report `machine`: 32 bits run on a 64-bit kernel."""
        if self.system == "windows" and machine.lower() in _WINDOWS_ON_ARM:
            return True
        return machine.lower() in (self.machine.lower(), self.arch, *_MACHINES_TOO.get(self.arch, ()))

    def tags(self) -> list[str]:
        """Platform tags of wheels that run there, the best first."""
        return list(_TAGS[self.system](self))

    def named_by_uv(self) -> str | None:
        """The name that uv has for this platform or, of glibc and musl, for the nearest older one.

        None when uv has no such name. What has none for its own version is served with an older one's.
        """
        older = [
            each
            for each in _uv_platforms()
            if (each.system, each.arch, each.libc) == (self.system, self.arch, self.libc)
            and each.version <= self.version
            and (self.system != "ios" or each.name == self.name)
        ]
        return max(older, key=lambda each: (each.version, each.name == self.name)).name if older else None

    def _refuse_too_old(self) -> None:
        oldest = {
            "glibc": _OLDEST_GLIBC.get(self.arch, _OLDEST_OTHER_GLIBC),
            "": _OLDEST_MACOS[self.arch] if self.system == "macos" else (0, 0),
        }.get(self.libc, (0, 0))
        if self.version < oldest:
            kind = self.libc or "macOS"
            raise TargetContradicts(
                self.name,
                f"its {kind} is {_dotted(self.version)}",
                f"wheels for {self.arch} begin with {kind} {_dotted(oldest)}",
            )


def _linux_tags(platform: Platform) -> list[str]:
    """PEP 600 and PEP 656. Native `linux_` comes last, as in uv; such wheels are on no public index."""
    found = []
    major, newest = platform.version
    if platform.libc == "musl":
        found = [f"musllinux_{major}_{minor}_{platform.arch}" for minor in range(newest, -1, -1)]
    else:
        oldest = _OLDEST_GLIBC.get(platform.arch, _OLDEST_OTHER_GLIBC)[1]
        legacy = {version: name for name, version in LEGACY.items()}
        for minor in range(newest, oldest - 1, -1):
            found.append(f"manylinux_{major}_{minor}_{platform.arch}")
            if (major, minor) in legacy:
                found.append(f"{legacy[major, minor]}_{platform.arch}")
    return [*found, f"linux_{platform.arch}"]


def _macos_tags(platform: Platform) -> list[str]:
    return list(tags.mac_platforms(platform.version, platform.machine))


def _windows_tags(platform: Platform) -> list[str]:
    return [{"x86_64": "win_amd64", "aarch64": "win_arm64", "i686": "win32"}[platform.arch]]


def _android_tags(platform: Platform) -> list[str]:
    abi = "arm64_v8a" if platform.arch == "aarch64" else platform.arch
    return list(tags.android_platforms(platform.version[0], abi))


def _ios_tags(platform: Platform) -> list[str]:
    kind = "iphonesimulator" if platform.name.endswith("simulator") else "iphoneos"
    return list(tags.ios_platforms(platform.version, f"{platform.machine}_{kind}"))


def _pyodide_tags(platform: Platform) -> list[str]:
    """PEP 783, and the tag's older name."""
    year = platform.version[0]
    return [f"pyemscripten_{year}_0_{platform.arch}", f"pyodide_{year}_0_{platform.arch}"]


_TAGS: Mapping[str, Callable[[Platform], list[str]]] = {
    "linux": _linux_tags,
    "macos": _macos_tags,
    "windows": _windows_tags,
    "android": _android_tags,
    "ios": _ios_tags,
    "pyodide": _pyodide_tags,
}


@functools.lru_cache
def _uv_platforms() -> tuple[Platform, ...]:
    return tuple(Platform.parse(name) for name in UV_NAMES)


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
