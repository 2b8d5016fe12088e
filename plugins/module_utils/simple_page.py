# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A page of an index, as JSON (PEP 691) or HTML (PEP 503): which files it names, and where they are."""

from __future__ import annotations

import html.parser
import json
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

# What is asked for, the best first (PEP 691, "Content-Type").
ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"


@dataclass(frozen=True)
class Link:
    """A file that a page names. `sha256` is None where the page does not tell."""

    url: str
    filename: str
    sha256: str | None


@dataclass(frozen=True)
class SimplePage:
    """What a page names, in its order."""

    links: tuple[Link, ...]

    @classmethod
    def parse(cls, url: str, content_type: str, body: bytes) -> SimplePage:
        """`url`: where the page was found in the end, for what it names is relative to it. Raises `ValueError`."""
        text = body.decode("utf-8")
        if "json" in content_type:
            return cls(tuple(_of_json(url, json.loads(text))))
        parser = _Anchors(url)
        parser.feed(text)
        parser.close()
        return cls(tuple(parser.links))

    def find(self, filename: str, sha256: str) -> Link | None:
        """The file with this hash, else the one with this name if the page tells no hash of it."""
        for link in self.links:
            if link.sha256 == sha256:
                return link
        return next((link for link in self.links if link.filename == filename and link.sha256 is None), None)

    def other(self, filename: str) -> Link | None:
        """A file of this name, whatever its bytes."""
        return next((link for link in self.links if link.filename == filename), None)


def _of_json(base: str, raw: Any) -> Iterator[Link]:
    files = raw.get("files") if isinstance(raw, Mapping) else None
    if not isinstance(files, list):
        raise ValueError("`files` is no list")
    for item in files:
        if isinstance(item, Mapping) and isinstance(item.get("url"), str):
            hashes = item.get("hashes")
            digest = hashes.get("sha256") if isinstance(hashes, Mapping) else None
            url = urldefrag(urljoin(base, item["url"])).url
            yield Link(url, str(item.get("filename") or _name(url)), str(digest).lower() if digest else None)


class _Anchors(html.parser.HTMLParser):
    """Collects `<a href>`, relative to `<base href>` where there is one."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.links: list[Link] = []
        self._base = base

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        href = dict(attrs).get("href")
        if tag == "base" and href:
            self._base = urljoin(self._base, href)
        elif tag == "a" and href:
            url, fragment = urldefrag(urljoin(self._base, href))
            kind, _equals, digest = fragment.partition("=")
            self.links.append(Link(url, _name(url), digest.lower() if kind == "sha256" and digest else None))


def _name(url: str) -> str:
    return unquote(posixpath.basename(urlsplit(url).path))
