# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host's side of a transfer: compare by hash, write beside, verify, rename.

Nothing counts as present for its name, size or time, no mode depends on a umask, and nothing is
written through a symbolic link that lies inside a tree.
"""

from __future__ import annotations

import errno
import grp
import hashlib
import os
import pwd
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError
from ansible_collections.airgap.uv.plugins.module_utils.transfer import File, Tree

_CHUNK = 1024 * 1024
INCOMING = ".uv_transfer-"

# A folder of incoming files that is older was left by a run that is dead.
_ABANDONED_SECONDS = 24 * 3600

FOLDER_MODE = 0o755


class FileNotWritten(AirgapError):
    def __init__(self, file: str, reason: str) -> None:
        super().__init__(file, reason)
        self.file = file
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.file} cannot be written on the host: {self.reason}."


class FileNotRead(AirgapError):
    def __init__(self, file: str, reason: str) -> None:
        super().__init__(file, reason)
        self.file = file
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.file} cannot be read: {self.reason}. Collect again, and see who may read that folder."


class FileChangedOnTheWay(AirgapError):
    def __init__(self, file: str, wanted: str, found: str) -> None:
        super().__init__(file, wanted, found)
        self.file = file
        self.wanted = wanted
        self.found = found

    def __str__(self) -> str:
        return (
            f"What arrived for {self.file} has sha256 {self.found} instead of {self.wanted}, and was not "
            "taken. Another run may have changed the controller's copy meanwhile; run again."
        )


class OwnerNotPossible(AirgapError):
    """`option`: `owner` or `group`."""

    def __init__(self, option: str, name: str, reason: str) -> None:
        super().__init__(option, name, reason)
        self.option = option
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.option}: {self.name} cannot own the files on the host: {self.reason}."


@dataclass(frozen=True)
class Owner:
    """Numeric user and group of everything that is written; none leaves them to the system."""

    uid: int | None
    gid: int | None

    @classmethod
    def parse(cls, owner: str | None, group: str | None, check_mode: bool = False) -> Owner:
        """In check mode an earlier task may not have created them yet, so unknown ones are let through."""
        try:
            entry = pwd.getpwnam(owner) if owner else None
        except KeyError:
            if not check_mode:
                raise OwnerNotPossible("owner", str(owner), "the host has no such user") from None
            entry = None
        try:
            gid = grp.getgrnam(group).gr_gid if group else None
        except KeyError:
            if not check_mode:
                raise OwnerNotPossible("group", str(group), "the host has no such group") from None
            gid = None
        if entry and os.geteuid() not in (0, entry.pw_uid):
            raise OwnerNotPossible(
                "owner", str(owner), "that needs root, so let the play become root or name its own user"
            )
        return cls(entry.pw_uid if entry else None, entry.pw_gid if entry and gid is None else gid)

    def differs(self, status: os.stat_result) -> bool:
        return (self.uid is not None and status.st_uid != self.uid) or (
            self.gid is not None and status.st_gid != self.gid
        )

    def give(self, path: Path) -> None:
        os.chown(
            path,
            -1 if self.uid is None else self.uid,
            -1 if self.gid is None else self.gid,
            follow_symlinks=False,
        )


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what the system refuses into a sentence about `path`."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            reason = f"the disk is full ({reason}); free some space and run again"
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            reason = f"{reason}; let the play become root, or deploy to a folder of this user"
        raise FileNotWritten(str(error.filename or path), reason) from None


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Name the source when it cannot be read; what is written inside explains itself."""
    try:
        yield
    except OSError as error:
        raise FileNotRead(str(error.filename or path), error.strerror or str(error)) from None


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def present(path: Path, file: File) -> bool:
    """Whether these very bytes are there, as a regular file."""
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    # In check mode the size of a file that was never fetched may be unknown, which is told as 0.
    sized = not file.size or status.st_size == file.size
    return stat.S_ISREG(status.st_mode) and sized and sha256_of(path) == file.sha256


def inside(tree: Tree, relative: str) -> Path:
    return Path(tree.dest) / relative


def reached(tree: Tree, relative: str) -> bool:
    """Whether the way to an entry leads through real folders only."""
    parents = [inside(tree, str(parent)) for parent in Path(relative).parents if str(parent) != "."]
    return not any(parent.is_symlink() for parent in parents)


def missing(tree: Tree) -> list[int]:
    """Positions in `tree.files` of those that are not there, byte for byte."""
    return [
        number
        for number, file in enumerate(tree.files)
        if not (reached(tree, file.path) and present(inside(tree, file.path), file))
    ]


def surplus(tree: Tree) -> list[Path]:
    """What lies in the tree's folder and is not listed; a folder stands for all that it holds."""
    if not tree.delete:
        return []
    listed = {entry.path for entry in tree.entries}
    folders = tree.folders()
    found: list[Path] = []

    def look(folder: Path, prefix: str) -> None:
        for entry in sorted(folder.iterdir()) if folder.is_dir() else []:
            name = prefix + entry.name
            if not prefix and entry.name in tree.keep:
                continue
            if name in folders and entry.is_dir() and not entry.is_symlink():
                look(entry, name + "/")
            elif name not in listed:
                found.append(entry)

    look(Path(tree.dest), "")
    return found


class Arrival:
    """Writes into a tree; `changed` gathers the paths whose mode, owner or link was put right."""

    def __init__(self, tree: Tree, owner: Owner, dry: bool) -> None:
        self.tree = tree
        self.owner = owner
        self.dry = dry
        self.changed: list[str] = []

    def open(self) -> Path:
        """A new folder for incoming files, on the same file system as what they become."""
        dest = Path(self.tree.dest)
        self._make_folder(dest)
        for left in dest.glob(f"{INCOMING}*"):
            if time.time() - left.lstat().st_mtime > _ABANDONED_SECONDS:
                remove(left)
        incoming = dest / f"{INCOMING}{secrets.token_hex(6)}"
        with explained(incoming):
            incoming.mkdir(mode=0o700)
        return incoming

    def write(self, file: File, stream: IO[bytes], incoming: Path) -> None:
        """Copy a stream beside, hash it on the way, and rename it when it is the wanted one."""
        beside = incoming / secrets.token_hex(8)
        digest = hashlib.sha256()
        with explained(inside(self.tree, file.path)):
            try:
                with beside.open("xb") as out:
                    while chunk := stream.read(_CHUNK):
                        digest.update(chunk)
                        out.write(chunk)
                self._settle(file, beside, digest.hexdigest())
            finally:
                beside.unlink(missing_ok=True)

    def take(self, file: File, arrived: Path) -> None:
        """Rename a file that arrived beside, when it is the wanted one."""
        with explained(inside(self.tree, file.path)):
            if arrived.is_symlink() or not arrived.is_file():
                raise FileChangedOnTheWay(str(inside(self.tree, file.path)), file.sha256, "of no file")
            self._settle(file, arrived, sha256_of(arrived))

    def _settle(self, file: File, beside: Path, digest: str) -> None:
        dest = inside(self.tree, file.path)
        if digest != file.sha256:
            raise FileChangedOnTheWay(str(dest), file.sha256, digest)
        self._make_folders(file.path)
        beside.chmod(file.mode)
        self.owner.give(beside)
        if dest.is_dir() and not dest.is_symlink():
            self._clear(dest)
        beside.replace(dest)

    def settle_links(self) -> None:
        for link in self.tree.links:
            path = inside(self.tree, link.path)
            if reached(self.tree, link.path) and path.is_symlink() and str(path.readlink()) == link.target:
                continue
            self.changed.append(str(path))
            if self.dry:
                continue
            with explained(path):
                self._make_folders(link.path)
                if path.is_dir() and not path.is_symlink():
                    self._clear(path)
                beside = path.with_name(f"{INCOMING}{secrets.token_hex(6)}")
                beside.symlink_to(link.target)
                self.owner.give(beside)
                beside.replace(path)

    def settle_modes(self) -> None:
        """Folders and files that are already there get their mode and owner too."""
        folders = [Path(self.tree.dest), *(inside(self.tree, name) for name in sorted(self.tree.folders()))]
        wanted = [(folder, FOLDER_MODE) for folder in folders]
        wanted += [(inside(self.tree, file.path), file.mode) for file in self.tree.files]
        for path, mode in wanted:
            if path.exists() and not path.is_symlink():
                self._set(path, mode)

    def _set(self, path: Path, mode: int) -> None:
        status = path.lstat()
        if stat.S_IMODE(status.st_mode) == mode and not self.owner.differs(status):
            return
        self.changed.append(str(path))
        if not self.dry:
            with explained(path):
                self.owner.give(path)  # first: giving a file away clears special bits
                path.chmod(mode)

    def _make_folders(self, relative: str) -> None:
        """The folders above an entry, as real ones: a link or a file in the way is cleared."""
        for parent in reversed(Path(relative).parents):  # the first is ".", the tree's own folder
            self._make_folder(inside(self.tree, str(parent)))

    def _make_folder(self, path: Path) -> None:
        if (
            path != Path(self.tree.dest)
            and Path(self.tree.dest) in path.parents
            and (path.is_symlink() or path.is_file())
        ):
            self._clear(path)
        if path.is_dir():
            return
        with explained(path):
            if not path.parent.is_dir():
                self._make_folder(path.parent)
            path.mkdir()
            path.chmod(FOLDER_MODE)
            self.owner.give(path)

    def _clear(self, path: Path) -> None:
        if not self.tree.delete:
            raise FileNotWritten(str(path), "something of another kind is in its place; move it away")
        remove(path)


def remove(path: Path) -> None:
    """A file, a link or a folder with all that it holds; links are not followed."""
    with explained(path):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
