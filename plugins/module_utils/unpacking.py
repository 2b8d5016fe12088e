# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Source archives, unpacked so that nothing of them lands outside, and trees that depend on no checkout or umask."""

from __future__ import annotations

import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from ansible_collections.airgap.uv.plugins.module_utils.environ import SOURCE_DATE_EPOCH
from ansible_collections.airgap.uv.plugins.module_utils.errors import SourceUnsafe


class _OldFilterError(Exception):
    """As tarfile's own, which Python has since 3.9.17, 3.10.12 and 3.11.4."""


_FILTERED = (getattr(tarfile, "FilterError", _OldFilterError), _OldFilterError)

# What was looked at before is extracted as it is.
_TRUSTED: dict[str, Any] = {"filter": "fully_trusted"} if hasattr(tarfile, "data_filter") else {}

_BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError)

CMAKE = "CMakeLists.txt"
_TOP = 2  # uv leaves the single folder of an archive out

_LONGEST_TARGET = 4096  # bytes of a link's text, as Linux has it (PATH_MAX)


def refuse_escaping(archive: Path) -> None:
    """Raise `SourceUnsafe` when a member would land outside the archive's own folder.

    uv of some versions leaves such a member out without a word. What is no archive is its to say.
    """
    nowhere = "/nonexistent"
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as found:
                _links(archive, found)
        elif tarfile.is_tarfile(archive):
            with tarfile.open(archive) as tar:
                names = _Names(archive.name)
                for member in tar:
                    names.add(member)
                    _filtered(member, nowhere)
    except _FILTERED as error:
        raise SourceUnsafe(archive.name, str(error)) from error
    except _BROKEN:
        return


def is_of_cmake(archive: Path) -> bool:
    """Whether CMake builds what an archive holds, as far as a file at its top tells."""
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as found:
                names = found.namelist()
        else:
            with tarfile.open(archive) as tar:
                names = tar.getnames()
    except _BROKEN:
        return False
    parts = [PurePosixPath(name).parts for name in names]
    return any(each and each[-1] == CMAKE and len(each) <= _TOP for each in parts)


def unpack(archive: Path, destination: Path, subdirectory: str) -> Path:
    """Unpack a tar or zip archive into `destination`; gives the folder `subdirectory` of what it holds.

    Raises `SourceUnsafe` when it cannot be unpacked, or leads outside, or has no such folder.
    """
    destination.mkdir(parents=True)
    try:
        if zipfile.is_zipfile(archive):
            _unzip(archive, destination)
        else:
            with tarfile.open(archive) as tar:
                names = _Names(archive.name)
                for member in tar:
                    names.add(member)
                    kept = _filtered(member, str(destination))
                    if kept is not None:
                        _refuse_crossing(archive.name, destination, destination / kept.name)
                        tar.extract(kept, destination, **_TRUSTED)
        settle(destination)
    except (*_FILTERED, *_BROKEN) as error:
        raise SourceUnsafe(archive.name, str(error)) from error
    entries = list(destination.iterdir())
    # uv, too, leaves a single folder at the top out of the names.
    root = entries[0] if len(entries) == 1 and entries[0].is_dir() and not entries[0].is_symlink() else destination
    return part(root, subdirectory, archive.name)


def part(root: Path, subdirectory: str, shown: str) -> Path:
    """The folder `subdirectory` of an unpacked source."""
    named = PurePosixPath(subdirectory or ".")
    folder = root / named
    if (
        named.is_absolute()
        or ".." in named.parts
        or root.resolve() not in (folder.resolve(), *folder.resolve().parents)
    ):
        raise SourceUnsafe(shown, f"its subdirectory {subdirectory} leads out of it")
    if not folder.is_dir():
        raise SourceUnsafe(shown, f"it has no folder {subdirectory}")
    return folder


def settle(root: Path) -> None:
    """Modes and times that depend on nothing but the source; links that lead out of it are dropped."""
    moment = float(SOURCE_DATE_EPOCH)
    inside = f"{os.path.realpath(root)}/"
    for path in list(_below(root)):
        if path.is_symlink():
            if os.path.isabs(os.readlink(path)) or not f"{os.path.realpath(path)}/".startswith(inside):
                path.unlink()
            continue
        mode = path.stat().st_mode
        path.chmod(0o755 if stat.S_ISDIR(mode) or mode & 0o100 else 0o644)
        if not stat.S_ISDIR(mode):
            os.utime(path, (moment, moment))


def _filtered(member: tarfile.TarInfo, destination: str) -> tarfile.TarInfo | None:
    """As tarfile's data filter: nothing outside, no devices, no owners, and modes that let the owner read and write."""
    if hasattr(tarfile, "data_filter"):
        return tarfile.data_filter(member, destination)
    if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
        raise _OldFilterError(f"{member.name!r} is a special file")
    place = os.path.realpath(os.path.join(destination, os.path.dirname(member.name)))
    if place != os.path.realpath(destination) and not place.startswith(os.path.realpath(destination) + os.sep):
        raise _OldFilterError(f"{member.name!r} would be extracted to {place!r}, which is outside the destination")
    member.uid = member.gid = os.geteuid()
    member.uname = member.gname = ""
    member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    return member


def _below(root: Path) -> Iterator[Path]:
    for above, folders, files in os.walk(root):
        yield from (Path(above, name) for name in sorted([*folders, *files]))


class _Names:
    """The members of an archive so far, to refuse one by one what may lead out of it.

    None lies below a link or takes the place of one, whatever the link says: tarfile of Python before 3.9.23, 3.10.18,
    3.11.13, 3.12.11 and 3.13.4 can be led astray by where links lead (CVE-2025-4517).
    """

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._links: set[str] = set()
        self._files: set[str] = set()

    def add(self, member: tarfile.TarInfo) -> None:
        name = self.place(member.name)
        if member.issym():
            self.link(member.name, member.linkname)
        elif member.islnk() and str(PurePosixPath(member.linkname)) not in self._files:
            raise SourceUnsafe(
                self._shown, f"its link {member.name} leads to {member.linkname}, which is no file of it"
            )
        elif not member.isdir():
            self._files.add(str(name))

    def place(self, name: str) -> PurePosixPath:
        """A member that is no link."""
        parts = PurePosixPath(name.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts:
            raise SourceUnsafe(self._shown, f"its member {name} leads out of it")
        for above in (parts, *parts.parents):
            if str(above) in self._links:
                raise SourceUnsafe(self._shown, f"its member {name} would be written through its link {above}")
        return parts

    def link(self, name: str, target: str) -> None:
        parts = self.place(name)
        there = os.path.normpath(os.path.join(str(parts.parent), target))
        if os.path.isabs(target) or there.split("/")[0] == "..":
            raise SourceUnsafe(self._shown, f"its link {name} leads out of it, to {target}")
        self._files.discard(str(parts))
        self._links.add(str(parts))


def _refuse_crossing(shown: str, root: Path, path: Path) -> None:
    """Raise `SourceUnsafe` for a path with a link on its way: where names differ only in case, one may be another."""
    for place in (path, *path.parents):
        if place == root:
            return
        if place.is_symlink():
            raise SourceUnsafe(shown, f"{path.relative_to(root)} would be written through {place.relative_to(root)}")


def _links(archive: Path, found: zipfile.ZipFile) -> dict[str, str]:
    """The links of a zip file with what they lead to, after a look at all members."""
    names = _Names(archive.name)
    links = {}
    for entry in found.infolist():
        if _is_link(entry):
            if entry.file_size > _LONGEST_TARGET:
                raise SourceUnsafe(archive.name, f"its link {entry.filename} leads nowhere")
            links[entry.filename] = found.read(entry).decode()
            names.link(entry.filename, links[entry.filename])
    for entry in found.infolist():
        if not _is_link(entry):
            names.place(entry.filename)
    return links


def _is_link(entry: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(entry.external_attr >> 16)


def _unzip(archive: Path, destination: Path) -> None:
    """With the modes and links that a zip file made on a POSIX system has; `zipfile` leaves them out."""
    with zipfile.ZipFile(archive) as found:
        links = _links(archive, found)
        for entry in found.infolist():
            path = destination / entry.filename
            if entry.is_dir():
                path.mkdir(parents=True, exist_ok=True)
            elif not _is_link(entry):
                path.parent.mkdir(parents=True, exist_ok=True)
                with found.open(entry) as source, path.open("wb") as target:
                    shutil.copyfileobj(source, target)
                path.chmod(0o755 if entry.external_attr >> 16 & 0o100 else 0o644)
    # Last, so that no member is written through one.
    for name, target_name in links.items():
        path = destination / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _refuse_crossing(archive.name, destination, path)
        path.symlink_to(target_name)
