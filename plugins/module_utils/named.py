# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a lock names, looked at before any of it becomes a path or a request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from ansible_collections.airgap.uv.plugins.module_utils.errors import FileInvalid
from ansible_collections.airgap.uv.plugins.module_utils.libraries import pylock

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


def refuse_odd(lock: pylock.Pylock, where: str) -> None:
    """Raise `FileInvalid` for the first package with a URL that is none, or a sha256 that is none.

    packaging takes any text for them.
    """
    for package in lock.packages:
        for url in _urls(package):
            try:
                _port = urlsplit(url).port
            except ValueError as error:
                raise FileInvalid(where, f"{package.name} has a URL that is none ({error})") from error
        for digest in _digests(package):
            if not _SHA256.fullmatch(digest):
                raise FileInvalid(where, f"{package.name} has a sha256 that is none ({digest[:80]!r})")


def _files(
    package: pylock.Package,
) -> Iterator[pylock.PackageWheel | pylock.PackageSdist | pylock.PackageArchive]:
    yield from package.wheels or ()
    yield from filter(None, (package.sdist, package.archive))


def _urls(package: pylock.Package) -> Iterator[str]:
    found = [package.index, *(file.url for file in _files(package)), package.vcs.url if package.vcs else None]
    yield from filter(None, found)


def _digests(package: pylock.Package) -> Iterator[str]:
    for file in _files(package):
        if "sha256" in file.hashes:
            yield file.hashes["sha256"]
