# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where wheels are built: one build by uv, on the controller and on builders alike."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from ansible_collections.airgap.uv.plugins.module_utils import environ
from ansible_collections.airgap.uv.plugins.module_utils.confine import Limits, Overdue, Runner
from ansible_collections.airgap.uv.plugins.module_utils.errors import BuildFailed, BuildOverdue
from ansible_collections.airgap.uv.plugins.module_utils.recipe import Recipe

# uv tells what it puts into a build's environment, in its own log alone.
_LOG = "uv_dispatch=debug"
_INSTALLS = re.compile(r"DEBUG Installing build requirements?: (.+)")
_LOGGED = re.compile(r"(TRACE|DEBUG|INFO) ")


@dataclass(frozen=True)
class Made:
    """What a build left in its folder, and the build requirements that it was made with, as `name==version`."""

    wheels: tuple[Path, ...]
    requirements: tuple[str, ...]


@dataclass(frozen=True)
class Workshop:
    """`confine` gives what runs a build within limits. `cache`: uv's cache folder, or none that outlives a build.

    `index`: where build requirements come from, as a URL or `name=url`, or the path of a folder that stands for one.
    `environ`: what uv needs for that, credentials for one. `seconds`: how long a build may take.
    """

    uv: str
    confine: Callable[[Limits], Runner]
    seconds: float
    index: str | None = None
    cache: Path | None = None
    environ: Mapping[str, str] = field(default_factory=dict)

    def build(self, source: Path, out: Path, python: str, recipe: Recipe, shown: str = "") -> Made:
        """`uv build --wheel` of a source archive or folder into the empty folder `out`, with the interpreter `python`.

        Raises `BuildFailed` or `BuildOverdue`, which name what was built as `shown` does.
        """
        limits = Limits(self.seconds, (out, *([self.cache] if self.cache else [])), network=True)
        try:
            rc, output, err = self.confine(limits)(self._argv(source, out, python, recipe), str(out), self._env(recipe))
        except Overdue as error:
            raise BuildOverdue(shown or source.name, python, error.seconds, sentences(error.output)) from None
        if rc:
            raise BuildFailed(shown or source.name, python, sentences(output + err))
        return Made(tuple(sorted(out.glob("*.whl"))), requirements(err))

    def _argv(self, source: Path, out: Path, python: str, recipe: Recipe) -> list[str]:
        cache = ["--cache-dir", str(self.cache)] if self.cache else ["--no-cache"]
        pinned = []
        if recipe.constraints:
            constraints = out / "constraints.txt"
            constraints.write_text(recipe.constraints, encoding="utf-8")
            pinned = ["--build-constraints", str(constraints), "--require-hashes"]
        return [
            self.uv, "build", "--wheel", "--no-config", "--no-create-gitignore", "--no-progress", "--color", "never",
            "--no-python-downloads", *cache, "--python", python, "--out-dir", str(out),
            *index_arguments(self.index), *pinned, *recipe.arguments(), str(source),
        ]  # fmt: skip

    def _env(self, recipe: Recipe) -> dict[str, str]:
        """What a build sees: how the machine and the network are reached, and what is declared for it."""
        declared = dict(recipe.environment)
        return {
            **environ.of_machine(os.environ),
            **self.environ,
            **declared,
            "RUST_LOG": _LOG,
            "UV_NO_WRAP": "1",
            "SOURCE_DATE_EPOCH": environ.SOURCE_DATE_EPOCH,
            "PIP_CONFIG_FILE": os.devnull,
            # Debug sections name the folder of the build, which is another each time.
            "LDFLAGS": f"{declared.get('LDFLAGS', '')} -Wl,-S".strip(),
        }


def index_arguments(index: str | None) -> list[str]:
    """An index for uv: a URL, `name=url`, or a folder of files that stands for one."""
    if index and index.startswith("/"):
        return ["--no-index", "--find-links", index]
    return ["--default-index", index] if index else []


def requirements(log: str) -> tuple[str, ...]:
    """What uv says it installed for a build, and for builds of its build requirements."""
    lines = [_INSTALLS.match(line) for line in log.splitlines()]
    return tuple(sorted({item.strip() for line in lines if line for item in line[1].split(", ")}))


def sentences(output: str) -> str:
    """uv's own words without its log and without blank lines, the last twenty."""
    lines = [line.rstrip() for line in output.splitlines() if line.strip() and not _LOGGED.match(line)]
    return "\n".join(lines[-20:])
