# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mirrors: where a file or an index of the lock is had from instead. The lock's hashes keep it safe."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from ansible_collections.airgap.uv.plugins.module_utils.credentials import without_credentials
from ansible_collections.airgap.uv.plugins.module_utils.errors import OptionInvalid

_URL = re.compile(r"https?://[^/]")


@dataclass(frozen=True)
class Mirror:
    """One entry of option `mirrors`: a prefix of the lock's URLs, and what stands for it."""

    prefix: str  # without a slash at its end, without credentials
    url: str | None
    folder: Path | None = None

    @classmethod
    def parse(cls, prefix: str, value: Any, option: str = "mirrors") -> Mirror:
        where = str(value)
        if not re.match(r"[a-z+]+://", prefix):
            raise OptionInvalid(
                option, without_credentials(prefix), "give a prefix of the lock's URLs, such as https://host/"
            )
        prefix = without_credentials(prefix).rstrip("/")
        if _URL.match(where):
            return cls(prefix, without_credentials(where).rstrip("/"))
        if option != "mirrors":
            raise OptionInvalid(option, without_credentials(where), "give a URL (http, https) that the hosts reach")
        folder = Path(unquote(urlsplit(where).path) if where.startswith("file://") else where).expanduser()
        if not folder.is_absolute():
            raise OptionInvalid("mirrors", without_credentials(where), "give a URL (http, https) or an absolute path")
        if not folder.is_dir():
            raise OptionInvalid("mirrors", str(folder), "there is no such folder")
        return cls(prefix, None, folder)

    def rest(self, url: str) -> str | None:
        """What of `url` comes after the prefix, with its slash; None if it is not below it."""
        if not url.startswith(self.prefix):
            return None
        rest = url[len(self.prefix) :]
        return rest if not rest or rest[0] in "/?#" else None


@dataclass(frozen=True)
class Way:
    """One place to try for a file: its own `url`, the `page` of an index that names it, or `paths` of a folder."""

    url: str | None = None
    page: str | None = None
    paths: tuple[Path, ...] = ()

    @property
    def shown(self) -> str:
        return without_credentials(self.url or self.page or "") or str(self.paths[0])


@dataclass(frozen=True)
class Mirrors:
    """Option `mirrors`, the longest prefix first."""

    mirrors: tuple[Mirror, ...] = ()

    @classmethod
    def parse(cls, raw: Mapping[str, Any] | None, option: str = "mirrors") -> Mirrors:
        """`option`: any but `mirrors` itself takes no folders, which only this machine has."""
        found = [Mirror.parse(prefix, value, option) for prefix, value in (raw or {}).items()]
        return cls(tuple(sorted(found, key=lambda mirror: -len(mirror.prefix))))

    def index(self, url: str) -> str | Path | None:
        """What stands for an index: a URL or a folder; None for the index itself."""
        mirror, rest = self._of(url)
        if mirror is None:
            return None
        if mirror.folder:
            below = mirror.folder / rest.strip("/")
            return below if below.is_dir() else mirror.folder
        return f"{mirror.url}{rest}"

    def ways(self, url: str, filename: str, package: str, index: str | None) -> Iterator[Way]:
        """Where to look for a file, in order; none where no mirror stands for it.

        A mirror may be laid out otherwise than what it mirrors, so its index is asked too. A URL with a fragment is
        the page that names the file, not the file.
        """
        mirror, rest = self._of(url)
        if mirror and mirror.folder:
            yield Way(paths=(*_below(mirror.folder, rest), mirror.folder / filename))
        elif mirror and "#" not in rest:
            yield Way(url=f"{mirror.url}{rest}")
        mirror, rest = self._of(index or "")
        if mirror and mirror.folder:
            folders = _below(mirror.folder, rest) or [mirror.folder]
            yield Way(paths=tuple(path for each in folders for path in (each / package / filename, each / filename)))
        elif mirror:
            yield Way(page=f"{mirror.url}{rest}".rstrip("/"))

    def _of(self, url: str) -> tuple[Mirror | None, str]:
        bare = without_credentials(url)
        for mirror in self.mirrors:
            rest = mirror.rest(bare)
            if rest is not None:
                return mirror, rest
        return None, ""


def _below(folder: Path, rest: str) -> list[Path]:
    """The path in a folder that the rest of a URL stands for, unless it leads elsewhere."""
    parts = [unquote(part) for part in urlsplit(rest).path.split("/") if part]
    if not parts or any(part in (".", "..") or "/" in part or "\0" in part for part in parts):
        return []
    return [folder.joinpath(*parts)]
