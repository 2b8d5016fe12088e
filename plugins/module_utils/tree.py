# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of a project that count: what git tracks, and the rest less what .gitignore names."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from ansible_collections.airgap.uv.plugins.module_utils.confine import Runner
from ansible_collections.airgap.uv.plugins.module_utils.environ import SOURCE_DATE_EPOCH
from ansible_collections.airgap.uv.plugins.module_utils.errors import ProjectInvalid
from ansible_collections.airgap.uv.plugins.module_utils.libraries import pathspec
from ansible_collections.airgap.uv.plugins.module_utils.parcel import NEVER

# Left behind by a build in a package's folder; the next wheel would still hold deleted files.
_BUILD_LEFTOVERS = ("build", "dist")

_CHUNK = 1 << 18

Spec = Optional["pathspec.GitIgnoreSpec"]


@dataclass(frozen=True)
class SourceFile:
    """A file or a symbolic link of the tree; `path` is relative, in POSIX form; `mode` 0o644 or 0o755."""

    path: str
    mode: int
    size: int
    link: str | None = None


@dataclass(frozen=True)
class Patterns:
    """The caller's patterns, as in `.gitignore`: `include` beats it, `exclude` adds to it."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Patterns:
        return cls(tuple(raw.get("include") or ()), tuple(raw.get("exclude") or ()))


@dataclass(frozen=True)
class SourceTree:
    """The files of a folder, in order, and what was left out of it (folders end with `/`)."""

    root: Path
    files: tuple[SourceFile, ...]
    left_out: tuple[str, ...]

    @classmethod
    def read(
        cls, root: Path, patterns: Patterns, run: Runner, environ: Mapping[str, str], travels: bool = True
    ) -> SourceTree:
        """Walk `root`; the folder is only read.

        What travels to a host is held to more: a link must stay in the tree and a name must be UTF-8.
        A build sees what is there, less the links that lead out of the copy that it gets.
        """
        walk = _Walk(root, patterns, _tracked(root, run, environ), travels)
        files = tuple(sorted(walk.files(), key=lambda file: file.path))
        return cls(root, files, tuple(sorted(walk.left_out)))

    def digest(self) -> str:
        """One sha256 over the paths, modes and contents of all files."""
        total = hashlib.sha256()
        for file in self.files:
            content = file.link if file.link is not None else file_digest(self.root / file.path)
            total.update(f"{file.path}\0{file.mode:o}\0{content}\0".encode(errors="surrogateescape"))
        return total.hexdigest()

    def copy(self, destination: Path) -> None:
        """A clean copy: modes and times depend on neither the checkout nor the umask."""
        moment = float(SOURCE_DATE_EPOCH)
        for file in self.files:
            copy_file(self.root / file.path, destination / file.path, file)
            if file.link is None:
                os.utime(destination / file.path, (moment, moment))

    def below(self, folder: str) -> SourceTree:
        """The part of the tree below `folder`, with paths relative to it."""
        if folder == ".":
            return self
        prefix = f"{folder}/"
        files = tuple(
            SourceFile(file.path[len(prefix) :], file.mode, file.size, file.link)
            for file in self.files
            if file.path.startswith(prefix)
        )
        left_out = tuple(path[len(prefix) :] for path in self.left_out if path.startswith(prefix))
        return SourceTree(self.root / folder, files, left_out)

    def matching(self, patterns: Sequence[str]) -> SourceTree:
        """Only the files that a pattern names."""
        spec = _spec(patterns)
        files = tuple(file for file in self.files if spec and spec.match_file(file.path))
        return SourceTree(self.root, files, self.left_out)


class _Walk:
    """One walk over a tree, with the .gitignore files met on the way."""

    def __init__(self, root: Path, patterns: Patterns, tracked: frozenset[str], travels: bool) -> None:
        self._root = root
        self._include = _spec(patterns.include)
        self._exclude = _spec(patterns.exclude)
        self._travels = travels
        self._tracked = tracked
        self._tracked_folders = {str(parent) for path in tracked for parent in Path(path).parents}
        self.left_out: list[str] = []

    def files(self) -> Iterator[SourceFile]:
        yield from self._folder("", _parents_ignores(self._root), False)

    def _folder(self, folder: str, ignores: list[tuple[str, Spec]], ignored: bool) -> Iterator[SourceFile]:
        ignores = [*ignores, (folder, _read_ignore(self._root / folder))]
        for entry in sorted(os.scandir(self._root / folder), key=lambda entry: entry.name):
            path = f"{folder}{entry.name}"
            if entry.name in NEVER:
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from self._subfolder(f"{path}/", ignores, ignored)
            elif self._counts(path, ignores, ignored):
                yield from self._file(path, entry)
            elif not ignored:
                self.left_out.append(path)

    def _subfolder(self, path: str, ignores: list[tuple[str, Spec]], ignored: bool) -> Iterator[SourceFile]:
        """An ignored folder is entered only where something in it may count all the same."""
        inside = ignored or not self._counts(path, ignores, False)
        if inside and not ignored:
            self.left_out.append(path)
        if not inside or self._include is not None or path.rstrip("/") in self._tracked_folders:
            yield from self._folder(path, ignores, inside)

    def _counts(self, path: str, ignores: list[tuple[str, Spec]], ignored: bool) -> bool:
        if self._exclude is not None and self._exclude.match_file(path):
            return False
        if path in self._tracked or path.rstrip("/") in self._tracked_folders:
            return True
        if self._include is not None and self._include.match_file(path):
            return True
        return not (ignored or self._is_leftover(path) or _ignored(path, ignores))

    def _is_leftover(self, path: str) -> bool:
        if not path.endswith("/"):
            return False
        folder = self._root / path
        return folder.suffix == ".egg-info" or (folder.name in _BUILD_LEFTOVERS and _is_package(folder.parent))

    def _file(self, path: str, entry: os.DirEntry[str]) -> Iterator[SourceFile]:
        if self._travels and not _is_utf8(path):
            raise ProjectInvalid(repr(entry.path), "its name is not UTF-8, so it cannot travel; rename or exclude it")
        if entry.is_symlink():
            target = os.readlink(entry.path)
            if not _leads_outside(path, target):
                yield SourceFile(path, 0o777, 0, target)
            elif self._travels:
                raise ProjectInvalid(
                    entry.path,
                    f"this link leads out of the project, to {target}; exclude it or copy the file",
                )
            else:
                self.left_out.append(path)
        elif entry.is_file():
            status = entry.stat()
            yield SourceFile(path, 0o755 if status.st_mode & 0o100 else 0o644, status.st_size)


def _is_utf8(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_package(folder: Path) -> bool:
    """It has a build system, so a build may have left something there."""
    settings = folder / "pyproject.toml"
    return (folder / "setup.py").is_file() or (settings.is_file() and b"[build-system]" in settings.read_bytes())


def _leads_outside(path: str, target: str) -> bool:
    joined = os.path.normpath(os.path.join(os.path.dirname(path), target))
    return os.path.isabs(target) or joined == ".." or joined.startswith("../")


def _spec(lines: Sequence[str]) -> Spec:
    return pathspec.GitIgnoreSpec.from_lines(lines) if lines else None


def _read_ignore(folder: Path) -> Spec:
    path = folder / ".gitignore"
    if not path.is_file():
        return None
    return _spec(path.read_text(encoding="utf-8", errors="replace").splitlines())


def _parents_ignores(root: Path) -> list[tuple[str, Spec]]:
    """The .gitignore files above a project that is a part of a repository, the outermost first.

    Their prefix is negative: how `root` is called below their folder.
    """
    top = toplevel(root)
    if top is None:
        return []
    found = []
    for parent in root.parents:
        if parent != top and top not in parent.parents:
            break
        found.append((f"/{root.relative_to(parent).as_posix()}/", _read_ignore(parent)))
    found.reverse()
    # A project in a folder that the repository ignores is none of that repository's.
    return [] if _ignored("", found) else found


def _ignored(path: str, ignores: list[tuple[str, Spec]]) -> bool:
    """The deepest .gitignore that says something about `path` decides (gitignore(5))."""
    for folder, spec in reversed(ignores):
        if spec is None:
            continue
        relative = folder[1:] + path if folder.startswith("/") else path[len(folder) :]
        verdict = spec.check_file(relative).include
        if verdict is not None:
            return verdict
    return False


def toplevel(folder: Path) -> Path | None:
    """The top of the git repository that `folder` lies in, or None."""
    return next((parent for parent in (folder, *folder.parents) if (parent / ".git").exists()), None)


def git(folder: Path, *words: str) -> list[str]:
    """A git command that writes nothing, runs no hook and does not mind who owns the folder."""
    return ["git", "-C", str(folder), "-c", "safe.directory=*", "-c", "core.fsmonitor=false", *words]


def _tracked(root: Path, run: Runner, environ: Mapping[str, str]) -> frozenset[str]:
    """What git tracks below `root`; nothing where there is no repository or no git."""
    if toplevel(root) is None or shutil.which("git") is None:
        return frozenset()
    rc, out, err = run(git(root, "ls-files", "-z", "--cached"), str(root), {**environ, "GIT_OPTIONAL_LOCKS": "0"})
    if rc:
        # Without its answer a file that is tracked although .gitignore names it would silently be left out.
        said = " ".join(err.strip().splitlines()[-1:])
        raise ProjectInvalid(str(root), f"git cannot list what it tracks there ({said})")
    return frozenset(path for path in out.split("\0") if path)


def copy_file(source: Path, destination: Path, file: SourceFile) -> None:
    """Copy a file or a link, with the mode that it is given here."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    if file.link is not None:
        os.symlink(file.link, destination)
        return
    shutil.copyfile(source, destination)
    os.chmod(destination, file.mode)


def file_digest(path: Path) -> str:
    """The file's sha256; memory does not grow with its size."""
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        buffer = bytearray(_CHUNK)
        view = memoryview(buffer)
        while True:
            count = file.readinto(buffer)
            if not count:
                return digest.hexdigest()
            digest.update(view[:count])
