# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was built on this controller, for whatever project: wheels under the key of everything that determines them."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

from ansible_collections.airgap.uv.plugins.module_utils.crew import Ended
from ansible_collections.airgap.uv.plugins.module_utils.errors import OptionInvalid
from ansible_collections.airgap.uv.plugins.module_utils.libraries import utils
from ansible_collections.airgap.uv.plugins.module_utils.tree import file_digest

# Part of every key: another number where builds are made in another way, and wheels get other bytes.
FORM = 2

_RECORD = "build.json"
_LOCKS = "locks"
_NEW = ".new-"

# Days. What no run has taken for so long goes.
_UNUSED = 90
_DAY = 86400

_PAUSE = 0.2  # seconds between two looks at a build that another run makes

# For programs that make backups (https://bford.info/cachedir/).
_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# Wheels that airgap.uv built; they can be removed at any time.\n"


def key(*parts: Any) -> str:
    """A name for a build: the hash of plain values that say all that determines it."""
    text = json.dumps([FORM, distribution(), *parts], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def distribution() -> str:
    """What this system's compiler and headers come from (os-release(5)); empty where it does not tell."""
    try:
        told = platform.freedesktop_os_release()
    except OSError:
        return ""
    return " ".join(filter(None, (told.get("ID"), told.get("VERSION_ID"))))


def usual(environ: Mapping[str, str]) -> Path | None:
    """Where builds are kept unless the caller says: in the user's cache; None for a user without a home."""
    base = environ.get("XDG_CACHE_HOME", "")
    if base.startswith("/"):
        return Path(base) / "airgap.uv" / "builds"
    with contextlib.suppress(RuntimeError):
        return Path.home() / ".cache" / "airgap.uv" / "builds"
    return None


@dataclass(frozen=True)
class Kept:
    """A build's wheel, in a folder of its own, and how it was made; `new` where it was made just now."""

    path: Path
    how: Mapping[str, Any]
    new: bool = False


@dataclass
class BuildCache:
    """`root`: its folder; None for none. `complaints`: why builds are not kept, a sentence each. `over`: whether the
    run is given up.

    The folder belongs to this user alone, for who may write there may choose what is deployed. Entries are written
    beside and renamed, and hashed at each use: a killed run, two at once and a full disk cost one more build.
    """

    root: Path | None = None
    complaints: list[str] = field(default_factory=list)
    over: Callable[[], bool] = lambda: False
    _tidied: bool = False

    @classmethod
    def open(cls, named: str | None, environ: Mapping[str, str], over: Callable[[], bool]) -> BuildCache:
        """The folder that the option names, empty for none; without the option the usual one.

        One that cannot be trusted is refused where it was named, and done without elsewhere.
        """
        root = Path(named) if named else usual(environ) if named is None else None
        reason = untrusted(root) if root else ""
        if reason and named:
            raise OptionInvalid("build_cache", named, reason)
        if reason:
            return cls(None, [f"Builds are not shared with other projects in {root}: {reason} (build_cache)."])
        return cls(root, over=over)

    @contextlib.contextmanager
    def holding(self, name: str, waiting: Callable[[], None]) -> Iterator[None]:
        """Keep the others that would make the same build waiting for this one."""
        try:
            file = self._lock(name)
        except OSError:
            file = None  # `put` tells why nothing can be written
        if file is None:
            yield
            return
        with file:
            told = False
            while not _locked(file.fileno()):
                if not told:
                    waiting()
                told = True
                if self.over():
                    raise Ended
                time.sleep(_PAUSE)
            yield

    def get(self, name: str, folder: Path) -> Kept | None:
        """Copy the wheel of a build into `folder`; None where there is none, or none that is whole."""
        if self.root is None:
            return None
        entry = self.root / name
        try:
            record = json.loads((entry / _RECORD).read_text(encoding="utf-8"))
            filename, sha256, how = str(record["filename"]), str(record["sha256"]), dict(record["how"])
            utils.parse_wheel_filename(filename)
            if Path(filename).name != filename:
                return None
            folder.mkdir(parents=True, exist_ok=True)
            copy = folder / filename
            shutil.copyfile(entry / filename, copy)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        # The copy, not the original: what is hashed is what is used.
        if file_digest(copy) != sha256:
            copy.unlink()
            return None
        with contextlib.suppress(OSError):
            os.utime(entry / _RECORD)
        return Kept(copy, how)

    def put(self, name: str, wheel: Path, how: Mapping[str, Any], shown: str) -> None:
        """Keep a build; that this cannot be done ends no collect."""
        if self.root is None:
            return
        try:
            self._made()
            new = Path(tempfile.mkdtemp(prefix=_NEW, dir=self.root))
            try:
                shutil.copyfile(wheel, new / wheel.name)
                digest = file_digest(new / wheel.name)
                record = {"filename": wheel.name, "sha256": digest, "how": dict(how), "of": shown}
                (new / _RECORD).write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")
                _replace(new, self.root / name)
            finally:
                shutil.rmtree(new, ignore_errors=True)
            self._tidy()
        except OSError as error:
            reason = error.strerror or error
            said = f"What was built is not kept for other projects in {self.root}: {reason} (build_cache)."
            if said not in self.complaints:
                self.complaints.append(said)

    def _lock(self, name: str) -> Any:
        if self.root is None:
            return None
        self._made()
        folder = self.root / _LOCKS
        folder.mkdir(mode=0o700, exist_ok=True)
        return open(folder / name, "a", encoding="utf-8")

    def _made(self) -> None:
        if self.root and not self.root.is_dir():
            self.root.parent.mkdir(parents=True, exist_ok=True)
            self.root.mkdir(mode=0o700, exist_ok=True)
            (self.root / "CACHEDIR.TAG").write_text(_TAG, encoding="utf-8")

    def _tidy(self) -> None:
        """Once a run: remove what was not used for long, and what a killed run left."""
        if self._tidied or self.root is None:
            return
        self._tidied = True
        now = time.time()
        for entry in [*self.root.iterdir(), *(self.root / _LOCKS).glob("*")]:
            if entry.name in (_LOCKS, "CACHEDIR.TAG"):
                continue
            record = entry / _RECORD if entry.is_dir() and not entry.name.startswith(_NEW) else entry
            days = 1 if entry.name.startswith(_NEW) else _UNUSED
            with contextlib.suppress(OSError):
                if now - (record if record.exists() else entry).stat().st_mtime > days * _DAY:
                    shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def untrusted(root: Path) -> str:
    """Why what lies in the folder may be another user's doing; empty where it is this user's alone."""
    user = os.geteuid()
    root = root.resolve()
    there = next(parent for parent in (root, *root.parents) if parent.exists())
    if not there.is_dir():
        return f"{there} is no folder"
    found = there.stat()
    if there == root:
        if found.st_uid != user:
            return "the folder belongs to another user"
        if found.st_mode & 0o022:
            return "other users may write there (chmod go-w)"
        return ""
    if found.st_uid not in (0, user):
        return f"{there} belongs to another user"
    return ""


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a filesystem without locks, as of some homes: what two make at once is made twice
        return True
    return True


def _replace(new: Path, entry: Path) -> None:
    """Rename a folder to its place; what is there was not whole, or another run's of just now."""
    try:
        os.rename(new, entry)
    except OSError:
        shutil.rmtree(entry)
        os.rename(new, entry)
