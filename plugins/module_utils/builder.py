# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds on this machine, with a record of each, so that none is done twice."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Callable

from ansible_collections.airgap.uv.plugins.module_utils import build_cache, unpacking
from ansible_collections.airgap.uv.plugins.module_utils.amend import amend
from ansible_collections.airgap.uv.plugins.module_utils.build import Build, LocalPackage, Sdist, fits, generic, pure
from ansible_collections.airgap.uv.plugins.module_utils.build_cache import BuildCache, Kept
from ansible_collections.airgap.uv.plugins.module_utils.compilers import compilers
from ansible_collections.airgap.uv.plugins.module_utils.credentials import masked
from ansible_collections.airgap.uv.plugins.module_utils.errors import (
    AirgapError,
    BuildBarred,
    BuildFailed,
    BuildOverdue,
    BuiltWheelWrong,
    InterpreterMissing,
)
from ansible_collections.airgap.uv.plugins.module_utils.libraries import utils, version
from ansible_collections.airgap.uv.plugins.module_utils.lockfile import read_toml
from ansible_collections.airgap.uv.plugins.module_utils.nearest import Nearest
from ansible_collections.airgap.uv.plugins.module_utils.obstacle import Obstacle
from ansible_collections.airgap.uv.plugins.module_utils.progress import Progress
from ansible_collections.airgap.uv.plugins.module_utils.recipe import Recipe
from ansible_collections.airgap.uv.plugins.module_utils.repository import Commit
from ansible_collections.airgap.uv.plugins.module_utils.requirements import Pinned
from ansible_collections.airgap.uv.plugins.module_utils.tree import file_digest, git, toplevel
from ansible_collections.airgap.uv.plugins.module_utils.uv import Uv
from ansible_collections.airgap.uv.plugins.module_utils.wheelfile import WheelFile
from ansible_collections.airgap.uv.plugins.module_utils.wheelhouse import Wheel, Wheelhouse, write_text
from ansible_collections.airgap.uv.plugins.module_utils.workshop import Made, Workshop

_ANY_PYTHON = "any"

# Compiled code for every Python from one on; another of the same name and other bytes would be of no use to anyone.
_STABLE_ABI = "abi3"

# Where uv's own words on a failed build begin.
_UV_SAYS = re.compile(r"(error:|\u00d7) Failed to build\b")

_BY_OTHERS = "(uv_deploy_builders; or build: defer, then built)"

_OR_BRING = "or bring a wheel of it (extra_wheels)"

# Seconds. What was built in vain is not built again at once; a compiler that it did without may be there later.
_NOTE_COUNTS = 3600

_NO_PYTHON = "the controller has no Python {} to build it with; install it there"


# What a person reads of a failed build's output.
_LAST_LINES = 12


@dataclass(frozen=True)
class Unbuildable:
    """Why a build that this machine cannot make gave nothing that can be taken."""

    reason: str

    def obstacles(self, build: Build) -> Iterator[Obstacle]:
        """One for each target of the build, with the wheel that comes nearest to it."""
        for target in build.targets:
            nearest = Nearest.among(build.wheels, target)
            none = "the lock has no wheels of it; " if isinstance(build.source, Sdist) else ""
            found = f"no wheel fits; {nearest}; " if nearest else none
            reason = f"{found}{self.reason}; have it built on {build.elsewhere} {_BY_OTHERS}, {_OR_BRING}"
            yield Obstacle(target, build.label, reason, nearest.filename if nearest else None)


def failure(build: Build, error: AirgapError) -> Iterator[Obstacle]:
    """Why the targets of a build of this machine's go without: one for each, with the build's last words."""
    reason = str(error)
    if isinstance(error, BuildFailed):
        last = [masked(line) for line in error.output.strip().splitlines()[-_LAST_LINES:]]
        reason = str(error.saying("\n".join(f"    {line.rstrip()}" for line in last)))
    for target in build.targets:
        yield Obstacle(target, build.label, reason.rstrip("."))


@dataclass(frozen=True)
class Builder:
    """What builds with. `machine` stands for this one in the records.

    `recipes` gives what is declared for a build. `home` gives the Python that local packages are built with first,
    whatever the targets, or None. `index`: where build requirements that are not pinned come from, as the lock or the
    caller names it, whatever mirror stands for it. `shared`: what other projects of this controller built. `pinned`
    gives what the build requirements of a package are for a Python, or None where they are not pinned. `made` is told
    what a build was made with.
    """

    uv: Uv
    workshop: Workshop
    recipes: Callable[[Build], Recipe]
    wheelhouse: Wheelhouse
    machine: str
    placed: list[str] = field(default_factory=list)  # paths whose bytes were not there before
    home: Callable[[], str | None] = lambda: None
    pinned: Callable[[str, str, Path], Pinned | None] = lambda package, python, temporary: None
    made: Callable[[str, str, tuple[str, ...]], object] = lambda package, python, requirements: None
    barred: Callable[[str], str] = lambda output: ""  # what to do where an index lets nobody in, by uv's own words
    index: str = ""
    shared: BuildCache = field(default_factory=BuildCache)
    progress: Progress = field(default_factory=lambda: Progress(None))
    recalled: set[str] = field(default_factory=set)  # paths of wheels that another collect built

    def reuse(self, build: Build) -> Wheel | None:
        """The wheel that an earlier run built from the same bytes for the same Python, if it is whole."""
        for python in (_ANY_PYTHON, build.python, _STABLE_ABI):
            record = self._record(build, python)
            if not record.is_file():
                continue
            try:
                wheel = Wheel.parse(json.loads(record.read_text(encoding="utf-8")))
            except (ValueError, KeyError, TypeError):
                continue  # a damaged record costs one more build and no more
            if fits(wheel.filename, build.targets) and self.wheelhouse.whole(wheel.path, wheel.sha256):
                known = self._known(wheel)
                if known and (known.requires == {} or python != _ANY_PYTHON):
                    return known
        return None

    def _known(self, wheel: Wheel) -> Wheel | None:
        """With what the wheel needs; None for one that would not be taken today."""
        if wheel.requires is not None:
            return wheel
        found = WheelFile.read(self.wheelhouse.path / wheel.path)
        return None if found.problems else replace(wheel, requires=found.told)

    def build(self, build: Build, temporary: Path) -> Wheel:
        """Build the wheel, verify what came out and bring it to its place, as `take` does.

        Backends differ between Pythons, and so do the bytes of what they build. A local package is
        therefore built with one Python for all, and again with the target's only if it is compiled.
        """
        made = None
        home = self.home() if isinstance(build.source, LocalPackage) else None
        if home and home != build.python:
            try:
                made = self._run(build, home, temporary)
            except BuildOverdue:
                raise
            except (BuildFailed, InterpreterMissing):
                pass  # the target's own may still do
            name = made.path.name if made else ""
            if made and pure(name) and fits(name, build.targets) and not _proved(build, made.path).binaries:
                return self._taken(build, made)
        return self._taken(build, self._run(build, build.python, temporary))

    def build_pure(self, build: Build, temporary: Path, keep: bool = True) -> Wheel | Unbuildable | None:
        """Build for machines of another kind: what holds compiled code is not taken.

        Without `keep` it is only tried out: None tells that there would be such a wheel.
        """
        failed = ""
        for python in self._pythons(build):
            try:
                made = self._run(build, python, temporary)
            except InterpreterMissing:
                continue
            except BuildFailed as error:
                how = "took too long" if isinstance(error, BuildOverdue) else "failed"
                failed = f"building it with Python {python} {how} ({_last_line(error.output)})"
                continue
            path = made.path
            if pure(path.name) and fits(path.name, build.targets):
                compiled = _proved(replace(build, targets=()), path).binaries
                if compiled:
                    told = f"built here it is {path.name}, which holds code for this machine ({compiled[0].name})"
                    return self._noted(build, told)
                if keep:
                    return self._taken(build, made)
                return self._noted(build, None)
            if build.wants_python:
                return self._noted(build, f"{_NO_PYTHON.format(build.python)} (with Python {python} it is {path.name})")
            return self._noted(build, f"built here it is {path.name}, for this machine alone")
        # What failed is tried again next time: its cause may be gone by then.
        lead = _NO_PYTHON.format(build.python) if build.wants_python or not failed else ""
        return Unbuildable("; ".join(filter(None, (lead, failed))))

    def try_local(self, build: Build, temporary: Path) -> Wheel | None:
        """A local package without compiled code, which is the same wherever it is built; None for any other.

        It is built here, where all other local packages are, although a builder could do it.
        """
        home = self.home()
        if home is None or self.note(build):
            return None
        try:
            made = self._run(build, home, temporary)
            name = made.path.name
            if pure(name) and fits(name, build.targets) and not _proved(build, made.path).binaries:
                return self._taken(build, made)
        except (BuildFailed, BuiltWheelWrong, InterpreterMissing):
            pass  # the builder may have what it needs
        self._noted(build, f"it is built on {build.builder}")
        return None

    def note(self, build: Build) -> Unbuildable | bool:
        """What an earlier run found out: why it cannot be built, or whether trying it out gave a wheel."""
        path = self._note(build)
        try:
            reason = json.loads(path.read_text(encoding="utf-8"))["unbuildable"]
            recent = time.time() - path.stat().st_mtime < _NOTE_COUNTS
        except (OSError, ValueError, KeyError, TypeError):
            return False
        return (Unbuildable(str(reason)) if reason else True) if recent else False

    def _noted(self, build: Build, reason: str | None) -> Unbuildable | None:
        write_text(self._note(build), json.dumps({"unbuildable": reason}) + "\n")
        return Unbuildable(reason) if reason else None

    def has_python(self, python: str) -> bool:
        try:
            self.uv.interpreter(python)
        except InterpreterMissing:
            return False
        return True

    def _pythons(self, build: Build) -> Iterator[str]:
        """What a build without compiled code is tried with: CPython of the same version, then the usual one."""
        same = build.python.replace("pypy", "").rstrip("t")
        home = self.home()
        both = [same, *([home] if home else [])]
        yield from dict.fromkeys(reversed(both) if isinstance(build.source, LocalPackage) else both)

    def make_sdist(self, build: Build, temporary: Path) -> Path:
        """Of a package whose version is in its git history: its `PKG-INFO` tells it to who gets no history."""
        interpreter = self.uv.interpreter(self.home() or build.python)
        out = Path(tempfile.mkdtemp(prefix=f"{build.name}-sdist-", dir=temporary))
        recipe = self.recipes(build)
        source = self._amended(build, build.source.unpack(out / "source"), out, recipe)
        maker = replace(self, workshop=replace(self.workshop, kind="sdist"))
        made = maker._build(build, source, out, interpreter.path, recipe)
        return _only(build, made.wheels, "sdist")

    def _how(self, python: str) -> dict[str, str]:
        return {"python": python, "uv": str(self.uv.version)}

    def _run(self, build: Build, python: str, temporary: Path) -> Kept:
        """The wheel that comes of a build with one Python; made once for all projects of this controller."""
        interpreter = self.uv.interpreter(python)
        out = Path(tempfile.mkdtemp(prefix=f"{build.name}-{python}-", dir=temporary))
        recipe = self.recipes(build)
        full = interpreter.markers.get("python_full_version", "")
        made_by = [self.machine, interpreter.name, full, interpreter.path, *compilers(self.uv.run, self.uv.environ)]
        key = build_cache.key(*self._determined(build, recipe), *made_by)
        with self.shared.holding(key, lambda: self.progress.say(f"waits for {build.name}, which another run builds")):
            kept = self.shared.get(key, out / "kept")
            if kept and self._sound(build, kept.path):
                return kept
            source = self._amended(build, build.source.unpack(out / "source"), out, recipe)
            made = self._build(build, source, out, interpreter.path, recipe)
            path = _only(build, made.wheels)
            self.made(build.name, interpreter.name, made.requirements)
            how = self._how(python)
            # What lies is refused by `take`, and built again when its cause may be gone.
            if self._sound(build, path):
                self.shared.put(key, path, how, build.label)
        return Kept(path, how, new=True)

    def _amended(self, build: Build, source: Path, out: Path, recipe: Recipe) -> Path:
        """The source with the build requirements that are declared for it besides its own."""
        if not recipe.requires:
            return source
        if source.is_file():
            source = unpacking.unpack(source, out / "source", "")
        amend(source, recipe.requires)
        read_toml(source / "pyproject.toml")
        top = toplevel(source)
        if top and out in top.parents:
            # A version that git tells would say that files were changed.
            self.uv.run(
                git(source, "update-index", "--assume-unchanged", "pyproject.toml"), str(source), self.uv.environ
            )
        return source

    def _build(self, build: Build, source: Path, out: Path, python: str, recipe: Recipe) -> Made:
        workshop = self.workshop
        pinned = self.pinned(build.name, python, out.parent)
        if pinned:
            workshop, recipe = (
                workshop.pinned(pinned.folder, pinned.missing),
                replace(recipe, constraints=pinned.constraints),
            )
        try:
            return workshop.build(source, out, python, recipe, build.shown)
        except BuildFailed as error:
            todo = self.barred(error.output)
            if todo:
                raise BuildBarred(error.source, error.python, todo) from error
            raise

    def _sound(self, build: Build, path: Path) -> bool:
        """Whether it is a wheel of that package, whatever it is for."""
        try:
            _refuse_other(replace(build, targets=()), path)
        except BuiltWheelWrong:
            return False
        return not WheelFile.read(path).problems

    def _taken(self, build: Build, made: Kept) -> Wheel:
        wheel = self.take(build, made.path, made.how)
        if not made.new:
            self.recalled.add(wheel.path)
        return wheel

    def describe(self, build: Build, path: Path, how: Mapping[str, Any]) -> Wheel:
        """What the built wheel at `path` would be in the wheelhouse; refuses what was not asked for."""
        _refuse_other(build, path)
        found = _proved(build, path)
        name, number, _build, _tags = utils.parse_wheel_filename(path.name)
        digest = file_digest(path)
        place = self.wheelhouse.place(path.name, digest, built=True)
        known = next((wheel for wheel in self.wheelhouse.wheels if wheel.path == place), None)
        # A wheel whose bytes did not change stays as it is, with what was said of it.
        origin = known.origin if known else {**build.source.origin(), "built": dict(how)}
        size = path.stat().st_size
        return Wheel(name, str(number), path.name, place, size, digest, origin, requires=found.told)

    def take(self, build: Build, path: Path, how: Mapping[str, Any]) -> Wheel:
        """Verify a built wheel, bring it to its place and record it."""
        wheel = self.describe(build, path, how)
        if not self.wheelhouse.whole(wheel.path, wheel.sha256):
            self.placed.append(wheel.path)
            destination = self.wheelhouse.path / wheel.path
            destination.parent.mkdir(parents=True, exist_ok=True)
            os.chmod(path, 0o644)
            os.replace(path, destination)
        python = _ANY_PYTHON if generic(path.name) and wheel.requires == {} else build.python
        for each in (python, *([_STABLE_ABI] if "-abi3-" in path.name else [])):
            write_text(self._record(build, each), json.dumps(wheel.as_dict(), indent=1, sort_keys=True) + "\n")
        return wheel

    def _record(self, build: Build, python: str) -> Path:
        return self._cached("builds", build, python)

    def _note(self, build: Build) -> Path:
        return self._cached("trials", build, build.python)

    def _cached(self, folder: str, build: Build, python: str) -> Path:
        machine = (build.builder or build.elsewhere or self.machine) if python != _ANY_PYTHON else ""
        key = json.dumps([*self._determined(build, self.recipes(build)), python, machine])
        return self.wheelhouse.cache / folder / f"{hashlib.sha256(key.encode()).hexdigest()}.json"

    def _determined(self, build: Build, recipe: Recipe) -> list[str]:
        """What determines a build beside the machine and the Python that it is made with."""
        source = build.source
        index = "" if recipe.pinned else self.index
        # A commit's pointers to what Git LFS keeps are replaced, or stay.
        large = repr(source.large) if isinstance(source, Commit) else ""
        return [build.name, source.identity, source.part, large, recipe.digest, index]


def _last_line(text: str) -> str:
    """The end of what the build itself said, if anything: uv adds where it was, and general advice."""
    lines = [masked(line.strip()) for line in text.splitlines()]
    said = [line for line in lines if line and not line.startswith(("hint:", "Building "))]
    ends = [number for number, line in enumerate(said) if _UV_SAYS.match(line)]
    own = said[: ends[-1]] if ends else []
    last: str = (own or said or ["it said nothing"])[-1]
    return last


def _only(build: Build, found: Sequence[Path], kind: str = "wheel") -> Path:
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or f"no {kind}"
        raise BuiltWheelWrong(build.shown, names, f"one {kind} was expected")
    return found[0]


def _proved(build: Build, path: Path) -> WheelFile:
    """The wheel, read to its end. Raises `BuiltWheelWrong` where it is not what it says."""
    found = WheelFile.read(path, build.targets)
    if found.problems:
        raise BuiltWheelWrong(build.shown, path.name, found.shown)
    return found


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
