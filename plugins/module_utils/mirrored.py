# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The transport that takes the mirrors into account: other servers, pages of their indexes, folders."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ansible_collections.airgap.uv.plugins.module_utils.fetch import CHUNK, Absent, Artifact, Http, Unavailable
from ansible_collections.airgap.uv.plugins.module_utils.libraries import pylock
from ansible_collections.airgap.uv.plugins.module_utils.mirrors import Mirrors, Way
from ansible_collections.airgap.uv.plugins.module_utils.simple_page import ACCEPT, SimplePage

# Below an index a package's page has its name; other pages name the files of all packages.
_FLAT = (".html", ".htm")


@dataclass(frozen=True)
class Home:
    """The package that a file is of, and the index that the lock has it from."""

    package: str
    index: str | None


def homes(*locks: pylock.Pylock) -> dict[str, Home]:
    """The home of every file of an index, by its sha256."""
    found = {}
    for lock in locks:
        for package in lock.packages:
            for artifact in (*(package.wheels or ()), *([package.sdist] if package.sdist else ())):
                found[artifact.hashes.get("sha256", "").lower()] = Home(package.name, package.index)
    return found


@dataclass
class Mirrored:
    """Opens an artifact at the first of its mirror's places that has it; without a mirror, where the lock says."""

    mirrors: Mirrors
    http: Http
    homes: Mapping[str, Home]
    _pages: dict[str, SimplePage] = field(default_factory=dict)
    _locks: dict[str, threading.Lock] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def applied(self, artifact: Artifact) -> Artifact:
        """The artifact with the first of its mirror's places noted."""
        ways = self._ways(artifact)
        return replace(artifact, via=ways[0].shown) if ways else artifact

    def open(self, artifact: Artifact) -> Iterator[bytes]:
        ways = self._ways(artifact)
        if not ways:
            if urlsplit(artifact.url).scheme == "file":
                yield from _read((Path(unquote(urlsplit(artifact.url).path)),))
            else:
                yield from self.http.open(artifact)
            return
        missed = []
        for way in ways:
            try:
                yield from self._open(way, artifact)
                return
            except Absent as error:
                missed.append(f"{way.shown}: {error.reason}")
        raise Absent(f"the mirror does not have it ({'; '.join(missed)})", None)

    def place(self, artifact: Artifact) -> str:
        """Where the mirror has a file, which is not fetched; without a mirror, where the lock says.

        A mirror's page knows better than a prefix. Raises `Unavailable`.
        """
        for way in reversed(self._ways(artifact)):
            return self._named(way.page, artifact) if way.page else way.url or artifact.url
        return artifact.url

    def _ways(self, artifact: Artifact) -> list[Way]:
        home = self.homes.get(artifact.sha256, Home("", None))
        return list(self.mirrors.ways(artifact.url, artifact.filename, home.package, home.index))

    def _open(self, way: Way, artifact: Artifact) -> Iterator[bytes]:
        if way.paths:
            return _read(way.paths)
        url = way.url or self._named(way.page or "", artifact)
        return self.http.open(replace(artifact, url=url, via=""))

    def _named(self, index: str, artifact: Artifact) -> str:
        """Where the mirror's index says that the file is; the page may name a server that is mirrored itself."""
        home = self.homes[artifact.sha256]
        page = self._page(index if index.endswith(_FLAT) else f"{index}/{home.package}/")
        link = page.find(artifact.filename, artifact.sha256)
        if link is None:
            other = page.other(artifact.filename)
            raise Absent("it has other bytes there" if other else "its page does not name the file", None)
        again = next(iter(self.mirrors.ways(link.url, artifact.filename, "", None)), None)
        return again.url if again and again.url else link.url

    def _page(self, url: str) -> SimplePage:
        """A page is read once, however many threads want files that it names."""
        with self._guard:
            lock = self._locks.setdefault(url, threading.Lock())
        with lock:
            if url not in self._pages:
                found, content_type, body = self.http.page(url, ACCEPT)
                try:
                    self._pages[url] = SimplePage.parse(found, content_type, body)
                except ValueError as error:
                    raise Unavailable(f"{url} is no page of an index: {error}", None) from error
            return self._pages[url]


def _read(paths: tuple[Path, ...]) -> Iterator[bytes]:
    for path in paths:
        if path.is_file():
            with open(path, "rb") as file:
                yield from iter(lambda: file.read(CHUNK), b"")
            return
    raise Absent(f"neither {' nor '.join(map(str, paths))} is there" if len(paths) > 1 else f"no {paths[0]}", None)
