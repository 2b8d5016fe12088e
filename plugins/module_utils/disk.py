# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the system refuses in a folder that is written to, as a sentence."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.airgap.uv.plugins.module_utils.errors import DiskFull, FolderUnusable

# What programs say of a full disk: uv, then most others.
_FULL = ("os error 28", "No space left on device")


@contextlib.contextmanager
def reported(path: Path) -> Iterator[None]:
    """Raise `DiskFull` or `FolderUnusable` for what the system refuses in `path`."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(str(path), str(error.filename or "what belongs there"), None) from error
        raise FolderUnusable(str(error.filename or path), error.strerror or str(error)) from error


def refuse_full(path: str, argv: list[str], said: str) -> None:
    """Raise `DiskFull` when a program that failed said that the disk of `path` is."""
    if any(words in said for words in _FULL):
        raise DiskFull(path, f"what {Path(argv[0]).name} writes", None)
