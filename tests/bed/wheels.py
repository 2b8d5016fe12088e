# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which packages and wheels a host should have, by its own account, and which it has; as JSON.

Usage: RELEASE/.venv/bin/python wheels.py RELEASE WHEELS REQUIREMENTS

It runs on the host with the application's Python, and knows nothing of how the wheels were chosen:
what should be installed says `uv export` of the project's lock (its lines as JSON, in base64), whose markers
that very interpreter evaluates, and what is says importlib.metadata. What fits says its `packaging.tags`,
and what there was to choose from the staged lock, which names every wheel of each package.
"""

from __future__ import annotations

import base64
import json
import re
import sys
from importlib.metadata import distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.tags import sys_tags
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

Packages = set[tuple[str, str]]


def wanted(requirements: list[str]) -> Packages:
    """Names and versions of the pins (`name==version ; marker`) whose markers hold here."""
    pins = [Requirement(line) for line in requirements]
    return {
        (canonicalize_name(pin.name), str(pin.specifier)[2:]) for pin in pins if not pin.marker or pin.marker.evaluate()
    }


def installed() -> Packages:
    return {(canonicalize_name(found.metadata["Name"]), found.version) for found in distributions()}


def best(lock: str, packages: Packages) -> list[str]:
    """The file of each package, of all that the lock names, that suits this Python best."""
    rank = {tag: -number for number, tag in enumerate(sys_tags())}
    candidates: dict[tuple[str, Version], list[tuple[int, tuple[int, str] | tuple[()], str]]] = {}
    for name in re.findall(r'path = "(?:[^"/]*/)*([^"/]+\.whl)"', lock):
        project, version, build, tags = parse_wheel_filename(name)
        fitting = [rank[tag] for tag in tags if tag in rank]
        if fitting:
            candidates.setdefault((project, version), []).append((max(fitting), build, name))
    keys = [(name, Version(version)) for name, version in sorted(packages)]
    return [max(candidates[key])[2] if key in candidates else f"no wheel fits for {key}" for key in keys]


def main(release: Path, wheels: Path, requirements: str) -> None:
    packages = wanted(json.loads(base64.b64decode(requirements)))
    should = best((release / "uv.lock").read_text(encoding="utf-8"), packages)
    found = {path.name: path.stat().st_size for path in wheels.rglob("*.whl")}
    told = {
        "wanted": sorted(packages),
        "installed": sorted(installed()),
        "should": sorted(should),
        "has": sorted(found),
        "bytes": sum(found.values()),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
