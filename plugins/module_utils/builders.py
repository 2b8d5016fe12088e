# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kinds of machines that build what this one is not to build, and what they are sent."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable

from ansible_collections.airgap.uv.plugins.module_utils import parcel
from ansible_collections.airgap.uv.plugins.module_utils.build import Build, LocalPackage, Sdist
from ansible_collections.airgap.uv.plugins.module_utils.controller import Machine
from ansible_collections.airgap.uv.plugins.module_utils.credentials import masked
from ansible_collections.airgap.uv.plugins.module_utils.errors import OptionInvalid, TargetUnknown
from ansible_collections.airgap.uv.plugins.module_utils.lockfile import Pyproject
from ansible_collections.airgap.uv.plugins.module_utils.obstacle import Obstacle
from ansible_collections.airgap.uv.plugins.module_utils.platforms import Platform, TargetContradicts
from ansible_collections.airgap.uv.plugins.module_utils.recipe import Recipe
from ansible_collections.airgap.uv.plugins.module_utils.repository import Commit
from ansible_collections.airgap.uv.plugins.module_utils.requirements import Pinned
from ansible_collections.airgap.uv.plugins.module_utils.target import Target
from ansible_collections.airgap.uv.plugins.module_utils.tree import file_digest

_REMEDY = "put that right, name another builder in uv_deploy_builders, or bring a wheel of it in extra_wheels"

# What of a builder's record the manifest keeps: what the wheel's bytes may depend on.
_KEPT = ("python", "platform", "uv", "requirements", "recipe")


@dataclass(frozen=True)
class Share:
    """The targets that one build is for, and who makes it: the fields are as `Build` has them."""

    python: str
    elsewhere: str
    builder: str
    instead: str
    targets: tuple[Target, ...]


@dataclass(frozen=True)
class Builders:
    """The platforms that the option `builders` names."""

    platforms: tuple[Platform, ...] = ()

    @classmethod
    def parse(cls, names: Iterable[str]) -> Builders:
        return cls(tuple(_platform(name) for name in dict.fromkeys(names)))

    def nearest(self, platform: Platform) -> str:
        """The newest machine whose code runs on `platform`; empty where there is none."""
        fit = [each for each in self.platforms if _suits(each, platform)]
        return max(fit, key=lambda each: each.version).name if fit else ""

    def split(self, targets: Sequence[Target], machine: Machine) -> Iterator[Share]:
        """A builder of the target's very platform is asked, another where this machine cannot build for the target."""
        shares: dict[tuple[str, str, str, str], list[Target]] = {}
        for target in targets:
            own = target.platform
            nearest = self.nearest(own)
            asked = bool(nearest) and (not machine.builds_for(own) or _same(Platform.parse(nearest), own))
            builder, instead = (nearest, "") if asked else ("", nearest)
            named = " ".join(word for word in (own.system, own.arch, own.libc) if word)
            elsewhere = "" if asked or machine.compiles_for(own) else named
            shares.setdefault((target.python.minor, elsewhere, builder, instead), []).append(target)
        for key, those in sorted(shares.items(), key=_oldest_first):
            yield Share(*key, tuple(those))


NOBODY = Builders()


def record(raw: Mapping[str, Any] | None) -> dict[str, Any]:
    """How a wheel was built elsewhere, for the manifest."""
    kept = {name: masked(raw[name]) for name in _KEPT if (raw or {}).get(name)} if raw else {}
    return kept or {"elsewhere": True}


def failed(builds: Iterable[Build], raw: Mapping[str, Any]) -> Iterator[tuple[Build, list[Obstacle]]]:
    """The builds that an entry of the option `unbuilt` is about, each with why its targets go without."""
    for build in builds:
        key = build.name, build.source.identity, build.builder or build.instead, build.python
        if key == (raw["name"], raw["source"], raw["builder"], raw["python"]):
            why = masked(str(raw["reason"])).strip().rstrip(".")
            could = "not be built" if build.builder else "be built neither here nor"
            reason = f"it could {could} on {raw['builder']} ({_REMEDY}): {why}"
            yield build, [Obstacle(target, build.label, reason) for target in build.targets]


@dataclass(frozen=True)
class Sent:
    """What a builder is sent for a build. `file` is a path on this machine, None where it was not fetched yet.

    `links`: a folder of the build's requirements, where they are pinned.
    """

    build: Build
    file: Path | None
    sha256: str
    subdirectory: str
    recipe: Recipe
    links: Path | None = None

    @classmethod
    def ahead(cls, build: Build, recipe: Recipe) -> Sent:
        """Before anything is fetched or packed."""
        there = isinstance(build.source, Sdist) and build.source.path.is_file()
        file = build.source.path if isinstance(build.source, Sdist) and there else None
        return cls(
            build, file, build.source.sha256 if isinstance(build.source, Sdist) else "", build.source.part, recipe
        )

    @classmethod
    def packed(cls, build: Build, recipe: Recipe, folder: Path, temporary: Path, sdist: Callable[[], Path]) -> Sent:
        """The source archive itself, which was verified, or a tar of the package's files in `folder`.

        Histories stay here. `sdist` makes one of a package whose build asks for its own.
        """
        if isinstance(build.source, Sdist):
            return cls.ahead(build, recipe)
        root = Path(tempfile.mkdtemp(prefix=f"{build.name}-", dir=temporary))
        place = build.source.unpack(root / parcel.TOP)
        if _asks_history(build, place):
            shutil.rmtree(root)
            made = sdist()
            digest = file_digest(made)
            file = folder / digest[:12] / made.name
            file.parent.mkdir(exist_ok=True)
            os.replace(made, file)
            # Further build requirements are in its pyproject.toml.
            return cls(build, file, digest, "", replace(recipe, requires=()))
        archive = root / "source.tar"
        digest = parcel.pack(root / parcel.TOP, archive)
        file = folder / f"{build.name}-{digest[:12]}.tar"
        os.replace(archive, file)
        inside = os.path.relpath(place, root / parcel.TOP)
        shutil.rmtree(root)
        return cls(build, file, digest, "" if inside == "." else inside, recipe)

    def made_with(self, pinned: Pinned | None) -> Sent:
        """With the files that its requirements are pinned to."""
        if pinned is None:
            return self
        return replace(self, recipe=replace(self.recipe, constraints=pinned.constraints), links=pinned.folder)

    def as_dict(self) -> dict[str, Any]:
        """As the module's `to_build` returns it."""
        return {
            **self.build.describe(),
            "builder": self.build.builder or None,
            "file": str(self.file) if self.file else None,
            "hash": f"sha256:{self.sha256}" if self.sha256 else None,
            "subdirectory": self.subdirectory if self.subdirectory != "." else "",
            "recipe": self.recipe.as_dict(),
            "find_links": str(self.links) if self.links else None,
        }


def _asks_history(build: Build, place: Path) -> bool:
    """Where it is built here it has one, and its version and its files may come from there."""
    if isinstance(build.source, Commit):
        return Pyproject.read(place, optional=True).asks_history
    return isinstance(build.source, LocalPackage) and build.source.from_history


def _oldest_first(item: tuple[tuple[str, ...], object]) -> tuple[list[int], tuple[str, ...]]:
    """What an older Python built may serve a newer one, seldom the other way."""
    key = item[0]
    return [int(part) for part in re.findall(r"\d+", key[0])], key


def _platform(name: str) -> Platform:
    try:
        return Platform.parse(name)
    except (TargetUnknown, TargetContradicts) as error:
        reason = str(error).partition("is not known. ")[2] or str(error)
        raise OptionInvalid("builders", name, f"it is no platform. {reason}".rstrip(".")) from None


def _suits(builder: Platform, other: Platform) -> bool:
    same = (builder.system, builder.arch, builder.libc) == (other.system, other.arch, other.libc)
    return same and builder.version <= other.version


def _same(builder: Platform, other: Platform) -> bool:
    """One may have several names."""
    return _suits(builder, other) and builder.version == other.version
