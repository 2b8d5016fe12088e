# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where wheels are built: one build by uv, on the controller and on builders alike."""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Callable

from ansible_collections.airgap.uv.plugins.module_utils import breach, environ, unpacking
from ansible_collections.airgap.uv.plugins.module_utils.confine import Limits, Overdue, Runner
from ansible_collections.airgap.uv.plugins.module_utils.errors import (
    BuildFailed,
    BuildOverdue,
    BuildRefused,
    BuiltWheelWrong,
)
from ansible_collections.airgap.uv.plugins.module_utils.recipe import Recipe

# uv tells what it puts into a build's environment, in its own log alone.
_LOG = "uv_dispatch=debug"
_INSTALLS = re.compile(r"DEBUG Installing build requirements?: (.+)")
_LOGGED = re.compile(r"(TRACE|DEBUG|INFO) ")

# Of what a build said, in lines and in characters of each: a line may be as long as the build likes.
_LAST, _LONGEST = 20, 500

_ENDS = {"wheel": "*.whl", "sdist": "*.tar.gz"}

_PROBE = 60.0  # seconds

# CMake's build tools (cmake-env-variables(7)), what many a setup.py asks for before ninja, and cargo
# (https://doc.rust-lang.org/cargo/reference/environment-variables.html).
_JOBS = ("CMAKE_BUILD_PARALLEL_LEVEL", "MAX_JOBS", "CARGO_BUILD_JOBS")


@dataclass(frozen=True)
class Made:
    """What a build left in its folder, and the build requirements that it was made with, as `name==version`.

    `wheels`: or sdists, where one was wanted.
    """

    wheels: tuple[Path, ...]
    requirements: tuple[str, ...]


@dataclass(frozen=True)
class Workshop:
    """`confine` gives what runs a build within limits. uv has no cache that outlives a build: it links what it installs
    from there, and what one build did to its requirements would be in the next one's.

    `jobs`: how many compilers one build may run at a time, for the tools that take all CPUs unless they are told; 0
    leaves it to them. `index`: where build requirements come from, as a URL or `name=url`, or the path of a folder that
    stands for one. `alone`: builds reach no network. `pep517`: uv builds for its own backend too
    with that installed, as for others. `kind`: what is built, `wheel` or `sdist`.
    `environ`: what uv needs for the index, credentials for one. `seconds`: how long a build may take.
    """

    uv: str
    confine: Callable[[Limits], Runner]
    seconds: float
    index: str | None = None
    environ: Mapping[str, str] = field(default_factory=dict)
    jobs: int = 0
    alone: bool = False
    pep517: bool = False
    kind: str = "wheel"
    missing: Mapping[str, str] = field(default_factory=dict)

    def pinned(self, folder: Path, missing: Mapping[str, str] | None = None) -> Workshop:
        """One whose builds get their requirements from a folder and reach no network.

        `missing`: why some that are pinned are not there, by name.
        """
        return replace(self, index=str(folder), environ={}, alone=True, missing=missing or {})

    def build(self, source: Path, out: Path, python: str, recipe: Recipe, shown: str = "") -> Made:
        """`uv build` of a source archive or folder into the empty folder `out`, with the interpreter `python`.

        Raises `BuildFailed`, `BuildOverdue` or `BuiltWheelWrong`, which name what was built as `shown` does.
        """
        shown = shown or source.name
        limits = Limits(self.seconds, (out,), not self.alone)
        argv, env = self._argv(source, out, python, recipe), self._env(recipe, out)
        env.update(self._without_folder(source, out, env))
        try:
            rc, output, err = self.confine(limits)(argv, str(out), env)
        except Overdue as error:
            raise BuildOverdue(shown, python, error.seconds, sentences(error.output)) from None
        finally:
            for own in environ.HOUSE.values():
                shutil.rmtree(out / own, ignore_errors=True)
        if rc:
            self._refuse_breach(limits, shown, python, output + err)
            raise BuildFailed(shown, python, sentences(output + err))
        wheels = tuple(sorted(out.glob(_ENDS[self.kind])))
        for wheel in wheels:
            # A link would be followed by all that looks at it, out of the folder and as this user.
            if not stat.S_ISREG(wheel.lstat().st_mode):
                raise BuiltWheelWrong(shown, wheel.name, "it is no file, but a link or the like")
        return Made(wheels, requirements(err))

    def _without_folder(self, source: Path, out: Path, env: Mapping[str, str]) -> dict[str, str]:
        """Flags that keep the name of the build's folder out of what CMake compiles (`__FILE__`, `assert`).

        Others name their sources from where they are, and configure scripts take flags for all that there are to be.
        """
        if not (source / unpacking.CMAKE).is_file() or re.search(r"\s", str(out)):
            return {}
        flag = f"-ffile-prefix-map={out}=."
        # gcc has it since 8, clang since 10.
        asked = [*(env.get("CC") or "cc").split(), flag, "-E", "-x", "c", os.devnull]
        try:
            rc, _out, _err = self.confine(Limits(_PROBE, (out,), not self.alone))(asked, str(out), env)
        except Overdue:
            return {}
        return {name: f"{env.get(name, '')} {flag}".strip() for name in ("CFLAGS", "CXXFLAGS")} if rc == 0 else {}

    def _refuse_breach(self, limits: Limits, shown: str, python: str, output: str) -> None:
        """Raise `BuildRefused` where it failed because it is kept from what it tried."""
        path = breach.written_elsewhere(output, limits.writable)
        lacks = breach.lacked(output) if self.alone else None
        reason = ""
        if path:
            reason = (
                f"it would write to {path}, and a build writes in its own folder alone; declare for it where it is to "
                "write instead (build_settings)"
            )
        elif lacks:
            why = self.missing.get(re.sub(r"[-_.]+", "-", lacks).lower())
            reason = (
                f"it needs {lacks}, which build_constraints "
                + (f"pins, and {why}" if why else "does not pin for this Python, or pins to a version that it refuses")
                + "; make that file anew with lock_builds (uv_deploy_lock_builds)"
            )
        elif self.alone and breach.wanted_network(output):
            reason = (
                "it wanted the network, and a build with pinned requirements (build_constraints) has none; declare "
                "for it what keeps it from asking (build_settings)"
            )
        elif breach.asked(output):
            reason = "it asked for input, and nobody answers a build; declare for it what it asks for (build_settings)"
        if reason:
            raise BuildRefused(shown, python, reason, sentences(output))

    def _argv(self, source: Path, out: Path, python: str, recipe: Recipe) -> list[str]:
        held = []
        if recipe.constraints:
            constraints = out / "constraints.txt"
            constraints.write_text(recipe.constraints, encoding="utf-8")
            hashes = ["--require-hashes"] if recipe.pinned else []
            held = ["--build-constraints", str(constraints), *hashes]
        if self.alone or self.pep517:
            # Else uv builds for its own backend, whatever its version, without that being installed.
            held.append("--force-pep517")
        return [
            self.uv, "build", f"--{self.kind}", "--no-config", "--no-create-gitignore", "--no-progress",
            "--color", "never", "--no-python-downloads", "--no-cache", "--python", python, "--out-dir", str(out),
            *index_arguments(self.index), *held, *recipe.arguments(), str(source),
        ]  # fmt: skip

    def _env(self, recipe: Recipe, out: Path) -> dict[str, str]:
        """What a build sees: how the machine and the network are reached, and what is declared for it."""
        declared = dict(recipe.environment)
        return {
            **environ.for_index({**environ.of_machine(os.environ, network=not self.alone), **self.environ}, self.index),
            "SOURCE_DATE_EPOCH": environ.SOURCE_DATE_EPOCH,
            "PIP_CONFIG_FILE": os.devnull,
            **(dict.fromkeys(_JOBS, str(self.jobs)) if self.jobs else {}),
            **environ.housed(os.environ, out),
            **declared,
            "RUST_LOG": ",".join(filter(None, (declared.get("RUST_LOG"), _LOG))),
            "UV_NO_WRAP": "1",
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
    """uv's own words without its log and without blank lines: the last ones, each cut where it is too long."""
    lines = [line.rstrip() for line in output.splitlines() if line.strip() and not _LOGGED.match(line)]
    return "\n".join(line if len(line) <= _LONGEST else f"{line[:_LONGEST]}\u2026" for line in lines[-_LAST:])
