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


def refuse_escaping(archive: Path) -> None:
    """Raise `SourceUnsafe` when a member would land outside the archive's own folder.

    uv of some versions leaves such a member out without a word. What is no archive is its to say.
    """
    nowhere = "/nonexistent"
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as found:
                for entry in found.infolist():
                    _refuse_name(archive, entry.filename)
        elif tarfile.is_tarfile(archive):
            with tarfile.open(archive) as tar:
                for member in tar:
                    _refuse_name(archive, member.name)
                    _filtered(member, nowhere)
    except _FILTERED as error:
        raise SourceUnsafe(archive.name, str(error)) from error
    except _BROKEN:
        return


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
                for member in tar:
                    _refuse_name(archive, member.name)
                    kept = _filtered(member, str(destination))
                    if kept is not None:
                        tar.extract(kept, destination, **_TRUSTED)
    except (*_FILTERED, *_BROKEN) as error:
        raise SourceUnsafe(archive.name, str(error)) from error
    settle(destination)
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
    for path in list(_below(root)):
        if path.is_symlink():
            target = os.path.normpath(path.parent / os.readlink(path))
            if os.path.isabs(os.readlink(path)) or not f"{target}/".startswith(f"{os.path.normpath(root)}/"):
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
    if member.issym() or member.islnk():
        above = os.path.dirname(member.name) if member.issym() else ""
        target = os.path.normpath(os.path.join(above, member.linkname))
        if os.path.isabs(member.linkname) or target == ".." or target.startswith("../"):
            raise _OldFilterError(
                f"{member.name!r} would link to {member.linkname!r}, which is outside the destination"
            )
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


def _refuse_name(archive: Path, name: str) -> None:
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts:
        raise SourceUnsafe(archive.name, f"its member {name} leads out of it")


def _unzip(archive: Path, destination: Path) -> None:
    """With the modes and links that a zip file made on a POSIX system has; `zipfile` leaves them out."""
    links = []
    with zipfile.ZipFile(archive) as found:
        for entry in found.infolist():
            _refuse_name(archive, entry.filename)
            mode = entry.external_attr >> 16
            path = destination / entry.filename
            if stat.S_ISLNK(mode):
                links.append((path, found.read(entry).decode()))
            elif entry.is_dir():
                path.mkdir(parents=True, exist_ok=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                with found.open(entry) as source, path.open("wb") as target:
                    shutil.copyfileobj(source, target)
                path.chmod(0o755 if mode & 0o100 else 0o644)
    # Last, so that no member is written through one.
    for path, target_name in links:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target_name)
