# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wheels from source: sdists whose hash was checked, and clean copies of local packages."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.airgap.uv.plugins.module_utils.errors import (
    BuildFailed,
    BuiltWheelWrong,
    InterpreterMissing,
    ShallowClone,
)
from ansible_collections.airgap.uv.plugins.module_utils.libraries import utils, version
from ansible_collections.airgap.uv.plugins.module_utils.lockfile import Pyproject
from ansible_collections.airgap.uv.plugins.module_utils.target import Target
from ansible_collections.airgap.uv.plugins.module_utils.tree import SourceTree, file_digest, git, toplevel
from ansible_collections.airgap.uv.plugins.module_utils.uv import BuildSettings, Uv
from ansible_collections.airgap.uv.plugins.module_utils.wheelhouse import Wheel, Wheelhouse, write_text

_ANY_PYTHON = "any"

# Pure Python for any Python 3; `py312-none-any` is pure as well, and for one alone.
_GENERIC = re.compile(r"-(py2\.py3|py3)-none-any\.whl$")


@dataclass(frozen=True)
class Sdist:
    """A source archive of an index. `path` is where it lies once it was fetched and verified."""

    filename: str
    sha256: str
    url: str  # without credentials
    path: Path

    @property
    def shown(self) -> str:
        return self.filename

    def origin(self) -> dict[str, Any]:
        return {"kind": "sdist", "url": self.url, "sha256": self.sha256}

    def unpack(self, _destination: Path) -> Path:
        return self.path


@dataclass(frozen=True)
class LocalPackage:
    """A folder of the project. `tree` is what is copied, `folder` the package's place in it."""

    tree: SourceTree = field(hash=False)
    folder: str
    sha256: str
    from_history: bool

    @classmethod
    def read(cls, tree: SourceTree, folder: str, history: str) -> LocalPackage:
        """`history`: what git says of the checkout, where the version depends on it, else empty."""
        digest = tree.digest()
        if history:
            digest = hashlib.sha256(f"{digest}\0{history}".encode()).hexdigest()
        return cls(tree, folder, digest, bool(history))

    @property
    def shown(self) -> str:
        return f"the local package in {self.folder}" if self.folder != "." else "the project"

    def origin(self) -> dict[str, Any]:
        return {"kind": "directory", "path": self.folder, "sha256": self.sha256}

    def unpack(self, destination: Path) -> Path:
        self.tree.copy(destination)
        self.give_history(destination)
        return destination / self.folder

    def give_history(self, copy: Path) -> None:
        """Let git see `copy` as one more worktree: its own HEAD and index, the repository's history.

        Some git commands refresh the index even when only asked, so the project's own is not lent
        (gitrepository-layout(5), `commondir`).
        """
        if not self.from_history:
            return
        theirs = _git_folder(self.tree.root)
        ours = copy / ".git"
        ours.mkdir()
        for name in ("HEAD", "index"):
            if (theirs / name).is_file():
                shutil.copyfile(theirs / name, ours / name)
        named = theirs / "commondir"
        common = (theirs / named.read_text(encoding="utf-8").strip()) if named.is_file() else theirs
        (ours / "commondir").write_text(f"{common.resolve()}\n", encoding="utf-8")


@dataclass(frozen=True)
class Build:
    """One wheel to build: for one Python, on this machine, for the targets that have that Python."""

    name: str
    version: str | None
    source: Sdist | LocalPackage
    python: str  # major, minor and the `t` of a free-threaded build
    targets: tuple[Target, ...]

    @property
    def shown(self) -> str:
        """The archive's name, or the package with its folder."""
        return self.source.shown if isinstance(self.source, Sdist) else f"{self.name} ({self.source.shown})"

    def describe(self) -> dict[str, Any]:
        """As `to_build` returns it."""
        return {
            "name": self.name,
            "version": self.version,
            "source": {**self.source.origin()},
            "python": self.python,
            "targets": [target.label for target in self.targets],
        }


@dataclass(frozen=True)
class Builder:
    """Builds on this machine and keeps a record of each build, so that none is done twice."""

    uv: Uv
    settings: BuildSettings
    wheelhouse: Wheelhouse
    machine: str
    placed: list[str] = field(default_factory=list)  # paths whose bytes were not there before
    home: str | None = None  # the Python that local packages are built with first, whatever the targets

    def reuse(self, build: Build) -> Wheel | None:
        """The wheel that an earlier run built from the same bytes for the same Python, if it is whole."""
        for python in (_ANY_PYTHON, build.python):
            record = self._record(build, python)
            if not record.is_file():
                continue
            try:
                wheel = Wheel.parse(json.loads(record.read_text(encoding="utf-8")))
            except (ValueError, KeyError, TypeError):
                continue  # a damaged record costs one more build and no more
            if fits(wheel.filename, build.targets) and self.wheelhouse.whole(wheel.path, wheel.sha256):
                return wheel
        return None

    def build(self, build: Build, temporary: Path) -> Wheel:
        """Build the wheel, verify what came out and bring it to its place, as `take` does.

        Backends differ between Pythons, and so do the bytes of what they build. A local package is
        therefore built with one Python for all, and again with the target's only if it is compiled.
        """
        path = None
        if self.home and isinstance(build.source, LocalPackage) and self.home != build.python:
            with contextlib.suppress(BuildFailed, InterpreterMissing):  # the target's own may still do
                path = self._run(build, self.home, temporary)
            if path and pure(path.name) and fits(path.name, build.targets):
                return self.take(build, path, {"python": self.home, "uv": str(self.uv.version)})
        path = self._run(build, build.python, temporary)
        return self.take(build, path, {"python": build.python, "uv": str(self.uv.version)})

    def _run(self, build: Build, python: str, temporary: Path) -> Path:
        interpreter = self.uv.find_python(python)
        out = Path(tempfile.mkdtemp(prefix=f"{build.name}-{python}-", dir=temporary))
        source = build.source.unpack(out / "source")
        self.uv.build_wheel(source, out, interpreter, self.settings, build.shown)
        return _only_wheel(build, out)

    def describe(self, build: Build, path: Path, how: Mapping[str, Any]) -> Wheel:
        """What the built wheel at `path` would be in the wheelhouse; refuses what was not asked for."""
        _refuse_other(build, path)
        name, number, _build, _tags = utils.parse_wheel_filename(path.name)
        digest = file_digest(path)
        place = self.wheelhouse.place(path.name, digest, built=True)
        known = next((wheel for wheel in self.wheelhouse.wheels if wheel.path == place), None)
        # A wheel whose bytes did not change stays as it is, with what was said of it.
        origin = known.origin if known else {**build.source.origin(), "built": dict(how)}
        return Wheel(name, str(number), path.name, place, path.stat().st_size, digest, origin)

    def take(self, build: Build, path: Path, how: Mapping[str, Any]) -> Wheel:
        """Verify a built wheel, bring it to its place and record it."""
        wheel = self.describe(build, path, how)
        if not self.wheelhouse.whole(wheel.path, wheel.sha256):
            self.placed.append(wheel.path)
            destination = self.wheelhouse.path / wheel.path
            destination.parent.mkdir(parents=True, exist_ok=True)
            os.chmod(path, 0o644)
            os.replace(path, destination)
        python = _ANY_PYTHON if _GENERIC.search(path.name) else build.python
        write_text(self._record(build, python), json.dumps(wheel.as_dict(), indent=1, sort_keys=True) + "\n")
        return wheel

    def _record(self, build: Build, python: str) -> Path:
        constraints = self.settings.constraints
        key = json.dumps(
            [
                build.name,
                build.source.sha256,
                build.source.folder if isinstance(build.source, LocalPackage) else "",
                python,
                self.machine if python != _ANY_PYTHON else "",
                file_digest(constraints) if constraints else "",
            ]
        )
        return self.wheelhouse.cache / "builds" / f"{hashlib.sha256(key.encode()).hexdigest()}.json"


def fits(filename: str, targets: Sequence[Target]) -> bool:
    """Whether every target installs the wheel, as far as its name tells."""
    tags = utils.parse_wheel_filename(filename)[-1]
    return all(tags.intersection(target.tags()) for target in targets)


def pure(filename: str) -> bool:
    """The wheel holds no code for one platform or one Python's ABI."""
    return filename.endswith("-none-any.whl")


def history(project: Path, pyproject: Pyproject, uv: Uv) -> str:
    """What git says of the checkout, where the version comes from it; empty where it does not.

    Raises `ShallowClone` when the history is cut off, for the version would silently be another.
    """
    if not pyproject.version_from_history or toplevel(project) is None:
        return ""
    environ = {**uv.environ, "GIT_OPTIONAL_LOCKS": "0"}
    rc, out, _err = uv.run(git(project, "rev-parse", "--is-shallow-repository"), str(project), environ)
    if rc == 0 and out.strip() == "true":
        raise ShallowClone(str(project))
    # Not `--dirty`, which writes the index: what is changed in the folder is in the tree's digest.
    rc, out, err = uv.run(git(project, "describe", "--tags", "--long", "--always"), str(project), environ)
    return out.strip() or err.strip() or str(rc)


def split_by_python(targets: Sequence[Target]) -> Iterator[tuple[str, tuple[Target, ...]]]:
    """The targets of each Python that a build must be made with."""
    for python in sorted({target.python.minor for target in targets}):
        yield python, tuple(target for target in targets if target.python.minor == python)


def _git_folder(root: Path) -> Path:
    """The repository's own folder; in a worktree or a submodule `.git` is a file that names it."""
    marker = root / ".git"
    if marker.is_file():
        named = marker.read_text(encoding="utf-8").partition("gitdir:")[2].strip()
        return (root / named).resolve()
    return marker.resolve()


def _only_wheel(build: Build, out: Path) -> Path:
    found = sorted(out.glob("*.whl"))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "no wheel"
        raise BuiltWheelWrong(build.shown, names, "one wheel was expected")
    return found[0]


def _refuse_other(build: Build, path: Path) -> None:
    """A build may give anything: only the package, version and tags that were asked for are taken."""
    try:
        name, number, _build, tags = utils.parse_wheel_filename(path.name)
    except utils.InvalidWheelFilename as error:
        raise BuiltWheelWrong(build.shown, path.name, str(error)) from error
    if name != build.name:
        raise BuiltWheelWrong(build.shown, path.name, f"its name is {name}, the lock says {build.name}")
    if build.version and number != version.Version(build.version):
        raise BuiltWheelWrong(build.shown, path.name, f"its version is {number}, the lock says {build.version}")
    unfit = [target.label for target in build.targets if not tags.intersection(target.tags())]
    if unfit:
        raise BuiltWheelWrong(build.shown, path.name, f"it does not fit {', '.join(unfit)}")
