# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a builder is sent: archives whose bytes depend on nothing but what is in them."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from ansible_collections.airgap.uv.plugins.module_utils.arrival import sha256_of
from ansible_collections.airgap.uv.plugins.module_utils.environ import SOURCE_DATE_EPOCH
from ansible_collections.airgap.uv.plugins.module_utils.errors import SourceUnsafe

# Never part of a source, whoever names them: histories, environments, what machines leave behind.
NEVER = (
    ".git",
    ".hg",
    ".svn",
    ".venv",
    "__pycache__",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".tox",
    ".nox",
)

# The one folder at the top of a packed source; uv leaves such a one out of the names.
TOP = "source"


def pack(folder: Path, archive: Path) -> str:
    """Write a tar of the files and links below `folder`, less `NEVER`; gives its sha256.

    Neither owners nor times are told, and of modes whether a file may be run.
    """
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as tar:
        for path in _below(folder):
            _add(tar, f"{TOP}/{path.relative_to(folder).as_posix()}", path)
    return sha256_of(archive)


def bundle(files: Iterable[tuple[str, Path]], archive: Path) -> None:
    """A tar of files under names of two parts, such as `links/helper-1.0.tar.gz`."""
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, path in files:
            _add(tar, name, path.resolve())


def unbundle(archive: Path, destination: Path) -> None:
    """What `bundle` packed, and nothing that it never would."""
    with tarfile.open(archive) as tar:
        for member in tar:
            parts = member.name.split("/")
            stream = tar.extractfile(member) if member.isreg() else None
            if stream is None or len(parts) != 2 or any(part in ("", ".", "..") for part in parts):
                raise SourceUnsafe(archive.name, f"its member {member.name} has no place there")
            path = destination / member.name
            path.parent.mkdir(exist_ok=True)
            with path.open("xb") as file:
                while chunk := stream.read(1024 * 1024):
                    file.write(chunk)


def _below(folder: Path) -> Iterator[Path]:
    for above, folders, names in os.walk(folder):
        links = [name for name in folders if Path(above, name).is_symlink()]
        folders[:] = sorted(name for name in folders if name not in NEVER and name not in links)
        yield from (Path(above, name) for name in sorted([*names, *links]) if name not in NEVER)


def _add(tar: tarfile.TarFile, name: str, path: Path) -> None:
    info = tarfile.TarInfo(name)
    info.mtime = int(SOURCE_DATE_EPOCH)
    if path.is_symlink():
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, os.readlink(path), 0o777
        tar.addfile(info)
    elif path.is_file():
        with path.open("rb") as stream:
            status = os.fstat(stream.fileno())
            info.size, info.mode = status.st_size, 0o755 if status.st_mode & 0o100 else 0o644
            tar.addfile(info, stream)
