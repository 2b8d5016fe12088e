# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of pinned build requirements, collected by their hashes, so that a build needs no network."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.airgap.uv.plugins.module_utils.errors import CommandError
from ansible_collections.airgap.uv.plugins.module_utils.fetch import Artifact
from ansible_collections.airgap.uv.plugins.module_utils.libraries import pylock, specifiers, tags, utils
from ansible_collections.airgap.uv.plugins.module_utils.pins import Pin, Pins
from ansible_collections.airgap.uv.plugins.module_utils.target import Target
from ansible_collections.airgap.uv.plugins.module_utils.tree import file_digest
from ansible_collections.airgap.uv.plugins.module_utils.uv import Uv, parse_pylock
from ansible_collections.airgap.uv.plugins.module_utils.wheelhouse import write_text

# Brings files to their paths, verified.
Fetch = Callable[["list[tuple[Artifact, Path]]"], object]


@dataclass(frozen=True)
class Pinned:
    """For one build: its pins, as text without markers, and the folder that holds a file of each.

    `missing`: those that cannot be had, by name, with a reason. The build may do without.
    """

    constraints: str
    folder: Path
    missing: Mapping[str, str]


@dataclass
class Requirements:
    """Asks `index` what the pinned versions are made of, and keeps that and the files in `cache`.

    `known` is told what the index said before any file of it is fetched.
    """

    pins: Pins
    uv: Uv
    index: str | None
    cache: Path
    fetch: Fetch
    known: Callable[[pylock.Pylock], object]
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def bring(self, package: str, target: Target, temporary: Path) -> Pinned:
        """What a build of `package` is made with on such a machine; the folder is made in `temporary`.

        Raises `CommandError` where the index has none of the pinned versions, or what the fetch does.
        """
        environment = target.environments(specifiers.SpecifierSet())[-1]
        pins = self.pins.holding(package, environment)
        with self._guard:
            files, missing = self._chosen(pins, target, environment["python_full_version"])
            absent = [(file, path) for file, path in files if not path.is_file() or file_digest(path) != file.sha256]
            if absent:
                self.fetch(absent)
            return Pinned("".join(_bare(pin) for pin in pins), _gathered(files, temporary), missing)

    def _chosen(
        self, pins: Sequence[Pin], target: Target, python: str
    ) -> tuple[list[tuple[Artifact, Path]], dict[str, str]]:
        """The best file of each pin whose hash is named, a wheel that fits or the source; and why there is none."""
        packages, missing = self._known(pins, python)
        order = {tag: number for number, tag in reversed(list(enumerate(target.tags())))}
        found: list[tuple[Artifact, Path]] = []
        for pin in [pin for pin in pins if pin.name in packages]:
            artifacts = list(_artifacts(packages[pin.name]))
            named = [each for each in artifacts if f"sha256:{each.sha256}" in pin.hashes]
            fitting = [each for each in named if _rank(each.filename, order) <= len(order)]
            if fitting:
                best = min(fitting, key=lambda each: _rank(each.filename, order))
                found.append((best, self.cache / "files" / best.sha256 / best.filename))
            elif named:
                missing[pin.name] = f"no file of {pin.name} {pin.version} fits {target.label}"
            else:
                missing[pin.name] = f"no file of {pin.name} {pin.version} on the index has a hash that is named there"
        return found, missing

    def _known(self, pins: Sequence[Pin], python: str) -> tuple[dict[str, pylock.Package], dict[str, str]]:
        """What the index has of these versions, by name; why it has nothing of the others."""
        try:
            return (_packages(self._lock(pins, python)) if pins else {}), {}
        except CommandError as error:
            found: dict[str, pylock.Package] = {}
            missing: dict[str, str] = {}
            # One that cannot be had is in the way of those builds alone that need it.
            for pin in pins:
                try:
                    found.update(_packages(self._lock([pin], python)))
                except CommandError:
                    missing[pin.name] = f"the index has no {pin.name} {pin.version} for Python {python}"
            if not found:
                raise error from None
            return found, missing

    def _lock(self, pins: Sequence[Pin], python: str) -> pylock.Pylock:
        """What the index says of these versions; asked once, for what is known by its hash needs no index."""
        wanted = "\n".join(f"{pin.name}=={pin.version}" for pin in pins)
        key = hashlib.sha256(json.dumps([wanted, python]).encode()).hexdigest()
        kept = self.cache / f"{key}.pylock.toml"
        if kept.is_file():
            text = kept.read_text(encoding="utf-8")
        else:
            with tempfile.TemporaryDirectory(prefix="airgap-uv-") as folder:
                text = self.uv.compile(wanted, self.index, Path(folder), python)
            write_text(kept, text)
        found = parse_pylock(text, "what the index says of pinned build requirements")
        self.known(found)
        return found


def _packages(lock: pylock.Pylock) -> dict[str, pylock.Package]:
    return {str(package.name): package for package in lock.packages}


def _artifacts(package: pylock.Package) -> Iterator[Artifact]:
    for each in (*(package.wheels or ()), *([package.sdist] if package.sdist else ())):
        url = str(each.url or Path(str(each.path)).absolute().as_uri())
        yield Artifact(url, each.filename, each.hashes.get("sha256", "").lower(), each.size)


def _rank(filename: str, order: Mapping[tags.Tag, int]) -> int:
    """A wheel's place among the tags of a machine, then sources, then what does not fit."""
    if not filename.endswith(".whl"):
        return len(order)
    fitting = [order[tag] for tag in utils.parse_wheel_filename(filename)[-1] if tag in order]
    return min(fitting, default=len(order) + 1)


def _bare(pin: Pin) -> str:
    return Pin(pin.name, pin.version, "", pin.hashes).text


def _gathered(files: Sequence[tuple[Artifact, Path]], temporary: Path) -> Path:
    """A folder with links to these files, beside the builds' own, where no build may write."""
    name = hashlib.sha256("".join(sorted(file.sha256 for file, _path in files)).encode()).hexdigest()[:12]
    folder = temporary / f"requirements-{name}"
    if folder.is_dir():
        return folder
    beside = Path(tempfile.mkdtemp(dir=temporary))
    for _file, path in files:
        try:
            os.link(path, beside / path.name)
        except OSError:
            shutil.copyfile(path, beside / path.name)
    beside.chmod(0o755)
    beside.rename(folder)
    return folder
