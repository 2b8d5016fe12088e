# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From choices to wheels: what is there, what is fetched, what is built, in one plan."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, Callable
from urllib.parse import urlsplit

from ansible_collections.airgap.uv.plugins.module_utils.build import (
    Build,
    Builder,
    LocalPackage,
    Sdist,
    fits,
    pure,
    split_by_python,
)
from ansible_collections.airgap.uv.plugins.module_utils.errors import ExtraWheelInvalid, SourceNotSupported
from ansible_collections.airgap.uv.plugins.module_utils.fetch import Artifact, Fetcher, without_credentials
from ansible_collections.airgap.uv.plugins.module_utils.libraries import pylock
from ansible_collections.airgap.uv.plugins.module_utils.progress import Progress
from ansible_collections.airgap.uv.plugins.module_utils.selection import Choice, ExtraWheel, sha256_of
from ansible_collections.airgap.uv.plugins.module_utils.target import Target
from ansible_collections.airgap.uv.plugins.module_utils.tree import file_digest
from ansible_collections.airgap.uv.plugins.module_utils.wheelhouse import Wheel, Wheelhouse

# How a wheel was built that the caller brings for a build: not here.
_ELSEWHERE = {"elsewhere": True}


@dataclass(frozen=True)
class Taken:
    """A wheel that targets take. `source`: what its identity in a release's name is made of."""

    wheel: Wheel
    targets: tuple[Target, ...]
    source: str
    tool: bool = False
    built: bool = False

    @property
    def identity(self) -> str:
        """What stands for it in a release's name: its bytes, or for compiled code what it was built from."""
        return self.wheel.sha256 if not self.built or pure(self.wheel.filename) else self.source

    def as_dict(self) -> dict[str, Any]:
        """As the module's `wheels` returns it."""
        labels = sorted({target.label for target in self.targets})
        return {**self.wheel.as_dict(), "targets": labels, "tool": self.tool}


@dataclass(frozen=True)
class Plan:
    """What a collect has to do. Everything is named here before anything is done."""

    downloads: tuple[tuple[Taken, Artifact], ...] = ()
    brought: tuple[tuple[Taken, ExtraWheel], ...] = ()
    builds: tuple[tuple[Build, Artifact | None], ...] = ()  # with the sdist that it is built from

    @classmethod
    def make(
        cls,
        choices: Sequence[Choice],
        wheelhouse: Wheelhouse,
        local: Callable[[str, str], LocalPackage],
        tool: bool = False,
    ) -> Plan:
        """`local` reads the local package of a name and a folder; `tool`: these are for uv itself."""
        _refuse_other_sources(choices)
        downloads: list[tuple[Taken, Artifact]] = []
        brought: list[tuple[Taken, ExtraWheel]] = []
        builds: list[tuple[Build, Artifact | None]] = []
        for choice in choices:
            source = choice.source
            if isinstance(source, pylock.PackageWheel):
                artifact = Artifact(str(source.url), source.filename, sha256_of(choice.name, source), source.size)
                wheel = _index_wheel(choice, artifact, wheelhouse)
                downloads.append((Taken(wheel, choice.targets, wheel.sha256, tool), artifact))
            elif isinstance(source, ExtraWheel):
                wheel = _brought_wheel(choice, source, wheelhouse)
                brought.append((Taken(wheel, choice.targets, wheel.sha256), source))
            elif isinstance(source, pylock.PackageSdist):
                artifact = Artifact(str(source.url), source.filename, sha256_of(choice.name, source), source.size)
                builds += _builds(choice, _sdist(artifact, wheelhouse), artifact)
            else:
                folder = str(PurePosixPath(source.path) / (source.subdirectory or "."))
                builds += _builds(choice, local(choice.name, folder), None)
        return cls(tuple(downloads), tuple(brought), tuple(builds))

    def joined_with(self, other: Plan) -> Plan:
        return Plan(self.downloads + other.downloads, self.brought + other.brought, self.builds + other.builds)


@dataclass
class Work:
    """The plan held against the wheelhouse: what is missing, and what was done about it."""

    plan: Plan
    wheelhouse: Wheelhouse
    builder: Builder
    progress: Progress
    missing: list[tuple[Taken, Artifact]] = field(default_factory=list)
    lacking: list[tuple[Taken, ExtraWheel]] = field(default_factory=list)
    unbuilt: list[tuple[Build, Artifact | None]] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    stats: dict[str, Any] = field(
        default_factory=lambda: {"downloaded": 0, "downloaded_bytes": 0, "built": 0, "reused": 0}
    )

    def look(self) -> None:
        """Hash what is there; everything else is missing."""
        index = {taken.wheel.path: taken.wheel.sha256 for taken, _artifact in self.plan.downloads}
        index.update({taken.wheel.path: taken.wheel.sha256 for taken, _extra in self.plan.brought})
        absent = set(self.wheelhouse.absent(index))
        self.missing = [item for item in self.plan.downloads if item[0].wheel.path in absent]
        self.lacking = [item for item in self.plan.brought if item[0].wheel.path in absent]
        present = [item[0] for item in self.plan.downloads] + [item[0] for item in self.plan.brought]
        for _taken, extra in self.lacking:
            extra.verify(extra.path)
        self.taken = [taken for taken in present if taken.wheel.path not in absent]
        for build, artifact in self.plan.builds:
            wheel = self.builder.reuse(build)
            if wheel is None:
                self.unbuilt.append((build, artifact))
            else:
                self.taken.append(_built(build, wheel))
        self.stats["reused"] = len(self.taken)

    def to_fetch(self, defer: bool) -> list[tuple[Artifact, Path]]:
        """Missing wheels and, unless builds are deferred, the sdists that are to be built; each file once."""
        files = {
            taken.wheel.path: (artifact, self.wheelhouse.path / taken.wheel.path) for taken, artifact in self.missing
        }
        for build, artifact in () if defer else self.unbuilt:
            if artifact is not None and isinstance(build.source, Sdist):
                path = build.source.path
                # Checked again before each build: code that runs must be what the lock says.
                if not path.is_file() or file_digest(path) != artifact.sha256:
                    files[str(path)] = (artifact, path)
        return list(files.values())

    def fetch(self, files: list[tuple[Artifact, Path]], fetcher: Fetcher, temporary: Path) -> None:
        """Bring `files` from indexes, and the caller's own wheels."""
        self.stats["downloaded_bytes"] = fetcher.fetch(files, temporary)
        self.stats["downloaded"] = len(files)
        for taken, _artifact in self.missing:
            # The lock may be wrong about it: no hash covers the size.
            size = (self.wheelhouse.path / taken.wheel.path).stat().st_size
            self._add(replace(taken, wheel=replace(taken.wheel, size=size)))
        for taken, extra in self.lacking:
            destination = self.wheelhouse.path / taken.wheel.path
            destination.parent.mkdir(parents=True, exist_ok=True)
            os.replace(_verified_copy(extra, temporary), destination)
            self._add(taken)

    def build(self, temporary: Path) -> None:
        """Build what no earlier run built from the same bytes."""
        for number, (build, _artifact) in enumerate(self.unbuilt, start=1):
            # A wheel of pure Python that was just built serves the next Python too.
            wheel = self.builder.reuse(build)
            if wheel is None:
                self.progress.say(f"builds {build.name} for Python {build.python} ({number} of {len(self.unbuilt)})")
                wheel = self.builder.build(build, temporary)
                self.stats["built"] += 1
            self.taken.append(_built(build, wheel))
        self.unbuilt = []

    def _add(self, taken: Taken) -> None:
        self.taken.append(taken)
        self.fetched.append(taken.wheel.path)

    @property
    def added(self) -> list[str]:
        """Paths of the wheels whose bytes this run brought or built."""
        return sorted({*self.fetched, *self.builder.placed})

    def expected(self) -> list[Taken]:
        """The wheels that are known by name: those taken and, before a fetch, those that are missing."""
        done = {taken.wheel.path for taken in self.taken}
        return [*self.taken, *(taken for taken in self._ahead() if taken.wheel.path not in done)]

    def ahead(self) -> list[str]:
        """Paths of the wheels that a fetch brings."""
        return sorted({taken.wheel.path for taken in self._ahead()})

    def _ahead(self) -> list[Taken]:
        return [item[0] for item in self.missing] + [item[0] for item in self.lacking]


def take_built(work: Work, built: Sequence[Mapping[str, Any]], check_mode: bool) -> None:
    """Wheels that were built elsewhere, each for the builds of the source that it names."""
    for raw in built:
        extra = ExtraWheel.parse(raw, "built")
        extra.verify(extra.path)
        meant = [build for build, _artifact in work.plan.builds if _is_built_from(extra, raw["source"], build)]
        if not meant:
            raise ExtraWheelInvalid(
                str(extra.path), f"nothing is to be built from {raw['source']} that it fits", "built"
            )
        for build, artifact in [item for item in work.unbuilt if item[0] in meant]:
            if check_mode:
                wheel = work.builder.describe(build, extra.path, _ELSEWHERE)
                if not work.wheelhouse.whole(wheel.path, wheel.sha256):
                    work.builder.placed.append(wheel.path)
            else:
                wheel = work.builder.take(build, _verified_copy(extra, work.wheelhouse.cache / "tmp"), _ELSEWHERE)
            work.taken.append(_built(build, wheel))
            work.unbuilt.remove((build, artifact))


def _is_built_from(extra: ExtraWheel, source: str, build: Build) -> bool:
    same = extra.name == build.name and source == build.source.sha256
    return same and fits(extra.path.name, build.targets)


def joined(taken: Sequence[Taken]) -> list[Taken]:
    """One entry a wheel, with the targets of all."""
    found: dict[str, Taken] = {}
    for item in taken:
        known = found.get(item.wheel.path)
        if known:
            targets = tuple(dict.fromkeys([*known.targets, *item.targets]))
            item = replace(known, targets=targets, tool=known.tool and item.tool)
        found[item.wheel.path] = item
    return [found[path] for path in sorted(found)]


def _built(build: Build, wheel: Wheel) -> Taken:
    return Taken(wheel, build.targets, f"{build.name} from {build.source.sha256}", built=True)


def _index_wheel(choice: Choice, artifact: Artifact, wheelhouse: Wheelhouse) -> Wheel:
    place = wheelhouse.place(artifact.filename, artifact.sha256)
    origin = {"kind": "index", "url": artifact.shown}
    return Wheel(
        choice.name,
        choice.version or "",
        artifact.filename,
        place,
        wheelhouse.size(place) or artifact.size or 0,
        artifact.sha256,
        origin,
    )


def _brought_wheel(choice: Choice, extra: ExtraWheel, wheelhouse: Wheelhouse) -> Wheel:
    place = wheelhouse.place(extra.path.name, extra.sha256)
    origin = {"kind": "path", "path": extra.path.name}
    return Wheel(
        choice.name,
        str(extra.version),
        extra.path.name,
        place,
        extra.path.stat().st_size,
        extra.sha256,
        origin,
    )


def _sdist(artifact: Artifact, wheelhouse: Wheelhouse) -> Sdist:
    path = wheelhouse.cache / "sdists" / artifact.sha256 / artifact.filename
    return Sdist(artifact.filename, artifact.sha256, without_credentials(artifact.url), path)


def _builds(
    choice: Choice, source: Sdist | LocalPackage, artifact: Artifact | None
) -> Iterator[tuple[Build, Artifact | None]]:
    for python, targets in split_by_python(choice.targets):
        yield Build(choice.name, choice.version, source, python, targets), artifact


def _refuse_other_sources(choices: Sequence[Choice]) -> None:
    """Files and folders elsewhere on this machine, and whatever else is no HTTP(S) address."""
    others = []
    for choice in choices:
        source = choice.source
        label = f"{choice.name} {choice.version or ''}".strip()
        if isinstance(source, (pylock.PackageWheel, pylock.PackageSdist)):
            if urlsplit(source.url or "").scheme not in ("http", "https"):
                others.append(
                    (
                        label,
                        f"a file that is not on an index ({without_credentials(source.url or source.path or '')})",
                    )
                )
        elif isinstance(source, pylock.PackageDirectory):
            parts = PurePosixPath(source.path).parts
            if ".." in parts or PurePosixPath(source.path).is_absolute():
                others.append((label, f"a folder outside the project ({source.path})"))
    if others:
        raise SourceNotSupported(others)


def _verified_copy(extra: ExtraWheel, folder: Path) -> Path:
    """A copy with the wheel's own name; the original may change while it is read."""
    copy = folder / extra.sha256 / extra.path.name
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(extra.path, copy)
    extra.verify(copy)
    copy.chmod(0o644)
    return copy
