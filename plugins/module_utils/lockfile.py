# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The project as its files describe it: `pyproject.toml`, `uv.lock` and its workspace members."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ansible_collections.airgap.uv.plugins.module_utils.errors import (
    FileInvalid,
    LockfileMissing,
    LockfileNotSupported,
    LockfileTooNew,
    ProjectInvalid,
    ProjectMissing,
)
from ansible_collections.airgap.uv.plugins.module_utils.index import Index
from ansible_collections.airgap.uv.plugins.module_utils.libraries import markers, pylock, specifiers, tomli, utils
from ansible_collections.airgap.uv.plugins.module_utils.named import refuse_odd

# The lock version this code reads. uv refuses a higher one too; revisions stay compatible.
_LOCK_VERSION = 1

# The names of a standard lock (PEP 751, "File Name").
_PYLOCK = re.compile(r"^pylock(\.[^.]+)?\.toml$")

# Build requirements that take the version from the version control system's history.
_VCS_VERSIONING = re.compile(
    r"^(setuptools[-_.]scm|hatch[-_.]vcs|uv[-_.]dynamic[-_.]versioning|versioningit|flit[-_.]scm|dunamai"
    r"|poetry[-_.]dynamic[-_.]versioning|setuptools[-_.]git[-_.]versioning|vcs[-_.]versioning)\b",
    re.IGNORECASE,
)


def read_toml(path: Path) -> dict[str, Any]:
    """Parse a TOML file; `FileInvalid` says in which line it is broken."""
    try:
        return tomli.loads(path.read_text(encoding="utf-8"))
    except tomli.TOMLDecodeError as error:
        # "at end of document" names no line of its own.
        raise FileInvalid(
            str(path), str(error).replace("end of document", f"end of document, line {_lines(path)}")
        ) from error
    except UnicodeDecodeError as error:
        raise FileInvalid(str(path), str(error)) from error


@dataclass(frozen=True)
class Member:
    """A package whose source is a folder of the project: the project itself or a workspace member."""

    name: str
    version: str | None
    folder: str  # relative to the lock, in POSIX form
    packaged: bool  # it has a build system, so it travels as a wheel


@dataclass(frozen=True)
class Pyproject:
    """One `pyproject.toml`."""

    folder: Path
    raw: Mapping[str, Any]

    @classmethod
    def read(cls, folder: Path, optional: bool = False) -> Pyproject:
        """`optional`: a local package may have a `setup.py` instead."""
        path = folder / "pyproject.toml"
        if not path.is_file():
            if optional:
                return cls(folder, {})
            raise ProjectMissing(str(path))
        raw = read_toml(path)
        for table in ("project", "tool"):
            if not isinstance(raw.get(table, {}), dict):
                raise ProjectInvalid(str(path), f"`{table}` is not a table")
        return cls(folder, raw)

    @property
    def project(self) -> Mapping[str, Any]:
        table: Mapping[str, Any] = self.raw.get("project", {})
        return table

    @property
    def tool(self) -> Mapping[str, Any]:
        table: Mapping[str, Any] = self.raw.get("tool", {})
        return table

    @property
    def uv(self) -> Mapping[str, Any]:
        table = self.tool.get("uv", {})
        return table if isinstance(table, dict) else {}

    @property
    def indexes(self) -> tuple[Index, ...]:
        """The indexes that `[tool.uv]` names."""
        found = self.uv.get("index", [])
        return tuple(Index.parse(raw) for raw in found if isinstance(raw, dict) and "url" in raw)

    @property
    def repositories(self) -> tuple[str, ...]:
        """URLs of the git repositories that `[tool.uv.sources]` names."""
        sources = self.uv.get("sources", {})
        named = [each for value in sources.values() for each in (value if isinstance(value, list) else [value])]
        return tuple(str(each["git"]) for each in named if isinstance(each, dict) and "git" in each)

    @property
    def name(self) -> str | None:
        name = self.project.get("name")
        return utils.canonicalize_name(name) if isinstance(name, str) else None

    @property
    def version(self) -> str | None:
        version = self.project.get("version")
        return version if isinstance(version, str) else None

    @property
    def dynamic(self) -> bool:
        """Some of its metadata is known only after code of its build backend ran."""
        return bool(self.project.get("dynamic")) or "project" not in self.raw

    @property
    def version_from_history(self) -> bool:
        """Its version comes from the version control system, as far as its requirements tell."""
        dynamic = "version" in self.project.get("dynamic", []) or "project" not in self.raw
        return dynamic and self.asks_history

    @property
    def asks_history(self) -> bool:
        """Its build asks the version control system, for the version or for which files there are."""
        requires = self.raw.get("build-system", {}).get("requires", [])
        return any(_VCS_VERSIONING.match(str(item)) for item in requires)


@dataclass(frozen=True)
class Lockfile:
    """A `uv.lock` with the `pyproject.toml` beside it, or a `pylock.toml` with whatever is beside it."""

    path: Path
    pyproject: Pyproject
    requires_python: specifiers.SpecifierSet
    members: tuple[Member, ...]
    default_index: str | None
    unhashed: tuple[str, ...]  # files that the lock names without a sha256
    supported: tuple[markers.Marker, ...] = ()  # the environments that it was made for; none named: all
    required: tuple[markers.Marker, ...] = ()  # those that it was made to have a wheel for
    hashes: frozenset[str] = frozenset()  # sha256 of every file and every commit, for whatever extra, group or package
    versions: frozenset[tuple[str, str]] = frozenset()  # name and version of every package
    standard: pylock.Pylock | None = None  # what a pylock.toml says
    large: frozenset[tuple[str, str]] | None = (
        None  # name and commit of packages with `lfs = true`; None: it cannot tell
    )
    files: tuple[str, ...] = ()  # paths of wheels and sdists, as the lock has them, those in folders of wheels too

    @classmethod
    def read(cls, path: Path) -> Lockfile:
        """Read the lock at `path`; each error says what is wrong with it and what to do."""
        if _PYLOCK.match(path.name):
            return cls._of_pylock(path)
        if path.name != "uv.lock":
            raise LockfileNotSupported(str(path), "a lock is named uv.lock, pylock.toml or pylock.NAME.toml")
        pyproject = Pyproject.read(path.parent)
        if not path.is_file():
            above = next((str(parent) for parent in path.parent.parents if (parent / "uv.lock").is_file()), None)
            raise LockfileMissing(str(path), above)
        raw = read_toml(path)
        if raw.get("version") != _LOCK_VERSION:
            raise LockfileTooNew(str(path), raw.get("version"), _LOCK_VERSION)
        packages = _packages(path, raw)
        return cls(
            path,
            pyproject,
            _requires_python(path, raw),
            tuple(_members(packages)),
            _default_index(pyproject, packages),
            tuple(_unhashed(packages)),
            _markers(path, raw, "supported-markers"),
            _markers(path, raw, "required-markers"),
            frozenset(_hashes(packages)),
            frozenset((str(package["name"]), str(package.get("version", ""))) for package in packages),
            large=frozenset(_large(packages)),
            files=tuple(_files(packages)),
        )

    @classmethod
    def _of_pylock(cls, path: Path) -> Lockfile:
        """A project beside it lends its name, version and files; the lock alone says whether it is a package."""
        if not path.is_file():
            raise LockfileMissing(str(path))
        try:
            standard = pylock.Pylock.from_dict(read_toml(path))
        except pylock.PylockUnsupportedVersionError as error:
            raise FileInvalid(str(path), f"{error}; update this collection, or lock in that version") from error
        except pylock.PylockValidationError as error:
            raise FileInvalid(str(path), str(error)) from error
        refuse_odd(standard, str(path))
        pyproject = Pyproject.read(path.parent, optional=True)
        members = [
            Member(package.name, str(package.version or "") or None, _normal(package.directory.path), True)
            for package in standard.packages
            if package.directory
        ]
        if pyproject.raw and not any(member.folder == "." for member in members):
            members.append(Member(pyproject.name or _folder_name(path), pyproject.version, ".", False))
        indexes = Counter(package.index for package in standard.packages if package.index)
        marked = next((index.url for index in pyproject.indexes if index.default), None)
        return cls(
            path,
            pyproject,
            standard.requires_python or specifiers.SpecifierSet(),
            tuple(members),
            marked or (indexes.most_common(1)[0][0] if indexes else None),
            (),
            tuple(standard.environments or ()),
            hashes=frozenset(_standard_hashes(standard)),
            versions=frozenset((str(package.name), str(package.version or "")) for package in standard.packages),
            standard=standard,
        )

    @property
    def name(self) -> str:
        """What is deployed where no member is: the folder's name says most."""
        return _folder_name(self.path) if self.standard else "workspace"

    @property
    def folder(self) -> Path:
        return self.path.parent

    @property
    def folders(self) -> tuple[Path, ...]:
        """Its own folder, and those of local packages, which may lie elsewhere."""
        places = (Path(os.path.normpath(self.folder / member.folder)) for member in self.members)
        return tuple(dict.fromkeys([self.folder, *places]))

    def wants_large(self, name: str, commit: str) -> bool | None:
        """Whether a package's commit is taken with what Git LFS keeps beside it; None: where there is such."""
        return None if self.large is None else (name, commit.lower()) in self.large

    @property
    def repositories(self) -> tuple[str, ...]:
        """URLs of the git repositories that the project and its members name, with whatever credentials."""
        found = (Pyproject.read(folder, optional=True).repositories for folder in self.folders)
        return tuple(dict.fromkeys(url for urls in found for url in urls))

    def member(self, name: str) -> Member | None:
        wanted = utils.canonicalize_name(name)
        return next((member for member in self.members if member.name == wanted), None)

    @property
    def root(self) -> Member | None:
        """The member in the lock's own folder; None for a workspace without a root package."""
        return next((member for member in self.members if member.folder == "."), None)


def _lines(path: Path) -> int:
    with open(path, "rb") as file:
        return sum(1 for _line in file)


def _standard_hashes(lock: pylock.Pylock) -> Iterator[str]:
    for package in lock.packages:
        for artifact in (*(package.wheels or ()), *([package.sdist] if package.sdist else ())):
            yield artifact.hashes.get("sha256", "").lower()
        if package.archive:
            yield package.archive.hashes.get("sha256", "").lower()
        if package.vcs:
            yield package.vcs.commit_id.lower()


def _folder_name(path: Path) -> str:
    """The name of the lock's folder as a project may be called, without what no name may hold."""
    return utils.canonicalize_name(re.sub(r"[^A-Za-z0-9]+", "-", path.parent.name).strip("-") or "project")


def _normal(folder: str) -> str:
    return PurePosixPath(folder).as_posix()


def _packages(path: Path, raw: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The lock's packages, each with the shape that is relied on here."""
    packages = raw.get("package", [])
    if not isinstance(packages, list):
        raise FileInvalid(str(path), "`package` is not an array of tables")
    for number, item in enumerate(packages):
        shaped = (
            isinstance(item, dict)
            and isinstance(item.get("name"), str)
            and isinstance(item.get("source"), dict)
            and isinstance(item.get("sdist", {}), dict)
            and isinstance(item.get("wheels", []), list)
            and all(isinstance(wheel, dict) for wheel in item.get("wheels", []))
        )
        if not shaped:
            raise FileInvalid(str(path), f"package[{number}] has not the form that uv writes")
    return packages


def _requires_python(path: Path, raw: Mapping[str, Any]) -> specifiers.SpecifierSet:
    try:
        return specifiers.SpecifierSet(str(raw.get("requires-python", "")))
    except specifiers.InvalidSpecifier as error:
        raise FileInvalid(str(path), f"requires-python: {error}") from error


def _markers(path: Path, raw: Mapping[str, Any], key: str) -> tuple[markers.Marker, ...]:
    """uv writes `environments` and `required-environments` of `[tool.uv]` into the lock under these names."""
    found = raw.get(key, [])
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise FileInvalid(str(path), f"`{key}` is not an array of strings")
    try:
        return tuple(markers.Marker(item) for item in found)
    except markers.InvalidMarker as error:
        raise FileInvalid(str(path), f"{key}: {error}") from error


def _members(packages: list[dict[str, Any]]) -> Iterator[Member]:
    for package in packages:
        source = package["source"]
        for kind in ("editable", "virtual", "directory"):
            if kind in source:
                yield Member(package["name"], package.get("version"), source[kind] or ".", kind != "virtual")


def _default_index(pyproject: Pyproject, packages: list[dict[str, Any]]) -> str | None:
    """The index marked as default, else the one that most packages come from; None for uv's own.

    What the project names without that mark is asked for packages of the house, and seldom has what builds need: it
    counts where the lock has no other. A folder of wheels never does.
    """
    for index in pyproject.indexes:
        if index.default:
            return index.url
    named = {index.url.rstrip("/") for index in pyproject.indexes}
    sources = (str(package["source"].get("registry", "")) for package in packages)
    registries = Counter(url for url in sources if "://" in url)
    others = Counter({url: count for url, count in registries.items() if url.rstrip("/") not in named})
    return next((url for url, _count in (others or registries).most_common(1)), None)


def _files(packages: list[dict[str, Any]]) -> Iterator[str]:
    for package in packages:
        source = package["source"]
        if "path" in source:
            yield str(source["path"])
        if "registry" in source and "://" not in str(source["registry"]):
            sdist = package.get("sdist")
            for artifact in [*package.get("wheels", []), *([sdist] if sdist else [])]:
                if "path" in artifact:
                    yield f"{source['registry']}/{artifact['path']}"


def _large(packages: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for package in packages:
        parts = urlsplit(str(package["source"].get("git", "")))
        if parse_qs(parts.query).get("lfs") == ["true"]:
            yield package["name"], parts.fragment.lower()


def _hashes(packages: list[dict[str, Any]]) -> Iterator[str]:
    for package in packages:
        sdist = package.get("sdist")
        for artifact in [*package.get("wheels", []), *([sdist] if sdist else [])]:
            yield str(artifact.get("hash", "")).partition("sha256:")[2].lower()
        if "git" in package["source"]:
            yield str(package["source"]["git"]).rpartition("#")[2].lower()


def _unhashed(packages: list[dict[str, Any]]) -> Iterator[str]:
    for package in packages:
        if not {"registry", "url", "path"} & set(package["source"]):
            continue
        sdist = package.get("sdist")
        for artifact in [*package.get("wheels", []), *([sdist] if sdist else [])]:
            if not str(artifact.get("hash", "")).startswith("sha256:"):
                where = artifact.get("url") or artifact.get("path") or artifact.get("filename") or "?"
                yield f"{package['name']} {package.get('version', '')}: {str(where).rsplit('/', 1)[-1]}"
