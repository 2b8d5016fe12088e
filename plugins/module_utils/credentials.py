# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials in URLs, wherever a program or a server repeats them: never shown, never kept."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

# A password may hold quotes (RFC 3986, "sub-delims"), and a program may write them in a shell's way.
_CREDENTIAL = re.compile(r"(?<=://)[^/\s]+@")

# What a link to a file is signed with, or a token.
_QUERY = re.compile(r"(?<=://)([^\s'\"?#]+\?)[^\s'\"]+")

_BEFORE_HOST = re.compile(r"^([A-Za-z][\w+.-]*://)[^/?#]*@")


def passwords_in(text: str) -> set[str]:
    """The password of the first URL that has one, as it is written and as it is sent."""
    found = _CREDENTIAL.search(text)
    password = found[0].rstrip("@").partition(":")[2] if found else ""
    return {password, unquote(password)} - {""}


def without_credentials(url: str) -> str:
    """`https://user:secret@host/x` as `https://host/x`."""
    return _BEFORE_HOST.sub(r"\1", url)


def without_secrets(url: str) -> str:
    """As `without_credentials`, and without a query, which may hold a token."""
    return without_credentials(url).partition("?")[0]


def masked(value: Any) -> Any:
    """`value` with `user:password@` and the query of every URL in it replaced by `***`."""
    if isinstance(value, str):
        return _QUERY.sub(r"\1***", _CREDENTIAL.sub("***@", value))
    if isinstance(value, (list, tuple)):
        return [masked(item) for item in value]
    if isinstance(value, dict):
        return {key: masked(item) for key, item in value.items()}
    return value
