# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""uv as a judge: which wheels it takes for a target, without installing or downloading any."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.airgap.uv.plugins.module_utils.credentials import masked
from ansible_collections.airgap.uv.plugins.module_utils.errors import CommandError
from ansible_collections.airgap.uv.plugins.module_utils.uv import Uv
from ansible_collections.airgap.uv.plugins.module_utils.workshop import sentences

# What uv says of its choice when it is asked to be verbose, since 0.5 at least.
_SELECTING = re.compile(r"Selecting: (\S+?)==\S+ \[\S+\] \((.+?)\)")

# They change what uv takes some names of platforms for.
_PLATFORM_VARIABLES = ("MACOSX_DEPLOYMENT_TARGET", "IPHONEOS_DEPLOYMENT_TARGET", "ANDROID_API_LEVEL")

_NO_SOLUTION = "No solution found"


@dataclass(frozen=True)
class Chosen:
    """`files`: the wheel that uv takes of each package, by its name; empty where this uv does not tell.

    `objection`: its words when it does not find all. `unasked`: why it could not be asked.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    objection: str = ""
    unasked: str = ""


@dataclass(frozen=True)
class Judge:
    uv: Uv

    def __str__(self) -> str:
        return f"uv {self.uv.version}"

    def demands(self, folder: Path) -> list[str]:
        """What a staged project's lock demands, as uv reads it: `name==version ; marker`, for all environments."""
        argv = self.uv.argv(
            "export", "--frozen", "--offline", "--no-config", "--quiet", "--no-header", "--no-emit-project",
            "--no-hashes", "--no-annotate", "--format", "requirements.txt", "--project", str(folder),
        )  # fmt: skip
        rc, out, err = self.uv.run(argv, str(folder), self.uv.environ)
        if rc:
            raise CommandError("uv cannot read the staged lock", argv, rc, err)
        return [line for line in out.splitlines() if line.strip()]

    def choose(self, requirements: str, wheels: Path, words: Sequence[str], folder: Path) -> Chosen:
        """What uv takes from a folder of wheels; `words` name the target, `folder` is for files of its own."""
        (folder / "requirements.txt").write_text(requirements, encoding="utf-8")
        argv = self.uv.argv(
            "pip", "install", "--dry-run", "--verbose", "--no-deps", "--no-config", "--offline", "--no-index",
            "--find-links", str(wheels), "--target", str(folder / "target"), "--python", sys.executable, *words,
            "--requirement", "requirements.txt",
        )  # fmt: skip
        environ = {name: value for name, value in self.uv.environ.items() if name not in _PLATFORM_VARIABLES}
        with _unset(*_PLATFORM_VARIABLES):
            rc, out, err = self.uv.run(argv, str(folder), environ)
        if rc == 0:
            return Chosen(dict(_SELECTING.findall(out + err)))
        said = masked(sentences(_without_log(err)))
        return Chosen(objection=said) if _NO_SOLUTION in said else Chosen(unasked=said)


@contextlib.contextmanager
def _unset(*names: str) -> Iterator[None]:
    """Without these variables of the environment for a while."""
    before = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(before)


def _without_log(output: str) -> str:
    return "\n".join(line for line in output.splitlines() if not line.startswith(("DEBUG", "TRACE")))
