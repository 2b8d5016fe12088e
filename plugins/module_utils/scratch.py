# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder beside a virtual environment that is there while uv installs into it.

It is on the environment's own filesystem, so uv can link what it unpacks there, and an environment
that is to be replaced can wait there until the new one is whole. And it is a mark: where one is left,
a run was killed, and uv would take half an installation for a whole one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.airgap.uv.plugins.module_utils.sync_errors import Busy, Unwritable

_SUFFIX = ".uv_sync"

# Seconds. An installation takes less; what takes longer is stuck.
_LONGEST_WAIT = 60.0
_PAUSE = 0.5


@dataclass
class Scratch:
    """`interrupted`: an earlier run did not end. Set `keep` to tell the next run the same."""

    venv: Path
    path: Path
    interrupted: bool
    keep: bool = False

    @property
    def aside(self) -> Path:
        return self.path / "aside"

    def set_aside(self) -> None:
        self.venv.rename(self.aside)

    def put_back(self) -> bool:
        """Whether there was an environment to put back, in the place of what is there now."""
        if not self.aside.is_dir():
            return False
        if self.venv.exists():
            shutil.rmtree(self.venv)
        self.aside.rename(self.venv)
        return True


def scratch_path(venv: Path) -> Path:
    return venv.with_name(venv.name + _SUFFIX)


@contextlib.contextmanager
def scratch(venv: Path) -> Iterator[Scratch]:
    """Give an empty folder that is gone afterwards, unless it is to be kept as a mark (and then is empty).

    Waits for another run that has it: one that was killed on the controller works on for a while here.
    Raises `Busy` when that takes too long, `Unwritable` where it cannot be made or emptied.
    """
    path = scratch_path(venv)
    descriptor, interrupted = _take(venv, path)
    try:
        held = Scratch(venv, path, interrupted)
        with _reported(path):
            held.put_back()
            _empty(path)
        try:
            yield held
        finally:
            with _reported(path):
                _empty(path)
                if not held.keep:
                    path.rmdir()
    finally:
        os.close(descriptor)


def _take(venv: Path, path: Path) -> tuple[int, bool]:
    """The folder, locked for this run, and whether an earlier one left it behind."""
    end = time.monotonic() + _LONGEST_WAIT
    while True:
        with _reported(path):
            interrupted = path.is_dir()
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        if _lock(descriptor):
            return descriptor, interrupted
        os.close(descriptor)
        if time.monotonic() >= end:
            raise Busy(str(venv))
        time.sleep(_PAUSE)


def _lock(descriptor: int) -> bool:
    """Whether nobody else has the folder. The kernel lets go of it when the holder dies, however it does."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a filesystem without locks
        return True
    # Between open and lock the holder may have ended and removed it.
    return os.fstat(descriptor).st_nlink > 0


def _empty(path: Path) -> None:
    for entry in list(path.iterdir()):
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


@contextlib.contextmanager
def _reported(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unwritable(error.filename or str(path), error.strerror or str(error)) from None
