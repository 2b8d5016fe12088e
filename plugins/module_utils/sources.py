# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The project's own files: what a build of them sees, and what travels beside the wheels."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.airgap.uv.plugins.module_utils.build import LocalPackage, history
from ansible_collections.airgap.uv.plugins.module_utils.lockfile import Lockfile, Member, Pyproject
from ansible_collections.airgap.uv.plugins.module_utils.progress import Progress
from ansible_collections.airgap.uv.plugins.module_utils.tree import Patterns, SourceTree, toplevel
from ansible_collections.airgap.uv.plugins.module_utils.uv import Uv


@dataclass
class Sources:
    """Reads the folder of the lock once, and only when something needs its files."""

    lock: Lockfile
    patterns: Patterns
    uv: Uv
    progress: Progress
    _trees: dict[tuple[Path, bool], SourceTree] = field(default_factory=dict)

    def pyproject(self, member: Member) -> Pyproject:
        return Pyproject.read(self.lock.folder / member.folder, optional=True)

    @property
    def read_without_git(self) -> bool:
        """Files were read from a checkout whose git could not be asked what it tracks."""
        return bool(self._trees) and toplevel(self.lock.folder) is not None and shutil.which("git") is None

    @property
    def dynamic(self) -> bool:
        """Some member's metadata is known only after code of its build backend ran."""
        return any(self.pyproject(member).dynamic for member in self.lock.members)

    def package(self, name: str, folder: str) -> LocalPackage:
        """The local package `name` in `folder`, relative to the lock."""
        self.progress.say(f"reads the files of {name}")
        said = history(self.lock.folder, Pyproject.read(self.lock.folder / folder, optional=True), self.uv)
        return LocalPackage.read(self._tree(self._root, travels=False), self._below_root(folder), said)

    def copy(self, destination: Path) -> Path:
        """A clean copy of what a build sees; returns the place of the lock's folder in it."""
        tree = self._tree(self._root, travels=False)
        tree.copy(destination)
        LocalPackage(tree, ".", "", toplevel(self._root) == self._root).give_history(destination)
        return destination / self._below_root(".")

    def travelling(self, member: Member | None) -> SourceTree | None:
        """The files that travel: all of a project without a build system, else those that are named."""
        if member is not None and not member.packaged:
            return self._tree(self.lock.folder, travels=True).below(member.folder)
        if not self.patterns.include:
            return None
        folder = member.folder if member else "."
        return self._tree(self.lock.folder, travels=True).below(folder).matching(self.patterns.include)

    @property
    def _root(self) -> Path:
        """What a build sees: the project, or the whole repository where a version is in its history."""
        members = [member for member in self.lock.members if member.packaged]
        if any(self.pyproject(member).version_from_history for member in members):
            return toplevel(self.lock.folder) or self.lock.folder
        return self.lock.folder

    def _below_root(self, folder: str) -> str:
        return os.path.normpath((self.lock.folder / folder).relative_to(self._root).as_posix())

    def _tree(self, root: Path, travels: bool) -> SourceTree:
        if (root, travels) not in self._trees:
            # What does not travel may still be needed to build: a README, say.
            patterns = self.patterns if travels else Patterns(include=self.patterns.include)
            self._trees[root, travels] = SourceTree.read(root, patterns, self.uv.run, self.uv.environ, travels)
        return self._trees[root, travels]
