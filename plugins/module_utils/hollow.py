# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A wheel without content that stands for one which is not here, for uv to choose among wheels by their names."""

from __future__ import annotations

import zipfile
from pathlib import Path

from ansible_collections.airgap.uv.plugins.module_utils.libraries import utils

_METADATA = "Metadata-Version: 2.1\nName: {}\nVersion: {}\n"
_WHEEL = "Wheel-Version: 1.0\nGenerator: airgap.uv\nRoot-Is-Purelib: true\n{}"


def write_hollow(path: Path) -> None:
    """Write a wheel of the name that `path` has (PEP 427): name, version and tags, and no file to install."""
    name, version, _build, found = utils.parse_wheel_filename(path.name)
    own = "-".join(path.name.split("-")[:2])
    tags = "".join(f"Tag: {tag}\n" for tag in sorted(map(str, found)))
    files = {
        f"{own}.dist-info/METADATA": _METADATA.format(name, version),
        f"{own}.dist-info/WHEEL": _WHEEL.format(tags),
        f"{own}.dist-info/RECORD": "".join(f"{own}.dist-info/{each},,\n" for each in ("METADATA", "WHEEL", "RECORD")),
    }
    with zipfile.ZipFile(path, "w") as wheel:
        for member, text in files.items():
            wheel.writestr(member, text)
