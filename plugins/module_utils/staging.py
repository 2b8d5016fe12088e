# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module returns as `stage`: the staged project of a collect, written or foretold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from ansible_collections.airgap.uv.plugins.module_utils.disk import reported
from ansible_collections.airgap.uv.plugins.module_utils.libraries import pylock, version
from ansible_collections.airgap.uv.plugins.module_utils.lockfile import Lockfile, Member
from ansible_collections.airgap.uv.plugins.module_utils.plan import Taken
from ansible_collections.airgap.uv.plugins.module_utils.preferences import Preferences
from ansible_collections.airgap.uv.plugins.module_utils.ship import Shipping, in_words
from ansible_collections.airgap.uv.plugins.module_utils.sources import Sources
from ansible_collections.airgap.uv.plugins.module_utils.stage import StagedProject, pins, taken_of
from ansible_collections.airgap.uv.plugins.module_utils.wheelhouse import Wheelhouse


@dataclass(frozen=True)
class Staging:
    """What a staged project is made of, whatever was collected. `package`: the member that is deployed, if named."""

    lock: Lockfile
    package: str | None
    sources: Sources
    preferences: Preferences
    wheelhouse: Wheelhouse
    shipping: Shipping = field(default_factory=Shipping)

    @property
    def member(self) -> Member | None:
        """The member that is deployed: the one named, or the one in the lock's folder."""
        return self.lock.member(self.package) if self.package else self.lock.root

    @property
    def _indexes(self) -> list[dict[str, str | bool]]:
        return self.shipping.named(self.lock.pyproject.indexes, self.lock.default_index)

    def project(self, exported: pylock.Pylock, taken: Sequence[Taken], find_links: str) -> StagedProject:
        """The staged project of a lock whose every wheel is known."""
        member = self.member
        return StagedProject(
            name=member.name if member else self.lock.name,
            version=self._version(member, taken),
            requires_python=str(self.lock.requires_python) or ">=3.9",
            find_links=find_links,
            pins=pins(
                self._versioned(exported, taken),
                taken,
                self.preferences,
                self.wheelhouse,
                self._source_digest,
                self.shipping,
            ),
            tool=self.sources.pyproject(member).tool if member else {},
            tree=self.sources.travelling(member),
            ship=self.shipping.ship,
            indexes=self._indexes,
        )

    def described(self, path: str, project: StagedProject | None) -> dict[str, Any]:
        """As the module's `stage` returns it; without a project its name is not known yet."""
        tree = project.tree if project else self.sources.travelling(self.member)
        return {
            "path": path,
            "release": project.release if project else None,
            "files": project.listing if project else [],
            "left_out": list(tree.left_out) if tree else [],
            "requires_python": str(self.lock.requires_python),
            "indexes": [in_words(index) for index in self._indexes],
            "servers": project.servers if project else [],
        }

    def _versioned(self, exported: pylock.Pylock, taken: Sequence[Taken]) -> pylock.Pylock:
        """With the versions of local packages that no target takes; uv's export leaves them out."""
        packages = []
        for package in exported.packages:
            member = self.lock.member(package.name)
            known = package.version or taken_of(package, exported, taken)
            if package.directory and not known and member and member.version:
                package = replace(package, version=version.Version(member.version))
            packages.append(package)
        return replace(exported, packages=packages)

    def _source_digest(self, name: str, directory: pylock.PackageDirectory) -> str:
        """What a local package is built from, whether anybody takes it or not."""
        folder = str(PurePosixPath(directory.path) / (directory.subdirectory or "."))
        # Of one that is not there, and that nobody takes, nothing but its place is known.
        return self.sources.package(name, folder).sha256 if self.sources.has(folder) else folder

    def _version(self, member: Member | None, taken: Sequence[Taken]) -> str:
        """The project's version; a dynamic one is known from its wheel."""
        if member is None:
            return "0"
        built = next((item.wheel.version for item in taken if item.wheel.name == member.name), None)
        return member.version or self.sources.pyproject(member).version or built or "0"


def written(project: StagedProject, path: Path, check_mode: bool) -> bool:
    """Write the folder, or foretell it; True when it changed."""
    with reported(path):
        if check_mode:
            return not path.is_dir() or project.differs(path)
        return project.write(path)
