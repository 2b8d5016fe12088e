# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A virtual environment as it lies on disk: which Python, which distributions.

Everything is read from files, so an environment whose interpreter is gone can be read too.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.airgap.uv.plugins.module_utils.sync_errors import NotAVenv

_NORMALIZE = re.compile(r"[-_.]+")


@dataclass(frozen=True)
class Installed:
    """A distribution in site-packages. `stamp` is another one after each installation."""

    version: str
    stamp: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Venv:
    """`stamp` is None where there is no environment yet; `version` may be unknown in one of a stranger's."""

    path: Path
    stamp: tuple[int, int] | None = None
    version: str | None = None
    distributions: dict[str, Installed] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Venv:
        """Raise `NotAVenv` for what uv would refuse, or what would be lost if uv replaced it."""
        config = path / "pyvenv.cfg"
        if not config.is_file():
            _refuse_stranger(path)
            return cls(path)
        return cls(path, _stamp(config), _python_version(config), _distributions(path))

    @property
    def exists(self) -> bool:
        return self.stamp is not None

    def suits(self, python: str | None) -> bool:
        """Whether uv would keep it for `python`, a path or a version, as far as files can tell."""
        own = self.path / "bin" / "python"
        if not own.exists():
            return False
        if python is None:
            return True
        if "/" in python:
            return own.resolve() == Path(python).resolve()
        return f"{self.version}.".startswith(f"{python}.")

    def same_as(self, other: Venv) -> bool:
        """Whether nothing was created anew between two readings."""
        return self.stamp == other.stamp and self.distributions == other.distributions


@dataclass(frozen=True)
class Change:
    """What happened to one distribution; `action` is `install`, `remove` or `reinstall`.

    `previous` is the version that an installation took the place of.
    """

    name: str
    version: str
    action: str
    previous: str | None = None

    def as_dict(self) -> dict[str, Any]:
        changed: dict[str, Any] = {"name": self.name, "version": self.version, "action": self.action}
        if self.previous is not None:
            changed["from"] = self.previous
        return changed


def compare(before: dict[str, Installed], after: dict[str, Installed]) -> tuple[Change, ...]:
    """Return what must have happened between two readings of one site-packages, by name."""
    return tuple(
        change
        for name in sorted(before.keys() | after.keys())
        for change in [_change(name, before.get(name), after.get(name))]
        if change is not None
    )


def _change(name: str, old: Installed | None, new: Installed | None) -> Change | None:
    if new is None:
        return Change(name, old.version, "remove") if old else None
    if old is None:
        return Change(name, new.version, "install")
    if old.version != new.version:
        return Change(name, new.version, "install", old.version)
    return Change(name, new.version, "reinstall") if old.stamp != new.stamp else None


def apply(before: dict[str, str], changes: tuple[Change, ...]) -> dict[str, str]:
    """Return versions by name as they are after `changes`."""
    after = dict(before)
    for change in changes:
        if change.action == "remove":
            after.pop(change.name, None)
        else:
            after[change.name] = change.version
    return after


@contextlib.contextmanager
def untouched(path: Path) -> Iterator[None]:
    """Take away the `.lock` that uv leaves in an environment of another tool's even if it only looks."""
    lock = path / ".lock"
    if not path.is_dir() or lock.exists():
        yield
        return
    stat = path.stat()
    try:
        yield
    finally:
        if lock.exists():
            lock.unlink()
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def close_lock(path: Path) -> None:
    """Hold uv's `.lock` to the umask: uv gives everybody write access to it, on purpose."""
    lock = path / ".lock"
    umask = os.umask(0)
    os.umask(umask)
    if lock.is_file() and not lock.is_symlink() and lock.stat().st_uid == os.geteuid():
        lock.chmod(0o666 & ~umask)


def normalize(name: str) -> str:
    """PEP 503."""
    return _NORMALIZE.sub("-", name).lower()


def _refuse_stranger(path: Path) -> None:
    if path.is_symlink() and not path.exists():
        raise NotAVenv(str(path), "it is a symbolic link that leads nowhere")
    if not path.exists():
        return
    if not path.is_dir():
        raise NotAVenv(str(path), "it is a file")
    if any(path.iterdir()):
        raise NotAVenv(str(path), "it holds files but no pyvenv.cfg")


def _stamp(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_ino, stat.st_mtime_ns


def _python_version(config: Path) -> str | None:
    """Read `version_info` (uv, virtualenv) or `version` (the standard library's venv)."""
    text = config.read_text(encoding="utf-8", errors="replace")
    settings = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    settings = {key.strip(): value.strip() for key, value in settings.items()}
    return settings.get("version_info") or settings.get("version")


def _distributions(path: Path) -> dict[str, Installed]:
    """Read the names of the .dist-info folders, as uv does.

    uv writes RECORD last and anew, so its inode and time tell one installation from the next.
    """
    found = {}
    for info in path.glob("lib/*/site-packages/*.dist-info"):
        name, dash, version = info.name[: -len(".dist-info")].partition("-")
        record = info / "RECORD"
        if dash:
            found[normalize(name)] = Installed(version, _stamp(record) if record.is_file() else (0, 0))
    return found
