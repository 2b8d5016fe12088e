# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One collect and what it needs: an index, a project, a wheelhouse, a folder for the staged project."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import Any

from ansible_collections.airgap.uv.tests.unit.support.index import Index
from ansible_collections.airgap.uv.tests.unit.support.projects import make_project
from ansible_collections.airgap.uv.tests.unit.support.running import Module, Result, names, snapshot

ARCH = os.uname().machine
PYTHON = platform.python_version()
MINOR = ".".join(map(str, sys.version_info[:2]))
PLATFORM = f"{ARCH}-manylinux_2_36"
TARGET = {"python": PYTHON, "platform": PLATFORM}
LABEL = f"{PYTHON}-{PLATFORM}"


class Collect:
    """Call it to collect `project` for this Python; its arguments are the module's options."""

    def __init__(self, folder: Path, index: Index, name: str = "") -> None:
        self.folder = folder
        self.index = index
        self.project = folder / f"{name}project"
        self.wheelhouse = folder / f"{name}wheelhouse"
        self.stage = folder / f"{name}stage"
        self.module = Module("uv_wheelhouse", folder / f"{name}home")

    def make(self, *dependencies: str, **more: Any) -> Path:
        """Make and lock the project."""
        return make_project(self.project, self.index, dependencies=dependencies, **more)

    @property
    def options(self) -> dict[str, Any]:
        """What every call gives, unless it says something else."""
        return {
            "project": self.project,
            "wheelhouse": self.wheelhouse,
            "targets": [TARGET],
            "stage": {"path": self.stage},
            "retries": 1,
            "timeout": 5,
        }

    def __call__(self, **options: Any) -> Result:
        return self.module(**{**self.options, **options})

    def succeed(self, **options: Any) -> Result:
        """Collect, and complain with the module's own message if that fails."""
        result = self(**options)
        if result.failed:
            raise AssertionError(f"{result.msg}\n{result.output[-4000:]}")
        return result

    def snapshot(self) -> dict[str, tuple[Any, ...]]:
        """Everything that a failing run must not change; `.cache` of the wheelhouse is its own affair."""
        found = snapshot(self.project, self.wheelhouse, self.stage)
        own = str(self.wheelhouse)
        return {path: facts for path, facts in found.items() if path != own and not path.startswith(f"{own}/.cache")}

    @property
    def files(self) -> list[str]:
        """The wheelhouse's files, less what is in `.cache`."""
        return names(self.wheelhouse)

    @property
    def remains(self) -> list[Path]:
        """Temporary files that a run should have removed."""
        places = [self.wheelhouse, self.folder]
        found = [path for place in places if place.exists() for path in place.glob(".*") if path.name != ".cache"]
        temporary = self.wheelhouse / ".cache" / "tmp"
        return found + (list(temporary.iterdir()) if temporary.exists() else []) + list(self.wheelhouse.rglob("*.part"))
