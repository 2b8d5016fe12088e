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
from ansible_collections.airgap.uv.plugins.module_utils.errors import ProjectInvalid
from ansible_collections.airgap.uv.plugins.module_utils.git import Git
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
    git: Git
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
        place = self._place(folder)
        if not self.has(folder):
            raise ProjectInvalid(
                str(place),
                f"the lock names it as the folder of {name}, and it is not there; bring it there, or leave the package "
                "out (no_install_package)",
            )
        pyproject = Pyproject.read(place, optional=True)
        said = history(self._home(folder), pyproject, self.uv)
        root = self._root if self._inside(folder) else self._root_outside(place, pyproject)
        shown = "" if self._inside(folder) else folder
        return LocalPackage.read(self._tree(root, travels=False), _below(root, place), said, shown)

    def has(self, folder: str) -> bool:
        """The folder of a local package is there."""
        return self._place(folder).is_dir()

    def file(self, path: str) -> Path:
        """A file that the lock names by its path."""
        return self._place(path)

    def told(self, path: Path) -> str:
        """A file as the manifest tells it: as the lock has it, or from its folder; elsewhere its name alone.

        What lies elsewhere lies at another place on each machine.
        """
        path = Path(os.path.normpath(path))
        named = next((name for name in self.lock.files if self._place(name) == path), None)
        if named or self.lock.folder not in path.parents:
            return os.path.normpath(named) if named else path.name
        return path.relative_to(self.lock.folder).as_posix()

    def copy(self, destination: Path) -> Path:
        """A clean copy of what a build sees; returns the place of the lock's folder in it.

        What the lock names beside its folder lies beside it in the copy too.
        """
        roots = [
            self._root,
            *(self._place(member.folder) for member in self.lock.members if self._apart(member.folder)),
        ]
        files = [self._place(path) for path in self.lock.files]
        above = Path(os.path.commonpath([*roots, *(path.parent for path in files)]))
        for root in dict.fromkeys(roots):
            tree = self._tree(root, travels=False)
            copy = destination / root.relative_to(above)
            tree.copy(copy)
            LocalPackage(tree, ".", "", toplevel(root) == root).give_history(copy)
        for path in files:
            copy = destination / path.relative_to(above)
            if path.is_file() and not copy.exists():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
        folder = destination / self.lock.folder.relative_to(above)
        lock = folder / self.lock.path.name
        if not lock.exists():  # a library may keep it out of git
            shutil.copyfile(self.lock.path, lock)
        self._move_indexes(folder)
        return folder

    def _move_indexes(self, copy: Path) -> None:
        """uv writes the place of a folder of wheels in full where a dependency names it (`explicit`)."""
        lock = copy / self.lock.path.name
        text = lock.read_text(encoding="utf-8")
        for index in self.lock.pyproject.indexes:
            if "://" not in index.url and not os.path.isabs(index.url):
                there = Path(os.path.normpath(copy / index.url))
                text = text.replace(f'"{self._place(index.url).as_uri()}"', f'"{there.as_uri()}"')
        lock.write_text(text, encoding="utf-8")

    def travelling(self, member: Member | None) -> SourceTree | None:
        """The files that travel: all of a project without a build system, else those that are named."""
        folder = member.folder if member else "."
        home = self._home(folder)
        below = "." if home != self.lock.folder else os.path.normpath(folder)
        if member is not None and not member.packaged:
            return self._tree(home, travels=True).below(below)
        if not self.patterns.include:
            return None
        return self._tree(home, travels=True).below(below).matching(self.patterns.include)

    def _place(self, path: str) -> Path:
        return Path(os.path.normpath(self.lock.folder / path))

    def _inside(self, folder: str) -> bool:
        place = self._place(folder)
        return self.lock.folder in (place, *place.parents)

    def _apart(self, folder: str) -> bool:
        """It is not in what is copied with the lock's folder."""
        place = self._place(folder)
        return place.is_dir() and self._root not in (place, *place.parents)

    def _home(self, folder: str) -> Path:
        """The folder that a package belongs to: the lock's, or its own where it lies elsewhere."""
        return self.lock.folder if self._inside(folder) else self._place(folder)

    def _root_outside(self, place: Path, pyproject: Pyproject) -> Path:
        return (toplevel(place) or place) if pyproject.version_from_history else place

    @property
    def _root(self) -> Path:
        """What a build sees: the project, or the whole repository where a version is in its history."""
        members = [member for member in self.lock.members if member.packaged and self._inside(member.folder)]
        if any(self.pyproject(member).version_from_history for member in members):
            return toplevel(self.lock.folder) or self.lock.folder
        return self.lock.folder

    def _tree(self, root: Path, travels: bool) -> SourceTree:
        if (root, travels) not in self._trees:
            # What does not travel may still be needed to build: a README, say.
            patterns = self.patterns if travels else Patterns(include=self.patterns.include)
            self._trees[root, travels] = SourceTree.read(root, patterns, self.uv.run, self.uv.environ, travels)
        return self._trees[root, travels]


def _below(root: Path, place: Path) -> str:
    return os.path.normpath(place.relative_to(root).as_posix())
