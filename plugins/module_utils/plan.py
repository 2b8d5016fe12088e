# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a collect has to do, named before anything is done: which wheels are fetched, brought and built."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Callable
from urllib.parse import unquote, urlsplit

from ansible_collections.airgap.uv.plugins.module_utils.build import Build, BuildSource, Sdist, pure
from ansible_collections.airgap.uv.plugins.module_utils.builders import NOBODY, Builders
from ansible_collections.airgap.uv.plugins.module_utils.controller import Machine
from ansible_collections.airgap.uv.plugins.module_utils.extra import ExtraWheel
from ansible_collections.airgap.uv.plugins.module_utils.fetch import Artifact
from ansible_collections.airgap.uv.plugins.module_utils.libraries import pylock
from ansible_collections.airgap.uv.plugins.module_utils.preferences import Preferences
from ansible_collections.airgap.uv.plugins.module_utils.repository import Commit
from ansible_collections.airgap.uv.plugins.module_utils.selection import Choice, sha256_of
from ansible_collections.airgap.uv.plugins.module_utils.sources import Sources
from ansible_collections.airgap.uv.plugins.module_utils.target import Target
from ansible_collections.airgap.uv.plugins.module_utils.tree import file_digest
from ansible_collections.airgap.uv.plugins.module_utils.verdict import archive_name, is_wheel
from ansible_collections.airgap.uv.plugins.module_utils.wheelhouse import Wheel, Wheelhouse


@dataclass(frozen=True)
class Taken:
    """A wheel that targets take. `source`: what its identity in a release's name is made of."""

    wheel: Wheel
    targets: tuple[Target, ...]
    source: str
    tool: bool = False
    built: bool = False
    travels: bool = True  # else the hosts take it from its index, and it is not fetched here

    @property
    def identity(self) -> str:
        """What stands for it in a release's name: its bytes, or for compiled code what it was built from."""
        compiled = self.built and not (pure(self.wheel.filename) and not self.wheel.requires)
        return self.source if compiled else self.wheel.sha256

    def without(self, targets: Collection[Target]) -> Taken:
        return replace(self, targets=tuple(target for target in self.targets if target not in targets))

    def as_dict(self) -> dict[str, Any]:
        """As the module's `wheels` returns it."""
        labels = sorted({target.label for target in self.targets})
        return {**self.wheel.as_dict(), "targets": labels, "tool": self.tool, "travels": self.travels}


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
        sources: Sources,
        machine: Machine,
        tool: bool = False,
        builders: Builders = NOBODY,
    ) -> Plan:
        """`sources`: what the lock names that is on no index; `tool`: these are for uv itself."""

        def build(choice: Choice, source: BuildSource, artifact: Artifact | None) -> None:
            for share in builders.split(choice.targets, machine):
                suits_here = all(machine.builds_for(target.platform) for target in share.targets)
                found = Build(
                    choice.name,
                    choice.version,
                    source,
                    share.python,
                    share.targets,
                    share.elsewhere,
                    choice.wheels,
                    builder=share.builder,
                    instead=share.instead,
                    suits_here=suits_here,
                )
                builds.append((found, artifact))

        downloads: list[tuple[Taken, Artifact]] = []
        brought: list[tuple[Taken, ExtraWheel]] = []
        builds: list[tuple[Build, Artifact | None]] = []
        for choice in choices:
            source = choice.source
            if isinstance(source, pylock.PackageWheel):
                artifact, origin = _located(choice.name, source, source.filename, sources)
                wheel = _locked_wheel(choice, artifact, origin, wheelhouse)
                downloads.append((Taken(wheel, choice.targets, wheel.sha256, tool), artifact))
            elif isinstance(source, ExtraWheel):
                wheel = _brought_wheel(choice, source, wheelhouse)
                brought.append((Taken(wheel, choice.targets, wheel.sha256), source))
            elif isinstance(source, pylock.PackageSdist):
                artifact, origin = _located(choice.name, source, source.filename, sources, "sdist")
                build(choice, _sdist(artifact, wheelhouse, origin), artifact)
            elif isinstance(source, pylock.PackageArchive):
                artifact, origin = _located(choice.name, source, archive_name(source), sources, "archive")
                if is_wheel(source):
                    wheel = _locked_wheel(choice, artifact, origin, wheelhouse)
                    downloads.append((Taken(wheel, choice.targets, wheel.sha256, tool), artifact))
                else:
                    build(choice, _sdist(artifact, wheelhouse, origin, source.subdirectory or ""), artifact)
            elif isinstance(source, pylock.PackageVcs):
                commit = Commit.parse(
                    source,
                    wheelhouse.cache / "git",
                    sources.git,
                    sources.lock.wants_large(choice.name, source.commit_id),
                )
                build(choice, commit, None)
            else:
                folder = str(PurePosixPath(source.path) / (source.subdirectory or "."))
                member = sources.lock.member(choice.name)
                # uv leaves the versions of folders out of what it exports, and the lock has them.
                told = choice.version or (member.version if member else None)
                build(replace(choice, version=told), sources.package(choice.name, folder), None)
        return cls(tuple(downloads), tuple(brought), tuple(builds))

    def declared(self, wishes: Preferences) -> Plan:
        """With what stands for the settings of each build."""
        builds = [(replace(build, declared=wishes.built_with(build.name)), artifact) for build, artifact in self.builds]
        return replace(self, builds=tuple(builds))

    def joined_with(self, other: Plan) -> Plan:
        return Plan(self.downloads + other.downloads, self.brought + other.brought, self.builds + other.builds)


def untaken(
    exported: pylock.Pylock,
    choices: Sequence[Choice],
    wishes: Preferences,
    sources: Sources,
    home: Callable[[], str | None],
) -> Iterator[tuple[Build, None]]:
    """Builds of local packages that no target takes and whose version only a build tells.

    The staged project names every package with its version, whatever the hosts of a play.
    """
    local = {choice.name for choice in choices if isinstance(choice.source, pylock.PackageDirectory)}
    taken = local | {extra.name for extra in wishes.extra_wheels} | wishes.no_build
    for package in exported.packages:
        member = sources.lock.member(package.name)
        told = package.version or (member and member.version)
        if package.directory and not told and package.name not in taken:
            folder = str(PurePosixPath(package.directory.path) / (package.directory.subdirectory or "."))
            python = home()
            if python and sources.has(folder):
                yield Build(package.name, None, sources.package(package.name, folder), python, ()), None


def joined(taken: Sequence[Taken]) -> list[Taken]:
    """One entry a wheel, with the targets of all."""
    found: dict[str, Taken] = {}
    for item in taken:
        known = found.get(item.wheel.path)
        if known:
            targets = tuple(dict.fromkeys([*known.targets, *item.targets]))
            travels = known.travels or item.travels
            item = replace(known, targets=targets, tool=known.tool and item.tool, travels=travels)
        found[item.wheel.path] = item
    return [found[path] for path in sorted(found)]


def _locked_wheel(choice: Choice, artifact: Artifact, origin: Mapping[str, str], wheelhouse: Wheelhouse) -> Wheel:
    place = wheelhouse.place(artifact.filename, artifact.sha256)
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
    origin = {"kind": "path", "path": extra.place or extra.path.name}
    return Wheel(
        choice.name,
        str(extra.version),
        extra.path.name,
        place,
        extra.path.stat().st_size,
        extra.sha256,
        origin,
    )


def _located(
    name: str,
    source: pylock.PackageWheel | pylock.PackageSdist | pylock.PackageArchive,
    filename: str,
    sources: Sources,
    kind: str = "index",
) -> tuple[Artifact, dict[str, str]]:
    """The file that a lock names, and its origin as the manifest tells it: `kind` and URL, or its path."""
    parts = urlsplit(source.url or "")
    path = sources.file(source.path) if source.path else None
    if path and parts.scheme not in ("", "file") and not _is(path, sha256_of(name, source)):
        path = None  # either may be taken (PEP 751), and the file is not there
    if path is None and parts.scheme == "file":
        path = Path(unquote(parts.path))
    url = path.as_uri() if path else str(source.url)
    if kind == "archive":
        url = url.partition("#")[0]
    artifact = Artifact(url, filename, sha256_of(name, source), source.size, package=name)
    return artifact, {"kind": "path", "path": sources.told(path)} if path else {"kind": kind, "url": artifact.shown}


def _is(path: Path, sha256: str) -> bool:
    return path.is_file() and file_digest(path) == sha256


def _sdist(artifact: Artifact, wheelhouse: Wheelhouse, origin: Mapping[str, str], subdirectory: str = "") -> Sdist:
    path = wheelhouse.cache / "sdists" / artifact.sha256 / artifact.filename
    place = origin.get("url") or origin["path"]
    return Sdist(artifact.filename, artifact.sha256, place, path, origin["kind"], subdirectory, artifact.label)
