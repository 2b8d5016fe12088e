# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a host reaches servers: a connection is opened to each, or to the proxy that the environment names for it.

Nothing is asked of them. Whether they let the host in, and with which certificate they answer, is uv's to find out.
"""

from __future__ import annotations

import concurrent.futures
import socket
import urllib.request
from collections.abc import Sequence
from urllib.parse import urlsplit

from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError

# A server that takes longer is of no use for an install.
_PATIENCE = 10.0

_PORTS = {"http": 80, "https": 443}


class ServerInvalid(AirgapError):
    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url

    def __str__(self) -> str:
        return f"servers: {self.url} is no URL of a server. Write https://index.example or the like."


def unreachable(servers: Sequence[str], seconds: float = _PATIENCE) -> dict[str, str]:
    """Those that no connection comes about to, each with the reason."""
    places = {url: _place(url) for url in servers}
    with concurrent.futures.ThreadPoolExecutor(max(1, len(places))) as pool:
        reasons = pool.map(lambda place: _refusal(place, seconds), places.values())
        return {url: reason for url, reason in zip(places, reasons) if reason}


def _place(url: str) -> tuple[str, int]:
    """Host and port that uv would talk to."""
    try:
        parts = urlsplit(url)
        port, host = parts.port or _PORTS[parts.scheme], parts.hostname or ""
    except (KeyError, ValueError):
        raise ServerInvalid(url) from None
    if not host:
        raise ServerInvalid(url)
    if urllib.request.proxy_bypass(host):
        return host, port
    proxies = urllib.request.getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return _proxy(proxy) or (host, port) if proxy else (host, port)


def _proxy(url: str) -> tuple[str, int] | None:
    """Host and port of a proxy; None for one whose form is not known, which is not for this to judge."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        port = parts.port or _PORTS.get(parts.scheme, 1080)
    except ValueError:
        return None
    return (parts.hostname, port) if parts.hostname else None


def _refusal(place: tuple[str, int], seconds: float) -> str:
    try:
        socket.create_connection(place, timeout=seconds).close()
    except OSError as error:  # a time limit and an unknown name are such too
        return f"{place[0]}:{place[1]}: {error.strerror or error}"
    return ""
