# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which wheels travel to hosts that reach an index, and which they take from it.

A package of a lock has one source, so that is settled for all of its wheels at once: uv before 0.8 refuses a package
some of whose wheels lie in a folder and others on an index (tried with 0.5.0 to 0.13.8).
"""

from __future__ import annotations

import concurrent.futures
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Callable
from urllib.parse import urlsplit

from ansible_collections.airgap.uv.plugins.module_utils.build import pure
from ansible_collections.airgap.uv.plugins.module_utils.credentials import without_credentials
from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError, CredentialsRefused
from ansible_collections.airgap.uv.plugins.module_utils.fetch import Absent, Artifact, Refused, Unavailable
from ansible_collections.airgap.uv.plugins.module_utils.index import Index
from ansible_collections.airgap.uv.plugins.module_utils.libraries import pylock
from ansible_collections.airgap.uv.plugins.module_utils.mirrors import Mirrors
from ansible_collections.airgap.uv.plugins.module_utils.plan import Plan, Taken
from ansible_collections.airgap.uv.plugins.module_utils.preferences import Preferences
from ansible_collections.airgap.uv.plugins.module_utils.selection import sources_of
from ansible_collections.airgap.uv.plugins.module_utils.wheelhouse import Wheel

# Choices of option `ship`: every wheel; those that no index has, and those of packages with compiled code.
ALL = "all"
BINARY = "binary"


class HostsIndexUnread(AirgapError):
    """`index`: the one that `ship_from` names for the hosts."""

    def __init__(self, index: str, reason: str) -> None:
        super().__init__(index, reason)
        self.index = index
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"{self.index}, which ship_from names for the hosts, was not read from this machine: {self.reason}. Its "
            "pages tell where the files are: run again when it answers, or let everything travel (ship: all)."
        )


@dataclass(frozen=True)
class Shipping:
    """`indexes`: the index, without credentials, of each package (name, version) whose wheels do not travel.

    `known`: the indexes that any package of the lock is on, whichever of them travel, and what the lock calls each.
    `urls`: where hosts have wheels from, by sha256, if not from where the lock says.
    `lacking`: why packages travel all the same, which the hosts' own index does not have.
    """

    ship: str = ALL
    indexes: Mapping[tuple[str, str], str] = field(default_factory=dict, hash=False)
    known: Mapping[str, str] = field(default_factory=dict, hash=False)
    urls: Mapping[str, str] = field(default_factory=dict, hash=False)
    lacking: Mapping[str, str] = field(default_factory=dict, hash=False)

    @classmethod
    def of(
        cls,
        ship: str,
        exported: pylock.Pylock,
        plan: Plan,
        wishes: Preferences,
        mirrors: Mirrors,
        hosts: Mirrors,
        wheels: Sequence[Wheel] = (),
    ) -> Shipping:
        """`mirrors`: this machine's; `hosts`: theirs, if their index is another than the lock's.

        `wheels`: those that the wheelhouse has; what earlier runs built travels, so that all runs stage one lock.
        """
        if ship == ALL:
            return cls()
        built = {(build.name, str(build.version)) for build, _artifact in plan.builds}
        found: dict[tuple[str, str], str] = {}
        known: dict[str, str] = {}
        for package in exported.packages:
            own = _index(package)
            if not own or (_mirrored(package, mirrors) and not _mirrored(package, hosts)):
                continue
            index = str(hosts.index(own) or own)
            known[index] = own
            key = (str(package.name), str(package.version))
            brought = any(extra.name == package.name for extra in wishes.extra_wheels)
            kept = brought or key in built or wishes.from_source(package.name) or _was_built(package, wheels)
            if not kept and not (ship == BINARY and _compiled(package)):
                found[key] = index
        return cls(ship, found, known)

    def placed(self, exported: pylock.Pylock, place: Callable[[Artifact], str], jobs: int) -> Shipping:
        """With the place of each wheel on the hosts' own index; what that does not have travels.

        Raises `HostsIndexUnread` or `CredentialsRefused` where it does not tell what it has.
        """
        asked = [each for each in exported.packages if self.index(str(each.name), str(each.version))]
        failed: list[tuple[str, Unavailable]] = []

        def ask(package: pylock.Package) -> dict[str, str] | str:
            try:
                # Where one could not be asked for, the others need not wait for the same.
                return {} if failed else _places(package, place)
            except Unavailable as error:
                failed.append((str(self.index(str(package.name), str(package.version))), error))
                return {}

        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            found = list(pool.map(ask, asked))
        for index, error in failed:
            if isinstance(error, Refused):
                raise CredentialsRefused({error.reason: ["what ship_from needs to know"]})
            raise HostsIndexUnread(index, error.reason)
        urls = {digest: url for places in found if isinstance(places, dict) for digest, url in places.items()}
        lacking = {str(each.name): why for each, why in zip(asked, found) if isinstance(why, str)}
        indexes = {key: index for key, index in self.indexes.items() if key[0] not in lacking}
        return replace(self, indexes=indexes, urls=urls, lacking=lacking)

    @property
    def warnings(self) -> list[str]:
        if not self.lacking:
            return []
        told = "; ".join(f"{name}: {why}" for name, why in sorted(self.lacking.items()))
        return [f"These travel, because the index that ship_from names for the hosts does not have them: {told}."]

    def index(self, name: str, version: str) -> str | None:
        """The index that hosts take a package's wheels from; None where they travel."""
        return self.indexes.get((name, version))

    def url(self, sha256: str, url: str) -> str:
        """Where hosts have a wheel from, without a credential; `url` is where the lock says."""
        return without_credentials(self.urls.get(sha256, url))

    def applied(self, plan: Plan) -> Plan:
        """The plan with a note at each wheel that is not to be fetched here, because it does not travel."""
        return replace(plan, downloads=tuple((self._noted(taken), artifact) for taken, artifact in plan.downloads))

    def named(self, indexes: Collection[Index], default: str | None) -> list[dict[str, str | bool]]:
        """The lock's indexes as `[[tool.uv.index]]`, the default one first.

        Their names are the project's, which a host's `UV_INDEX_<NAME>_USERNAME` refers to.
        """
        names = {_bare(index.url): index.name for index in indexes if index.name}
        known = sorted(self.known.items(), key=lambda item: (_bare(item[1]) != _bare(default or ""), item))
        return [dict(_entry(url, names.get(_bare(own)), url == known[0][0])) for url, own in known]

    def _noted(self, taken: Taken) -> Taken:
        at = None if taken.tool else self.index(taken.wheel.name, taken.wheel.version)
        return replace(taken, travels=False) if at else taken


def _places(package: pylock.Package, place: Callable[[Artifact], str]) -> dict[str, str] | str:
    """The URL of each wheel by its sha256, or why one of them has none. Raises `Unavailable`."""
    found = {}
    for wheel in package.wheels or ():
        digest = wheel.hashes.get("sha256", "").lower()
        try:
            found[digest] = place(Artifact(str(wheel.url), wheel.filename, digest, wheel.size))
        except Absent as error:
            return f"{wheel.filename}: {error.reason}"
    return found


def in_words(index: Mapping[str, str | bool]) -> str:
    """An entry of `[[tool.uv.index]]` as uv's `--index` has it."""
    return f"{index['name']}={index['url']}" if "name" in index else str(index["url"])


def _entry(url: str, name: str | None, default: bool) -> Iterator[tuple[str, str | bool]]:
    if name:
        yield "name", name
    yield "url", url
    # Nothing is resolved with a lock that fits, and were it, no package is to be looked for elsewhere.
    if default:
        yield "default", True
    elif name:
        yield "explicit", True


def _index(package: pylock.Package) -> str | None:
    """Where hosts find a package's wheels; None where that is no index that is reached by HTTP.

    A query may be a token, or be out of date soon.
    """
    urls = [urlsplit(wheel.url or "") for wheel in package.wheels or ()]
    if not urls or not all(url.scheme in ("http", "https") and not url.query for url in urls):
        return None
    # Not every tool writes down the index. uv takes the wheels from their own URLs, so any name will do.
    place = package.index or urls[0].geturl()
    if urlsplit(place).scheme not in ("http", "https"):
        return None
    bare = without_credentials(place)
    return bare if package.index else "{0.scheme}://{0.netloc}/".format(urlsplit(bare))


def _mirrored(package: pylock.Package, mirrors: Mirrors) -> bool:
    """Whether a mirror stands for it: what this machine does not reach, hosts are not sent to."""
    return any(
        any(True for _way in mirrors.ways(str(wheel.url), wheel.filename, str(package.name), package.index))
        for wheel in package.wheels or ()
    )


def _was_built(package: pylock.Package, wheels: Sequence[Wheel]) -> bool:
    sources = sources_of(package)
    return any(wheel.name == package.name and wheel.source in sources for wheel in wheels)


def _compiled(package: pylock.Package) -> bool:
    return not all(pure(wheel.filename) for wheel in package.wheels or ())


def _bare(url: str) -> str:
    return without_credentials(url).rstrip("/")
