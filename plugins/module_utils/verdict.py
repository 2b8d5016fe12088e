# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is taken of one package for one target, or the reason why nothing is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Union
from urllib.parse import unquote, urlsplit

from ansible_collections.airgap.uv.plugins.module_utils.covering import beside
from ansible_collections.airgap.uv.plugins.module_utils.credentials import masked, without_credentials
from ansible_collections.airgap.uv.plugins.module_utils.extra import ExtraWheel
from ansible_collections.airgap.uv.plugins.module_utils.libraries import pylock, tags, utils
from ansible_collections.airgap.uv.plugins.module_utils.preferences import Preferences
from ansible_collections.airgap.uv.plugins.module_utils.repository import COMMIT, SCHEMES

LockedSource = Union[
    "pylock.PackageVcs",
    "pylock.PackageDirectory",
    "pylock.PackageArchive",
    "pylock.PackageWheel",
    "pylock.PackageSdist",
]
Source = Union[LockedSource, ExtraWheel]

# How the names of source archives end (https://docs.astral.sh/uv/concepts/projects/dependencies/#url).
_UNPACKED = re.compile(r"[.](zip|tar|tgz|tbz|txz|tlz|tar[.](gz|bz2|xz|lz|lzma|zst))$", re.IGNORECASE)

_NOT_YET = (
    ", which this version does not collect; leave it out (no_install_package) or bring a wheel of it (extra_wheels)"
)


@dataclass(frozen=True)
class Reason:
    """Why nothing of a package is taken. `of_wheels`: the wheel that comes nearest tells more."""

    text: str
    of_wheels: bool = False

    def __str__(self) -> str:
        return self.text


class Fits:
    """A target's tags, worked out once: a thousand of them are a costly thing to make anew."""

    def __init__(self, found: Sequence[tags.Tag]) -> None:
        self.tags = found
        self._ranks = {tag: number for number, tag in enumerate(found)}
        self._selector = tags.create_compatible_tags_selector(found)

    def best(self, wheels: Iterable[ExtraWheel]) -> ExtraWheel | None:
        ordered = sorted(wheels, key=_build_tag, reverse=True)
        return next(self._selector((wheel, wheel.tags) for wheel in ordered), None)

    def equal(self, best: ExtraWheel, wheels: Iterable[ExtraWheel]) -> list[str]:
        """The names of `best` and of others that uv has no reason to like less; nothing where there are none."""
        mine = self._rank(best.tags), _build_tag(best)
        found = {wheel.path.name for wheel in wheels if (self._rank(wheel.tags), _build_tag(wheel)) == mine}
        return sorted(found) if len(found) > 1 else []

    def as_good(self, own: ExtraWheel, filenames: Iterable[str]) -> list[str]:
        """Those of the wheels that uv may take rather than `own`: it looks at tags, not at who brought a wheel."""
        mine = self._rank(own.tags)
        ranked = {name: self._rank(utils.parse_wheel_filename(name)[-1]) for name in filenames}
        return [name for name in sorted(ranked, key=lambda name: (ranked[name], name)) if ranked[name] <= mine]

    def _rank(self, own: Iterable[tags.Tag]) -> int:
        return min((self._ranks[tag] for tag in own if tag in self._ranks), default=len(self._ranks) + 1)


def _build_tag(wheel: ExtraWheel) -> Any:
    """An empty tuple for none, which is the least (PEP 427)."""
    return utils.parse_wheel_filename(wheel.path.name)[2]


def verdict(package: pylock.Package, source: LockedSource | None, fits: Fits, wishes: Preferences) -> Source | Reason:
    """The caller's own wheel where there is one, else `source`; or the reason why neither is taken."""
    own = [item for item in wishes.extra_wheels if item.name == package.name]
    other = [item for item in own if package.version and item.version != package.version]
    if other:
        return Reason(f"{other[0].option} brings version {other[0].version}, the lock has {package.version}")
    best = fits.best(own)
    if best is None:
        return _allowed(package, source, fits, wishes)
    equal = fits.equal(best, own)
    if equal:
        return Reason(f"{' and '.join(equal)} of {best.option} fit it equally well; leave one of them out")
    rather = [] if wishes.from_source(package.name) else fits.as_good(best, [w.filename for w in beside(package, own)])
    if rather:
        return Reason(
            f"{best.path.name} of extra_wheels fits it, but uv takes {rather[0]} of the lock there; bring one that "
            f"fits every host that {rather[0]} fits, or leave {best.path.name} out of extra_wheels"
        )
    return best


def _allowed(package: pylock.Package, source: LockedSource | None, fits: Fits, wishes: Preferences) -> Source | Reason:
    """`source`, unless the caller's wishes about building forbid it or nothing was found."""
    if source is None:
        return Reason("no wheel fits, and there is no sdist", of_wheels=True)
    if isinstance(source, pylock.PackageDirectory) and package.name in wishes.no_build:
        return Reason("it is a local package, and no_build names it")
    if isinstance(source, pylock.PackageWheel) and wishes.from_source(package.name):
        return Reason("no_binary names it, and the lock has no sdist of it")
    if isinstance(source, pylock.PackageSdist) and wishes.wheels_only:
        return Reason("no wheel fits, and it is not built here", of_wheels=True)
    if isinstance(source, pylock.PackageSdist) and wishes.never_built(package.name):
        if wishes.from_source(package.name):
            return Reason("no_binary wants it built, and no_build forbids that")
        return Reason("no wheel fits, and no_build forbids building it", of_wheels=True)
    if isinstance(source, pylock.PackageVcs):
        return (
            Reason("it is a git source, and no_build forbids building it") if _never(package, wishes) else _git(source)
        )
    if isinstance(source, pylock.PackageArchive):
        return _archive(package, source, fits, wishes)
    return _collected(source)


def archive_name(archive: pylock.PackageArchive) -> str:
    """The file's name, as its URL or path ends."""
    return unquote(PurePosixPath(urlsplit(archive.url).path if archive.url else archive.path or "").name)


def is_wheel(archive: pylock.PackageArchive) -> bool:
    return archive_name(archive).endswith(".whl")


def _never(package: pylock.Package, wishes: Preferences) -> bool:
    return wishes.wheels_only or wishes.never_built(package.name)


def _git(source: pylock.PackageVcs) -> Source | Reason:
    scheme = urlsplit(source.url or "").scheme
    if source.type != "git":
        return Reason(f"a source under {source.type}{_NOT_YET}")
    if scheme not in SCHEMES:
        return Reason(f"a git repository at {masked(source.url or source.path)}{_NOT_YET}")
    if not COMMIT.fullmatch(source.commit_id):
        return Reason(f"the lock names no full commit ({source.commit_id}); lock again")
    return source


def _archive(
    package: pylock.Package, source: pylock.PackageArchive, fits: Fits, wishes: Preferences
) -> Source | Reason:
    """A wheel or a source archive that the lock names by its URL or path; there is no other file to choose."""
    name = archive_name(source)
    if source.url and urlsplit(source.url).scheme not in ("http", "https", "file"):
        return Reason(f"an archive at {masked(source.url)}{_NOT_YET}")
    if not is_wheel(source):
        if not _UNPACKED.search(name):
            return Reason(f"the lock names {name!r} for it, which is neither a wheel nor an archive that uv unpacks")
        return Reason("it is a source archive, and no_build forbids building it") if _never(package, wishes) else source
    try:
        own, number, _build, found = utils.parse_wheel_filename(name)
    except utils.InvalidWheelFilename as error:
        return Reason(f"the lock names {name} for it, which is no wheel's name ({error})")
    if own != package.name or (package.version and number != package.version):
        return Reason(f"the lock names {name} for it, which is {own} {number}")
    if wishes.from_source(package.name):
        return Reason("no_binary names it, and the lock has only a wheel of it")
    return source if found.intersection(fits.tags) else Reason(f"the lock has only {name} of it, which does not fit")


def _collected(source: LockedSource) -> Source | Reason:
    """`source`, unless it is a file that is at no address."""
    if isinstance(source, pylock.PackageDirectory) or (source.path and not source.url):
        return source
    if urlsplit(source.url or "").scheme not in ("http", "https", "file"):
        shown = without_credentials(source.url or source.path or "")
        return Reason(f"a file that is not on an index ({shown}){_NOT_YET}")
    return source
