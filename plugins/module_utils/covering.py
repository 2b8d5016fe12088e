# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wheels of the caller's beside those of the lock: which of the lock's are never needed beside them.

What is staged depends on the two alone, never on the hosts of a play. A wheel of the lock that fits nowhere but
where one of the caller's fits is left out of it, for there the caller's is meant. The others stay, for other hosts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ansible_collections.airgap.uv.plugins.module_utils.extra import ExtraWheel
from ansible_collections.airgap.uv.plugins.module_utils.libraries import pylock, tags, utils
from ansible_collections.airgap.uv.plugins.module_utils.platform_names import LEGACY

_VERSIONED = re.compile(r"(?P<kind>manylinux|musllinux|macosx)_(?P<major>\d+)_(?P<minor>\d+)_(?P<arch>\w+)")
_PYTHON = re.compile(r"(?P<kind>cp|py)(?P<major>\d)(?P<minor>\d*)")


def beside(package: pylock.Package, own: Iterable[ExtraWheel]) -> Iterator[pylock.PackageWheel]:
    """Wheels of the lock that hosts may need which none of the caller's fits."""
    brought = [wheel.tags for wheel in own]
    for wheel in package.wheels or ():
        wanted = utils.parse_wheel_filename(wheel.filename)[-1]
        if not any(all(any(_covers(one, tag) for one in found) for tag in wanted) for found in brought):
            yield wheel


def _covers(one: tags.Tag, other: tags.Tag) -> bool:
    """Whether whoever takes the tag `other` takes `one` too."""
    return _python(one, other) and _platform(one.platform, other.platform)


def _python(one: tags.Tag, other: tags.Tag) -> bool:
    if (one.interpreter, one.abi) == (other.interpreter, other.abi):
        return True
    mine, theirs = _PYTHON.fullmatch(one.interpreter), _PYTHON.fullmatch(other.interpreter)
    if not mine or not theirs or mine["major"] != theirs["major"]:
        return False
    older = int(mine["minor"] or 0) <= int(theirs["minor"] or 0)
    if one.abi == "none":
        return mine["kind"] == "py" and older
    # The stable ABI of an older Python; free-threaded ones have none of it.
    return one.abi == "abi3" and other.abi in ("abi3", f"cp{theirs['major']}{theirs['minor']}") and older


def _platform(one: str, other: str) -> bool:
    if one in ("any", other):
        return True
    mine, theirs = _versioned(one), _versioned(other)
    if not theirs:
        return False
    if one == f"linux_{theirs[1]}":
        return theirs[0] in ("manylinux", "musllinux")
    return mine is not None and mine[:2] == theirs[:2] and mine[2] <= theirs[2]


def _versioned(platform: str) -> tuple[str, str, tuple[int, int]] | None:
    """Kind, architecture and version; the older names of manylinux are read as what they stand for (PEP 600)."""
    old, _underscore, arch = platform.partition("_")
    if old in LEGACY:
        return "manylinux", arch, LEGACY[old]
    match = _VERSIONED.fullmatch(platform)
    return (match["kind"], match["arch"], (int(match["major"]), int(match["minor"]))) if match else None
