# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A target: one kind of host, given as values and never asked of the machine that collects."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.airgap.uv.plugins.module_utils.errors import (
    AirgapError,
    TargetNotSupported,
    TargetUnknown,
)
from ansible_collections.airgap.uv.plugins.module_utils.libraries import specifiers, tags, version
from ansible_collections.airgap.uv.plugins.module_utils.platforms import Platform, TargetContradicts

__all__ = (
    "MARKERS",
    "Platform",
    "Python",
    "Target",
    "TargetContradicts",
    "TargetsInvalid",
)

_PYTHON = re.compile(
    r"(?P<pypy>pypy)?(?P<major>3)\.(?P<minor>\d{1,2})(\.(?P<micro>\d{1,3}))?(?P<pre>(a|b|rc)\d{1,2})?(?P<threaded>t?)(?P<debug>d?)",
    re.ASCII,
)
_PYTHONS = ("3.11", "3.11.2", "3.13t (free-threaded)", "3.13d (debug)", "pypy3.10", "pypy3.11.13")

# The first that wheels can be for (PEP 425). What is older is most likely 3.10, which YAML has read as a number.
_OLDEST_MINOR = 2
_FIRST_FREE_THREADED = (3, 13)

# PyPy's version names its ABI (pypy310_pp73), and 7.3 is the one of every PyPy since Python 3.6.
_PYPY_VERSION = "7.3"

# The variables of PEP 508 (https://packaging.python.org/en/latest/specifications/dependency-specifiers/).
MARKERS = (
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

# The markers that Python and platform determine to the letter.
_DETERMINED = {
    "implementation_name": "python",
    "platform_python_implementation": "python",
    "python_version": "python",
    "os_name": "platform",
    "platform_system": "platform",
    "sys_platform": "platform",
}

# No CPython minor version had, or will have, this many micro releases.
_LAST_MICRO = 99


class TargetsInvalid(AirgapError):
    """`errors`: place and sentence of each entry of `targets` that cannot be used, where there are several."""

    def __init__(self, errors: list[tuple[int, str]]) -> None:
        super().__init__(errors)
        self.errors = errors

    def __str__(self) -> str:
        lines = [f"\n  targets[{number}]: {sentence}" for number, sentence in self.errors]
        return f"{len(self.errors)} targets cannot be used:{''.join(lines)}"


@dataclass(frozen=True)
class Python:
    """A Python: `3.11`, `3.11.2`, free-threaded `3.13t`, debug `3.13d`, `pypy3.10`.

    `implementation` is named as the marker implementation_name; `release` has two or three parts;
    `full` is the version without the letters of the build (`3.13.1`).
    """

    name: str
    implementation: str
    release: tuple[int, ...]
    full: str
    threaded: bool
    debug: bool

    @classmethod
    def parse(cls, name: str) -> Python:
        match = _PYTHON.fullmatch(name)
        if not match or (match["pypy"] and (match["threaded"] or match["debug"])):
            if name.startswith("graalpy"):
                raise TargetNotSupported(name, "only CPython and PyPy are targets")
            raise TargetUnknown(name, list(_PYTHONS))
        if int(match["minor"]) < _OLDEST_MINOR:
            raise TargetUnknown(name, ["'3.10' in quotes, for YAML reads 3.10 as the number 3.1", *_PYTHONS])
        # A first release's candidate has no micro version of its own to be joined with others.
        micro = match["micro"] or ("0" if match["pre"] else "")
        full = f"3.{match['minor']}" + (f".{micro}" if micro else "") + (match["pre"] or "")
        found = cls(
            name,
            "pypy" if match["pypy"] else "cpython",
            version.Version(full).release,
            full,
            bool(match["threaded"]),
            bool(match["debug"]),
        )
        if found.threaded and found.release[:2] < _FIRST_FREE_THREADED:
            raise TargetContradicts(name, "its python is free-threaded (t)", "such builds begin with Python 3.13")
        return found

    @property
    def minor(self) -> str:
        """The Python that a build for it needs (`3.11`, `3.13t`, `pypy3.10`).

        A debug build installs what was built with the usual one of its version (since 3.8).
        """
        prefix = "pypy" if self.implementation == "pypy" else ""
        return f"{prefix}{self.release[0]}.{self.release[1]}{'t' if self.threaded else ''}"

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

    def markers(self, full: str) -> dict[str, str]:
        """The markers that the Python determines (PEP 508), with `full` as its version."""
        pypy = self.implementation == "pypy"
        return {
            "implementation_name": self.implementation,
            "implementation_version": _PYPY_VERSION if pypy else full,
            "platform_python_implementation": "PyPy" if pypy else "CPython",
            "python_full_version": full,
            "python_version": f"{self.release[0]}.{self.release[1]}",
        }

    def is_version(self, text: str) -> bool:
        """Whether `text`, a full version as an interpreter says it, is one of this Python's."""
        try:
            # Debian's and others' builds between two releases end in a plus sign.
            found = version.Version(text.rstrip("+")).release
        except version.InvalidVersion:
            return False
        return (*found, 0, 0)[: len(self.release)] == self.release


@dataclass(frozen=True)
class Target:
    """One kind of host: its Python, its platform and markers that differ from the usual ones.

    `mark` tells it from others of its Python and platform, in its label.
    """

    python: Python
    platform: Platform
    markers: tuple[tuple[str, str], ...] = field(default=())
    mark: str = field(default="", compare=False)

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Target:
        """Read `{python, platform, markers}` as the module's option `targets` has it.

        Raises `TargetUnknown` for a name that is none, `TargetContradicts` for statements that
        cannot both hold.
        """
        given = raw.get("markers") or {}
        unknown = sorted(set(given) - set(MARKERS))
        if unknown:
            raise TargetUnknown(f"markers: {', '.join(unknown)}", list(MARKERS))
        found = cls(
            Python.parse(str(raw["python"])),
            Platform.parse(str(raw["platform"])),
            tuple(sorted((str(key), str(value)) for key, value in given.items())),
        )
        found._refuse_contradictions()
        return found

    @classmethod
    def parse_all(cls, raw: Sequence[Mapping[str, Any]]) -> list[Target]:
        """Read the whole option. The error tells of every entry that cannot be used."""
        found, errors = [], []
        for number, each in enumerate(raw):
            try:
                found.append(cls.parse(each))
            except AirgapError as error:
                errors.append((number, error))
        if len(errors) == 1:
            raise errors[0][1]
        if errors:
            raise TargetsInvalid([(number, str(error).replace("targets: ", "", 1)) for number, error in errors])
        return found

    @property
    def label(self) -> str:
        return f"{self.python.name}-{self.platform.name}{self.mark}"

    def marker(self, name: str) -> str:
        """The value of a marker, for a Python without a micro version that of the minor one."""
        return self._environment(self.python.full)[name]

    def told(self, names: Iterable[str]) -> tuple[str, ...]:
        """All that a lock which mentions the markers of these names can tell of it, beside Python and platform."""
        return (self._pypy_digits(), *(self.marker(name) for name in names))

    def environments(self, requires: specifiers.SpecifierSet) -> list[dict[str, str]]:
        """Marker environments (PEP 508), one for each micro version that is joined.

        None when the target's Python is not inside `requires`.
        """
        return [self._environment(full) for full in self.python.full_versions(requires)]

    def _environment(self, full: str) -> dict[str, str]:
        return {**self.python.markers(full), **self.platform.markers(), **dict(self.markers)}

    def tags(self) -> list[tags.Tag]:
        """Wheel tags that this target installs, the best first (PEP 425)."""
        platforms = self.platform.tags()
        two = self.python.release[:2]
        digits = f"{two[0]}{two[1]}"
        if self.python.implementation == "pypy":
            return [
                *tags.generic_tags(f"pp{digits}", [f"pypy{digits}_pp{self._pypy_digits()}"], platforms),
                *tags.compatible_tags(two, "pp3", platforms),
            ]
        usual = f"cp{digits}{'t' if self.python.threaded else 'm' if two < (3, 8) else ''}"
        # A debug build loads the usual one's extensions too (What's new in Python 3.8).
        abis = [f"{usual}d", usual] if self.python.debug else [usual]
        return [
            *tags.cpython_tags(two, abis, platforms),
            *tags.compatible_tags(two, f"cp{digits}", platforms),
        ]

    def _pypy_digits(self) -> str:
        parts = dict(self.markers).get("implementation_version", _PYPY_VERSION).split(".")
        return "".join(parts[:2])

    @property
    def named_by_uv(self) -> Target | None:
        """This target as uv can name it, with the nearest older platform that has a name; none if uv has no words.

        What fits that one fits this one, but this one may take a wheel for a newer platform.
        """
        if self.python.implementation != "cpython" or self.python.threaded or self.python.debug:
            return None
        name = self.platform.named_by_uv()
        return dataclasses.replace(self, platform=Platform.parse(name)) if name else None

    def uv_arguments(self, full: str) -> list[str] | None:
        """Words for `uv pip install` that make uv choose for `named_by_uv`; none if there is no such target.

        `full` is one of the target's Python versions. uv knows no other markers than the usual ones, and
        reads MACOSX_DEPLOYMENT_TARGET, IPHONEOS_DEPLOYMENT_TARGET and ANDROID_API_LEVEL.
        """
        named = self.named_by_uv
        return ["--python-platform", named.platform.name, "--python-version", full] if named else None

    def _refuse_contradictions(self) -> None:
        usual = self._environment_without_markers()
        for name, value in self.markers:
            source = _DETERMINED.get(name, "")
            given = {"python": self.python.name, "platform": self.platform.name}.get(source)
            if given and value != usual[name]:
                raise self._contradiction(f"{source} {given} means {name} {usual[name]}", f"{name} {value}")
            if name == "platform_machine" and not self.platform.runs_on(value):
                raise self._contradiction(f"platform {self.platform.name} does not run there", f"{name} {value}")
            if name in self._versions() and not self.python.is_version(value):
                raise self._contradiction(f"python is {self.python.name}", f"{name} {value}")

    def _environment_without_markers(self) -> dict[str, str]:
        return {**self.python.markers(self.python.full), **self.platform.markers()}

    def _versions(self) -> tuple[str, ...]:
        """The markers that hold the Python's full version; PyPy's implementation has one of its own."""
        both = ("python_full_version", "implementation_version")
        return both if self.python.implementation == "cpython" else both[:1]

    def _contradiction(self, stated: str, marker: str) -> TargetContradicts:
        return TargetContradicts(self.label, stated, f"its markers say {marker}")
