# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`pylock.toml` of any tool (PEP 751): what of it is wanted, with its extras and groups settled."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from ansible_collections.airgap.uv.plugins.module_utils.errors import FileInvalid, OptionInvalid
from ansible_collections.airgap.uv.plugins.module_utils.libraries import markers, pylock, utils, version
from ansible_collections.airgap.uv.plugins.module_utils.uv import Groups
from ansible_collections.airgap.uv.plugins.module_utils.verdict import archive_name, is_wheel

# A marker's words, as packaging writes them (PEP 508): parentheses, values in quotes, names and operators.
_WORDS = re.compile(r"""[()]|"[^"]*"|'[^']*'|[^\s()"']+""")


def chosen(lock: pylock.Pylock, groups: Groups) -> pylock.Pylock:
    """The packages that the options want; no marker mentions extras or groups any more, for staged projects have none.

    Raises `OptionInvalid` for what such a lock has not, `FileInvalid` for a version that cannot be told.
    """
    _refuse_workspace(groups)
    extras, names = _extras(lock, groups), _groups(lock, groups)
    packages = []
    for package in lock.packages:
        if _left_out(package, groups):
            continue
        settled = _Settled(str(package.marker), extras, names).marker if package.marker else True
        if settled is not False:
            marker = None if settled is True else markers.Marker(settled)
            packages.append(dataclasses.replace(package, marker=marker, version=_version(package)))
    return dataclasses.replace(lock, packages=packages, extras=None, dependency_groups=None, default_groups=None)


def _version(package: pylock.Package) -> version.Version | None:
    """What the lock says; some tools leave it to the names of the files. Raises `FileInvalid` where they differ."""
    if package.version:
        return package.version
    told = {number for name in _names_of_files(package) if (number := _told(name))}
    if len(told) > 1:
        several = ", ".join(map(str, sorted(told)))
        raise FileInvalid("The lock", f"{package.name} has no version, and its files are of {several}")
    return next(iter(told), None)


def _names_of_files(package: pylock.Package) -> Iterator[str]:
    """Those that tell a version; an archive that is no wheel may have any name."""
    yield from (wheel.filename for wheel in package.wheels or ())
    if package.sdist:
        yield package.sdist.filename
    if package.archive and is_wheel(package.archive):
        yield archive_name(package.archive)


def _told(name: str) -> version.Version | None:
    try:
        return utils.parse_wheel_filename(name)[1] if name.endswith(".whl") else utils.parse_sdist_filename(name)[1]
    except (utils.InvalidWheelFilename, utils.InvalidSdistFilename):
        return None  # `verdict` says so


def _refuse_workspace(groups: Groups) -> None:
    for option, value in (("package", groups.package), ("all_packages", groups.all_packages)):
        if value:
            raise OptionInvalid(option, str(value).lower(), "a pylock.toml knows no workspace; give the uv.lock")


def _extras(lock: pylock.Pylock, groups: Groups) -> set[str]:
    known = _names(lock.extras)
    _refuse_unknown("extras", groups.extras, known)
    return known if groups.all_extras else _names(groups.extras)


def _groups(lock: pylock.Pylock, groups: Groups) -> set[str]:
    """The groups that are wanted, those that the lock installs by default among them."""
    default = _names(lock.default_groups)
    known = _names(lock.dependency_groups) | default
    _refuse_unknown("groups", groups.groups, known)
    _refuse_unknown("only_groups", groups.only_groups, known)
    if groups.only_groups:
        return _names(groups.only_groups)
    named = _names(groups.groups)
    wanted = known if groups.all_groups else named | (set() if groups.no_default_groups else default)
    return wanted - ({"dev"} - named if groups.no_dev else set())


def _names(names: Iterable[str] | None) -> set[str]:
    return {str(utils.canonicalize_name(name)) for name in names or ()}


def _refuse_unknown(option: str, names: Iterable[str], known: set[str]) -> None:
    for name in names:
        if utils.canonicalize_name(name) not in known:
            raise OptionInvalid(option, name, f"the lock has no such name; it has {', '.join(sorted(known)) or 'none'}")


def _left_out(package: pylock.Package, groups: Groups) -> bool:
    return any(_reasons(package, groups))


def _reasons(package: pylock.Package, groups: Groups) -> Iterator[bool]:
    folder = PurePosixPath(package.directory.path) if package.directory else None
    archive = package.archive
    archived = archive is not None and (archive.path is not None or str(archive.url).startswith("file:"))
    yield package.name in _names(groups.no_install_package)
    yield groups.no_install_project and folder == PurePosixPath(".")
    yield groups.no_install_workspace and folder is not None
    yield groups.no_install_local and (folder is not None or archived)


class _Settled:
    """A marker with what it says of extras and groups answered (PEP 751, "Environment markers").

    `marker`: what is left of it as text, or whether it holds when nothing is.
    """

    def __init__(self, text: str, extras: set[str], groups: set[str]) -> None:
        self._named = {"extras": extras, "dependency_groups": groups}
        self._words = _WORDS.findall(text)
        self.marker = self._either()

    def _either(self) -> str | bool:
        parts = [self._all()]
        while self._words[:1] == ["or"]:
            self._words.pop(0)
            parts.append(self._all())
        return _joined(parts, " or ", True)

    def _all(self) -> str | bool:
        parts = [self._one()]
        while self._words[:1] == ["and"]:
            self._words.pop(0)
            parts.append(self._one())
        return _joined([f"({part})" if " or " in str(part) else part for part in parts], " and ", False)

    def _one(self) -> str | bool:
        if self._words[0] == "(":
            self._words.pop(0)
            inside = self._either()
            self._words.pop(0)
            return inside
        end = next((at for at, word in enumerate(self._words) if word in ("and", "or", ")")), len(self._words))
        words, self._words = self._words[:end], self._words[end:]
        if words[-1] not in self._named:
            return " ".join(words)
        asked = str(utils.canonicalize_name(words[0][1:-1])) in self._named[words[-1]]
        return asked if words[1] == "in" else not asked


def _joined(parts: list[str | bool], word: str, settles: bool) -> str | bool:
    """Parts joined by `and` or `or`; one that `settles` the whole leaves nothing, its opposite adds nothing."""
    if settles in [part for part in parts if isinstance(part, bool)]:
        return settles
    open_ = [part for part in parts if isinstance(part, str)]
    return word.join(open_) if open_ else not settles
