# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wheel that comes nearest to a target that none fits, and what it asks for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ansible_collections.airgap.uv.plugins.module_utils.libraries import tags, utils
from ansible_collections.airgap.uv.plugins.module_utils.platforms import Platform
from ansible_collections.airgap.uv.plugins.module_utils.target import Target

# How far off a wheel is: a system with a newer libc is sooner found than another Python, that sooner than
# a machine of another kind.
_VERSION, _PYTHON, _LIBC, _ARCH, _SYSTEM = 1, 10, 100, 1_000, 10_000

_SYSTEMS = {
    "linux": "Linux",
    "macos": "macOS",
    "windows": "Windows",
    "android": "Android",
    "ios": "iOS",
    "pyodide": "Pyodide",
}

# Tags that name no version of a libc or a system of their own (PEP 425, PEP 513, PEP 571, PEP 599).
_LEGACY = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
_WINDOWS = {"win32": "i686", "win_amd64": "x86_64", "win_arm64": "aarch64"}
_OTHERS = {"android": "android", "ios": "ios", "pyodide": "pyodide", "pyemscripten": "pyodide", "emscripten": "pyodide"}
_LINUX = re.compile(r"(?P<libc>manylinux|musllinux)_(?P<major>\d+)_(?P<minor>\d+)_(?P<arch>\w+)")
_OLD = re.compile(r"(?P<legacy>manylinux1|manylinux2010|manylinux2014|linux)_(?P<arch>\w+)")
_MACOS = re.compile(r"macosx_(?P<major>\d+)_(?P<minor>\d+)_(?P<arch>\w+)")
_ANDROID = re.compile(r"android_(?P<level>\d+)_(?P<abi>\w+)")
_PYTHON_TAG = re.compile(r"(?P<kind>cp|pp|py)(?P<major>\d)(?P<minor>\d*)")


@dataclass(frozen=True)
class Nearest:
    """`distance`: the smaller, the nearer. `wants` and `has`: what it asks for, and what the target has instead."""

    filename: str
    distance: tuple[int, int]
    wants: tuple[str, ...]
    has: tuple[str, ...]

    def __str__(self) -> str:
        wants, has = (" and ".join(words) for words in (self.wants, self.has))
        return f"the nearest wheel, {self.filename}, asks for {wants}; the target has {has}"

    @classmethod
    def among(cls, filenames: Iterable[str], target: Target) -> Nearest | None:
        """The nearest of wheels that do not fit; None where there is no wheel at all."""
        wished = _Wished(target)
        found = (wished.compared(name, tag) for name in filenames for tag in utils.parse_wheel_filename(name)[-1])
        return min(found, key=lambda each: (each.distance, each.filename, each.wants), default=None)


@dataclass(frozen=True)
class _Kind:
    """What a platform tag asks for, in `Platform`'s words; no `libc` or version where it names none."""

    system: str
    arches: tuple[str, ...]
    libc: str
    version: tuple[int, int]

    @classmethod
    def parse(cls, tag: str) -> _Kind:
        modern, old, apple = (pattern.fullmatch(tag) for pattern in (_LINUX, _OLD, _MACOS))
        if modern:
            libc = "glibc" if modern["libc"] == "manylinux" else "musl"
            return cls("linux", (modern["arch"],), libc, (int(modern["major"]), int(modern["minor"])))
        if old:
            version = _LEGACY.get(old["legacy"], (0, 0))
            return cls("linux", (old["arch"],), "glibc" if version > (0, 0) else "", version)
        if apple:
            both = {"universal2": ("x86_64", "aarch64"), "arm64": ("aarch64",), "intel": ("x86_64",)}
            arches = both.get(apple["arch"], (apple["arch"],))
            return cls("macos", arches, "", (int(apple["major"]), int(apple["minor"])))
        if tag in _WINDOWS:
            return cls("windows", (_WINDOWS[tag],), "", (0, 0))
        android = _ANDROID.fullmatch(tag)
        if android:
            arch = "aarch64" if android["abi"] == "arm64_v8a" else android["abi"]
            return cls("android", (arch,), "", (int(android["level"]), 0))
        start = tag.partition("_")[0]
        return cls(_OTHERS.get(start, tag), (), "", (0, 0))


class _Wished:
    """A target, taken apart once for all the wheels that it is compared with."""

    def __init__(self, target: Target) -> None:
        self._target = target
        found = target.tags()
        self._platforms = {tag.platform for tag in found}
        self._pythons = {(tag.interpreter, tag.abi) for tag in found}

    def compared(self, filename: str, tag: tags.Tag) -> Nearest:
        differences = [*self._of_python(tag), *self._of_platform(tag.platform)]
        distance = (sum(each[0] for each in differences), sum(each[1] for each in differences))
        # A wheel of nothing but fitting parts that does not fit as a whole, such as cp311-none for CPython 3.12.
        rest = [] if differences else [(0, 0, f"{tag}", self._target.label)]
        wants, has = zip(*((each[2], each[3]) for each in differences or rest))
        return Nearest(filename, distance, wants, has)

    def _of_python(self, tag: tags.Tag) -> Iterator[tuple[int, int, str, str]]:
        if (tag.interpreter, tag.abi) not in self._pythons:
            python = self._target.python
            number = _PYTHON_TAG.fullmatch(tag.interpreter)
            minor = int(number["minor"] or 0) if number else 0
            yield _PYTHON, abs(python.release[1] - minor), _python(tag), self._own_python()

    def _of_platform(self, tag: str) -> Iterator[tuple[int, int, str, str]]:
        if tag in self._platforms or tag == "any":
            return
        own, wanted = self._target.platform, _Kind.parse(tag)
        if wanted.system != own.system:
            yield _SYSTEM, 0, _SYSTEMS.get(wanted.system, wanted.system), _SYSTEMS[own.system]
        if wanted.arches and own.arch not in wanted.arches:
            yield _ARCH, 0, " or ".join(wanted.arches), own.arch
        if wanted.system != own.system:
            return
        if wanted.libc and wanted.libc != own.libc:
            yield _LIBC, 0, wanted.libc, own.libc
        elif wanted.version > own.version:
            yield (
                _VERSION,
                100 * wanted.version[0] + wanted.version[1],
                _versioned(own, wanted.version),
                _versioned(own),
            )

    def _own_python(self) -> str:
        python = self._target.python
        name = "PyPy" if python.implementation == "pypy" else "CPython"
        kind = "free-threaded " if python.threaded else ""
        return f"{kind}{name} {python.release[0]}.{python.release[1]}"


def _versioned(platform: Platform, version: tuple[int, int] | None = None) -> str:
    major, minor = version or platform.version
    if platform.system == "android":
        return f"Android API level {major}"
    return f"{platform.libc or _SYSTEMS[platform.system]} {major}.{minor}"


def _python(tag: tags.Tag) -> str:
    """The Python that a tag asks for, in words."""
    match = _PYTHON_TAG.fullmatch(tag.interpreter)
    if not match:
        return f"{tag.interpreter}-{tag.abi}"
    number = match["major"] + (f".{match['minor']}" if match["minor"] else "")
    if match["kind"] == "py":
        return f"Python {number}" + (" or later" if match["minor"] else "")
    name = "PyPy" if match["kind"] == "pp" else "CPython"
    if tag.abi == "abi3":
        return f"{name} {number} or later"
    kinds = re.fullmatch(r"cp(\d+)(t?)(d?)\w*", tag.abi)
    if kinds and match["kind"] == "cp" and kinds[1] != match["major"] + match["minor"]:
        return f"{name} {number} with the ABI {tag.abi}"
    words = ["free-threaded " if kinds and kinds[2] else "", "a debug build of " if kinds and kinds[3] else ""]
    return f"{''.join(words)}{name} {number}"
