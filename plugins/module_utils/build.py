# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What wheels are built from: sdists whose hash was checked, and clean copies of local packages."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Union

from ansible_collections.airgap.uv.plugins.module_utils import unpacking
from ansible_collections.airgap.uv.plugins.module_utils.errors import (
    ShallowClone,
    SourceUnsafe,
)
from ansible_collections.airgap.uv.plugins.module_utils.libraries import utils
from ansible_collections.airgap.uv.plugins.module_utils.lockfile import Pyproject
from ansible_collections.airgap.uv.plugins.module_utils.repository import Commit
from ansible_collections.airgap.uv.plugins.module_utils.target import Target
from ansible_collections.airgap.uv.plugins.module_utils.tree import SourceTree, git, toplevel
from ansible_collections.airgap.uv.plugins.module_utils.uv import Uv


@dataclass(frozen=True)
class Sdist:
    """A source archive. `path` is where it lies once it was fetched and verified.

    `kind`: `sdist` for one of an index, `archive` for one that is named by its URL, `path` by its path.
    """

    filename: str
    sha256: str
    place: str  # its URL, without credentials, or its path
    path: Path
    kind: str = "sdist"
    subdirectory: str = ""
    label: str = ""  # for people, who know a package rather than `main.zip`

    @property
    def shown(self) -> str:
        label = self.label or self.filename
        return f"{label} ({self.subdirectory})" if self.subdirectory else label

    @property
    def identity(self) -> str:
        return self.sha256

    @property
    def part(self) -> str:
        return self.subdirectory

    def origin(self) -> dict[str, Any]:
        found = {"kind": self.kind, "path" if self.kind == "path" else "url": self.place, "sha256": self.sha256}
        return {**found, "subdirectory": self.subdirectory} if self.subdirectory else found

    def unpack(self, destination: Path) -> Path:
        """What uv builds: the archive itself, or the folder of it that is meant."""
        try:
            # CMake compiles the folder's name in, and where uv unpacks it that is another each time.
            if self.subdirectory or unpacking.is_of_cmake(self.path):
                return unpacking.unpack(self.path, destination, self.subdirectory)
            unpacking.refuse_escaping(self.path)
        except SourceUnsafe as error:
            raise SourceUnsafe(self.shown, error.reason) from error
        return self.path


@dataclass(frozen=True)
class LocalPackage:
    """A folder of the project, or beside it. `tree` is what is copied, `folder` the package's place in it.

    `place`: the folder seen from the lock, where that is another.
    """

    tree: SourceTree = field(hash=False)
    folder: str
    sha256: str
    from_history: bool
    place: str = ""

    @classmethod
    def read(cls, tree: SourceTree, folder: str, history: str, place: str = "") -> LocalPackage:
        """`history`: what git says of the checkout, where the version depends on it, else empty."""
        digest = tree.digest()
        if history:
            digest = hashlib.sha256(f"{digest}\0{history}".encode()).hexdigest()
        return cls(tree, folder, digest, bool(history), place)

    @property
    def shown(self) -> str:
        place = self.place or self.folder
        return f"the local package in {place}" if place != "." else "the project"

    @property
    def identity(self) -> str:
        return self.sha256

    @property
    def part(self) -> str:
        return self.folder

    def origin(self) -> dict[str, Any]:
        return {"kind": "directory", "path": self.place or self.folder, "sha256": self.sha256}

    def unpack(self, destination: Path) -> Path:
        self.tree.copy(destination)
        self.give_history(destination)
        return destination / self.folder

    def give_history(self, copy: Path) -> None:
        """Let git see `copy` as one more worktree: its own HEAD and index, the repository's history.

        Some git commands refresh the index even when only asked, so the project's own is not lent
        (gitrepository-layout(5), `commondir`).
        """
        if not self.from_history:
            return
        theirs = _git_folder(self.tree.root)
        ours = copy / ".git"
        ours.mkdir()
        for name in ("HEAD", "index"):
            if (theirs / name).is_file():
                shutil.copyfile(theirs / name, ours / name)
        named = theirs / "commondir"
        common = (theirs / named.read_text(encoding="utf-8").strip()) if named.is_file() else theirs
        (ours / "commondir").write_text(f"{common.resolve()}\n", encoding="utf-8")


BuildSource = Union[Sdist, LocalPackage, Commit]


@dataclass(frozen=True)
class Build:
    """One wheel to build: for one Python, for the targets that have it; for none where only its version is wanted.

    `elsewhere`: the kind of machine that compiled code of it is made on, where this is not one.
    Then only a wheel without compiled code can be built here.
    `builder`: the kind of machine that builds it, by the name that the caller gave it, where this one is not to.
    `instead`: the one that is asked where this one lacks the Python, or fails.
    """

    name: str
    version: str | None
    source: BuildSource
    python: str  # as `Python.minor`
    targets: tuple[Target, ...]
    elsewhere: str = ""
    wheels: tuple[str, ...] = ()  # those of the lock, none of which fits
    declared: tuple[str, ...] = ()  # what stands for the settings that it is made with
    wants_python: bool = False  # this machine is of the right kind, and lacks the Python
    builder: str = ""
    instead: str = ""
    suits_here: bool = False  # what is compiled on this machine runs on all its targets

    @property
    def shown(self) -> str:
        """The archive's name, or the package with its folder or commit."""
        return self.source.shown if isinstance(self.source, Sdist) else f"{self.name} ({self.source.shown})"

    @property
    def tells_version(self) -> bool:
        """Nothing else does, and the staged project names the version whoever takes the package."""
        return self.version is None

    @property
    def label(self) -> str:
        return f"{self.name} {self.version}" if self.version else self.name

    def describe(self) -> dict[str, Any]:
        """As `to_build` returns it."""
        return {
            "name": self.name,
            "version": self.version,
            "source": {**self.source.origin()},
            "python": self.python,
            "targets": [target.label for target in self.targets],
        }


def fits(filename: str, targets: Sequence[Target]) -> bool:
    """Whether every target installs the wheel, as far as its name tells."""
    tags = utils.parse_wheel_filename(filename)[-1]
    return all(tags.intersection(target.tags()) for target in targets)


def pure(filename: str) -> bool:
    """The wheel holds no code for one platform or one Python's ABI."""
    return filename.endswith("-none-any.whl")


def generic(filename: str) -> bool:
    """Pure Python for any Python 3; `py312-none-any` is pure as well, and for one alone."""
    return filename.endswith(("-py3-none-any.whl", "-py2.py3-none-any.whl"))


def history(project: Path, pyproject: Pyproject, uv: Uv) -> str:
    """What git says of the checkout, where the version comes from it; empty where it does not.

    Raises `ShallowClone` when the history is cut off, for the version would silently be another.
    """
    if not pyproject.version_from_history or toplevel(project) is None:
        return ""
    environ = {**uv.environ, "GIT_OPTIONAL_LOCKS": "0"}
    rc, out, _err = uv.run(git(project, "rev-parse", "--is-shallow-repository"), str(project), environ)
    if rc == 0 and out.strip() == "true":
        raise ShallowClone(str(project))
    # Not `--dirty`, which writes the index: what is changed in the folder is in the tree's digest. Which tag tells the
    # version is the backend's affair, so all that it can see of HEAD count, and the branch's name for some.
    told = []
    for words in (
        ("describe", "--tags", "--long", "--always"),
        ("rev-parse", "HEAD", "--abbrev-ref", "HEAD"),
        ("for-each-ref", "--merged", "HEAD", "--format=%(objectname) %(refname)", "refs/tags"),
    ):
        rc, out, err = uv.run(git(project, *words), str(project), environ)
        told.append(out.strip() or err.strip() or str(rc))
    return "\n".join(told)


def _git_folder(root: Path) -> Path:
    """The repository's own folder; in a worktree or a submodule `.git` is a file that names it."""
    marker = root / ".git"
    if marker.is_file():
        named = marker.read_text(encoding="utf-8").partition("gitdir:")[2].strip()
        return (root / named).resolve()
    return marker.resolve()
