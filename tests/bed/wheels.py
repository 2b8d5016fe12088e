# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which wheels a host should have, by its own account, and which it has; as JSON.

Usage: RELEASE/.venv/bin/python wheels.py RELEASE WHEELS

It runs on the host with the application's Python, and knows nothing of how the wheels were chosen:
what is installed says importlib.metadata, what fits says `packaging.tags` of that very interpreter,
and what there was to choose from says the lock, which names every wheel of each package.
"""

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import distributions
from pathlib import Path

from packaging.tags import sys_tags
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version


def best(lock: str) -> list[str]:
    """The file of each installed distribution, of all that the lock names, that suits this Python best."""
    rank = {tag: -number for number, tag in enumerate(sys_tags())}
    candidates: dict[tuple[str, Version], list[tuple[int, tuple[int, str] | tuple[()], str]]] = {}
    for name in re.findall(r'path = "(?:[^"/]*/)*([^"/]+\.whl)"', lock):
        project, version, build, tags = parse_wheel_filename(name)
        fitting = [rank[tag] for tag in tags if tag in rank]
        if fitting:
            candidates.setdefault((project, version), []).append((max(fitting), build, name))
    installed = [(canonicalize_name(found.metadata["Name"]), Version(found.version)) for found in distributions()]
    return [max(candidates[key])[2] if key in candidates else f"no wheel fits for {key}" for key in installed]


def main(release: Path, wheels: Path) -> None:
    should = best((release / "uv.lock").read_text(encoding="utf-8"))
    found = {path.name: path.stat().st_size for path in wheels.rglob("*.whl")}
    print(json.dumps({"should": sorted(should), "has": sorted(found), "bytes": sum(found.values())}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
