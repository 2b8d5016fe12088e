# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Option `dist`: wheels of the project's own packages that were built before, taken instead of building them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError, ExtraWheelInvalid, OptionInvalid
from ansible_collections.airgap.uv.plugins.module_utils.extra import ExtraWheel
from ansible_collections.airgap.uv.plugins.module_utils.libraries import pylock, utils, version
from ansible_collections.airgap.uv.plugins.module_utils.lockfile import Lockfile
from ansible_collections.airgap.uv.plugins.module_utils.preferences import Preferences
from ansible_collections.airgap.uv.plugins.module_utils.selection import Choice
from ansible_collections.airgap.uv.plugins.module_utils.sources import Sources
from ansible_collections.airgap.uv.plugins.module_utils.tree import file_digest

OPTION = "dist"


class DistStale(AirgapError):
    """`packages`: name, the version that the project has, file names of the wheels that have another."""

    def __init__(self, folder: str, packages: list[tuple[str, str, list[str]]]) -> None:
        super().__init__(folder, packages)
        self.folder = folder
        self.packages = packages

    def __str__(self) -> str:
        lines = [f"\n  {name} is at {number}, and there is {', '.join(there)}" for name, number, there in self.packages]
        return (
            f"{OPTION}: the wheels in {self.folder} are of other versions than the project's. Build them again, or "
            f"remove them to have the packages built here:{''.join(lines)}"
        )


@dataclass(frozen=True)
class Dist:
    """The wheels in a folder that are of packages which the lock has as folders; others there are nobody's concern."""

    folder: Path
    wheels: tuple[ExtraWheel, ...] = ()

    @classmethod
    def read(cls, folder: Path, lock: Lockfile) -> Dist:
        """`OptionInvalid` or `ExtraWheelInvalid` for a folder that cannot be meant."""
        folder = folder.resolve()
        if not folder.is_dir():
            raise OptionInvalid(OPTION, str(folder), "there is no such folder")
        found = {path: _name(path) for path in sorted(folder.glob("*.whl"))}
        if not any(found.values()):
            nameless = f" whose name is one ({', '.join(path.name for path in found)} is none)" if found else ""
            reason = f"it holds no wheel{nameless}; name the folder that the build wrote to"
            raise OptionInvalid(OPTION, str(folder), reason)
        packaged = {member.name for member in lock.members if member.packaged}
        ours = tuple(_wheel(path, lock) for path, name in found.items() if name in packaged)
        if not ours:
            there = ", ".join(sorted(set(filter(None, found.values()))))
            known = ", ".join(sorted(packaged)) or "none"
            reason = f"it holds wheels of {there}, and none of a local package of the lock ({known})"
            raise OptionInvalid(OPTION, str(folder), reason)
        return cls(folder, ours)

    def preferred(self, exported: pylock.Pylock, wishes: Preferences, sources: Sources) -> Preferences:
        """`wishes` with those of the wheels that stand for packages of the lock.

        A wheel that `extra_wheels` brings goes first, and `no_binary` wants a package built. Raises `DistStale`.
        """
        stale, taken = [], []
        brought = {wheel.name for wheel in wishes.extra_wheels} | wishes.no_binary
        for name in sorted({str(each.name) for each in exported.packages if each.directory} - brought):
            own = [wheel for wheel in self.wheels if wheel.name == name]
            wanted = _version(name, sources)
            of_it = [wheel for wheel in own if wanted in (None, wheel.version)]
            if own and not of_it:
                stale.append((name, str(wanted), [wheel.path.name for wheel in own]))
            _refuse_several(self.folder, of_it)
            taken += of_it
        if stale:
            raise DistStale(str(self.folder), stale)
        return dataclasses.replace(wishes, extra_wheels=(*wishes.extra_wheels, *taken))

    def warnings(self, wishes: Preferences, choices: Sequence[Choice]) -> Iterator[str]:
        """Packages that are built for some targets all the same."""
        there = {wheel.name for wheel in wishes.extra_wheels if wheel.option == OPTION}
        for choice in choices:
            if choice.name in there and not isinstance(choice.source, ExtraWheel):
                targets = ", ".join(target.label for target in choice.targets)
                yield f"No wheel of {choice.name} in {self.folder} fits {targets}; for those it is built."


def versioned(lock: pylock.Pylock, wishes: Preferences) -> pylock.Pylock:
    """With the versions that the wheels tell: what is built for other targets must have the same."""
    told = {wheel.name: wheel.version for wheel in wishes.extra_wheels if wheel.option == OPTION}
    packages = [
        dataclasses.replace(each, version=told[each.name]) if each.name in told and not each.version else each
        for each in lock.packages
    ]
    return dataclasses.replace(lock, packages=packages)


def _name(path: Path) -> str | None:
    """Whose wheel it is, as its name tells; None where it tells nothing."""
    try:
        return str(utils.parse_wheel_filename(path.name)[0])
    except utils.InvalidWheelFilename:
        return None


def _wheel(path: Path, lock: Lockfile) -> ExtraWheel:
    if not path.is_file():
        raise ExtraWheelInvalid(str(path), "it is a folder, or a link to nothing", OPTION)
    inside = lock.folder in path.parents
    place = path.relative_to(lock.folder).as_posix() if inside else path.name
    raw: dict[str, Any] = {"path": path, "hash": f"sha256:{file_digest(path)}"}
    return dataclasses.replace(ExtraWheel.parse(raw, OPTION), place=place)


def _version(name: str, sources: Sources) -> version.Version | None:
    """What the project says; None where only a build tells."""
    member = sources.lock.member(name)
    told = (sources.pyproject(member).version or member.version) if member else None
    try:
        return version.Version(told) if told else None
    except version.InvalidVersion:
        return None


def _refuse_several(folder: Path, wheels: Sequence[ExtraWheel]) -> None:
    """Where nothing else tells the version, the wheels must agree."""
    other = next((wheel for wheel in wheels if wheel.version != wheels[0].version), None)
    if other:
        reason = f"{wheels[0].path.name} is another version of {other.name}, and nothing else tells which is meant"
        raise ExtraWheelInvalid(str(folder / other.path.name), reason, OPTION)
