# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A platform's name: one of uv's for `--python-platform`, or one of the same pattern for another version.

uv's names and defaults stand in its `crates/uv-configuration/src/target_triple.rs`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Callable

from ansible_collections.airgap.uv.plugins.module_utils.errors import TargetUnknown

# Linux architectures, as platform_machine and uv's platform names spell them.
ARCHITECTURES = ("x86_64", "aarch64", "armv7l", "i686", "ppc64le", "riscv64", "s390x")

# What uv takes for a platform without a version; riscv64 began with a later one.
_GLIBC_OF_GNU = (2, 28)
_GLIBC_OF_RISCV64 = (2, 39)
_MUSL = (1, 2)
_MACOS = (13, 0)
_IOS = (13, 0)
_ANDROID = (24, 0)

# The older names of three glibc versions (PEP 600).
LEGACY = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}

_SHORT = {
    "linux": "x86_64-unknown-linux-gnu",
    "macos": "aarch64-apple-darwin",
    "windows": "x86_64-pc-windows-msvc",
}

# The glibc versions, each for x86_64 and aarch64, that uv has a name for.
_UV_GLIBC = (17, 28, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40)

# Of two names for one platform the clearer comes first.
UV_NAMES = (
    *(
        f"{arch}-{rest}"
        for arch in ("x86_64", "aarch64")
        for rest in (*(f"manylinux_2_{minor}" for minor in _UV_GLIBC), "manylinux2014")
    ),
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "riscv64-unknown-linux",
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-musl",
    "aarch64-apple-darwin",
    "x86_64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "aarch64-pc-windows-msvc",
    "i686-pc-windows-msvc",
    "aarch64-linux-android",
    "x86_64-linux-android",
    "wasm32-pyodide2024",
    "wasm32-pyodide2025",
    "arm64-apple-ios",
    "arm64-apple-ios-simulator",
    "x86_64-apple-ios-simulator",
    *_SHORT,
)

# The patterns, for the reader of an error; `ARCH` is one of ARCHITECTURES.
_FORMS = (
    "ARCH-manylinux_2_N",
    "ARCH-unknown-linux-gnu",
    "ARCH-unknown-linux-musl",
    "ARCH-musllinux_1_N",
    "aarch64-apple-darwin",
    "x86_64-macosx_N_0",
    "x86_64-pc-windows-msvc",
)

# A tag's own order, such as manylinux_2_28_x86_64, which uv understands too.
_TAG = re.compile(
    r"(?P<rest>manylinux\d+|manylinux_\d+_\d+|musllinux_\d+_\d+|macosx_\d+_\d+)_(?P<arch>[a-z]\w+)", re.ASCII
)

_LINUX = "|".join(ARCHITECTURES)
_APPLE = "aarch64|arm64|x86_64"


@dataclass(frozen=True)
class PlatformName:
    """What a name says. `arch` is named as on Linux; `libc` is `glibc`, `musl` or empty."""

    system: str
    arch: str
    libc: str
    version: tuple[int, int]

    @classmethod
    def parse(cls, name: str) -> PlatformName:
        """Raises `TargetUnknown` with the nearest names."""
        words = _SHORT.get(name, name)
        tag = _TAG.fullmatch(words)
        words = f"{tag['arch']}-{tag['rest']}" if tag else words
        for pattern, read in _NAMES:
            match = re.fullmatch(pattern, words, re.ASCII)
            if match:
                system, libc, version = read(match.groupdict())
                return cls(system, "aarch64" if match["arch"] == "arm64" else match["arch"], libc, version)
        raise TargetUnknown(name, _nearest(name))


_Read = Callable[[Mapping[str, str]], "tuple[str, str, tuple[int, int]]"]


def _gnu(groups: Mapping[str, str]) -> tuple[str, str, tuple[int, int]]:
    return "linux", "glibc", _GLIBC_OF_RISCV64 if groups["arch"] == "riscv64" else _GLIBC_OF_GNU


def _numbered(system: str, libc: str) -> _Read:
    return lambda groups: (system, libc, (int(groups["major"]), int(groups["minor"])))


def _fixed(system: str, libc: str = "", version: tuple[int, int] = (0, 0)) -> _Read:
    return lambda groups: (system, libc, version)


# Pattern of a name, and what it says: system, libc, version.
_NAMES: tuple[tuple[str, _Read], ...] = (
    (rf"(?P<arch>{_LINUX})-manylinux_(?P<major>2)_(?P<minor>\d{{1,3}})", _numbered("linux", "glibc")),
    (
        rf"(?P<arch>{_LINUX})-(?P<legacy>manylinux1|manylinux2010|manylinux2014)",
        lambda groups: ("linux", "glibc", LEGACY[groups["legacy"]]),
    ),
    (rf"(?P<arch>{_LINUX})-unknown-linux(-gnu)?", _gnu),
    (rf"(?P<arch>{_LINUX})-unknown-linux-musl", _fixed("linux", "musl", _MUSL)),
    (rf"(?P<arch>{_LINUX})-musllinux_(?P<major>1)_(?P<minor>\d{{1,3}})", _numbered("linux", "musl")),
    (rf"(?P<arch>{_APPLE})-apple-darwin", _fixed("macos", version=_MACOS)),
    (rf"(?P<arch>{_APPLE})-macosx_(?P<major>\d\d)_(?P<minor>\d{{1,2}})", _numbered("macos", "")),
    (r"(?P<arch>x86_64|aarch64|i686)-pc-windows-msvc", _fixed("windows")),
    (r"(?P<arch>x86_64|aarch64)-linux-android", _fixed("android", version=_ANDROID)),
    (r"(?P<arch>arm64)-apple-ios", _fixed("ios", version=_IOS)),
    (r"(?P<arch>arm64|x86_64)-apple-ios-simulator", _fixed("ios", version=_IOS)),
    (
        r"(?P<arch>wasm32)-pyodide(?P<major>202[45])",
        lambda groups: ("pyodide", "", (int(groups["major"]), 0)),
    ),
)


def _nearest(name: str) -> list[str]:
    """Right names like the wrong one first, then the patterns of all."""
    known = {each.lower(): each for each in (*UV_NAMES, *_examples())}
    near = [known[each] for each in difflib.get_close_matches(name.lower(), known, 3, 0.6)]
    forms = [form for form in _FORMS if form not in near]
    return [*near, *forms, f"with ARCH one of {', '.join(ARCHITECTURES)}"]


def _examples() -> list[str]:
    """One name of each pattern for each architecture."""
    rests = ("manylinux_2_36", "manylinux2014", "unknown-linux-gnu", "unknown-linux-musl", "musllinux_1_2")
    return [*(f"{arch}-{rest}" for arch in ARCHITECTURES for rest in rests), "arm64-macosx_14_0", "x86_64-macosx_14_0"]
