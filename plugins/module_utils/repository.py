# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commits of git repositories: brought into a cache, checked out without anything of the repository being run."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urljoin, urlsplit

from ansible_collections.airgap.uv.plugins.module_utils.credentials import masked, without_credentials
from ansible_collections.airgap.uv.plugins.module_utils.errors import SourceUnsafe
from ansible_collections.airgap.uv.plugins.module_utils.git import Git, bare, said
from ansible_collections.airgap.uv.plugins.module_utils.tree import file_digest
from ansible_collections.airgap.uv.plugins.module_utils.unpacking import part, settle

# What a lock may name. `ext::` and other helpers would run what the URL says.
SCHEMES = ("https", "http", "ssh", "git", "file")

# SHA-1 or SHA-256, in full: a name that means one content.
COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")

# What tells a commit with its large files from the same without them, after the folder in it.
LARGE = "#lfs"

_LINK_TO_COMMIT = "160000"  # the mode of a submodule (git-ls-tree(1))
_LFS = "version https://git-lfs.github.com/spec/v1"
_POINTER = re.compile(rf"{re.escape(_LFS)}\n(?:ext-.*\n)*oid sha256:([0-9a-f]{{64}})\nsize \d+\n?")
_DEEPEST = 8  # submodules within submodules


class CommitMissing(Exception):
    """Why a commit was not had. `down`: nothing of its server can be had; `refused`: for want of credentials."""

    def __init__(self, reason: str, down: bool = False, refused: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.down = down
        self.refused = refused


@dataclass(frozen=True)
class Repository:
    """The cached copy of what lies at a URL. `cache` is the folder of all of them."""

    url: str
    cache: Path
    git: Git = field(hash=False, compare=False)
    schemes: tuple[str, ...] = SCHEMES

    @property
    def path(self) -> Path:
        return self.cache / f"{hashlib.sha256(without_credentials(self.url).encode()).hexdigest()[:32]}.git"

    @property
    def host(self) -> str:
        """Kind and server of the URL; what is down for one repository is down for all that lie there."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2] or parts.path}"

    def has(self, commit: str) -> bool:
        """Whether the commit is there, and with it all that it is made of."""
        return (self.path / "whole" / commit).is_file()

    def bring(self, commit: str, large: bool | None = None, depth: int = 0) -> None:
        """Fetch the commit, its history, the tags in it, and its submodules; `CommitMissing` when that cannot be done.

        `large`: also what Git LFS keeps beside it, unless that is False.

        git itself checks on arrival that the content is what the commit's name is the hash of. What an
        earlier run left is checked again.
        """
        if shutil.which("git") is None:
            raise CommitMissing("git is not on the controller; install it")
        # A commit that is lacking is added to those that others are built from.
        if self.path.exists() and not self._sound():
            shutil.rmtree(self.path)
        if not self.has(commit):
            self._fetch(commit)
            self._must(self._here("repack", "-a", "-d", "-q"))
        if large is not False:
            self._bring_large(commit)
        for module in self._submodules(commit):
            if depth >= _DEEPEST:
                raise CommitMissing(f"its submodules go deeper than {_DEEPEST} levels")
            module.repository.bring(module.commit, large, depth + 1)
        (self.path / "whole").mkdir(exist_ok=True)
        (self.path / "whole" / commit).touch()

    def _sound(self) -> bool:
        """Every object is what its name says; all of them lie in packs."""
        packs = sorted(str(path) for path in (self.path / "objects" / "pack").glob("*.idx"))
        loose = any(folder.name not in ("info", "pack") for folder in (self.path / "objects").iterdir())
        return bool(packs) and not loose and self._here("verify-pack", *packs)[0] == 0

    def _bring_large(self, commit: str) -> None:
        """Fetch the files that Git LFS keeps beside the repository, with git-lfs where it is there."""
        pointers = list(self._pointers(commit))
        if all(self._has_large(pointer) for pointer in pointers):
            return
        if shutil.which("git-lfs") is None:
            raise CommitMissing(
                f"Git LFS keeps some of its files elsewhere ({pointers[0].place}), and git-lfs is not on the "
                "controller; install it, or bring a wheel (extra_wheels)"
            )
        remote = ("-c", f"remote.origin.url={self._argument}", "-c", "lfs.concurrenttransfers=4")
        rc, _out, err = self._ask(*remote, "lfs", "fetch", "origin", commit)
        lacking = [pointer.place for pointer in pointers if not self._has_large(pointer)]
        if rc or lacking:
            raise CommitMissing(f"Git LFS did not give {', '.join(lacking[:3])}: {said(err)}")

    def _pointers(self, commit: str) -> Iterator[Pointer]:
        """The files of which the commit has only what Git LFS keeps their content under."""
        words = ("grep", "-l", "-z", "--full-name", "-e", f"^{_LFS}$", commit, "--")
        rc, out, err = self._here(*words)
        if rc and err.strip():
            raise CommitMissing(said(err))
        for place in (name.partition(":")[2] for name in out.split("\0") if name):
            found = _POINTER.fullmatch(self._must(self._here("cat-file", "blob", f"{commit}:{place}")))
            if found:
                yield Pointer(place, found[1])

    def _large(self, pointer: Pointer) -> Path:
        return self.path / "lfs" / "objects" / pointer.sha256[:2] / pointer.sha256[2:4] / pointer.sha256

    def _has_large(self, pointer: Pointer) -> bool:
        path = self._large(pointer)
        return path.is_file() and file_digest(path) == pointer.sha256

    def check_out(self, commit: str, destination: Path, large: bool | None = None) -> None:
        """The commit's files with those of its submodules. No hook and no filter of a repository's runs."""
        self._write_out(commit, destination)
        for pointer in self._pointers(commit) if large is not False else ():
            place = destination / pointer.place
            if _crossed(destination, pointer.place) or not place.is_file():
                raise SourceUnsafe(self.shown(commit), f"its file {pointer.place} has no place of its own")
            shutil.copyfile(self._large(pointer), place)
        for module in self._submodules(commit):
            place = destination / module.place
            if _crossed(destination, module.place) or not place.is_dir():
                raise SourceUnsafe(self.shown(commit), f"its submodule {module.place} has no folder of its own")
            module.repository.check_out(module.commit, place, large)

    def shown(self, commit: str) -> str:
        return f"{without_credentials(self.url)} at {commit[:12]}"

    def _fetch(self, commit: str) -> None:
        if not (self.path / "HEAD").is_file():
            self.cache.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(self.path, ignore_errors=True)
            self._must(self.git.run("init", "--quiet", "--bare", "--template=", str(self.path), cwd=self.cache))
        url = self._argument
        # Whoever owns it: the lock names the commit, and git checks that this is what comes.
        lent = ("--upload-pack", "git -c safe.directory=* upload-pack") if urlsplit(url).scheme == "file" else ()
        answer = self._ask("ls-remote", "--quiet", *lent, "--", url, "HEAD", quick=True)
        if answer[0]:
            raise CommitMissing(said(answer[2]), down=True)
        name = f"+{commit}:refs/airgap/{commit}"
        fetch = ("fetch", "--quiet", "--no-write-fetch-head", *lent, "--", url)
        if self._ask(*fetch, name)[0]:
            # Some servers give only what a branch or a tag names.
            refs = ("+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*")
            rc, _out, err = self._ask(*fetch, *refs)
            if rc:
                raise CommitMissing(said(err))
        found = self._here("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}")
        if found[1].strip() != commit:
            raise CommitMissing(
                f"the repository has no commit {commit} (any more); lock one that is there "
                "(uv lock --upgrade-package), or bring a wheel (extra_wheels)"
            )
        self._must(self._here("update-ref", f"refs/airgap/{commit}", commit))

    def _ask(self, *words: str, quick: bool = False) -> tuple[int, str, str]:
        """A command that talks to the repository's server, or its mirror's."""
        place = self.git.place(self.url)
        try:
            schemes = (*self.schemes, *self._mirror_schemes)
            answer = self.git.run(*words, cwd=self.path, schemes=schemes, quick=quick, url=place)
        except TimeoutError as error:
            raise CommitMissing(error.strerror or "no answer", down=True) from error
        refused = self.git.refused(place, answer[2]) if answer[0] else ""
        if refused:
            raise CommitMissing(refused, refused=True)
        return answer

    @property
    def _argument(self) -> str:
        return bare(self.git.place(self.url))

    @property
    def _mirror_schemes(self) -> tuple[str, ...]:
        """The kind of its mirror's URL is the caller's to choose."""
        place = self.git.place(self.url)
        return (urlsplit(place).scheme,) if place != self.url and urlsplit(place).scheme in SCHEMES else ()

    def _here(self, *words: str) -> tuple[int, str, str]:
        """A command on the cached copy, without a network."""
        return self.git.run(*words, cwd=self.path)

    def _must(self, answer: tuple[int, str, str]) -> str:
        if answer[0]:
            raise CommitMissing(said(answer[2]))
        return answer[1]

    def _submodules(self, commit: str) -> Iterator[Submodule]:
        listed = self._must(self._here("ls-tree", "-r", "-z", "--full-tree", commit))
        links = {}
        for line in listed.split("\0"):
            if line.startswith(f"{_LINK_TO_COMMIT} "):
                facts, _tab, place = line.partition("\t")
                links[place] = facts.split()[2]
        if not links:
            return
        blob = f"{commit}:.gitmodules"
        rc, out, _err = self._here("config", "--blob", blob, "--null", "--list")
        settings = dict(entry.partition("\n")[::2] for entry in out.split("\0") if entry) if rc == 0 else {}
        for key, place in settings.items():
            url = settings.get(f"{key[: -len('.path')]}.url")
            # A link that no entry names is left empty, as git leaves it.
            if key.startswith("submodule.") and key.endswith(".path") and place in links and url:
                yield Submodule(place, links[place], self._of(url, place))

    def _of(self, url: str, place: str) -> Repository:
        """The repository of a submodule; its URL may be relative to this one's (gitmodules(5))."""
        if url.startswith(("./", "../")):
            url = _joined(self.url, url)
        # `git@host:path` is another way to write an ssh URL.
        short = re.fullmatch(r"([\w.-]+@[\w.-]+):(?!//)(.+)", url)
        url = f"ssh://{short[1]}/{short[2]}" if short else url
        # A repository from elsewhere must not make this machine read its own files.
        own = urlsplit(self.url).scheme == "file"
        allowed = tuple(scheme for scheme in self.schemes if scheme != "file" or own)
        if urlsplit(url).scheme not in allowed:
            raise CommitMissing(f"its submodule {place} lies at {masked(url)}, which is not fetched from")
        return Repository(url, self.cache, self.git, allowed)

    def _write_out(self, commit: str, destination: Path) -> None:
        """With a repository of its own, so that backends that ask git what it tracks get the right answer."""
        destination.mkdir(parents=True, exist_ok=True)
        own = destination / ".git"
        self._must(self.git.run("init", "--quiet", "--template=", str(destination), cwd=destination))
        (own / "objects" / "info").mkdir(exist_ok=True)
        (own / "objects" / "info" / "alternates").write_text(f"{self.path / 'objects'}\n", encoding="utf-8")
        tags = self._must(
            self.git.run(
                "for-each-ref", "--merged", commit, "--format=%(objectname) %(refname)", "refs/tags", cwd=self.path
            )
        )
        for line in tags.splitlines():
            self._must(self.git.run("update-ref", *reversed(line.split(" ", 1)), cwd=destination))
        self._must(self.git.run("update-ref", "--no-deref", "HEAD", commit, cwd=destination))
        self._must(self.git.run("read-tree", commit, cwd=destination))
        self._must(self.git.run("checkout-index", "--all", "--force", "--quiet", cwd=destination))


@dataclass(frozen=True)
class Pointer:
    """What stands in a repository for a file that Git LFS keeps: its path, and the hash of its content."""

    place: str
    sha256: str


@dataclass(frozen=True)
class Submodule:
    place: str
    commit: str
    repository: Repository


@dataclass(frozen=True)
class Commit:
    """A commit of a repository, or a folder of it: the source that a lock names by its hash.

    `large`: whether the lock wants what Git LFS keeps beside it (uv's `lfs`). Where it does not, uv takes the pointers
    for the files; where it cannot tell, as a pylock.toml, they are replaced.
    """

    repository: Repository
    commit: str
    subdirectory: str = ""
    large: bool | None = None

    @classmethod
    def parse(cls, vcs: Any, cache: Path, git: Git, large: bool | None = None) -> Commit:
        """Take the `vcs` table of a package in a pylock; `verdict` has looked at it."""
        return cls(Repository(vcs.url, cache, git), vcs.commit_id.lower(), vcs.subdirectory or "", large)

    def bring(self) -> None:
        """Raises `CommitMissing`."""
        self.repository.bring(self.commit, self.large)

    @property
    def shown(self) -> str:
        return self.repository.shown(self.commit)

    @property
    def identity(self) -> str:
        return self.commit

    @property
    def part(self) -> str:
        return f"{self.subdirectory}{LARGE if self.large else ''}"

    def origin(self) -> dict[str, Any]:
        found = {"kind": "git", "url": without_credentials(self.repository.url), "commit": self.commit}
        if self.subdirectory:
            found["subdirectory"] = self.subdirectory
        return {**found, "lfs": True} if self.large else found

    def unpack(self, destination: Path) -> Path:
        try:
            self.repository.check_out(self.commit, destination, self.large)
        except CommitMissing as error:
            raise SourceUnsafe(self.shown, error.reason) from error
        settle(destination)
        return part(destination, self.subdirectory, self.shown)


def _crossed(root: Path, place: str) -> bool:
    """Whether a link lies on the way: a tree may have a name twice, as a folder and as a link, and git lets it pass."""
    parts = PurePosixPath(place)
    return any((root / above).is_symlink() for above in (parts, *parts.parents) if above.name)


def _joined(base: str, relative: str) -> str:
    """`../other.git` from `https://host/group/this.git` is `https://host/group/other.git`."""
    parts = urlsplit(base)
    path = os.path.normpath(PurePosixPath(parts.path) / relative)
    return urljoin(base, path) if parts.scheme in ("http", "https") else parts._replace(path=path).geturl()
