# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folders of a deployment on a host: which file system each lies on or would, and what may be done there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FOLDERS = ("releases", "wheels", "bin", "python")

# `os.statvfs`, or a test's.
StatVfs = Callable[[str], Any]


@dataclass(frozen=True)
class Place:
    """The nearest folder that exists (`at`), and its file system, for the user who asks.

    `device` is one for all places on one file system. `free_inodes` is None where the file system makes
    them as it needs them (btrfs).
    """

    at: str
    device: int
    free_bytes: int
    free_inodes: int | None
    read_only: bool
    noexec: bool
    writable: bool

    @classmethod
    def of(cls, path: Path, statvfs: StatVfs = os.statvfs) -> Place:
        at = nearest(path)
        found = statvfs(str(at))
        return cls(
            at=str(at),
            device=os.stat(at).st_dev,
            free_bytes=found.f_bavail * found.f_frsize,
            free_inodes=found.f_favail if found.f_files else None,
            read_only=bool(found.f_flag & os.ST_RDONLY),
            noexec=bool(found.f_flag & os.ST_NOEXEC),
            writable=at.is_dir() and os.access(at, os.W_OK | os.X_OK, effective_ids=_EFFECTIVE),
        )


def places(path: Path, statvfs: StatVfs = os.statvfs, **more: Path) -> dict[str, dict[str, Any]]:
    """Where each of `FOLDERS` under the deployment's folder is or would be, and the places in `more`."""
    folders = {name: path / name for name in FOLDERS}
    return {name: asdict(Place.of(folder, statvfs)) for name, folder in {**folders, **more}.items()}


def nearest(path: Path) -> Path:
    """The path itself, or the nearest folder above that exists, as far as this user can see."""
    return next(folder for folder in [path, *path.parents] if os.path.exists(folder))


def kept_wheels(folder: Path) -> dict[str, int]:
    """Sizes of the wheels in a wheelhouse by their paths in it: flat, or in a folder of their hash's name."""
    if not folder.is_dir():
        return {}
    return dict(sorted(_wheels(folder, "")))


def _wheels(folder: Path, prefix: str) -> Iterator[tuple[str, int]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.name.endswith(".whl") and entry.is_file(follow_symlinks=False):
                yield prefix + entry.name, entry.stat(follow_symlinks=False).st_size
            elif not prefix and entry.is_dir(follow_symlinks=False):
                yield from _wheels(Path(entry.path), f"{entry.name}/")


# Ansible may run with another effective than real user.
_EFFECTIVE = os.access in os.supports_effective_ids
