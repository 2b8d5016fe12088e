# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A package index of the project, and who may read it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True)
class Index:
    """An entry of `[[tool.uv.index]]`."""

    name: str | None
    url: str
    default: bool = False

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Index:
        return cls(raw.get("name"), str(raw["url"]), bool(raw.get("default")))

    @property
    def place(self) -> tuple[str, str]:
        """Scheme and host: where its credentials may be sent."""
        parts = urlsplit(self.url)
        return parts.scheme, parts.netloc.rpartition("@")[2]

    def credentials(self, environ: Mapping[str, str]) -> tuple[str, str] | None:
        """User and password: uv's variables for the index, else what its URL says; None for neither.

        Source: uv's documentation, "Indexes", "Providing credentials directly".
        """
        if self.name:
            prefix = f"UV_INDEX_{re.sub('[^A-Z0-9]', '_', self.name.upper())}"
            user, password = environ.get(f"{prefix}_USERNAME"), environ.get(f"{prefix}_PASSWORD")
            if user or password:
                return user or "", password or ""
        parts = urlsplit(self.url)
        return (unquote(parts.username), unquote(parts.password or "")) if parts.username else None


def named(url: str, indexes: Iterable[Index]) -> str:
    """`name=url` when the project names that index, so that uv finds its credentials; else `url`."""
    found = next((index for index in indexes if index.url.rstrip("/") == url.rstrip("/") and index.name), None)
    return f"{found.name}={url}" if found else url


def by_place(indexes: Iterable[Index], environ: Mapping[str, str]) -> dict[tuple[str, str], tuple[str, str]]:
    """Credentials by scheme and host, for the indexes that have some."""
    found = ((index.place, index.credentials(environ)) for index in indexes)
    return {place: credentials for place, credentials in found if credentials}
