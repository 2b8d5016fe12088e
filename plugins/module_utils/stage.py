# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The staged project: a flat `pyproject.toml` and `uv.lock` that name the wheels with their hashes.

uv 0.5 and later accept it with `uv sync --locked --no-index -f <find_links>`, install from it
offline and refuse a wheel whose bytes differ.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Callable
from urllib.parse import urlsplit

from ansible_collections.airgap.uv.plugins.module_utils.covering import beside
from ansible_collections.airgap.uv.plugins.module_utils.errors import ProjectInvalid
from ansible_collections.airgap.uv.plugins.module_utils.extra import ExtraWheel
from ansible_collections.airgap.uv.plugins.module_utils.libraries import pylock, tomli, tomli_w, version
from ansible_collections.airgap.uv.plugins.module_utils.plan import Taken
from ansible_collections.airgap.uv.plugins.module_utils.preferences import Preferences
from ansible_collections.airgap.uv.plugins.module_utils.selection import (
    hashes_of,
    part_of,
    refuse_ambiguous,
    sources_of,
)
from ansible_collections.airgap.uv.plugins.module_utils.ship import ALL, Shipping
from ansible_collections.airgap.uv.plugins.module_utils.tree import (
    SourceFile,
    SourceTree,
    copy_file,
    file_digest,
)
from ansible_collections.airgap.uv.plugins.module_utils.verdict import archive_name, is_wheel
from ansible_collections.airgap.uv.plugins.module_utils.wheelhouse import Wheelhouse

# They would steer uv on the host (an interpreter, an index, other settings).
_NEVER_STAGED = frozenset({"pyproject.toml", "uv.lock", ".python-version", "uv.toml"})
_STAGED_NAME = re.compile(r"-release(-x)*$")
_DIGITS = 12


@dataclass(frozen=True)
class StagedWheel:
    """A wheel as the staged lock names it. `identity` stands for it in the release's name.

    `url`: where an index has it; without credentials, which the host has.
    """

    path: str
    sha256: str
    identity: str
    url: str = ""


@dataclass(frozen=True)
class Pin:
    """A package of the staged lock: one version, its marker and its wheels."""

    name: str
    version: str
    marker: str | None
    wheels: tuple[StagedWheel, ...]
    identity: tuple[str, ...] | None = None  # stands for it in the release's name; None: what its wheels say
    index: str | None = None  # where hosts take its wheels from; None: from those that travel


@dataclass(frozen=True)
class StagedProject:
    """What is written, before it is written."""

    name: str
    version: str
    requires_python: str
    find_links: str
    pins: tuple[Pin, ...]
    tool: Mapping[str, Any] = field(hash=False)
    tree: SourceTree | None  # the project's files that travel
    ship: str = ALL
    indexes: Sequence[Mapping[str, Any]] = field(default=(), hash=False)  # as `[[tool.uv.index]]`

    @property
    def root(self) -> str:
        """The staged root's own name: one that no wheel has, or uv could not parse the lock."""
        taken = {pin.name for pin in self.pins}
        name = f"{self.name}-release"
        while name in taken:
            name += "-x"
        return name

    @functools.cached_property
    def release(self) -> str:
        """`<version>-<hash>`: a name for the content, the same on any machine.

        It is made of what the lock says of each package, of the bytes of the project's own wheels and
        of its files that travel. Where wheels lie, and what a play's hosts had compiled, is not in it:
        the former depends on what a wheelhouse held before, the latter on the hosts.
        """
        content = {
            "pyproject": self.pyproject,
            "pins": [
                [pin.name, pin.version, pin.marker, sorted(_identity(pin))] for pin in sorted(self.pins, key=_order)
            ],
            "files": [[file.path, file.mode, self._content(file)] for file in self.files],
            **({} if self.ship == ALL else {"ship": self.ship}),
        }
        text = json.dumps(content, sort_keys=True, ensure_ascii=False)
        safe = "".join(char if char.isalnum() or char in ".+!_" else "_" for char in self.version)
        return f"{safe}-{hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]}"

    @functools.cached_property
    def files(self) -> tuple[SourceFile, ...]:
        """The project's files that travel, without those that would steer uv on the host."""
        found = self.tree.files if self.tree else ()
        return tuple(file for file in found if os.path.basename(file.path) not in _NEVER_STAGED or "/" in file.path)

    def _content(self, file: SourceFile) -> str:
        if file.link is not None or self.tree is None:
            return f"-> {file.link}"
        return file_digest(self.tree.root / file.path)

    @functools.cached_property
    def pyproject(self) -> str:
        """The text of the staged `pyproject.toml`."""
        tool = {key: value for key, value in self.tool.items() if key != "uv"}
        project: dict[str, Any] = {
            "name": self.root,
            "version": self.version,
            "requires-python": self.requires_python,
            "dependencies": [_requirement(pin) for pin in sorted(self.pins, key=_order)],
        }
        tool["uv"] = {"package": False, "no-index": True, "find-links": [self.find_links], "workspace": {}}
        if self.indexes:
            # uv takes a lock for outdated that names an index which is not allowed here.
            tool["uv"] = {**tool["uv"], "no-index": False, "index": [dict(index) for index in self.indexes]}
        return tomli_w.dumps({"project": project, "tool": tool})

    @functools.cached_property
    def lock(self) -> str:
        """The text of the staged `uv.lock`."""
        pins = sorted(self.pins, key=_order)
        names = [pin.name for pin in pins]
        dependencies = []
        for pin in pins:
            entry: dict[str, Any] = {"name": pin.name}
            if names.count(pin.name) > 1:
                entry.update(version=pin.version, source=self._source(pin))
            dependencies.append({**entry, **_marker(pin)})
        requires = [{"name": pin.name, **_marker(pin), "specifier": f"=={pin.version}"} for pin in pins]
        root = {
            "name": self.root,
            "version": self.version,
            "source": {"virtual": "."},
            "dependencies": dependencies,
            "metadata": {"requires-dist": requires},
        }
        packages = [
            {
                "name": pin.name,
                "version": pin.version,
                "source": self._source(pin),
                "wheels": [_named(pin, wheel) for wheel in pin.wheels],
            }
            for pin in pins
        ]
        return tomli_w.dumps({"version": 1, "requires-python": self.requires_python, "package": [root, *packages]})

    @property
    def servers(self) -> list[str]:
        """Where hosts take from what does not travel, as scheme, host and port."""
        urls = (urlsplit(wheel.url) for pin in self.pins if pin.index for wheel in pin.wheels)
        return sorted({f"{url.scheme}://{url.netloc}" for url in urls})

    def _source(self, pin: Pin) -> dict[str, str]:
        return {"registry": pin.index or self.find_links}

    @functools.cached_property
    def listing(self) -> list[dict[str, Any]]:
        """Every file of the release: `path`, `size`, `sha256` and `mode`, or `path` and `link`."""
        found: list[dict[str, Any]] = []
        for name, text in (("pyproject.toml", self.pyproject), ("uv.lock", self.lock)):
            data = text.encode()
            found.append(_entry(name, 0o644, len(data), hashlib.sha256(data).hexdigest()))
        for file in self.files:
            if file.link is not None:
                found.append({"path": file.path, "link": file.link})
            else:
                found.append(_entry(file.path, file.mode, file.size, self._content(file)))
        return found

    def differs(self, path: Path) -> bool:
        """Whether the folder `path` holds anything else than this staged project."""
        wanted = {item["path"]: item for item in self.listing}
        present = {str(found.relative_to(path).as_posix()) for found in path.rglob("*") if not _real_folder(found)}
        return present != set(wanted) or any(not _same(path / name, item) for name, item in wanted.items())

    def difference(self, path: Path) -> tuple[list[str], list[str]]:
        """The files that differ from those in `path`, before and after, each with the start of its hash."""
        after = {item["path"]: str(item.get("sha256", item.get("link")))[:_DIGITS] for item in self.listing}
        found = (file for file in path.rglob("*") if not _real_folder(file)) if path.is_dir() else ()
        before = {file.relative_to(path).as_posix(): _shown(file) for file in found}
        changed = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
        return (
            [f"{name} {before[name]}" for name in changed if name in before],
            [f"{name} {after[name]}" for name in changed if name in after],
        )

    def write(self, path: Path) -> bool:
        """Write the folder beside and swap it in; True when it changed."""
        if path.is_dir() and not self.differs(path):
            return False
        refuse_foreign(path)
        new, old = (path.with_name(f".{path.name}.{word}") for word in ("new", "old"))
        for remains in (new, old):
            shutil.rmtree(remains, ignore_errors=True)
        try:
            self._write_into(new)
            if path.exists():
                path.rename(old)
            new.rename(path)
        finally:
            for remains in (new, old):
                shutil.rmtree(remains, ignore_errors=True)
        return True

    def _write_into(self, folder: Path) -> None:
        folder.mkdir(mode=0o755, parents=True)
        for file in self.files:
            if self.tree is not None:
                copy_file(self.tree.root / file.path, folder / file.path, file)
        for name, text in (("pyproject.toml", self.pyproject), ("uv.lock", self.lock)):
            (folder / name).write_text(text, encoding="utf-8")
            os.chmod(folder / name, 0o644)


def refuse_foreign(path: Path) -> None:
    """The folder is replaced as a whole, so it must be new, empty or an earlier staged project."""
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return
    try:
        settings = tomli.loads((path / "pyproject.toml").read_text(encoding="utf-8"))
        staged = _STAGED_NAME.search(settings["project"]["name"]) and "no-index" in settings["tool"]["uv"]
    except (OSError, KeyError, TypeError, ValueError):
        staged = False
    if not staged:
        raise ProjectInvalid(str(path), "stage.path holds something else than a staged project; name a new folder")


def pins(
    exported: pylock.Pylock,
    taken: Sequence[Taken],
    wishes: Preferences,
    wheelhouse: Wheelhouse,
    local: Callable[[str, pylock.PackageDirectory], str],
    shipping: Shipping,
) -> tuple[Pin, ...]:
    """Every package of the lock with every wheel that it may have, whatever the targets.

    `taken` adds what was built or brought; a package that is built from source has nothing else.
    `local` gives the digest of a local package's source.
    """
    found: list[tuple[pylock.Package, Pin]] = []
    for package in exported.packages:
        own = taken_of(package, exported, taken)
        extras = [e for e in wishes.extra_wheels if e.name == package.name and package.version in (None, e.version)]
        brought = [extra.sha256 for extra in extras]
        wheels = {item.wheel.path: _staged(item) for item in [*own, *_built_before(own, wheelhouse)]}
        sources = sources_of(package)
        built = package.directory if not any(extra.anywhere for extra in extras) else None
        if built and not own:
            sources = {(local(package.name, built), "")}
        wheels.update((item.path, item) for item in _built_from(package, sources, own, wheelhouse))
        wheels.update((item.path, item) for item in _brought(extras, wheelhouse))
        if not wishes.from_source(package.name):
            wheels.update((item.path, item) for item in _index_wheels(package, extras, wheelhouse, shipping))
        number = str(package.version or next((each.wheel.version for each in own), extras[0].version if extras else ""))
        if number:
            marker = str(package.marker) if package.marker else None
            files = tuple(wheels[path] for path in sorted(wheels))
            identity = (*_locked(package, wishes), *brought)
            if built and (marker or brought):
                # Whether it is built depends on the hosts of a play, so what comes out cannot stand for it.
                identity = (local(package.name, built), *identity)
            known = None if package.directory and not (marker or brought) else identity
            pin = Pin(package.name, number, marker, files, known, shipping.index(package.name, number))
            found.append((package, pin))
    _refuse_ambiguous(exported, found)
    locked = {pin.name for _package, pin in found}
    return (*(pin for _package, pin in found), *_additional(taken, locked, wishes, wheelhouse))


def _additional(taken: Sequence[Taken], locked: set[str], wishes: Preferences, wheelhouse: Wheelhouse) -> Iterator[Pin]:
    """The caller's own packages, one pin each, whichever of their wheels the hosts of a play take."""
    for name in sorted({extra.name for extra in wishes.extra_wheels} - locked):
        own = sorted((item for item in taken if item.wheel.name == name and not item.tool), key=lambda i: i.wheel.path)
        if own:
            wheels = tuple(_brought([e for e in wishes.extra_wheels if e.name == name], wheelhouse))
            yield Pin(name, own[0].wheel.version, None, wheels, tuple(wheel.sha256 for wheel in wheels))


def _brought(extras: Sequence[ExtraWheel], wheelhouse: Wheelhouse) -> Iterator[StagedWheel]:
    for extra in sorted(extras, key=lambda extra: (extra.path.name, extra.sha256)):
        yield StagedWheel(wheelhouse.place(extra.path.name, extra.sha256), extra.sha256, extra.sha256)


def _locked(package: pylock.Package, wishes: Preferences) -> Iterator[str]:
    """What the lock says of a package, whichever of it the hosts of a play happen to take."""
    if wishes.from_source(package.name):
        yield "no-binary"
    archive = package.archive if package.archive and not is_wheel(package.archive) else None
    if package.sdist or package.directory or package.vcs or archive:
        yield from wishes.built_with(package.name)
    for hashes in hashes_of(package):
        yield from hashes.values()
    if package.archive:
        yield from package.archive.hashes.values()
    if package.vcs:
        yield f"git {package.vcs.commit_id.lower()}"
    if part_of(package):
        yield f"in {part_of(package)}"


def _identity(pin: Pin) -> set[str]:
    return {wheel.identity for wheel in pin.wheels} if pin.identity is None else set(pin.identity)


def _built_before(own: Sequence[Taken], wheelhouse: Wheelhouse) -> Iterator[Taken]:
    """Wheels that earlier runs compiled from the same source for other targets.

    With them a run for some of the hosts stages the same lock as a run for all.
    """
    names = {item.wheel.filename for item in own}
    for item in own:
        for wheel in wheelhouse.wheels:
            same = wheel.name == item.wheel.name and wheel.source == item.wheel.source
            # uv takes the first of two wheels with one name, whatever their hashes.
            if item.built and same and wheel.filename not in names:
                names.add(wheel.filename)
                yield replace(item, wheel=wheel)


def _built_from(
    package: pylock.Package, sources: set[tuple[str, str]], own: Sequence[Taken], wheelhouse: Wheelhouse
) -> Iterator[StagedWheel]:
    """Wheels that earlier runs built from one of these sources for hosts that are not asked for now."""
    # uv takes the first of two wheels with one name, whatever their hashes.
    names = {wheel.filename for wheel in package.wheels or ()} | {item.wheel.filename for item in own}
    if not any(item.built for item in own):
        for wheel in wheelhouse.wheels:
            same = wheel.name == package.name and wheel.source in sources
            if same and wheel.filename not in names:
                names.add(wheel.filename)
                yield StagedWheel(wheel.path, wheel.sha256, wheel.sha256)


def taken_of(package: pylock.Package, exported: pylock.Pylock, taken: Sequence[Taken]) -> list[Taken]:
    """What targets take of a package. Of several of its name one may be local, with a version that only a build tells.

    What the lock has of the others is none of its.
    """
    found = [item for item in taken if _stands_for(item, package)]
    if package.version is not None:
        return found
    others = [each for each in exported.packages if each.name == package.name and each is not package]
    theirs = {source for other in others for source in sources_of(other)}
    return [item for item in found if not {(item.wheel.sha256, ""), item.wheel.source} & theirs]


def _refuse_ambiguous(exported: pylock.Pylock, found: Sequence[tuple[pylock.Package, Pin]]) -> None:
    """Once more, with the versions that builds told."""
    told = [replace(package, version=version.Version(pin.version)) for package, pin in found]
    refuse_ambiguous(replace(exported, packages=told))


def _stands_for(item: Taken, package: pylock.Package) -> bool:
    same = package.version is None or str(package.version) == str(item.wheel.version)
    return item.wheel.name == package.name and same and not item.tool


def _staged(item: Taken) -> StagedWheel:
    return StagedWheel(item.wheel.path, item.wheel.sha256, item.identity)


def _index_wheels(
    package: pylock.Package, extras: Sequence[ExtraWheel], wheelhouse: Wheelhouse, shipping: Shipping
) -> Iterator[StagedWheel]:
    files = [(wheel.filename, wheel.hashes, wheel.url or "") for wheel in beside(package, extras)]
    if package.archive and is_wheel(package.archive) and not extras:
        files.append((archive_name(package.archive), package.archive.hashes, ""))
    for filename, hashes, url in files:
        digest = hashes.get("sha256", "").lower()
        if digest:
            yield StagedWheel(wheelhouse.place(filename, digest), digest, digest, shipping.url(digest, url))


def _order(pin: Pin) -> tuple[str, str, str]:
    return (pin.name, pin.version, pin.marker or "")


def _requirement(pin: Pin) -> str:
    return f"{pin.name}=={pin.version}" + (f"; {pin.marker}" if pin.marker else "")


def _named(pin: Pin, wheel: StagedWheel) -> dict[str, str]:
    where = {"url": wheel.url} if pin.index else {"path": wheel.path}
    return {**where, "hash": f"sha256:{wheel.sha256}"}


def _marker(pin: Pin) -> dict[str, str]:
    return {"marker": pin.marker} if pin.marker else {}


def _entry(path: str, mode: int, size: int, sha256: str) -> dict[str, Any]:
    return {"path": path, "mode": f"{mode:04o}", "size": size, "sha256": sha256}


def _shown(path: Path) -> str:
    return os.readlink(path)[:_DIGITS] if path.is_symlink() else file_digest(path)[:_DIGITS]


def _real_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _same(path: Path, item: Mapping[str, Any]) -> bool:
    if "link" in item:
        return path.is_symlink() and os.readlink(path) == str(item["link"])
    if path.is_symlink() or not path.is_file():
        return False
    status = path.stat()
    return (f"{status.st_mode & 0o777:04o}", file_digest(path)) == (item["mode"], item["sha256"])
