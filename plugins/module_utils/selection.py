# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which file of each package a target takes; `packaging.pylock` decides, all obstacles are told."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Union, cast

from ansible_collections.airgap.uv.plugins.module_utils.errors import (
    ExtraWheelInvalid,
    HashMissing,
    NothingFits,
    SourceNotSupported,
    TargetOutsideEnvironments,
    TargetOutsideRequiresPython,
)
from ansible_collections.airgap.uv.plugins.module_utils.libraries import (
    pylock,
    specifiers,
    tags,
    utils,
    version,
)
from ansible_collections.airgap.uv.plugins.module_utils.target import Target
from ansible_collections.airgap.uv.plugins.module_utils.tree import file_digest
from ansible_collections.airgap.uv.plugins.module_utils.wheelhouse import Wheel

ALL = ":all:"


@dataclass(frozen=True)
class ExtraWheel:
    """A wheel of the caller's: it stands for the locked package of its name, or is one more package."""

    path: Path
    sha256: str
    name: str
    version: version.Version
    tags: frozenset[tags.Tag]
    option: str = "extra_wheels"

    @classmethod
    def parse(cls, raw: Mapping[str, Any], option: str = "extra_wheels") -> ExtraWheel:
        """Read `{path, hash}` of `option`; the hash is `sha256:` and 64 hexadecimal digits."""
        path = Path(str(raw["path"])).expanduser()
        algorithm, _colon, digest = str(raw["hash"]).partition(":")
        if algorithm != "sha256" or not re.fullmatch("[0-9a-fA-F]{64}", digest):
            raise ExtraWheelInvalid(str(path), "its hash must be sha256: and 64 hexadecimal digits", option)
        if not path.is_file():
            raise ExtraWheelInvalid(str(path), "there is no such file", option)
        try:
            name, number, _build, found = utils.parse_wheel_filename(path.name)
        except utils.InvalidWheelFilename as error:
            raise ExtraWheelInvalid(str(path), str(error), option) from error
        return cls(path, digest.lower(), name, number, found, option)

    def verify(self, path: Path) -> None:
        """Raise `ExtraWheelInvalid` unless the bytes at `path`, the wheel or a copy, are the wanted ones."""
        found = file_digest(path)
        if found != self.sha256:
            raise ExtraWheelInvalid(str(self.path), f"its sha256 is {found}, not {self.sha256}", self.option)


LockedSource = Union[
    "pylock.PackageVcs",
    "pylock.PackageDirectory",
    "pylock.PackageArchive",
    "pylock.PackageWheel",
    "pylock.PackageSdist",
]
Source = Union["pylock.PackageWheel", "pylock.PackageSdist", "pylock.PackageDirectory", ExtraWheel]


@dataclass(frozen=True)
class Choice:
    """What targets take of one package."""

    name: str
    version: str | None  # None until a local package with a dynamic version was built
    source: Source
    targets: tuple[Target, ...]


@dataclass(frozen=True)
class Preferences:
    """What the caller wants built from source, what never, and the wheels that it brings."""

    no_binary: frozenset[str] = frozenset()
    no_build: frozenset[str] = frozenset()
    extra_wheels: tuple[ExtraWheel, ...] = ()
    constraints: str | None = None  # sha256 of `build_constraints`: other build tools, other bytes

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Preferences:
        """Take the options of these names from a module's parameters."""
        return cls(
            _names(raw.get("no_binary")),
            _names(raw.get("no_build")),
            tuple(ExtraWheel.parse(item) for item in raw.get("extra_wheels") or []),
            file_digest(Path(raw["build_constraints"])) if raw.get("build_constraints") else None,
        )

    def from_source(self, name: str) -> bool:
        return ALL in self.no_binary or name in self.no_binary

    def never_built(self, name: str) -> bool:
        return ALL in self.no_build or name in self.no_build


def select(lock: pylock.Pylock, targets: Sequence[Target], preferences: Preferences) -> list[Choice]:
    """The choices of all targets, joined. Raises one error with every obstacle of one kind."""
    refuse_ambiguous(lock)
    requires = lock.requires_python or specifiers.SpecifierSet()
    refuse_outside([target for target in targets if not target.environments(requires)], requires)
    joined = _Joined()
    for target in targets:
        fits = Fits(target.tags())
        for environment in target.environments(requires):
            _refuse_left_out(lock, environment, target)
            joined.begin(target)
            for package, source in _selected(lock, environment, fits, preferences):
                joined.add(package, _considered(package, source, fits, preferences))
    joined.refuse_obstacles()
    locked = {str(package.name) for package in lock.packages}
    choices = [*joined.choices(), *_additional(preferences.extra_wheels, locked, targets)]
    return sorted(choices, key=lambda choice: (choice.name, choice.version or ""))


class Fits:
    """A target's tags, worked out once: a thousand of them are a costly thing to make anew."""

    def __init__(self, found: Sequence[tags.Tag]) -> None:
        self.tags = found
        self._selector = tags.create_compatible_tags_selector(found)

    def best(self, wheels: Iterable[ExtraWheel]) -> ExtraWheel | None:
        return next(self._selector((wheel, wheel.tags) for wheel in wheels), None)


class _Joined:
    """What all targets take, and what stands in the way, while the packages are asked one by one."""

    def __init__(self) -> None:
        self._taken: dict[int, tuple[pylock.Package, Source, list[Target]]] = {}
        self._obstacles: set[tuple[str, str, str]] = set()
        self._unsupported: set[tuple[str, str]] = set()
        self._names: set[str] = set()
        self._target: Target

    def begin(self, target: Target) -> None:
        """The packages that follow are those of one environment of `target`."""
        self._target = target
        self._names = set()

    def add(self, package: pylock.Package, source: LockedSource | ExtraWheel | str) -> None:
        if package.name in self._names:
            source = "another version of it is taken too; their markers overlap"
        self._names.add(package.name)
        if isinstance(source, str):
            self._obstacles.add((_label(package), self._target.label, source))
        elif isinstance(source, (pylock.PackageVcs, pylock.PackageArchive)):
            self._unsupported.add((_label(package), _kind(source)))
        else:
            # The lock's own objects: one of them stands for one file.
            key = id(source)
            self._taken.setdefault(key, (package, source, []))[2].append(self._target)

    def refuse_obstacles(self) -> None:
        if self._unsupported:
            raise SourceNotSupported(sorted(self._unsupported))
        if self._obstacles:
            raise NothingFits(sorted(self._obstacles))

    def choices(self) -> Iterator[Choice]:
        for package, source, targets in self._taken.values():
            number = str(package.version) if package.version else None
            yield Choice(package.name, number, source, tuple(dict.fromkeys(targets)))


def refuse_outside(targets: Sequence[Target], requires: specifiers.SpecifierSet) -> None:
    """Every target must have a Python that the project allows."""
    if targets:
        raise TargetOutsideRequiresPython([target.label for target in targets], str(requires))


def refuse_ambiguous(lock: pylock.Pylock) -> None:
    """One name and version from two sources cannot be told apart in a flat lock."""
    seen: dict[tuple[str, str], int] = {}
    for package in lock.packages:
        key = (package.name, str(package.version))
        seen[key] = seen.get(key, 0) + 1
    twice = [f"{name} {number}" for (name, number), count in sorted(seen.items()) if count > 1]
    if twice:
        raise SourceNotSupported([(label, "one name and version from two sources") for label in twice])


def _refuse_left_out(lock: pylock.Pylock, environment: Mapping[str, str], target: Target) -> None:
    """A lock may be made for some environments alone (`environments` of `[tool.uv]`)."""
    if lock.environments and not any(marker.evaluate(dict(environment)) for marker in lock.environments):
        raise TargetOutsideEnvironments(target.label, [str(marker) for marker in lock.environments])


def sha256_of(name: str, artifact: pylock.PackageWheel | pylock.PackageSdist) -> str:
    """The artifact's sha256; `HashMissing` when the lock has only other hashes."""
    digest = artifact.hashes.get("sha256")
    if not digest:
        raise HashMissing("The lock", [f"{name}: {artifact.filename}"])
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


def _considered(
    package: pylock.Package, source: LockedSource | None, fits: Fits, wishes: Preferences
) -> LockedSource | ExtraWheel | str:
    """The caller's own wheel where there is one, else `source`; or the reason why neither is taken."""
    own = [item for item in wishes.extra_wheels if item.name == package.name]
    other = [item for item in own if package.version and item.version != package.version]
    if other:
        return f"extra_wheels brings version {other[0].version}, the lock has {package.version}"
    return fits.best(own) or _allowed(package, source, wishes)


def _allowed(package: pylock.Package, source: LockedSource | None, wishes: Preferences) -> LockedSource | str:
    """`source`, unless the caller's wishes about building forbid it or nothing was found."""
    if source is None:
        return f"no wheel fits, and there is no sdist; {_offered(package)}"
    if isinstance(source, pylock.PackageDirectory) and package.name in wishes.no_build:
        return "it is a local package, and no_build names it"
    if isinstance(source, pylock.PackageWheel) and wishes.from_source(package.name):
        return "no_binary names it, and the lock has no sdist of it"
    if isinstance(source, pylock.PackageSdist) and wishes.never_built(package.name):
        if wishes.from_source(package.name):
            return "no_binary wants it built, and no_build forbids that"
        return f"no wheel fits, and no_build forbids building it; {_offered(package)}"
    return source


def _offered(package: pylock.Package) -> str:
    """What wheels there are, shortened: the reader sees at once what is missing."""
    found = sorted({str(tag) for wheel in package.wheels or () for tag in _wheel_tags(wheel)})
    if not found:
        return "the lock has no wheels of it"
    more = f" and {len(found) - 6} more" if len(found) > 6 else ""
    return f"its wheels are for {', '.join(found[:6])}{more}"


def _wheel_tags(wheel: pylock.PackageWheel) -> frozenset[tags.Tag]:
    return utils.parse_wheel_filename(wheel.filename)[-1]


def _additional(wheels: Sequence[ExtraWheel], locked: set[str], targets: Sequence[Target]) -> Iterator[Choice]:
    """The caller's wheels that the lock does not know, for the targets that they fit."""
    refuse_at_odds(wheels)
    additional = [wheel for wheel in wheels if wheel.name not in locked]
    fitting = {
        wheel: tuple(target for target in targets if wheel.tags.intersection(target.tags())) for wheel in additional
    }
    for wheel in additional:
        if not any(fitting[other] for other in additional if other.name == wheel.name):
            raise ExtraWheelInvalid(str(wheel.path), "it fits none of the targets")
        if fitting[wheel]:
            yield Choice(wheel.name, str(wheel.version), wheel, fitting[wheel])


def is_named(wheel: Wheel, lock: pylock.Pylock) -> bool:
    """Whether the lock names the wheel, or the source that it was built from."""
    ours = (wheel.sha256, wheel.origin.get("sha256"))
    return any(
        package.name == wheel.name and any(hashes.get("sha256", "").lower() in ours for hashes in hashes_of(package))
        for package in lock.packages
    )


def hashes_of(package: pylock.Package) -> Iterator[Mapping[str, str]]:
    """The hashes of each file that the lock has for a package of an index."""
    for wheel in package.wheels or ():
        yield wheel.hashes
    if package.sdist:
        yield package.sdist.hashes


def refuse_at_odds(wheels: Sequence[ExtraWheel]) -> None:
    """Two versions of one package cannot be installed, and of two files with one name uv takes the first."""
    for number, wheel in enumerate(wheels):
        for earlier in wheels[:number]:
            if wheel.name == earlier.name and wheel.version != earlier.version:
                raise ExtraWheelInvalid(str(wheel.path), f"{earlier.path.name} is another version of {wheel.name}")
            if wheel.path.name == earlier.path.name and wheel.sha256 != earlier.sha256:
                raise ExtraWheelInvalid(str(wheel.path), f"{earlier.path} has the same name and other bytes")


def _label(package: pylock.Package) -> str:
    return f"{package.name} {package.version}" if package.version else str(package.name)


def _kind(source: pylock.PackageVcs | pylock.PackageArchive) -> str:
    return "a git source" if isinstance(source, pylock.PackageVcs) else "an archive by URL or path"


def _names(names: Iterable[str] | None) -> frozenset[str]:
    return frozenset(name if name == ALL else utils.canonicalize_name(name) for name in names or ())
