# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials in URLs, wherever a program or a server repeats them: never shown, never kept."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit, urlunsplit

_CREDENTIAL = re.compile(r"(?<=://)[^/\s'\"]+@")


def password_in(text: str) -> str:
    """The password of the first URL that has one, else an empty string."""
    found = _CREDENTIAL.search(text)
    return found[0].rstrip("@").partition(":")[2] if found else ""


def without_credentials(url: str) -> str:
    """`https://user:secret@host/x` as `https://host/x`."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def masked(value: Any) -> Any:
    """`value` with `user:password@` of every URL in it replaced by `***@`."""
    if isinstance(value, str):
        return _CREDENTIAL.sub("***@", value)
    if isinstance(value, (list, tuple)):
        return [masked(item) for item in value]
    if isinstance(value, dict):
        return {key: masked(item) for key, item in value.items()}
    return value
