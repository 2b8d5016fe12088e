# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host already has: its uv, its users, and the releases under a deployment's folder."""

from __future__ import annotations

import grp
import os
import pwd
import re
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError
from ansible_collections.airgap.uv.plugins.module_utils.interpreter import Runner, is_there
from ansible_collections.airgap.uv.plugins.module_utils.places import FOLDERS, nearest

_UV_VERSION = re.compile(r"^uv (?P<version>\d+(\.\d+)+\S*)")


class UvNotUsable(AirgapError):
    def __init__(self, program: str, reason: str) -> None:
        super().__init__(program, reason)
        self.program = program
        self.reason = reason

    def __str__(self) -> str:
        return f"uv_executable: {self.program} {self.reason}. Name the host's uv, or leave the option out."


class DeploymentClosed(AirgapError):
    def __init__(self, folder: str, reason: str) -> None:
        super().__init__(folder, reason)
        self.folder = folder
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"path: {self.folder} cannot be looked at: {self.reason}. Let the play become root, or deploy to a "
            "folder of this user."
        )


@dataclass(frozen=True)
class Uv:
    """A uv that runs on the host."""

    path: str
    version: str

    @classmethod
    def probe(cls, path: Path, run: Runner) -> Uv | None:
        if not _executable(path):
            return None
        try:
            rc, out, _err = run([str(path), "--version"])
        except OSError:
            return None
        match = _UV_VERSION.match(out) if rc == 0 else None
        return cls(str(path), match["version"]) if match else None

    @classmethod
    def find(cls, named: str | None, folders: list[Path], run: Runner) -> Uv | None:
        """The one that is named, otherwise the first in `folders`."""
        if named:
            found = cls.probe(Path(named), run)
            if found is None:
                raise UvNotUsable(named, "does not run" if is_there(Path(named)) else "does not exist")
            return found
        probed = (cls.probe(folder / "uv", run) for folder in folders)
        return next((found for found in probed if found), None)


@dataclass(frozen=True)
class Deployment:
    """A folder with `releases/` and `current`, which need not be there yet."""

    path: Path

    @property
    def releases(self) -> list[str]:
        """Names of the releases, the one that was written longest ago first."""
        folder = self.path / "releases"
        if not folder.is_dir():
            return []
        found = [entry for entry in folder.iterdir() if entry.is_dir() and not entry.is_symlink()]
        found.sort(key=lambda entry: (entry.stat().st_mtime_ns, entry.name))
        return [entry.name for entry in found]

    @property
    def current(self) -> str | None:
        """The release that `current` names, whether or not it is still there."""
        link = self.path / "current"
        if not link.is_symlink():
            return None
        target = Path(os.path.normpath(self.path / link.readlink()))
        return target.name if target.parent == self.path / "releases" else None

    @property
    def current_python(self) -> str | None:
        """Version of the Python in the current release's `.venv`; None when that or the lock is gone."""
        if self.current is None:
            return None
        release = self.path / "releases" / self.current
        venv = release / ".venv"
        if not (venv / "bin/python").exists() or not (release / "uv.lock").is_file():
            return None
        return _venv_version(venv / "pyvenv.cfg")

    @property
    def in_the_way(self) -> list[str]:
        """What stands where a deployment needs a folder, or the link `current`, and is something else."""
        above = nearest(self.path)
        if not above.is_dir():
            return [str(above)]
        folders = (self.path / name for name in FOLDERS)
        found = [str(folder) for folder in folders if os.path.lexists(folder) and not folder.is_dir()]
        current = self.path / "current"
        return found + ([str(current)] if os.path.lexists(current) and not current.is_symlink() else [])

    @property
    def free_bytes(self) -> int:
        """Space for the user who asks, on the file system that holds the path or would."""
        return shutil.disk_usage(nearest(self.path)).free


@dataclass(frozen=True)
class ServiceUser:
    """Who runs the application: known to the host or not, and the folder that keeps him out or none."""

    name: str
    known: bool
    stopped_at: str | None

    @classmethod
    def of(cls, name: str, path: Path) -> ServiceUser:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            return cls(name, False, None)
        # Not by reading all groups, which may be a directory server's.
        groups = set(os.getgrouplist(name, entry.pw_gid))
        for folder in [*reversed(path.parents), path]:
            if folder.is_dir() and not _may_pass(folder.stat(), entry.pw_uid, groups):
                return cls(name, True, str(folder))
        return cls(name, True, None)


def unknown(owner: str | None, group: str | None) -> list[str]:
    """Which of the names the host does not know, in words: `user shop`, `group www`. Numbers need not be known."""
    found = []
    if owner and not owner.isdigit() and not _known(pwd.getpwnam, owner):
        found.append(f"user {owner}")
    if group and not group.isdigit() and not _known(grp.getgrnam, group):
        found.append(f"group {group}")
    return found


def folders_of(path: str, *more: Path) -> list[Path]:
    """The folders of a `PATH`, then the others."""
    named = [Path(part) for part in path.split(":") if part.startswith("/")]
    return list(dict.fromkeys([*named, *more]))


def executable_in(name: str, folders: list[Path]) -> str | None:
    """The first `name` in the folders that may be executed."""
    return next((str(folder / name) for folder in folders if _executable(folder / name)), None)


def _known(look_up: Callable[[str], object], name: str) -> bool:
    try:
        look_up(name)
    except KeyError:
        return False
    return True


def _executable(path: Path) -> bool:
    return is_there(path) and os.access(path, os.X_OK)


def _venv_version(config: Path) -> str | None:
    for key, value in _settings(config):
        if key in ("version_info", "version"):
            return ".".join(value.split(".")[:3])
    return None


def _settings(config: Path) -> Iterator[tuple[str, str]]:
    try:
        text = config.read_text(encoding="utf-8")
    except OSError:
        return
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals:
            yield key.strip(), value.strip()


def _may_pass(status: os.stat_result, uid: int, groups: set[int]) -> bool:
    """As the kernel decides for a folder's search permission; access lists are not looked at."""
    if uid in (0, status.st_uid):
        return uid == 0 or bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid in groups:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)
