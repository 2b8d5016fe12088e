# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is brought from the controller to a host: folders with their files, each with its hash.

Both sides read the same values, so nothing here touches a file system.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from ansible_collections.airgap.uv.plugins.module_utils.errors import EntryInvalid

_SHA256 = re.compile(r"^[0-9a-f]{64}$")

# A batch of files that goes over Ansible's own connection takes that much space on both sides for a while.
BATCH_BYTES = 256 * 1024 * 1024


class TransferInvalid(EntryInvalid):
    """`where` is such as `trees[0].files[3]`."""


@dataclass(frozen=True)
class File:
    """A regular file: path under its tree's folder, bytes, lower-case sha256, mode 0644 or 0755."""

    path: str
    size: int
    sha256: str
    mode: int

    @classmethod
    def parse(cls, raw: Mapping[str, Any], where: str) -> File:
        try:
            size, sha256 = int(raw["size"]), str(raw["sha256"])
        except (KeyError, TypeError, ValueError):
            raise TransferInvalid(where, "a file needs `path`, `size` and `sha256`") from None
        if size < 0 or not _SHA256.match(sha256):
            raise TransferInvalid(where, f"size {size} or sha256 {sha256!r} is not one")
        mode = {"0644": 0o644, "0755": 0o755}.get(str(raw.get("mode") or "0644"))
        if mode is None:
            raise TransferInvalid(where, f"mode {raw['mode']!r} is neither '0644' nor '0755'")
        return cls(_relative(raw.get("path"), where), size, sha256, mode)


@dataclass(frozen=True)
class Link:
    """A symbolic link and the text it holds."""

    path: str
    target: str

    @classmethod
    def parse(cls, raw: Mapping[str, Any], where: str) -> Link:
        target = str(raw["link"])
        if not target or "\0" in target:
            raise TransferInvalid(where, f"a link cannot lead to {target!r}")
        return cls(_relative(raw.get("path"), where), target)


@dataclass(frozen=True)
class Tree:
    """A folder on the controller, the folder on the host, and what of the one is to be in the other."""

    src: str
    dest: str
    files: tuple[File, ...]
    links: tuple[Link, ...]
    delete: bool
    keep: frozenset[str]

    @classmethod
    def parse(cls, raw: Mapping[str, Any], where: str) -> Tree:
        dest = str(raw.get("dest") or "")
        if not dest.startswith("/") or len(PurePosixPath(dest).parts) < 2:
            raise TransferInvalid(f"{where}.dest", f"{dest!r} is not an absolute path of a folder")
        files, links = [], []
        for number, entry in enumerate(raw.get("files") or []):
            place = f"{where}.files[{number}]"
            if entry.get("link") is not None:
                links.append(Link.parse(entry, place))
            else:
                files.append(File.parse(entry, place))
        tree = cls(
            str(raw.get("src") or ""),
            dest,
            tuple(files),
            tuple(links),
            bool(raw.get("delete", False)),
            frozenset(str(name) for name in raw.get("keep") or []),
        )
        tree._refuse_clashes(where)
        return tree

    @property
    def entries(self) -> tuple[File | Link, ...]:
        return (*self.files, *self.links)

    def as_dict(self) -> dict[str, Any]:
        """As the option has it, without what the host need not know."""
        files: list[dict[str, Any]] = [
            {"path": file.path, "size": file.size, "sha256": file.sha256, "mode": f"{file.mode:04o}"}
            for file in self.files
        ]
        links = [{"path": link.path, "link": link.target} for link in self.links]
        keep = sorted(self.keep)
        return {"src": self.src, "dest": self.dest, "files": files + links, "delete": self.delete, "keep": keep}

    def _refuse_clashes(self, where: str) -> None:
        """A path that is named twice, or is a file here and a folder there, could never be right."""
        named = [entry.path for entry in self.entries]
        once = set(named)
        twice = [path for path in once if named.count(path) > 1] if len(once) < len(named) else []
        clashes = sorted({*twice, *(once & self.folders())})
        if clashes:
            raise TransferInvalid(f"{where}.files", f"{', '.join(clashes)} is named twice or is a folder too")

    def folders(self) -> set[str]:
        """Every folder that the entries need, relative, without the tree's own."""
        return {
            str(parent) for entry in self.entries for parent in PurePosixPath(entry.path).parents if str(parent) != "."
        }


@dataclass(frozen=True)
class Key:
    """One file of one tree, as both sides name it while it travels."""

    tree: int
    file: int

    @property
    def name(self) -> str:
        """A name that no shell, rsync or tar could read as anything else."""
        return f"{self.tree}-{self.file}"

    @classmethod
    def parse(cls, name: str, trees: Sequence[Tree]) -> Key:
        match = re.match(r"^(\d{1,9})-(\d{1,9})$", name)
        if match:
            key = cls(int(match[1]), int(match[2]))
            if key.tree < len(trees) and key.file < len(trees[key.tree].files):
                return key
        raise TransferInvalid("transfer", f"{name!r} is none of the files that were asked for")


def parse_trees(raw: object) -> tuple[Tree, ...]:
    """The option `trees`."""
    if not isinstance(raw, Sequence) or isinstance(raw, str) or not all(isinstance(one, Mapping) for one in raw):
        raise TransferInvalid("trees", "a list of folders is wanted, each with `src`, `dest` and `files`")
    return tuple(Tree.parse(one, f"trees[{number}]") for number, one in enumerate(raw))


def batches(trees: Sequence[Tree], keys: Iterable[Key], limit: int = BATCH_BYTES) -> Iterator[list[Key]]:
    """The files in portions of at most `limit` bytes; a larger one goes alone."""
    batch: list[Key] = []
    size = 0
    for key in keys:
        more = trees[key.tree].files[key.file].size
        if batch and size + more > limit:
            yield batch
            batch, size = [], 0
        batch.append(key)
        size += more
    if batch:
        yield batch


def _relative(path: object, where: str) -> str:
    """A path that stays inside its tree, in the one way to write it."""
    text = str(path or "")
    pure = PurePosixPath(text)
    if not text or "\0" in text or pure.is_absolute() or ".." in pure.parts or str(pure) != text or text == ".":
        raise TransferInvalid(where, f"path {text!r} is not a plain relative path")
    return text
