# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An index on loopback that offers wheels by name alone: what is asked for is made on the fly.

Thousands of real file names cost nothing this way, and installers choose among them by their names and
their metadata (PEP 658). Each lock has an index of its own: `<url>/<lock>/simple/`.
"""

from __future__ import annotations

import json
import re
import tempfile
import threading
import urllib.parse
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel, metadata
from packaging.utils import parse_wheel_filename

# Fits every Python and platform, and everything else fits better: whoever takes it says "no wheel fits".
NOTHING = "py30-none-any"


class Offers:
    """Use it as a context manager. `add` may be called at any time."""

    def __init__(self) -> None:
        self._pages: dict[tuple[str, str], list[str]] = {}
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.pages = self._pages

    def __enter__(self) -> Offers:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *ignored: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def add(self, lock: str, wheels: Iterable[str], sources: Iterable[tuple[str, str]] = ()) -> str:
        """Offer wheels by their names, and `NOTHING` of each name and version; gives the index's address.

        `sources`: name and version of what the lock has no wheel of.
        """
        found: dict[str, dict[str, None]] = {}
        for wheel in wheels:
            name, number, _build, _tags = parse_wheel_filename(wheel)
            offered = found.setdefault(name, {})
            offered[wheel] = None
            offered[f"{name.replace('-', '_')}-{number}-{NOTHING}.whl"] = None
        for name, version in sources:
            found.setdefault(name, {})[f"{name.replace('-', '_')}-{version}-{NOTHING}.whl"] = None
        self._pages.update({(lock, name): list(offered) for name, offered in found.items()})
        return f"http://127.0.0.1:{self._server.server_address[1]}/{lock}/simple"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    pages: dict[tuple[str, str], list[str]]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        lock, kind, name = [urllib.parse.unquote(part) for part in self.path.strip("/").split("/")]
        if kind == "files":
            self._send(_metadata(name) if name.endswith(".metadata") else _wheel(name), "application/octet-stream")
        elif (lock, name) in self.server.pages:
            self._send(_page(name, self.server.pages[lock, name]), "application/vnd.pypi.simple.v1+json")
        else:
            self.send_error(404)

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "max-age=3600")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _page(name: str, wheels: Iterable[str]) -> bytes:
    """PEP 691; the metadata has no hash here, so none has to be made."""
    files = [
        {"filename": wheel, "url": f"../../files/{urllib.parse.quote(wheel)}", "hashes": {}, "core-metadata": True}
        for wheel in wheels
    ]
    return json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": files}).encode()


def _metadata(filename: str) -> bytes:
    name, number, _build, _tags = parse_wheel_filename(filename[: -len(".metadata")])
    return metadata(name, str(number)).encode()


def _wheel(filename: str) -> bytes:
    name, number, _build, _tags = parse_wheel_filename(filename)
    tag = re.sub(r"\.whl$", "", filename).split("-", 2)[2].split("-")[-3:]
    with tempfile.TemporaryDirectory() as folder:
        return make_wheel(Path(folder), name, str(number), tag="-".join(tag)).read_bytes()
