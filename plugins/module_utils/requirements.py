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

from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError
from ansible_collections.airgap.uv.plugins.module_utils.fetch import Artifact
from ansible_collections.airgap.uv.plugins.module_utils.libraries import pylock, specifiers, tags, utils
from ansible_collections.airgap.uv.plugins.module_utils.pins import Pin, Pins
from ansible_collections.airgap.uv.plugins.module_utils.target import Target
from ansible_collections.airgap.uv.plugins.module_utils.tree import file_digest
from ansible_collections.airgap.uv.plugins.module_utils.uv import Uv, parse_pylock
from ansible_collections.airgap.uv.plugins.module_utils.wheelhouse import write_text

# Brings files to their paths, verified.
Fetch = Callable[["list[tuple[Artifact, Path]]"], object]


class RequirementsMissing(AirgapError):
    """`missing`: each pin as `name==version`, with the reason why none of its files can be used."""

    def __init__(self, target: str, missing: list[tuple[str, str]]) -> None:
        super().__init__(target, missing)
        self.target = target
        self.missing = missing

    def __str__(self) -> str:
        told = "".join(f"\n  {pin}: {reason}" for pin, reason in self.missing)
        return (
            f"build_constraints pins what cannot be had for builds with {self.target}. Make the file anew with "
            f"lock_builds (uv_deploy_lock_builds), or put it right:{told}"
        )


@dataclass(frozen=True)
class Pinned:
    """For one build: its pins, as text without markers, and the folder that holds a file of each."""

    constraints: str
    folder: Path


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

        Raises `RequirementsMissing`, or what the fetch does.
        """
        environment = target.environments(specifiers.SpecifierSet())[-1]
        pins = self.pins.holding(package, environment)
        with self._guard:
            files = self._chosen(pins, target, environment["python_full_version"])
            absent = [(file, path) for file, path in files if not path.is_file() or file_digest(path) != file.sha256]
            if absent:
                self.fetch(absent)
            return Pinned("".join(_bare(pin) for pin in pins), _gathered(files, temporary))

    def _chosen(self, pins: Sequence[Pin], target: Target, python: str) -> list[tuple[Artifact, Path]]:
        """The best file of each pin whose hash is named: a wheel that fits, else the source."""
        if not pins:
            return []
        packages = {str(package.name): package for package in self._lock(pins, python).packages}
        order = {tag: number for number, tag in reversed(list(enumerate(target.tags())))}
        found: list[tuple[Artifact, Path]] = []
        missing: list[tuple[str, str]] = []
        for pin in pins:
            package = packages.get(pin.name)
            artifacts = list(_artifacts(package)) if package else []
            named = [each for each in artifacts if f"sha256:{each.sha256}" in pin.hashes]
            best = min(named, key=lambda each: _rank(each.filename, order), default=None)
            if best is None or _rank(best.filename, order) > len(order):
                reason = "no file of it has a hash that is named" if not named else "none of its files fits"
                missing.append((f"{pin.name}=={pin.version}", f"{reason}; there is no source either"))
                continue
            found.append((best, self.cache / "files" / best.sha256 / best.filename))
        if missing:
            raise RequirementsMissing(target.label, missing)
        return found

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
