# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which file of each package a target takes; `packaging.pylock` decides, all obstacles are told."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Callable, cast

from ansible_collections.airgap.uv.plugins.module_utils.credentials import masked
from ansible_collections.airgap.uv.plugins.module_utils.errors import HashMissing, SourceNotSupported
from ansible_collections.airgap.uv.plugins.module_utils.extra import refuse_at_odds
from ansible_collections.airgap.uv.plugins.module_utils.libraries import (
    markers,
    pylock,
    specifiers,
    utils,
)
from ansible_collections.airgap.uv.plugins.module_utils.nearest import Nearest
from ansible_collections.airgap.uv.plugins.module_utils.obstacle import Obstacle
from ansible_collections.airgap.uv.plugins.module_utils.preferences import Preferences
from ansible_collections.airgap.uv.plugins.module_utils.readings import adapted, either, mentions_kernel
from ansible_collections.airgap.uv.plugins.module_utils.repository import LARGE
from ansible_collections.airgap.uv.plugins.module_utils.target import Target
from ansible_collections.airgap.uv.plugins.module_utils.verdict import (
    Fits,
    LockedSource,
    Reason,
    Source,
    archive_name,
    verdict,
)

# A file name of a wheel has one dash more when it has a build tag (PEP 427).
_DASHES_WITH_BUILD = 5

_NOT_REQUIRED = "; the project's required-environments leave this target out, so the lock need not have a wheel for it"


# The mark of `with_large`, a table of a package's `tool`.
_LARGE = {"airgap-uv-lfs": {"wanted": True}}


@dataclass(frozen=True)
class Choice:
    """What targets take of one package. `wheels`: of what must be built, the lock's wheels that do not fit."""

    name: str
    version: str | None  # None until a local package with a dynamic version was built
    source: Source
    targets: tuple[Target, ...]
    wheels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Selection:
    """What all targets take, and what keeps some of them from being served."""

    choices: tuple[Choice, ...]
    obstacles: tuple[Obstacle, ...] = ()


def select(
    lock: pylock.Pylock,
    targets: Sequence[Target],
    preferences: Preferences,
    required: Sequence[markers.Marker] = (),
) -> Selection:
    """The choices of all targets, joined, and all obstacles of each.

    `required`: the environments that the lock was made to have a wheel for (`required-environments`).
    """
    refuse_ambiguous(lock)
    refuse_at_odds(preferences.extra_wheels)
    lock = _by_build_tag(lock)
    joined = _Joined(preferences, {str(package.name) for package in lock.packages})
    for target in targets:
        joined.ask(lock, target, required)
    choices = sorted(joined.choices(), key=lambda choice: (choice.name, choice.version or ""))
    return Selection(tuple(choices), tuple(joined.obstacles))


def _by_build_tag(lock: pylock.Pylock) -> pylock.Pylock:
    """Of wheels with equal tags, that with the highest build tag comes first; `Pylock.select` takes the first."""
    packages = []
    for package in lock.packages:
        wheels = list(package.wheels or ())
        if any(wheel.filename.count("-") == _DASHES_WITH_BUILD for wheel in wheels):
            wheels.sort(key=lambda wheel: utils.parse_wheel_filename(wheel.filename)[2], reverse=True)
            package = dataclasses.replace(package, wheels=wheels)
        packages.append(package)
    return dataclasses.replace(lock, packages=packages)


@dataclass
class _Joined:
    """What all targets take, and what stands in the way, while they are asked one by one."""

    wishes: Preferences
    locked: set[str]
    obstacles: list[Obstacle] = field(default_factory=list)
    _taken: dict[int, tuple[str, str | None, Source, list[Target], tuple[str, ...]]] = field(default_factory=dict)

    def ask(self, lock: pylock.Pylock, target: Target, required: Sequence[markers.Marker]) -> None:
        """Take the lock's answer for one target. Of a target that the lock is not made for, no package is asked."""
        requires = lock.requires_python or specifiers.SpecifierSet()
        outside = list(_outside(lock, target, requires))
        self.obstacles += [Obstacle(target, None, reason) for reason in outside]
        if outside:
            return
        fits = Fits(target.tags())
        environments = target.environments(requires)
        hint = "" if _holds(required, environments) else _NOT_REQUIRED
        for environment in environments:
            self._ask(lock, environment, target, fits, hint)
        self._add_additional(target, fits)

    def _ask(self, lock: pylock.Pylock, environment: Mapping[str, str], target: Target, fits: Fits, hint: str) -> None:
        names: set[str] = set()
        if mentions_kernel(lock):
            lock = adapted(lock, environment)
        for package, found in _selected(lock, environment, fits, self.wishes):
            source = verdict(package, found, fits, self.wishes)
            if package.name in names:
                source = Reason("another version of it is taken too; their markers overlap")
            names.add(package.name)
            if isinstance(source, Reason):
                self._refuse(target, package, source, hint)
            else:
                number = str(package.version) if package.version else None
                built = isinstance(source, (pylock.PackageSdist, pylock.PackageDirectory))
                wheels = tuple(wheel.filename for wheel in package.wheels or ()) if built else ()
                self._take(target, package.name, number, source, wheels)

    def _take(
        self, target: Target, name: str, number: str | None, source: Source, wheels: tuple[str, ...] = ()
    ) -> None:
        # The lock's own objects: one of them stands for one file.
        targets = self._taken.setdefault(id(source), (name, number, source, [], wheels))[3]
        if target not in targets:
            targets.append(target)

    def _refuse(self, target: Target, package: pylock.Package, reason: Reason, hint: str) -> None:
        nearest = None
        if reason.of_wheels:
            nearest = Nearest.among([wheel.filename for wheel in package.wheels or ()], target)
            reason = Reason(f"{reason}; {nearest or 'the lock has no wheels of it'}{hint}")
        found = Obstacle(target, _label(package), str(reason), nearest.filename if nearest else None)
        if found not in self.obstacles:
            self.obstacles.append(found)

    def _add_additional(self, target: Target, fits: Fits) -> None:
        """The caller's wheels that the lock does not know: all that fit, for they may be of several packages."""
        additional = [wheel for wheel in self.wishes.extra_wheels if wheel.name not in self.locked]
        for name in sorted({wheel.name for wheel in additional}):
            own = [wheel for wheel in additional if wheel.name == name]
            best = fits.best(own)
            if best:
                self._take(target, name, str(best.version), best)
            else:
                nearest = Nearest.among([wheel.path.name for wheel in own], target)
                label = f"{name} {own[0].version}"
                reason = f"no wheel of it in extra_wheels fits; {nearest}"
                self.obstacles.append(Obstacle(target, label, reason, nearest.filename if nearest else None))

    def choices(self) -> Iterator[Choice]:
        for name, number, source, targets, wheels in self._taken.values():
            yield Choice(name, number, source, tuple(targets), wheels)


def _outside(lock: pylock.Pylock, target: Target, requires: specifiers.SpecifierSet) -> Iterator[str]:
    """Why the lock says nothing about a target."""
    environments = target.environments(requires)
    if not environments:
        yield (
            f"its Python is outside the project's requires-python ({requires}); name another Python for it, "
            "or widen requires-python and lock again"
        )
    # A lock may be made for some environments alone (`environments` of `[tool.uv]`).
    if not _holds(lock.environments or (), environments or target.environments(specifiers.SpecifierSet())):
        known = " or ".join(str(marker) for marker in lock.environments or ())
        yield f"the lock was made for other environments ({known}); widen `environments` in [tool.uv] and lock again"


def _holds(wanted: Sequence[markers.Marker], environments: Sequence[Mapping[str, str]]) -> bool:
    """Whether each environment is one of those `wanted`; without any wanted, every one is."""
    return not wanted or all(
        any(either(marker, environment).evaluate(dict(environment)) for marker in wanted)
        for environment in environments
    )


def refuse_ambiguous(lock: pylock.Pylock) -> None:
    """One name and version from two sources cannot be told apart in a flat lock."""
    seen: dict[tuple[str, str], int] = {}
    for package in lock.packages:
        key = _key(package)
        seen[key] = seen.get(key, 0) + 1
    twice = [key for key, count in sorted(seen.items()) if count > 1]
    if twice:
        told = {
            key: " and ".join(sorted({_place(each) for each in lock.packages if _key(each) == key})) for key in twice
        }
        raise SourceNotSupported(
            [(" ".join(key), f"one name and version from two sources ({told[key]})") for key in twice]
        )


def _key(package: pylock.Package) -> tuple[str, str]:
    return package.name, str(package.version)


def _place(package: pylock.Package) -> str:
    """Where a package comes from, in words and without a credential."""
    if package.vcs:
        return f"git {masked(package.vcs.url or package.vcs.path)} {package.vcs.commit_id[:12]}"
    if package.archive:
        return str(masked(package.archive.url or package.archive.path))
    if package.directory:
        return package.directory.path
    files = [(wheel.url, wheel.path) for wheel in package.wheels or ()]
    files += [(package.sdist.url, package.sdist.path)] if package.sdist else []
    return str(masked(package.index or next((url or path for url, path in files), "an index")))


def sha256_of(name: str, artifact: pylock.PackageWheel | pylock.PackageSdist | pylock.PackageArchive) -> str:
    """The artifact's sha256; `HashMissing` when the lock has only other hashes."""
    digest = artifact.hashes.get("sha256")
    if not digest:
        filename = archive_name(artifact) if isinstance(artifact, pylock.PackageArchive) else artifact.filename
        others = ", ".join(sorted(artifact.hashes))
        raise HashMissing("The lock", [f"{name}: {filename}" + (f" (it has only {others})" if others else "")])
    return digest.lower()


def _selected(
    lock: pylock.Pylock, environment: Mapping[str, str], fits: Fits, wishes: Preferences
) -> list[tuple[pylock.Package, LockedSource | None]]:
    """What `Pylock.select` takes; None beside a package for which it finds nothing."""
    try:
        return list(_pylock_select(lock, environment, fits, wishes))
    except pylock.PylockSelectError:
        # It stops at the first obstacle, so ask package by package to tell all of them.
        found: list[tuple[pylock.Package, LockedSource | None]] = []
        for package in lock.packages:
            alone = dataclasses.replace(lock, packages=[package])
            try:
                found += _pylock_select(alone, environment, fits, wishes)
            except pylock.PylockSelectError:
                found.append((package, None))
        return found


def _pylock_select(
    lock: pylock.Pylock, environment: Mapping[str, str], fits: Fits, wishes: Preferences
) -> Iterator[tuple[pylock.Package, LockedSource]]:
    return lock.select(
        environment=cast(Any, environment),
        tags=fits.tags,
        prefer_sdist_predicate=wishes.from_source,
    )


def with_large(lock: pylock.Pylock, wanted: Callable[[str, str], bool | None]) -> pylock.Pylock:
    """With a mark, which the standard has not, on commits that are taken with what Git LFS keeps beside them."""
    packages = [
        dataclasses.replace(each, tool={**(each.tool or {}), **_LARGE})
        if each.vcs and wanted(each.name, each.vcs.commit_id)
        else each
        for each in lock.packages
    ]
    return dataclasses.replace(lock, packages=packages)


def part_of(package: pylock.Package) -> str:
    """The part of its commit or archive that is meant, as `Commit.part` has it."""
    source = package.vcs or package.archive
    folder = (source.subdirectory or "") if source else ""
    return f"{folder}{LARGE}" if package.vcs and set(_LARGE) & set(package.tool or {}) else folder


def sources_of(package: pylock.Package) -> set[tuple[str, str]]:
    """What the lock has of a package, each as `Wheel.source`: the hash of a file or a commit, and the folder in it."""
    found = {(hashes.get("sha256", "").lower(), "") for hashes in hashes_of(package)} - {("", "")}
    if package.vcs:
        found.add((package.vcs.commit_id.lower(), part_of(package)))
    if package.archive:
        found.add((package.archive.hashes.get("sha256", "").lower(), part_of(package)))
    return found


def hashes_of(package: pylock.Package) -> Iterator[Mapping[str, str]]:
    """The hashes of each file that the lock has for a package of an index."""
    for wheel in package.wheels or ():
        yield wheel.hashes
    if package.sdist:
        yield package.sdist.hashes


def _label(package: pylock.Package) -> str:
    return f"{package.name} {package.version}" if package.version else str(package.name)
