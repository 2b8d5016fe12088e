# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a folder of installed files is held to: a record of their hashes, in the form of sha256sum.

Links stand in it as comments. It is written last, so a folder without one is half of an installation.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from ansible_collections.airgap.uv.plugins.module_utils.arrival import sha256_of
from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError

NAME = "SHA256SUMS"


class ArchiveChanged(AirgapError):
    """Not the bytes that the user's hash is of."""

    def __init__(self, archive: str, expected: str, found: str) -> None:
        super().__init__(archive, expected, found)
        self.archive = archive
        self.expected = expected
        self.found = found

    def __str__(self) -> str:
        return (
            f"{self.archive} has sha256 {self.found}, but its hash was given as {self.expected}. Nothing was taken "
            "out of it. Fetch it again, or correct the hash if the archive is the one that you want."
        )


class ArchiveUnreadable(AirgapError):
    def __init__(self, archive: str, reason: str) -> None:
        super().__init__(archive, reason)
        self.archive = archive
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.archive} cannot be read: {self.reason}. Bring the archive there, or correct its path."


def verify(path: Path, sha256: str) -> None:
    """Raises `ArchiveChanged` unless these are the bytes that the hash is of, or `ArchiveUnreadable`."""
    try:
        found = sha256_of(path)
    except OSError as error:
        raise ArchiveUnreadable(str(path), error.strerror or str(error)) from None
    if found != sha256:
        raise ArchiveChanged(str(path), sha256, found)


def intact(folder: Path, heading: str) -> bool:
    """Whether a record is there, of this heading, and the folder holds what it lists, and nothing else.

    An added file may steer whatever Python runs from there. Bytecode that Python itself adds is let be.
    """
    try:
        lines = (folder / NAME).read_text(encoding="utf-8").splitlines()
        if not lines or lines[0] != f"# {heading}":
            return False
        listed = dict(_entry(line)[::-1] for line in lines[1:] if not line.startswith("#"))
        added = {_name(path, folder) for path in _files(folder)} - {*listed, NAME}
        if any("/__pycache__/" not in f"/{name}" for name in added):
            return False
        links = [line for line in lines[1:] if line.startswith("#")]
        return links == list(_links(folder)) and all(sha256_of(folder / name) == listed[name] for name in listed)
    except (OSError, ValueError):
        return False


def write(folder: Path, heading: str) -> Path:
    """Record all files and links below `folder`; sha256sum -c reads it. Renamed into its place when it is whole."""
    beside = folder / f".{NAME}"
    with beside.open("w", encoding="utf-8") as file:
        file.write(f"# {heading}\n")
        for path in _files(folder):
            if path != beside:
                file.write(f"{sha256_of(path)}  {_name(path, folder)}\n")
        file.writelines(f"{line}\n" for line in _links(folder))
    beside.replace(folder / NAME)
    return folder / NAME


def _files(folder: Path) -> Iterator[Path]:
    for above, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(above, name) for name in sorted(names) if not Path(above, name).is_symlink())


def _links(folder: Path) -> Iterator[str]:
    """A line for each link, to a file or a folder."""
    for above, folders, names in os.walk(folder):
        folders.sort()
        for path in (Path(above, name) for name in sorted([*folders, *names])):
            if path.is_symlink():
                yield f"# {_name(path, folder)} -> {os.readlink(path)}"


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _entry(line: str) -> tuple[str, str]:
    """Digest and path of a line as sha256sum writes it."""
    digest, _space, name = line.partition("  ")
    if not name or PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
        raise ValueError(line)
    return digest, name
