# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two readings of markers on the kernel, `platform_release` and `platform_version`.

uv compares both as strings, and leaves a `~=` on them out as if it held (`MarkerValueString` in its
`crates/uv-pep508/src/marker/tree.rs` and `parse.rs`). packaging compares `platform_release` as a version where
the right side is one, and then a kernel such as `6.1.0-30-amd64`, which is none, satisfies nothing. On the host
uv decides, so its reading must be served; where only packaging's holds, the wheel is collected too.
"""

from __future__ import annotations

import dataclasses
import operator
import re
from collections import Counter
from collections.abc import Mapping
from typing import Callable

from ansible_collections.airgap.uv.plugins.module_utils.libraries import markers, pylock

_NAME = r"(?P<name>platform_(?:release|version))"
_OPERATOR = r"(?P<operator>~=|[=!<>]=|[<>]|not in|in)"
_VALUE = r"(?P<quote>[\"'])(?P<value>.*?)(?P=quote)"
_COMPARISONS = (
    re.compile(rf"{_NAME} {_OPERATOR} {_VALUE}"),
    re.compile(rf"{_VALUE} {_OPERATOR} {_NAME}"),
)

_COMPARED: Mapping[str, Callable[[str, str], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "~=": lambda _left, _right: True,
    "in": lambda left, right: left in right,
    "not in": lambda left, right: left not in right,
}

# What a comparison comes to, as a marker again.
_HOLDS, _HOLDS_NOT = "python_version >= '0'", "python_version < '0'"


def as_uv(marker: markers.Marker, environment: Mapping[str, str]) -> markers.Marker:
    """The marker with its comparisons of the kernel replaced by what uv makes of them in this environment."""
    text = str(marker)
    for number, pattern in enumerate(_COMPARISONS):

        def told(found: re.Match[str], turned: bool = bool(number)) -> str:
            pair = (environment.get(found["name"], ""), found["value"])
            compared = _COMPARED[found["operator"]](*(reversed(pair) if turned else pair))
            return _HOLDS if compared else _HOLDS_NOT

        text = pattern.sub(told, text)
    return markers.Marker(text)


def either(marker: markers.Marker, environment: Mapping[str, str]) -> markers.Marker:
    """A marker that holds by uv's reading or by packaging's."""
    if "platform_" not in str(marker):
        return marker
    uvs = as_uv(marker, environment)
    return marker if uvs == marker else markers.Marker(f"({marker}) or ({uvs})")


def adapted(lock: pylock.Pylock, environment: Mapping[str, str]) -> pylock.Pylock:
    """The lock with markers that hold by either reading; of a package with several versions only by uv's."""
    counts = Counter(package.name for package in lock.packages)
    packages = []
    for package in lock.packages:
        if package.marker:
            read = as_uv if counts[package.name] > 1 else either
            package = dataclasses.replace(package, marker=read(package.marker, environment))
        packages.append(package)
    environments = [either(marker, environment) for marker in lock.environments or ()]
    return dataclasses.replace(lock, packages=packages, environments=environments or None)


def mentions_kernel(lock: pylock.Pylock) -> bool:
    """Whether the two readings can come to different things."""
    found = [*(package.marker for package in lock.packages), *(lock.environments or ())]
    return any("platform_release" in str(each) or "platform_version" in str(each) for each in found)
